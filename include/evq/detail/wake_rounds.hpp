// When a wake needs a system call, and when it can do without. Not for users.
#pragma once

#include <evq/error.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace evq::detail {

/// The wakes of a queue, in rounds: a wait that returns and finds that there were wakes begins the
/// next round. In one round a waker signals once, by a system call that ends the wait.
///
/// After such a wait its thread is busy with what it was woken for, and will soon wait again. Until
/// it does, a wake only leaves a note, and the next wait signals for those that did.
///
/// Every step is a read-modify-write of one word, so that a wait that begins a round has acquired
/// what was written before each wake of the last, also those that made no call.
class WakeRounds {
 public:
  /// A waker's part. It stays where it is while it is in a queue.
  struct Line {
    std::atomic<std::uint64_t> noted{0};      ///< The last round in which it left a note.
    std::atomic<std::uint64_t> signalled{0};  ///< The last round in which it signalled.
    Line* next = nullptr;
  };
  /// Ends the wait, or the next one, with this waker's event. Async-signal-safe, but for errno.
  using Signal = Result<void> (*)(Line&) noexcept;

  explicit WakeRounds(Signal signal) noexcept : signal_(signal) {}

  void add(Line& line) noexcept;
  void remove(Line& line) noexcept;
  /// By any thread, for a line that was added. Async-signal-safe.
  Result<void> wake(Line& line) noexcept;

  // For the thread that polls. None of it is needed while the word is idle.

  [[nodiscard]] bool is_idle() const noexcept {
    return word_.load(std::memory_order_relaxed) < busy;
  }
  /// Before each wait.
  void begin_wait() noexcept;
  /// After each wait.
  void end_wait() noexcept;

 private:
  // The word: two flags, at the top so that one comparison finds either, and the round's number.
  static constexpr std::uint64_t woken = std::uint64_t{1} << 63;  ///< A wake came in this round.
  static constexpr std::uint64_t busy = std::uint64_t{1} << 62;   ///< No wait since the last round.

  static std::uint64_t round(std::uint64_t word) noexcept { return word & (busy - 1); }

  Signal signal_;
  std::atomic<std::uint64_t> word_{1};
  std::mutex mutex_;  ///< Of the list.
  Line* first_ = nullptr;
};

}  // namespace evq::detail
