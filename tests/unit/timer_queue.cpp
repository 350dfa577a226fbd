#include <evq/timer_queue.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace evq;
using namespace std::chrono_literals;
using TimePoint = TimerQueue::TimePoint;

namespace {

const TimePoint start = TimePoint() + 1000s;

std::vector<std::uintptr_t> pop_all(TimerQueue& timers, TimePoint now) {
  std::vector<std::uintptr_t> tokens;
  while (const auto expired = timers.pop_expired(now)) {
    tokens.push_back(expired->token.value);
  }
  return tokens;
}

}  // namespace

TEST_CASE("an empty timer queue waits for ever") {
  TimerQueue timers;
  CHECK(timers.empty());
  CHECK_FALSE(timers.next_timeout(start).has_value());
  CHECK_FALSE(timers.pop_expired(start).has_value());
  CHECK_FALSE(timers.cancel({}));
  CHECK_FALSE(timers.cancel({0, 1}));
}

TEST_CASE("timers expire in the order of their deadlines, and at them") {
  TimerQueue timers;
  timers.insert(start + 3s, Token{3});
  timers.insert(start + 1s, Token{1});
  timers.insert(start + 2s, Token{2});
  CHECK(timers.size() == 3);
  CHECK(timers.next_timeout(start) == std::chrono::nanoseconds(1s));
  CHECK(timers.next_timeout(start + 1s) == std::chrono::nanoseconds(0));
  CHECK(timers.next_timeout(start + 9s) == std::chrono::nanoseconds(0));
  CHECK(pop_all(timers, start + 1s - 1ns).empty());
  const auto first = timers.pop_expired(start + 1s);
  REQUIRE(first.has_value());
  CHECK(first->token == Token{1});
  CHECK(first->deadline == start + 1s);
  CHECK(pop_all(timers, start + 1s).empty());
  CHECK(pop_all(timers, start + 5s) == std::vector<std::uintptr_t>{2, 3});
  CHECK(timers.empty());
}

TEST_CASE("timers of one instant expire in the order of their insertion") {
  TimerQueue timers;
  std::vector<std::uintptr_t> expected;
  for (std::uintptr_t i = 0; i < 100; ++i) {
    timers.insert(start, Token{i});
    expected.push_back(i);
  }
  CHECK(pop_all(timers, start) == expected);
}

TEST_CASE("a key cancels its own timer once and no other ever") {
  TimerQueue timers;
  const TimerKey first = timers.insert(start + 1s, Token{1});
  const TimerKey second = timers.insert(start + 2s, Token{2});
  CHECK(timers.cancel(first));
  CHECK_FALSE(timers.cancel(first));
  CHECK(timers.next_timeout(start) == std::chrono::nanoseconds(2s));

  // The place is used again, the key is not.
  const TimerKey third = timers.insert(start + 3s, Token{3});
  CHECK(third != first);
  CHECK_FALSE(timers.cancel(first));
  CHECK(timers.size() == 2);

  const auto expired = timers.pop_expired(start + 2s);
  REQUIRE(expired.has_value());
  CHECK(expired->key == second);
  CHECK_FALSE(timers.cancel(second));
  CHECK_FALSE(timers.cancel({third.slot, third.generation + 1}));
  CHECK_FALSE(timers.cancel({third.slot + 100, third.generation}));
  CHECK(timers.cancel(third));
  CHECK(timers.empty());
}

TEST_CASE("a key made up for a place that is free cancels nothing") {
  TimerQueue timers;
  const TimerKey first = timers.insert(start, Token{1});
  const TimerKey second = timers.insert(start, Token{2});
  timers.insert(start, Token{3});
  CHECK(timers.cancel(first));
  CHECK(timers.cancel(second));
  CHECK_FALSE(timers.cancel({first.slot, first.generation + 1}));
  CHECK_FALSE(timers.cancel({second.slot, second.generation + 1}));
  CHECK(timers.size() == 1);
}

TEST_CASE("clear takes all timers out and spends their keys") {
  TimerQueue timers;
  const TimerKey key = timers.insert(start, Token{1});
  timers.insert(start, Token{2});
  timers.clear();
  CHECK(timers.empty());
  CHECK_FALSE(timers.cancel(key));
  const TimerKey next = timers.insert(start, Token{3});
  CHECK_FALSE(timers.cancel(key));
  CHECK(timers.cancel(next));
}

TEST_CASE("a timer queue that was moved from is empty and works") {
  TimerQueue timers;
  timers.insert(start, Token{1});
  timers.cancel(timers.insert(start, Token{2}));
  TimerQueue moved(std::move(timers));
  CHECK(timers.empty());
  timers.insert(start, Token{3});
  CHECK(pop_all(timers, start) == std::vector<std::uintptr_t>{3});
  CHECK(pop_all(moved, start) == std::vector<std::uintptr_t>{1});
  timers.insert(start, Token{4});
  moved = std::move(timers);
  CHECK(pop_all(moved, start) == std::vector<std::uintptr_t>{4});
  timers.insert(start, Token{5});
  CHECK(pop_all(timers, start) == std::vector<std::uintptr_t>{5});
}

TEST_CASE("deadlines at the ends of the clock do not overflow") {
  TimerQueue timers;
  timers.insert(TimePoint::max(), Token{1});
  CHECK(timers.next_timeout(TimePoint::min()) == std::chrono::nanoseconds::max());
  CHECK(timers.next_timeout(TimePoint()) == TimePoint::max() - TimePoint());
  timers.insert(TimePoint::min(), Token{2});
  CHECK(timers.next_timeout(TimePoint::min()) == std::chrono::nanoseconds(0));
  CHECK(timers.next_timeout(TimePoint::max()) == std::chrono::nanoseconds(0));
  CHECK(pop_all(timers, TimePoint::max()) == std::vector<std::uintptr_t>{2, 1});
}

// Against a plain ordered map, with few different deadlines so that ties are common.
TEST_CASE("a random sequence of operations does what a map does") {
  const auto seed = GENERATE(1U, 2U, 3U, 4U, 5U);
  std::mt19937 random(seed);
  const auto below = [&random](int n) { return std::uniform_int_distribution(0, n - 1)(random); };
  TimerQueue timers;
  std::map<std::pair<TimePoint, std::uintptr_t>, TimerKey> model;
  std::vector<TimerKey> spent;
  TimePoint now = start;
  for (std::uintptr_t i = 0; i < 20000; ++i) {
    switch (below(5)) {
      case 0:
      case 1: {
        const TimePoint deadline = now + below(200) * 1ms;
        model[{deadline, i}] = timers.insert(deadline, Token{i});
        break;
      }
      case 2:
        if (!model.empty()) {
          const auto entry = std::next(model.begin(), below(static_cast<int>(model.size())));
          REQUIRE(timers.cancel(entry->second));
          spent.push_back(entry->second);
          model.erase(entry);
        }
        break;
      case 3:
        now += below(30) * 1ms;
        while (!model.empty() && model.begin()->first.first <= now) {
          const auto expired = timers.pop_expired(now);
          REQUIRE(expired.has_value());
          REQUIRE(expired->deadline == model.begin()->first.first);
          REQUIRE(expired->token.value == model.begin()->first.second);
          REQUIRE(expired->key == model.begin()->second);
          spent.push_back(expired->key);
          model.erase(model.begin());
        }
        REQUIRE_FALSE(timers.pop_expired(now).has_value());
        break;
      default:
        if (!spent.empty()) {
          REQUIRE_FALSE(timers.cancel(
              spent[static_cast<std::size_t>(below(static_cast<int>(spent.size())))]));
        }
        break;
    }
    REQUIRE(timers.size() == model.size());
    REQUIRE(timers.next_timeout(now).has_value() == !model.empty());
    if (!model.empty()) {
      REQUIRE(timers.next_timeout(now) ==
              std::max(std::chrono::nanoseconds(0),
                       std::chrono::nanoseconds(model.begin()->first.first - now)));
    }
  }
}

TEST_CASE("a million timers are inserted, cancelled and popped in order") {
  constexpr std::uintptr_t count = 1'000'000;
  std::mt19937_64 random(7);
  TimerQueue timers;
  timers.reserve(count);
  std::vector<TimerKey> keys;
  for (std::uintptr_t i = 0; i < count; ++i) {
    keys.push_back(
        timers.insert(start + std::chrono::nanoseconds(random() % 1'000'000'000), Token{i}));
  }
  for (std::size_t i = 0; i < count; i += 2) {
    REQUIRE(timers.cancel(keys[i]));
  }
  CHECK(timers.size() == count / 2);
  TimePoint last = TimePoint::min();
  std::size_t popped = 0;
  while (const auto expired = timers.pop_expired(start + 1s)) {
    if (expired->deadline < last || expired->token.value % 2 == 0) {
      FAIL("out of order, or cancelled");
    }
    last = expired->deadline;
    ++popped;
  }
  CHECK(popped == count / 2);
}
