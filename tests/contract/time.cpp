// Promise 10: time-outs. Only lower bounds are checked: how late a poll returns is the machine's.

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#ifndef _WIN32
#include <pthread.h>
#endif

#include "harness.hpp"

using namespace evq;
using namespace evq::test;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

EVQ_CONTRACT("a time-out never ends early and has no events", "[time]") {
  EVQ_NEEDS_BACKEND();
  // mio#1615: a part of a millisecond, cut to zero, is a busy loop.
  const nanoseconds timeout = GENERATE(nanoseconds(1), nanoseconds(500us), nanoseconds(1ms + 1ns),
                                       nanoseconds(1999999ns), nanoseconds(20ms));
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));
  for (int i = 0; i < 5; ++i) {
    const auto start = steady_clock::now();
    must(t.poll.poll(t.events, timeout));
    CHECK(steady_clock::now() - start >= timeout);
    CHECK(t.events.empty());
  }
}

EVQ_CONTRACT("zero and less never block", "[time]") {
  EVQ_NEEDS_BACKEND();
  const nanoseconds timeout = GENERATE(nanoseconds(0), nanoseconds(-1), nanoseconds::min());
  Harness<TestType> t;
  must(t.poll.poll(t.events, timeout));
  CHECK(t.events.empty());
}

// mio#1948: above 24.8 days the milliseconds do not fit an int.
EVQ_CONTRACT("a very long time-out does not overflow", "[time]") {
  EVQ_NEEDS_BACKEND();
  const nanoseconds timeout =
      GENERATE(nanoseconds(std::chrono::days(25)), nanoseconds(std::chrono::days(50)),
               nanoseconds(std::chrono::years(100)), nanoseconds::max());
  Harness<TestType> t;
  const auto waker = must(BasicWaker<TestType>::create(t.registry(), Token{1}));
  const std::jthread thread([&] {
    std::this_thread::sleep_for(short_time);
    must(waker.wake());
  });
  const auto start = steady_clock::now();
  must(t.poll.poll(t.events, timeout));
  CHECK(steady_clock::now() - start >= short_time / 2);
  REQUIRE(t.events.size() == 1);
  CHECK(t.events.begin()->token() == Token{1});
}

EVQ_CONTRACT("an event ends a wait before its time", "[time]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));
  const std::jthread thread([&] {
    std::this_thread::sleep_for(short_time);
    send_text(pair.theirs, "x");
  });
  must(t.poll.poll(t.events, std::chrono::hours(1)));
  REQUIRE(t.events.size() == 1);
  CHECK(t.events.begin()->token() == Token{1});
}

EVQ_CONTRACT("events of no capacity are invalid_argument", "[time]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, writable));
  BasicEvents<TestType> none(0);
  CHECK(is_refused(t.poll.poll(none, 0ns), std::errc::invalid_argument));
  BasicEvents<TestType> too_many(SIZE_MAX);
  CHECK(too_many.capacity() == 0);
  CHECK(is_refused(t.poll.poll(too_many), std::errc::invalid_argument));
  BasicEvents<TestType> moved(4);
  BasicEvents<TestType> taken(std::move(moved));
  CHECK(is_refused(t.poll.poll(moved), std::errc::invalid_argument));
  must(t.poll.poll(taken, 0ns));
  CHECK(taken.size() == 1);
  moved = std::move(taken);
  CHECK(moved.size() == 1);
  CHECK(moved[0].token() == Token{1});
  moved.clear();
  CHECK(moved.empty());
  CHECK(moved.capacity() == 4);
  CHECK(moved.begin() == moved.end());
}

EVQ_CONTRACT("a poll that was moved from is bad_file_descriptor, and its heir works", "[time]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, writable));
  auto heir = std::move(t.poll);
  CHECK(is_refused(t.poll.poll(t.events), std::errc::bad_file_descriptor));
  CHECK(is_refused(t.poll.registry().remove(pair.ours), std::errc::bad_file_descriptor));
  must(heir.poll(t.events, long_time));
  CHECK(t.events.size() == 1);
  must(heir.registry().remove(pair.ours));
  t.poll = std::move(heir);
  must(t.registry().add(pair.ours, Token{2}, writable));
  CHECK(t.event_of(Token{2}).is_writable());
}

EVQ_CONTRACT("a poll that fails leaves no events of the one before", "[time]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, writable, Mode::level));
  t.event_of(Token{1});
  auto heir = std::move(t.poll);
  CHECK_FALSE(t.poll.poll(t.events));
  CHECK(t.events.empty());
}

#ifndef _WIN32
namespace {

volatile std::sig_atomic_t signals_seen = 0;

/// Has SIGUSR1 counted, without SA_RESTART, for as long as it lives.
class CountSignals {
 public:
  CountSignals() {
    signals_seen = 0;
    struct sigaction action = {};
    action.sa_handler = [](int) { signals_seen = signals_seen + 1; };
    ::sigaction(SIGUSR1, &action, &previous_);
  }
  CountSignals(const CountSignals&) = delete;
  CountSignals& operator=(const CountSignals&) = delete;
  ~CountSignals() { ::sigaction(SIGUSR1, &previous_, nullptr); }

 private:
  struct sigaction previous_ = {};
};

/// Sends SIGUSR1 to the thread that made it, every few milliseconds.
class SignalStorm {
 public:
  static constexpr int most = 4000;

  SignalStorm() : thread_([this, target = ::pthread_self()] { run(target); }) {}
  SignalStorm(const SignalStorm&) = delete;
  SignalStorm& operator=(const SignalStorm&) = delete;
  ~SignalStorm() { stop_ = true; }

  [[nodiscard]] bool is_over() const { return sent_ == most; }

 private:
  void run(pthread_t target) {
    while (!stop_ && sent_ < most) {
      std::this_thread::sleep_for(5ms);
      ::pthread_kill(target, SIGUSR1);
      ++sent_;
    }
  }

  const CountSignals count_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> sent_ = 0;
  std::jthread thread_;
};

}  // namespace

EVQ_CONTRACT("a signal does not end a wait, nor make it longer", "[time]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  const SignalStorm storm;
  SECTION("with a time-out") {
    constexpr auto timeout = 100ms;
    const auto start = steady_clock::now();
    must(t.poll.poll(t.events, timeout));
    CHECK(steady_clock::now() - start >= timeout);
    CHECK(t.events.empty());
    CHECK(signals_seen > 0);
    // A wait that begins anew with each signal goes on until there are no more.
    CHECK_FALSE(storm.is_over());
  }
  SECTION("for ever") {
    auto pair = tcp_pair();
    must(t.registry().add(pair.ours, Token{1}, readable));
    const std::jthread writer([&] {
      std::this_thread::sleep_for(100ms);
      send_text(pair.theirs, "x");
    });
    must(t.poll.poll(t.events));
    CHECK(t.events.size() == 1);
    CHECK(signals_seen > 0);
  }
}
#endif
