// Deadlines, for use beside a Poll.
#pragma once

#include <evq/token.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace evq {

/// Names one timer of one TimerQueue. Never used again for another timer of that queue (short of
/// 2^32 timers in the same place), so that an old key is harmless.
struct TimerKey {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;  ///< 0 names no timer.

  friend constexpr auto operator<=>(const TimerKey&, const TimerKey&) = default;
};

/// A set of deadlines, each with a token, popped in the order in which they pass; those of the same
/// instant in the order in which they were inserted.
///
/// A loop waits for `next_timeout` and then pops what has expired:
///
///     poll.poll(events, timers.next_timeout(Clock::now()));
///     ...
///     while (auto expired = timers.pop_expired(now)) { ... expired->token ... }
///
/// `insert`, `cancel` and `pop_expired` are O(log n), `next_timeout` is O(1). 40 bytes per timer,
/// kept for reuse; `insert` alone allocates. Not thread-safe.
class TimerQueue {
 public:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;

  TimerQueue() noexcept = default;
  /// What was moved from is empty, and as new: it knows no keys.
  TimerQueue(TimerQueue&& other) noexcept
      : heap_(std::exchange(other.heap_, {})),
        slots_(std::exchange(other.slots_, {})),
        free_(std::exchange(other.free_, none)),
        sequence_(other.sequence_) {}
  TimerQueue& operator=(TimerQueue&& other) noexcept {
    heap_ = std::exchange(other.heap_, {});
    slots_ = std::exchange(other.slots_, {});
    free_ = std::exchange(other.free_, none);
    sequence_ = other.sequence_;
    return *this;
  }
  ~TimerQueue() = default;

  struct Expired {
    TimerKey key;
    Token token;
    TimePoint deadline;
  };

  /// Adds a timer; one in the past expires at once. At most 2^32 - 1 at a time.
  TimerKey insert(TimePoint deadline, Token token);

  /// Takes a timer out before it expires. False if it has expired or was cancelled already.
  bool cancel(TimerKey key) noexcept;

  /// How long until the earliest deadline: what to give to `poll`. Zero if it has passed, nullopt
  /// (wait for ever) if there is none.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_timeout(TimePoint now) const noexcept;

  /// Takes out the earliest timer whose deadline is not after `now`, if there is one.
  std::optional<Expired> pop_expired(TimePoint now) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }

  /// Makes room, so that `insert` allocates nothing up to this many timers.
  void reserve(std::size_t timers);
  /// Takes all timers out. Their keys stay spent.
  void clear() noexcept;

 private:
  // A heap of what is compared, and beside it slots that keys lead to: a slot knows where its
  // timer is in the heap.
  struct Node {
    TimePoint deadline;
    std::uint64_t sequence;
    std::uint32_t slot;

    [[nodiscard]] bool before(const Node& other) const noexcept {
      return deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence;
    }
  };
  struct Slot {
    Token token;
    std::uint32_t generation;
    /// The place in the heap, or while the slot is free the next free slot.
    std::uint32_t link;
  };
  static constexpr std::uint32_t none = UINT32_MAX;

  void place(std::size_t position, const Node& node) noexcept;
  void sift_up(std::size_t position, const Node& node) noexcept;
  void sift_down(std::size_t position, const Node& node) noexcept;
  Expired take(std::size_t position) noexcept;

  std::vector<Node> heap_;
  std::vector<Slot> slots_;
  std::uint32_t free_ = none;
  std::uint64_t sequence_ = 0;
};

}  // namespace evq
