// What shows a backend that puts registrations off until the next poll, keeps files open for as
// long as it waits for them, or reports what was true a while ago. None of that may be seen.

#include <evq/net/udp.hpp>
#include <evq/pipe.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "harness.hpp"
#include "support/handles.hpp"

using namespace evq;
using namespace evq::test;
using net::SocketAddr;
using net::TcpStream;
using net::UdpSocket;

namespace {

template <class Action>
void in_another_thread(Action action) {
  std::jthread(action).join();
}

bool sees_end(const TcpStream& stream) {
  std::byte byte{};
  return eventually([&] { return stream.read({&byte, 1}); }) == std::size_t{0};
}

void close(TcpStream& stream) {
  const auto closed = std::move(stream);
}

}  // namespace

// liburing#363, and nobody polls to let the file go.
EVQ_CONTRACT("the peer sees the end of what is closed without a further poll",
             "[deferred][close]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  const bool is_polled_before = GENERATE(false, true);
  std::optional<Harness<TestType>> t(std::in_place);
  auto registry = must(t->registry().try_clone());
  auto pair = tcp_pair();
  must(t->registry().add(pair.ours, Token{1}, readable, mode));
  if (is_polled_before) {
    CHECK(t->is_silent());
  }
  SECTION("after it was removed") {
    must(t->registry().remove(pair.ours));
    close(pair.ours);
  }
  SECTION("after it was modified") {
    must(t->registry().modify(pair.ours, Token{2}, both, mode));
    close(pair.ours);
  }
  SECTION("by another thread") {
    in_another_thread([&] { close(pair.ours); });
  }
  SECTION("by another thread that has removed it") {
    in_another_thread([&] {
      must(registry.remove(pair.ours));
      close(pair.ours);
    });
  }
  SECTION("after the poll is gone, and a clone is left") {
    t.reset();
    close(pair.ours);
  }
  SECTION("after it was added when the poll was gone already") {
    must(t->registry().remove(pair.ours));
    t.reset();
    must(registry.add(pair.ours, Token{2}, readable, mode));
    close(pair.ours);
  }
  SECTION("after the last owner is gone") {
    t.reset();
    {
      const auto last = std::move(registry);
    }
    close(pair.ours);
  }
  CHECK(sees_end(pair.theirs));
}

#ifndef _WIN32
// The request that holds the file is just completing.
EVQ_CONTRACT("the peer sees the end of what is closed when something has just happened to it",
             "[deferred][close][pipe]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  const bool is_elsewhere = GENERATE(false, true);
  Harness<TestType> t;
  auto [sender, receiver] = must(pipe());
  must(t.registry().add(receiver, Token{1}, readable, mode));
  CHECK(t.poll_now() == 0);
  send_text(sender, "x");
  const auto close = [&held = receiver] { const auto closed = std::move(held); };
  if (is_elsewhere) {
    in_another_thread(close);
  } else {
    close();
  }
  auto written = sender.write(bytes("y"));
  // Where the system lets go of the file when another thread has closed it, it may need a moment.
  for (int i = 0; is_elsewhere && written && i < 1000; ++i) {
    std::this_thread::sleep_for(1ms);
    written = sender.write(bytes("y"));
  }
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error() == std::errc::broken_pipe);
  CHECK(t.is_silent());
}
#endif

EVQ_CONTRACT("a registration outlives the thread that made it", "[deferred][threads]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  const auto registry = must(t.registry().try_clone());
  auto pair = tcp_pair();
  SECTION("added") {
    in_another_thread([&] { must(registry.add(pair.ours, Token{1}, readable, mode)); });
  }
  SECTION("modified") {
    must(registry.add(pair.ours, Token{2}, writable, mode));
    in_another_thread([&] { must(registry.modify(pair.ours, Token{1}, readable, mode)); });
  }
  CHECK(t.is_silent());
  send_text(pair.theirs, "x");
  CHECK(t.event_of(Token{1}).is_readable());
}

EVQ_CONTRACT("a poll outlives the thread that used it first", "[deferred][threads]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto before = tcp_pair();
  auto after = tcp_pair();
  in_another_thread([&] {
    must(t.registry().add(before.ours, Token{1}, readable));
    t.poll_now();
  });
  must(t.registry().add(after.ours, Token{2}, readable));
  send_text(before.theirs, "x");
  send_text(after.theirs, "x");
  CHECK(t.event_of(Token{1}).is_readable());
  must(t.registry().modify(after.ours, Token{3}, readable));
  CHECK(t.event_of(Token{3}).is_readable());
  in_another_thread([&] { must(t.registry().remove(before.ours)); });
  send_text(before.theirs, "x");
  CHECK(t.is_silent());
}

EVQ_CONTRACT("a level is in each poll, whichever thread polls", "[deferred][threads]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  send_text(pair.theirs, "x");
  wait_for_data(pair.ours);
  const Interest interest = GENERATE(readable, writable);
  must(t.registry().add(pair.ours, Token{1}, interest, Mode::level));
  for (int i = 0; i < 3; ++i) {
    CHECK(t.poll_now() == 1);
    std::size_t seen = 0;
    in_another_thread([&] { seen = t.poll_now(); });
    CHECK(seen == 1);
    in_another_thread([&] { seen = t.poll_now(); });
    CHECK(seen == 1);
  }
}

EVQ_CONTRACT("what another thread adds and takes back while one polls is silent",
             "[deferred][threads]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  const auto waker = must(BasicWaker<TestType>::create(t.registry(), Token{9}));
  const auto registry = must(t.registry().try_clone());
  std::vector<Pair<TcpStream>> pairs;
  for (int i = 0; i < 10; ++i) {
    pairs.push_back(tcp_pair());
  }
  const std::jthread thread([&] {
    std::this_thread::sleep_for(short_time);
    for (auto& pair : pairs) {
      must(registry.add(pair.ours, Token{1}, readable));
      must(registry.remove(pair.ours));
      must(registry.add(pair.ours, Token{2}, readable));
      close(pair.ours);
    }
    must(waker.wake());
  });
  must(t.poll.poll(t.events));
  REQUIRE(t.events.size() == 1);
  CHECK(t.events.begin()->token() == Token{9});
  for (const auto& pair : pairs) {
    CHECK(sees_end(pair.theirs));
  }
  CHECK(t.is_silent());
}

// libuv#4323 without a poll in between: what is queued by number meets the number's next owner.
EVQ_CONTRACT("a handle number that is used again before the next poll starts fresh",
             "[deferred][close]") {
  EVQ_NEEDS_BACKEND();
  const bool is_removed = GENERATE(false, true);
  const bool is_added = GENERATE(false, true);
  Harness<TestType> t;
  for (std::uintptr_t round = 0; round < 20; ++round) {
    auto old = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
    must(t.registry().add(old, Token{1}, both, Mode::level));
    if (round % 2 == 1) {
      CHECK(t.event_of(Token{1}).is_writable());
    }
    if (is_removed) {
      must(t.registry().remove(old));
    }
    {
      const auto closed = std::move(old);
    }
    auto next = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
    CHECK(is_refused(t.registry().modify(next, Token{2}, both),
                     std::errc::no_such_file_or_directory));
    if (is_added) {
      must(t.registry().add(next, Token{3}, writable));
      must(t.poll.poll(t.events, long_time));
      REQUIRE(t.events.size() == 1);
      CHECK(t.events.begin()->token() == Token{3});
    }
    CHECK(t.poll_now() == 0);
  }
  CHECK(t.is_silent());
}

EVQ_CONTRACT("a raw source of a handle that a net type has registered is file_exists",
             "[deferred][raw]") {
  EVQ_NEEDS_BACKEND();
  if (TestType::name == "kqueue") {
    EVQ_SKIP("kqueue takes it for a modify (docs/contract.md)");
  }
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));
  const RawSource raw{pair.ours.native_handle()};
  CHECK(is_refused(t.registry().add(raw, Token{2}, both), std::errc::file_exists));
  CHECK(t.is_silent());
  CHECK(is_refused(t.registry().add(raw, Token{2}, both), std::errc::file_exists));
  send_text(pair.theirs, "x");
  CHECK(t.event_of(Token{1}).is_readable());
  must(t.registry().remove(pair.ours));
  must(t.registry().add(raw, Token{2}, readable));
  CHECK(t.event_of(Token{2}).is_readable());
  must(t.registry().remove(raw));
}

EVQ_CONTRACT("a level that was drained before the poll is silent", "[deferred][level]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable, Mode::level));
  for (int i = 0; i < 3; ++i) {
    CHECK(t.is_silent());
    send_text(pair.theirs, "x");
    CHECK(read_exactly(pair.ours, 1) == "x");
  }
  CHECK(t.is_silent());
}

EVQ_CONTRACT("all that happens to an edge between two polls is one event", "[deferred][edge]") {
  EVQ_NEEDS_BACKEND();
  const std::size_t capacity = GENERATE(std::size_t{1}, std::size_t{64});
  Harness<TestType> t(capacity);
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));
  CHECK(t.is_silent());
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 1000; ++i) {
      send_text(pair.theirs, "x");
    }
    std::vector<std::byte> arrived(1000);
    while (must(eventually([&] { return pair.ours.peek(arrived); })) != arrived.size()) {
    }
    CHECK(t.poll_now() == 1);
    CHECK(t.is_silent());
    CHECK(drain(pair.ours).size() == arrived.size());
  }
}

EVQ_CONTRACT("any number of changes may come between two polls", "[deferred][modify]") {
  EVQ_NEEDS_BACKEND();
  constexpr std::uintptr_t times = 10'000;
  Harness<TestType> t;
  auto pair = tcp_pair();
  auto other = tcp_pair();
  SECTION("modify") {
    must(t.registry().add(pair.ours, Token{0}, writable));
    for (std::uintptr_t i = 1; i <= times; ++i) {
      must(t.registry().modify(pair.ours, Token{i}, writable,
                               i % 2 == 0 ? Mode::edge : Mode::level));
    }
  }
  SECTION("add and remove") {
    for (std::uintptr_t i = 1; i < times; ++i) {
      must(t.registry().add(pair.ours, Token{i}, writable));
      must(t.registry().remove(pair.ours));
    }
    must(t.registry().add(pair.ours, Token{times}, writable));
  }
  SECTION("of two threads") {
    const auto registry = must(t.registry().try_clone());
    must(t.registry().add(other.ours, Token{0}, readable));
    const std::jthread thread([&] {
      for (std::uintptr_t i = 1; i <= times; ++i) {
        must(registry.modify(other.ours, Token{0}, readable));
      }
    });
    must(t.registry().add(pair.ours, Token{0}, writable));
    for (std::uintptr_t i = 1; i <= times; ++i) {
      must(t.registry().modify(pair.ours, Token{i}, writable));
    }
  }
  must(t.poll.poll(t.events, long_time));
  REQUIRE(t.events.size() == 1);
  CHECK(t.events.begin()->token() == Token{times});
  CHECK(t.is_silent());
  must(t.registry().modify(pair.ours, Token{1}, readable));
  send_text(pair.theirs, "x");
  CHECK(t.event_of(Token{1}).is_readable());
}

// What the first poll found and had no room for is judged again by the second.
EVQ_CONTRACT("what there was no room for is taken back by what comes then",
             "[deferred][fairness]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  constexpr std::uintptr_t sources = 12;
  Harness<TestType> t(1);
  std::vector<Pair<TcpStream>> pairs;
  for (std::uintptr_t i = 0; i < sources; ++i) {
    pairs.push_back(tcp_pair());
    send_text(pairs.back().theirs, "x");
    wait_for_data(pairs.back().ours);
    must(t.registry().add(pairs.back().ours, Token{i}, readable, mode));
  }
  CHECK(t.poll_now() == 1);
  SECTION("remove") {
    for (auto& pair : pairs) {
      must(t.registry().remove(pair.ours));
    }
    CHECK(t.is_silent());
  }
  SECTION("close") {
    for (auto& pair : pairs) {
      close(pair.ours);
    }
    CHECK(t.is_silent());
  }
  SECTION("modify to what is not ready") {
    for (std::uintptr_t i = 0; i < sources; ++i) {
      fill(pairs[i].ours);
      must(t.registry().modify(pairs[i].ours, Token{100 + i}, writable, mode));
    }
    CHECK(t.is_silent());
  }
  SECTION("modify to another token") {
    for (std::uintptr_t i = 0; i < sources; ++i) {
      must(t.registry().modify(pairs[i].ours, Token{100 + i}, readable, mode));
    }
    std::map<Token, int> seen;
    for (std::uintptr_t i = 0; i < sources; ++i) {
      CHECK(t.poll_now() == 1);
      ++seen[t.events.begin()->token()];
    }
    CHECK(seen.begin()->first == Token{100});
    CHECK(seen.size() == sources);
  }
  SECTION("reading, of a level") {
    if (mode == Mode::level) {
      for (auto& pair : pairs) {
        CHECK(drain(pair.ours) == "x");
      }
      CHECK(t.is_silent());
    }
  }
}
