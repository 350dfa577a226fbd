// What only the kqueue backend has: two filters for a source, a kernel that does not say whether it
// knows one, and a queue inside the queue.

#include <evq/backends/kqueue.hpp>
#include <evq/basic_poll.hpp>
#include <evq/net/unix.hpp>
#include <evq/pipe.hpp>

#include <sys/resource.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/handles.hpp"
#include "support/sockets.hpp"

using namespace evq;
using namespace evq::test;
using Poll = BasicPoll<KqueueBackend>;
using Events = BasicEvents<KqueueBackend>;
using Waker = BasicWaker<KqueueBackend>;

namespace {

constexpr Interest both = Interest::readable | Interest::writable;

struct Fixture {
  Poll poll = must(Poll::create());
  Events events{64};
  std::pair<net::UnixStream, net::UnixStream> pair = must(net::UnixStream::pair());

  [[nodiscard]] const auto& registry() const { return poll.registry(); }
  std::size_t poll_now() {
    must(poll.poll(events, 0ns));
    return events.size();
  }
};

}  // namespace

TEST_CASE("a second add of a raw source acts as modify, and modify of a new one as add") {
  Fixture f;
  const RawSource raw{f.pair.first.native_handle()};
  send_text(f.pair.second, "x");
  must(f.registry().modify(raw, Token{1}, both, Mode::level));
  REQUIRE(f.poll_now() == 1);
  CHECK(f.events[0].is_readable());
  CHECK(f.events[0].is_writable());
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  must(f.registry().add(raw, Token{2}, Interest::writable, mode));
  REQUIRE(f.poll_now() == 1);
  CHECK(f.events[0].token() == Token{2});
  CHECK_FALSE(f.events[0].is_readable());
  CHECK(f.poll_now() == (mode == Mode::level ? 1 : 0));
  must(f.registry().remove(raw));
  CHECK(f.registry().remove(raw).error() == std::errc::no_such_file_or_directory);
}

TEST_CASE("a raw oneshot of both directions is known until it is removed") {
  Fixture f;
  const RawSource raw{f.pair.first.native_handle()};
  must(f.registry().add(raw, Token{1}, both, Mode::oneshot));
  CHECK(f.poll_now() == 1);
  CHECK(f.poll_now() == 0);
  must(f.registry().modify(raw, Token{2}, both, Mode::level));
  CHECK(f.poll_now() == 1);
  CHECK(f.poll_now() == 1);
  must(f.registry().modify(raw, Token{3}, both, Mode::oneshot));
  REQUIRE(f.poll_now() == 1);
  CHECK(f.events[0].token() == Token{3});
  CHECK(f.poll_now() == 0);
  must(f.registry().remove(raw));
  CHECK(f.registry().remove(raw).error() == std::errc::no_such_file_or_directory);
}

TEST_CASE("a oneshot that is ready both ways is one event, also among many") {
  Fixture f;
  std::vector<std::pair<net::UnixStream, net::UnixStream>> pairs;
  for (std::uintptr_t i = 0; i < 60; ++i) {
    pairs.push_back(must(net::UnixStream::pair()));
    send_text(pairs.back().second, "x");
    must(f.registry().add(pairs.back().first, Token{i}, both, Mode::oneshot));
  }
  Events events(256);
  std::set<Token> seen;
  must(f.poll.poll(events, 0ns));
  // As many as the room has for both filters of each.
  CHECK(events.size() == pairs.size());
  for (const auto& event : events) {
    CHECK(event.is_readable());
    CHECK(event.is_writable());
    CHECK(seen.insert(event.token()).second);
  }
  CHECK(f.poll_now() == 0);
}

TEST_CASE("oneshots of both directions stand beside other events in little room") {
  Fixture f;
  auto other = must(net::UnixStream::pair());
  must(f.registry().add(other.first, Token{1}, Interest::writable, Mode::level));
  must(f.registry().add(f.pair.first, Token{2}, both, Mode::oneshot));
  Events one(1);
  std::size_t oneshots = 0;
  std::size_t levels = 0;
  for (int i = 0; i < 12; ++i) {
    must(f.poll.poll(one, 0ns));
    REQUIRE(one.size() == 1);
    ++(one[0].token() == Token{2} ? oneshots : levels);
  }
  CHECK(oneshots == 1);
  CHECK(levels == 11);
}

TEST_CASE("the queue of oneshots takes no other event's place, wherever it stands") {
  Fixture f;
  auto other = must(net::UnixStream::pair());
  must(f.registry().add(other.first, Token{1}, Interest::writable, Mode::level));
  must(f.registry().add(f.pair.first, Token{2}, both, Mode::oneshot));
  for (int i = 0; i < 8; ++i) {
    REQUIRE(f.poll_now() == 2);
    CHECK(std::set{f.events[0].token(), f.events[1].token()} == std::set{Token{1}, Token{2}});
    must(f.registry().modify(f.pair.first, Token{2}, both, Mode::oneshot));
  }
}

TEST_CASE("a paired oneshot is armed again by another thread for as long as it is polled") {
  Fixture f;
  constexpr int rounds = 2000;
  std::atomic<int> reports = 0;
  std::atomic<bool> is_over = false;
  const std::jthread poller([&] {
    while (!is_over) {
      must(f.poll.poll(f.events, 1ms));
      reports.fetch_add(static_cast<int>(f.events.size()));
    }
  });
  must(f.registry().add(f.pair.first, Token{1}, both, Mode::oneshot));
  for (int i = 1; i <= rounds; ++i) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (reports < i && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    if (reports != i) {
      break;
    }
    must(f.registry().modify(f.pair.first, Token{1}, both, Mode::oneshot));
  }
  is_over = true;
  CHECK(reports >= rounds);
  CHECK(reports <= rounds + 1);
}

TEST_CASE("a refused add leaves no filter behind") {
  Fixture f;
  const RawSource closed{-1};
  CHECK(f.registry().add(closed, Token{1}, both, Mode::oneshot).error() ==
        std::errc::bad_file_descriptor);
  auto [sender, receiver] = must(pipe());
  send_text(sender, "x");
  const auto refused =
      f.registry().add(receiver, Token{1}, Interest::readable | Interest::priority, Mode::level);
  CHECK((refused.error() == std::errc::operation_not_permitted ||
         refused.error() == std::errc::operation_not_supported));
  CHECK(f.poll_now() == 0);
  must(f.registry().add(receiver, Token{2}, Interest::readable));
  CHECK(f.poll_now() == 1);
}

TEST_CASE("priority is told, or refused by the call, and then changes nothing") {
  Fixture f;
  auto pair = tcp_pair();
  must(f.registry().add(pair.ours, Token{1}, Interest::readable));
  const auto asked =
      f.registry().modify(pair.ours, Token{2}, Interest::readable | Interest::priority);
  send_text(pair.theirs, "x");
  wait_for_data(pair.ours);
  REQUIRE(f.poll_now() == 1);
  if (asked) {
    CHECK(f.events[0].token() == Token{2});
  } else {
    CHECK(asked.error() == std::errc::operation_not_supported);
    CHECK(f.events[0].token() == Token{1});
  }
}

TEST_CASE("wakes go on past what a pipe holds") {
  Fixture f;
  const auto waker = must(Waker::create(f.registry(), Token{9}));
  for (int i = 0; i < 70000; ++i) {
    must(waker.wake());
    if (f.poll_now() != 1) {
      FAIL("wake " << i << " was lost");
    }
  }
}

TEST_CASE("descriptors that run out are too_many_files_open, and nothing is lost") {
  Fixture f;
  must(f.registry().add(f.pair.first, Token{1}, Interest::readable));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto refused_poll = Poll::create();
  const auto refused_probe = KqueueBackend::probe();
  const auto refused_pair =
      f.registry().modify(f.pair.first, Token{2}, both, Mode::oneshot);  // needs a second queue
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);

  CHECK(refused_poll.error() == std::errc::too_many_files_open);
  CHECK(refused_probe.error() == std::errc::too_many_files_open);
  CHECK(refused_pair.error() == std::errc::too_many_files_open);
  send_text(f.pair.second, "x");
  REQUIRE(f.poll_now() == 1);
  CHECK(f.events[0].token() == Token{1});
}
