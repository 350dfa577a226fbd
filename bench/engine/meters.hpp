// What is measured of a run: time, heap memory, and on request counts that noise does not touch.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace bench {

/// Bytes that malloc has given out; 0 where the C library does not tell.
std::ptrdiff_t heap_in_use();

/// CPU time of the calling thread.
std::chrono::nanoseconds thread_cpu_time();

class Stopwatch {
 public:
  [[nodiscard]] double wall_ns() const {
    return static_cast<double>((std::chrono::steady_clock::now() - wall_).count());
  }
  [[nodiscard]] double cpu_ns() const {
    return static_cast<double>((thread_cpu_time() - cpu_).count());
  }

 private:
  std::chrono::steady_clock::time_point wall_ = std::chrono::steady_clock::now();
  std::chrono::nanoseconds cpu_ = thread_cpu_time();
};

/// System calls and user-space instructions of this process, by perf_event_open(2), as far as this
/// machine lets it count them.
class Counters {
 public:
  Counters();
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;
  ~Counters();

  void start();
  void stop();

  /// Between `start` and `stop`; nothing if they cannot be counted here.
  [[nodiscard]] std::optional<std::uint64_t> system_calls() const { return read(system_calls_); }
  [[nodiscard]] std::optional<std::uint64_t> instructions() const { return read(instructions_); }

 private:
  static std::optional<std::uint64_t> read(int fd);

  int system_calls_;
  int instructions_;
};

/// Counts from its construction to `stop`, or to its end.
class CountersOn {
 public:
  explicit CountersOn(Counters* counters) : counters_(counters) {
    if (counters_ != nullptr) {
      counters_->start();
    }
  }
  CountersOn(const CountersOn&) = delete;
  CountersOn& operator=(const CountersOn&) = delete;
  ~CountersOn() { stop(); }

  void stop() const {
    if (counters_ != nullptr) {
      counters_->stop();
    }
  }

 private:
  Counters* counters_;
};

}  // namespace bench
