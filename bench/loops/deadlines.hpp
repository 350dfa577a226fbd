// Timers as one writes them by hand: a heap, from which what was cancelled is only taken when it
// comes to the top.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace bench {

class Deadlines {
 public:
  using Clock = std::chrono::steady_clock;

  void begin() { start_ = Clock::now(); }
  void add(std::size_t index, std::chrono::nanoseconds delay) {
    if (index >= pending_.size()) {
      pending_.resize(index + 1);
    }
    pending_[index] = true;
    heap_.emplace(start_ + delay, index);
  }
  void cancel(std::size_t index) { pending_[index] = false; }

  /// How long a wait may be; only while there is a timer.
  std::chrono::nanoseconds next() {
    while (!pending_[heap_.top().second]) {
      heap_.pop();
    }
    return heap_.top().first - Clock::now();
  }

  /// Calls `expired` with the index of each timer whose time has come.
  template <class Expired>
  void expire(Expired expired) {
    const auto now = Clock::now();
    while (!heap_.empty() && heap_.top().first <= now) {
      const std::size_t index = heap_.top().second;
      heap_.pop();
      if (pending_[index]) {
        pending_[index] = false;
        expired(index);
      }
    }
  }

 private:
  using Entry = std::pair<Clock::time_point, std::size_t>;

  Clock::time_point start_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap_;
  std::vector<bool> pending_;
};

}  // namespace bench
