// Promise 8: registries in other threads, and who outlives whom.

#include <atomic>
#include <cstddef>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "harness.hpp"

using namespace evq;
using namespace evq::test;
using net::TcpStream;

namespace {

/// Runs `action` in another thread once this one is, most likely, inside poll.
template <class Action>
std::jthread while_polling(Action action) {
  return std::jthread([action] {
    std::this_thread::sleep_for(short_time);
    action();
  });
}

}  // namespace

EVQ_CONTRACT("a source added while another thread polls ends the wait", "[threads]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  const auto registry = must(t.registry().try_clone());
  auto pair = tcp_pair();
  SECTION("that is ready already") {
    const auto thread =
        while_polling([&] { must(registry.add(pair.ours, Token{1}, writable, mode)); });
    must(t.poll.poll(t.events));
  }
  SECTION("that becomes ready later") {
    const auto thread = while_polling([&] {
      must(registry.add(pair.ours, Token{1}, readable, mode));
      std::this_thread::sleep_for(short_time);
      send_text(pair.theirs, "x");
    });
    must(t.poll.poll(t.events));
  }
  REQUIRE(t.events.size() == 1);
  CHECK(t.events.begin()->token() == Token{1});
}

EVQ_CONTRACT("a source modified while another thread polls ends the wait", "[threads]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  const auto registry = must(t.registry().try_clone());
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));
  const auto thread = while_polling([&] { must(registry.modify(pair.ours, Token{2}, writable)); });
  must(t.poll.poll(t.events));
  REQUIRE(t.events.size() == 1);
  CHECK(t.events.begin()->token() == Token{2});
}

EVQ_CONTRACT("a source removed while another thread polls is silent", "[threads]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  const auto registry = must(t.registry().try_clone());
  auto pair = tcp_pair();
  auto end = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));
  must(t.registry().add(end.ours, Token{2}, readable));
  const auto thread = while_polling([&] {
    must(registry.remove(pair.ours));
    send_text(pair.theirs, "x");
    std::this_thread::sleep_for(short_time);
    send_text(end.theirs, "x");
  });
  must(t.poll.poll(t.events));
  REQUIRE(t.events.size() == 1);
  CHECK(t.events.begin()->token() == Token{2});
}

EVQ_CONTRACT("a source closed while another thread polls is silent, and its peer sees it",
             "[threads]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  std::optional<Pair<TcpStream>> pair = tcp_pair();
  auto peer = std::move(pair->theirs);
  must(t.registry().add(pair->ours, Token{1}, readable));
  must(t.registry().add(peer, Token{2}, readable));
  const auto thread = while_polling([&] { pair.reset(); });
  must(t.poll.poll(t.events));
  REQUIRE(t.events.size() == 1);
  CHECK(t.events.begin()->token() == Token{2});
  CHECK(t.events.begin()->is_readable());
  CHECK(t.is_silent());
}

EVQ_CONTRACT("a clone may outlive its poll", "[threads]") {
  EVQ_NEEDS_BACKEND();
  auto pair = tcp_pair();
  std::optional<Harness<TestType>> t(std::in_place);
  auto registry = must(t->registry().try_clone());
  const auto waker = must(BasicWaker<TestType>::create(registry, Token{9}));
  must(registry.add(pair.ours, Token{1}, readable));
  t.reset();

  auto second = tcp_pair();
  must(registry.add(second.ours, Token{2}, both));
  CHECK(is_refused(registry.add(second.ours, Token{2}, both), std::errc::file_exists));
  must(registry.modify(pair.ours, Token{3}, both));
  must(registry.remove(second.ours));
  CHECK(registry.try_clone().has_value());
  must(waker.wake());

  // The clone was the last owner: its sources are free.
  Harness<TestType> other;
  CHECK(is_refused(other.registry().add(pair.ours, Token{4}, both), std::errc::file_exists));
  {
    const auto last = std::move(registry);
  }
  must(waker.wake());
  must(other.registry().add(pair.ours, Token{4}, both));
  CHECK(other.event_of(Token{4}).is_writable());
  must(other.registry().remove(pair.ours));
}

// A source that is just being closed keeps the queue open for a moment, and must not keep the
// others.
EVQ_CONTRACT("sources are free at once when the last owner goes while others close", "[threads]") {
  EVQ_NEEDS_BACKEND();
  for (int round = 0; round < 100; ++round) {
    std::optional<Harness<TestType>> t(std::in_place);
    auto kept = tcp_pair();
    std::vector<Pair<TcpStream>> closing;
    for (std::uintptr_t i = 0; i < 8; ++i) {
      closing.push_back(tcp_pair());
      must(t->registry().add(closing.back().ours, Token{i}, readable));
    }
    must(t->registry().add(kept.ours, Token{9}, writable));
    std::atomic<bool> started = false;
    const std::jthread thread([&] {
      started = true;
      closing.clear();
    });
    while (!started) {
    }
    t.reset();
    Harness<TestType> other;
    must(other.registry().add(kept.ours, Token{1}, writable));
  }
}

EVQ_CONTRACT("a poll may move to another thread", "[threads]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));
  CHECK(t.is_silent());
  std::size_t seen = 0;
  for (int i = 0; i < 3; ++i) {
    std::jthread([&] {
      send_text(pair.theirs, "x");
      must(t.poll.poll(t.events, long_time));
      seen += t.events.size();
      drain(pair.ours);
    }).join();
    send_text(pair.theirs, "y");
    must(t.poll.poll(t.events, long_time));
    seen += t.events.size();
    drain(pair.ours);
  }
  CHECK(seen == 6);
}

// A source is used by the thread that polls while the thread that adds it is still inside add.
EVQ_CONTRACT("many threads add, use and close sources while one polls", "[threads][stress]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t(16);
  constexpr std::size_t threads = 4;
  constexpr std::uintptr_t rounds = 150;
  const auto waker = must(BasicWaker<TestType>::create(t.registry(), Token{UINTPTR_MAX}));
  std::atomic<std::size_t> running{threads};
  // For each thread what it said it added and what was reported, by token.
  std::vector<std::atomic<std::size_t>> reported(threads);

  std::vector<std::jthread> workers;
  for (std::size_t worker = 0; worker < threads; ++worker) {
    workers.emplace_back([&, worker, registry = must(t.registry().try_clone())] {
      for (std::uintptr_t round = 0; round < rounds; ++round) {
        auto pair = tcp_pair();
        const std::size_t before = reported[worker].load();
        must(registry.add(pair.ours, Token{worker}, readable));
        send_text(pair.theirs, "x");
        while (reported[worker].load() == before) {
          std::this_thread::yield();
        }
        if (round % 3 == 0) {
          must(registry.modify(pair.ours, Token{worker}, both, Mode::level));
        }
        if (round % 2 == 0) {
          must(registry.remove(pair.ours));
        }
      }
      running.fetch_sub(1);
      must(waker.wake());
    });
  }
  std::size_t events = 0;
  while (running.load() != 0) {
    must(t.poll.poll(t.events, long_time));
    if (t.events.empty()) {
      FAIL("an event was lost");
    }
    for (const auto& event : t.events) {
      if (event.token() != Token{UINTPTR_MAX}) {
        reported[event.token().value].fetch_add(1);
        ++events;
      }
    }
  }
  workers.clear();
  CHECK(events >= threads * rounds);
  while (t.poll_now() != 0) {
  }
  CHECK(t.is_silent());
}
