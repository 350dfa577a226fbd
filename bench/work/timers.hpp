// timers: N deadlines within a tenth of a second are set, every second one of them is cancelled,
// and the others expire. They are on whole milliseconds, as some loops count in no less.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "work.hpp"

namespace bench {

class Timers {
 public:
  static constexpr bool uses_wakes = false;
  static constexpr bool uses_timers = true;

  explicit Timers(const Point& point) : timers_(point.at("timers")) {}

  [[nodiscard]] std::size_t sources() const { return timers_; }

  template <class Loop>
  void open(Loop& /*loop*/) {}

  template <class Loop>
  void begin(Loop& loop, std::size_t events) {
    set_ = events < 2 ? 2 : events;
    expired_ = 0;
    early_ = 0;
    checksum_ = 0;
    loop.begin_timers();
    start_ = Clock::now();
    for (std::size_t i = 0; i < set_; ++i) {
      loop.add_timer(i, delay(i));
    }
    for (std::size_t i = 1; i < set_; i += 2) {
      loop.cancel_timer(i);
    }
  }

  [[nodiscard]] bool done() const { return expired_ >= (set_ + 1) / 2; }

  template <class Loop>
  void ready(Loop& /*loop*/, std::size_t /*index*/, Ready /*ready*/) {}

  template <class Loop>
  void expired(Loop& /*loop*/, std::size_t index) {
    // Some loops read a clock that is as coarse as the kernel's tick, and are that much early.
    if (Clock::now() + std::chrono::milliseconds(10) < start_ + delay(index)) {
      ++early_;
    }
    ++expired_;
    checksum_ += index + 1;
  }

  template <class Loop>
  void finish(Loop& /*loop*/) {}

  /// Set, and not expired before their time.
  [[nodiscard]] Outcome outcome() const { return {.events = set_ - early_, .checksum = checksum_}; }
  [[nodiscard]] Outcome expected() const {
    const std::size_t kept = (set_ + 1) / 2;
    return {.events = set_, .checksum = kept * kept};  // 1 + 3 + 5 ...
  }
  [[nodiscard]] const Latencies& latencies() const { return latencies_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// In no order, and the same for each contender.
  static std::chrono::milliseconds delay(std::size_t index) {
    const std::uint64_t scattered = (index + 1) * 0x9e3779b97f4a7c15U;
    return std::chrono::milliseconds((scattered >> 32U) * 100 >> 32U);
  }

  std::size_t timers_;
  std::size_t set_ = 0;
  std::size_t expired_ = 0;
  std::size_t early_ = 0;
  std::uint64_t checksum_ = 0;
  Clock::time_point start_;
  Latencies latencies_;
};

}  // namespace bench
