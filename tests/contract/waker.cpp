// Promise 9: wakers.

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "harness.hpp"

using namespace evq;
using namespace evq::test;

EVQ_CONTRACT("a wake before a poll ends it with the waker's token", "[waker]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  const auto waker = must(BasicWaker<TestType>::create(t.registry(), Token{7}));
  CHECK(t.is_silent());
  for (int i = 0; i < 5; ++i) {
    must(waker.wake());
    must(t.poll.poll(t.events));
    REQUIRE(t.events.size() == 1);
    CHECK(t.events.begin()->token() == Token{7});
    CHECK(t.events.begin()->is_readable());
    CHECK_FALSE(t.events.begin()->is_writable());
    CHECK(t.is_silent());
  }
}

EVQ_CONTRACT("a wake during a poll ends it", "[waker]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  const auto waker = must(BasicWaker<TestType>::create(t.registry(), Token{7}));
  const std::jthread thread([&] {
    std::this_thread::sleep_for(short_time);
    must(waker.wake());
  });
  must(t.poll.poll(t.events));
  REQUIRE(t.events.size() == 1);
  CHECK(t.events.begin()->token() == Token{7});
}

EVQ_CONTRACT("pending wakes are one event", "[waker]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  const auto waker = must(BasicWaker<TestType>::create(t.registry(), Token{7}));
  for (int i = 0; i < 1000; ++i) {
    must(waker.wake());
  }
  CHECK(t.poll_now() == 1);
  CHECK(t.is_silent());
}

EVQ_CONTRACT("a wake is not lost beside other events and little room", "[waker]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t(1);
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, writable, Mode::level));
  const auto waker = must(BasicWaker<TestType>::create(t.registry(), Token{7}));
  for (int round = 0; round < 5; ++round) {
    // Twice, with a poll in between that may or may not have room for it.
    must(waker.wake());
    t.poll_now();
    must(waker.wake());
    CHECK(t.event_of(Token{7}).is_readable());
  }
}

EVQ_CONTRACT("several wakers share a queue, each with its token", "[waker]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  const auto first = must(BasicWaker<TestType>::create(t.registry(), Token{1}));
  const auto second = must(BasicWaker<TestType>::create(t.registry(), Token{2}));
  must(first.wake());
  must(second.wake());
  must(first.wake());
  CHECK(t.event_of(Token{1}).is_readable());
  must(second.wake());
  CHECK(t.event_of(Token{2}).is_readable());
  must(first.wake());
  CHECK(t.event_of(Token{1}).is_readable());
}

// What was written before a wake is seen after its event, also when the wake was coalesced. Under
// ThreadSanitizer this fails if the two threads do not synchronize.
EVQ_CONTRACT("after the last wake there is an event that sees what was written",
             "[waker][stress]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  const auto waker = must(BasicWaker<TestType>::create(t.registry(), Token{7}));
  constexpr std::size_t threads = 3;
  constexpr std::size_t wakes = 20000;
  std::vector<std::atomic<std::size_t>> written(threads);
  std::vector<std::jthread> workers;
  for (std::size_t i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] {
      for (std::size_t n = 1; n <= wakes; ++n) {
        written[i].store(n, std::memory_order_relaxed);
        must(waker.wake());
      }
    });
  }
  const auto all_seen = [&] {
    return std::ranges::all_of(
        written, [](const auto& count) { return count.load(std::memory_order_relaxed) == wakes; });
  };
  while (!all_seen()) {
    // Would wait for ever after a lost wake; long_time makes it a failure.
    must(t.poll.poll(t.events, long_time));
    if (t.events.empty()) {
      FAIL("a wake was lost");
    }
  }
}

// The second wake makes no system call that could order anything. Only ThreadSanitizer can tell.
EVQ_CONTRACT("what was written before a coalesced wake is seen after the event", "[waker]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  const auto waker = must(BasicWaker<TestType>::create(t.registry(), Token{7}));
  must(waker.wake());
  int plain = 0;
  std::atomic<bool> is_written = false;
  const std::jthread thread([&] {
    plain = 1;
    must(waker.wake());
    is_written.store(true, std::memory_order_relaxed);
  });
  while (!is_written.load(std::memory_order_relaxed)) {
    std::this_thread::yield();
  }
  CHECK(t.event_of(Token{7}).is_readable());
  CHECK(plain == 1);
}

// One wake at a time, waited for: the interleaving in which a round ends between the two steps of a
// wake.
EVQ_CONTRACT("each of two threads that wake each other is woken each time", "[waker][stress]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> ours;
  Harness<TestType> theirs;
  const auto wake_us = must(BasicWaker<TestType>::create(ours.registry(), Token{1}));
  const auto wake_them = must(BasicWaker<TestType>::create(theirs.registry(), Token{1}));
  constexpr int rounds = 5000;
  int plain = 0;  // handed from thread to thread by the wakes alone
  const std::jthread thread([&] {
    for (int i = 0; i < rounds; ++i) {
      must(theirs.poll.poll(theirs.events, long_time));
      ++plain;
      must(wake_us.wake());
    }
  });
  for (int i = 0; i < rounds; ++i) {
    ++plain;
    must(wake_them.wake());
    must(ours.poll.poll(ours.events, long_time));
    REQUIRE(ours.events.size() == 1);
    REQUIRE(plain == 2 * (i + 1));
  }
}

EVQ_CONTRACT("a waker can move, and go before its queue or after it", "[waker]") {
  EVQ_NEEDS_BACKEND();
  std::optional<Harness<TestType>> t(std::in_place);
  std::optional waker = must(BasicWaker<TestType>::create(t->registry(), Token{1}));
  must(waker->wake());
  auto moved = std::move(*waker);
  CHECK(waker->wake().error() == std::errc::bad_file_descriptor);
  CHECK(t->event_of(Token{1}).is_readable());
  must(moved.wake());
  CHECK(t->event_of(Token{1}).is_readable());

  waker = must(BasicWaker<TestType>::create(t->registry(), Token{2}));
  must(waker->wake());
  waker.reset();
  CHECK(t->is_silent());

  // Onto a waker of another queue.
  Harness<TestType> other;
  auto second = must(BasicWaker<TestType>::create(other.registry(), Token{3}));
  must(second.wake());
  CHECK(other.event_of(Token{3}).is_readable());
  must(moved.wake());
  second = std::move(moved);
  CHECK(other.is_silent());
  must(second.wake());
  CHECK(t->event_of(Token{1}).is_readable());

  t.reset();
  must(second.wake());
}

// What a waker remembers of one queue must not make it silent in another.
EVQ_CONTRACT("a waker that is moved onto one of another queue wakes at once", "[waker]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> used;
  auto waker = must(BasicWaker<TestType>::create(used.registry(), Token{1}));
  must(waker.wake());
  CHECK(used.event_of(Token{1}).is_readable());

  Harness<TestType> fresh;
  waker = must(BasicWaker<TestType>::create(fresh.registry(), Token{2}));
  must(waker.wake());
  CHECK(fresh.event_of(Token{2}).is_readable());
}

#ifndef _WIN32
namespace {

std::atomic<const void*> waker_for_signal{nullptr};

}  // namespace

EVQ_CONTRACT("a signal handler ends a wait with a wake, and keeps errno", "[waker]") {
  EVQ_NEEDS_BACKEND();
  using Waker = BasicWaker<TestType>;
  Harness<TestType> t;
  const auto waker = must(Waker::create(t.registry(), Token{7}));
  waker_for_signal = &waker;
  const auto previous = std::signal(SIGUSR2, [](int) {
    static_cast<void>(static_cast<const Waker*>(waker_for_signal.load())->wake());
  });
  errno = EDOM;
  std::raise(SIGUSR2);
  CHECK(errno == EDOM);
  CHECK(t.event_of(Token{7}).is_readable());
  const std::jthread thread([poller = ::pthread_self()] {
    std::this_thread::sleep_for(short_time);
    ::pthread_kill(poller, SIGUSR2);
  });
  must(t.poll.poll(t.events));
  REQUIRE(t.events.size() == 1);
  CHECK(t.events.begin()->token() == Token{7});
  std::signal(SIGUSR2, previous);
}
#endif
