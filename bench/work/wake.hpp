// wake: T threads wake a loop that waits. Each sends a burst of wakes, and the next when it knows
// that the last of them was heard.
//
// A burst of one is the latency, to the loop and back; longer ones are how wakes come together. No
// wake can be lost unnoticed: the thread would wait for ever.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "work.hpp"

namespace bench {

class Wake {
 public:
  static constexpr bool uses_wakes = true;
  static constexpr bool uses_timers = false;

  explicit Wake(const Point& point) : burst_(point.at("burst")), lines_(point.at("threads")) {}

  // NOLINTNEXTLINE(readability-convert-member-functions-to-static): as in other scenarios
  [[nodiscard]] std::size_t sources() const { return 1; }

  template <class Loop>
  void open(Loop& loop) {
    loop.enable_wakes();
  }

  template <class Loop>
  void begin(Loop& loop, std::size_t events) {
    join();
    bursts_ = std::max<std::size_t>(events / burst_ / lines_.size(), 1);
    outcome_ = {};
    for (Line& line : lines_) {
      line.sent.store(0);
      line.heard.store(0);
      line.latencies.clear();
      line.thread = std::jthread([this, &loop, &line] { send(loop, line); });
    }
  }

  [[nodiscard]] bool done() const { return outcome_.events >= wakes(); }

  template <class Loop>
  void ready(Loop& /*loop*/, std::size_t /*index*/, Ready /*ready*/) {}

  template <class Loop>
  void woken(Loop& /*loop*/) {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      Line& line = lines_[i];
      const std::uint64_t sent = line.sent.load(std::memory_order_acquire);
      const std::uint64_t heard = line.heard.load(std::memory_order_relaxed);
      if (sent != heard) {
        outcome_.events += sent - heard;
        outcome_.checksum += (sent - heard) * (i + 1);
        line.heard.store(sent, std::memory_order_release);
        line.heard.notify_one();
      }
    }
  }

  template <class Loop>
  void finish(Loop& /*loop*/) {
    join();
  }

  [[nodiscard]] Outcome outcome() const { return outcome_; }
  [[nodiscard]] Outcome expected() const {
    return {.events = wakes(),
            .checksum = bursts_ * burst_ * lines_.size() * (lines_.size() + 1) / 2};
  }
  [[nodiscard]] const Latencies& latencies() {
    join();
    latencies_.clear();
    for (const Line& line : lines_) {
      latencies_.insert(latencies_.end(), line.latencies.begin(), line.latencies.end());
    }
    return latencies_;
  }

 private:
  /// What a thread and the loop share; each on a cache line of its own.
  // NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
  struct alignas(64) Line {
    std::atomic<std::uint64_t> sent{0};
    alignas(64) std::atomic<std::uint64_t> heard{0};
    Latencies latencies;
    std::jthread thread;
  };

  [[nodiscard]] std::size_t wakes() const { return lines_.size() * bursts_ * burst_; }

  template <class Loop>
  void send(Loop& loop, Line& line) {
    using Clock = std::chrono::steady_clock;
    line.latencies.reserve(bursts_);
    for (std::size_t i = 0; i < bursts_; ++i) {
      const auto start = Clock::now();
      for (std::size_t j = 0; j < burst_; ++j) {
        line.sent.fetch_add(1, std::memory_order_release);
        loop.wake();
      }
      const std::uint64_t all = (i + 1) * burst_;
      for (auto heard = line.heard.load(std::memory_order_acquire); heard != all;
           heard = line.heard.load(std::memory_order_acquire)) {
        line.heard.wait(heard, std::memory_order_acquire);
      }
      line.latencies.push_back(static_cast<std::uint32_t>((Clock::now() - start).count()));
    }
  }

  void join() {
    for (Line& line : lines_) {
      if (line.thread.joinable()) {
        line.thread.join();
      }
    }
  }

  std::size_t burst_;
  std::size_t bursts_ = 0;  ///< Of each thread.
  std::vector<Line> lines_;
  Outcome outcome_;
  Latencies latencies_;
};

}  // namespace bench
