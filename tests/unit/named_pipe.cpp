// Named pipes, which a queue hears of from the pipes themselves.

#include <evq/backends/iocp.hpp>
#include <evq/windows/named_pipe.hpp>

#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/handles.hpp"
#include "support/sockets.hpp"

using namespace evq;
using namespace evq::test;
using windows::NamedPipe;
using Poll = BasicPoll<IocpBackend>;
using Events = BasicEvents<IocpBackend>;

namespace {

constexpr Interest readable = Interest::readable;
constexpr Interest writable = Interest::writable;
constexpr Interest both = Interest::readable | Interest::writable;
constexpr auto long_time = 20s;
constexpr auto short_time = 30ms;

std::string free_name() {
  static std::atomic<int> count = 0;
  return "\\\\.\\pipe\\evq-" + std::to_string(::GetCurrentProcessId()) + "-" +
         std::to_string(++count);
}

struct Ends {
  NamedPipe server;
  NamedPipe client;
};

Ends pipe_pair() {
  const auto name = free_name();
  auto server = must(NamedPipe::create(name));
  if (const auto begun = server.connect(); !begun && !would_block(begun.error())) {
    FAIL(begun.error().message());
  }
  auto client = must(NamedPipe::open(name));
  must(eventually([&] { return server.connect(); }));
  return {std::move(server), std::move(client)};
}

/// The first event for which `holds` is true.
template <class Holds>
BasicEvent<IocpBackend> event_where(Poll& poll, Holds holds) {
  Events events(8);
  const auto deadline = std::chrono::steady_clock::now() + long_time;
  while (std::chrono::steady_clock::now() < deadline) {
    must(poll.poll(events, long_time));
    for (const auto& event : events) {
      if (holds(event)) {
        return event;
      }
    }
  }
  FAIL("no such event");
  return {};
}

BasicEvent<IocpBackend> next_event(Poll& poll) {
  return event_where(poll, [](const auto&) { return true; });
}

/// Writes until the pipe takes no more for good, and returns how much that was.
std::size_t fill_up(const NamedPipe& pipe) {
  std::size_t total = 0;
  while (true) {
    const std::size_t filled = fill(pipe);
    total += filled;
    if (filled == 0) {
      return total;
    }
    std::this_thread::sleep_for(short_time);
  }
}

bool is_silent(Poll& poll) {
  Events events(8);
  must(poll.poll(events, short_time));
  return events.empty();
}

}  // namespace

TEST_CASE("a server hears of its client, and both of what the other writes") {
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  auto poll = must(Poll::create());
  const auto name = free_name();
  auto server = must(NamedPipe::create(name));
  must(poll.registry().add(server, Token{1}, both, mode));
  CHECK(would_block(server.connect().error()));
  CHECK(is_silent(poll));
  auto client = must(NamedPipe::open(name));
  const auto connected = next_event(poll);
  CHECK(connected.is_writable());
  CHECK_FALSE(connected.is_readable());
  must(server.connect());

  must(poll.registry().modify(server, Token{2}, readable, mode));
  CHECK(is_silent(poll));
  send_text(client, "hello");
  const auto event = next_event(poll);
  CHECK(event.token() == Token{2});
  CHECK(event.is_readable());
  CHECK_FALSE(event.is_writable());
  CHECK_FALSE(event.is_read_closed());
  CHECK(read_exactly(server, 5) == "hello");
  CHECK(is_silent(poll));

  must(poll.registry().add(client, Token{3}, readable, mode));
  send_text(server, "world");
  CHECK(event_where(poll, [](const auto& e) { return e.token() == Token{3}; }).is_readable());
  CHECK(drain(client) == "world");
}

TEST_CASE("an edge of a pipe is armed by would-block, and for its direction alone") {
  auto poll = must(Poll::create());
  auto [server, client] = pipe_pair();
  must(poll.registry().add(server, Token{1}, both));
  CHECK(next_event(poll).is_writable());
  for (int i = 0; i < 20; ++i) {
    send_text(client, "x");
    const auto event = next_event(poll);
    CHECK(event.is_readable());
    CHECK_FALSE(event.is_writable());
    CHECK(is_silent(poll));
    CHECK(drain(server) == "x");
  }
  const std::size_t filled = fill_up(server);
  CHECK(filled >= 16384);
  while (!is_silent(poll)) {
    // Room that came while it was filled.
    CHECK(fill(server) == 0);
  }
  CHECK(read_exactly(client, filled).size() == filled);
  CHECK(event_where(poll, [](const auto& e) { return e.is_writable(); }).token() == Token{1});
}

TEST_CASE("the peer's end is readable and read-closed, behind what it wrote") {
  const Mode mode = GENERATE(Mode::edge, Mode::level);
  auto poll = must(Poll::create());
  auto [server, client] = pipe_pair();
  must(poll.registry().add(server, Token{1}, readable, mode));
  send_text(client, "last words");
  {
    const auto closed = std::move(client);
  }
  CHECK(next_event(poll).is_readable());
  CHECK(read_exactly(server, 10) == "last words");
  CHECK(event_where(poll, [](const auto& e) { return e.is_read_closed(); }).is_readable());
  std::byte buffer{};
  CHECK(must(server.read({&buffer, 1})) == 0);
  Result<std::size_t> written = 0;
  for (int i = 0; i < 10 && written; ++i) {
    written = eventually([&] { return server.write(bytes("x")); });
  }
  CHECK(written.error() == std::errc::broken_pipe);
}

TEST_CASE("what was written before a pipe is closed arrives, however much it is") {
  auto ends = pipe_pair();
  const std::size_t filled = fill_up(ends.server);
  {
    const auto closed = std::move(ends.server);
  }
  CHECK(read_exactly(ends.client, filled + 1).size() == filled);
}

TEST_CASE("a server lets its client go and takes the next one") {
  auto poll = must(Poll::create());
  const auto name = free_name();
  auto server = must(NamedPipe::create(name));
  must(poll.registry().add(server, Token{1}, both));
  CHECK(server.disconnect().error() == std::errc::not_connected);
  for (int i = 0; i < 5; ++i) {
    std::byte buffer{};
    CHECK(server.read({&buffer, 1}).error() == std::errc::not_connected);
    CHECK(server.write(bytes("x")).error() == std::errc::not_connected);
    CHECK(would_block(server.connect().error()));
    auto client = must(NamedPipe::open(name));
    CHECK(NamedPipe::open(name).error() == std::errc::device_or_resource_busy);
    must(eventually([&] {
      next_event(poll);
      return server.connect();
    }));
    // Nothing of the last client: neither what it wrote, nor how what was under way ended.
    CHECK(would_block(server.read({&buffer, 1}).error()));
    CHECK(must(eventually([&] { return server.write(bytes("x")); })) == 1);
    CHECK(must(eventually([&] { return client.read({&buffer, 1}); })) == 1);
    if (i % 2 == 0) {
      send_text(client, "never read");
      event_where(poll, [](const auto& event) { return event.is_readable(); });
    } else {
      fill_up(server);  // and a read is under way
    }
    must(server.disconnect());
    std::array<std::byte, 4096> rest{};
    while (must(eventually([&] { return client.read(rest); })) != 0) {
    }
  }
}

TEST_CASE("a client that comes before it is waited for is served") {
  const auto name = free_name();
  const auto server = must(NamedPipe::create(name));
  const auto client = must(NamedPipe::open(name));
  must(server.connect());
  send_text(client, "x");
  std::byte buffer{};
  CHECK(must(eventually([&] { return server.read({&buffer, 1}); })) == 1);
}

TEST_CASE("a server whose client has gone takes the next one") {
  const auto name = free_name();
  const auto server = must(NamedPipe::create(name));
  std::byte buffer{};
  for (int i = 0; i < 2; ++i) {
    CHECK(would_block(server.connect().error()));
    auto client = must(NamedPipe::open(name));
    must(eventually([&] { return server.connect(); }));
    send_text(client, "x");
    CHECK(must(eventually([&] { return server.read({&buffer, 1}); })) == 1);
    {
      const auto gone = std::move(client);
    }
    CHECK(must(eventually([&] { return server.read({&buffer, 1}); })) == 0);
    CHECK(server.write(bytes("x")).error() == std::errc::broken_pipe);
    must(server.disconnect());
  }
}

TEST_CASE("who waits to write hears that the peer has gone") {
  auto poll = must(Poll::create());
  auto ends = pipe_pair();
  fill_up(ends.server);
  must(poll.registry().add(ends.server, Token{1}, both));
  {
    const auto gone = std::move(ends.client);
  }
  event_where(poll, [](const auto& event) { return event.is_writable(); });
  const auto written = eventually([&] { return ends.server.write(bytes("x")); });
  REQUIRE_FALSE(written);
  CHECK(written.error() == std::errc::broken_pipe);
}

TEST_CASE("who must be first is refused a name that is taken") {
  const auto name = free_name();
  const auto first = must(NamedPipe::create(name, NamedPipe::Instance::first));
  CHECK(NamedPipe::create(name).has_value());
  const auto late = NamedPipe::create(name, NamedPipe::Instance::first);
  if (late && ::GetProcAddress(::GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr) {
    EVQ_SKIP("Wine does not know FILE_FLAG_FIRST_PIPE_INSTANCE");
  }
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error() == std::errc::permission_denied);
}

TEST_CASE("names and objects that are none are refused") {
  CHECK(NamedPipe::open(free_name()).error() == std::errc::no_such_file_or_directory);
  CHECK_FALSE(NamedPipe::create("no pipe's name").has_value());

  auto ends = pipe_pair();
  const auto moved = std::move(ends.server);
  const auto bad = std::errc::bad_file_descriptor;
  std::byte buffer{};
  CHECK(ends.server.read({&buffer, 1}).error() == bad);
  CHECK(ends.server.write(bytes("x")).error() == bad);
  CHECK(ends.server.connect().error() == bad);
  CHECK(ends.server.disconnect().error() == bad);
  auto poll = must(Poll::create());
  CHECK(poll.registry().add(ends.server, Token{1}, both).error() == bad);
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<NamedPipe>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<NamedPipe>);
}

TEST_CASE("a pipe is in one queue at a time, moves while it is there, and leaves it when it goes") {
  auto poll = must(Poll::create());
  auto other = std::make_unique<Poll>(must(Poll::create()));
  auto [server, client] = pipe_pair();
  must(other->registry().add(server, Token{1}, both));
  CHECK(poll.registry().add(server, Token{2}, both).error() == std::errc::file_exists);
  CHECK(poll.registry().remove(server).error() == std::errc::no_such_file_or_directory);
  CHECK(next_event(*other).is_writable());
  other.reset();
  send_text(client, "x");
  must(poll.registry().add(server, Token{2}, readable));
  CHECK(next_event(poll).token() == Token{2});
  CHECK(drain(server) == "x");
  auto moved = std::move(server);
  send_text(client, "y");
  CHECK(next_event(poll).token() == Token{2});
  must(poll.registry().remove(moved));
  must(poll.registry().add(moved, Token{3}, both, Mode::level));
  CHECK(next_event(poll).token() == Token{3});
  auto [second, peer] = pipe_pair();
  moved = std::move(second);
  CHECK(is_silent(poll));
  std::byte buffer{};
  CHECK(must(eventually([&] { return client.read({&buffer, 1}); })) == 0);
}

TEST_CASE("a pipe that becomes ready ends the wait of another thread") {
  auto poll = must(Poll::create());
  auto [server, client] = pipe_pair();
  must(poll.registry().add(server, Token{1}, readable));
  const std::jthread sender([&peer = client] {
    std::this_thread::sleep_for(short_time);
    send_text(peer, "x");
  });
  CHECK(next_event(poll).is_readable());
}

TEST_CASE("pipes that come and go with operations under way leave nothing", "[stress]") {
  auto poll = must(Poll::create());
  const auto run = [&](std::uintptr_t i) {
    const auto name = free_name();
    auto server = must(NamedPipe::create(name));
    must(poll.registry().add(server, Token{i}, both, i % 2 == 0 ? Mode::level : Mode::edge));
    static_cast<void>(server.connect());
    if (i % 3 == 0) {
      return;  // while it waits for a client
    }
    auto client = must(NamedPipe::open(name));
    must(eventually([&] { return server.connect(); }));
    send_text(client, "x");
    send_text(server, "y");
    Events events(4);
    must(poll.poll(events, 0ns));
    if (i % 3 == 1) {
      must(server.disconnect());
      static_cast<void>(server.connect());
    }
  };
  run(1);
  run(2);
  std::this_thread::sleep_for(100ms);
  const auto before = open_handles();
  for (std::uintptr_t i = 0; i < 200; ++i) {
    run(i);
  }
  CHECK(is_silent(poll));
  // The last ones end in the background.
  const auto deadline = std::chrono::steady_clock::now() + long_time;
  while (open_handles() > before && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(short_time);
  }
  CHECK(*open_handles() <= *before);
}
