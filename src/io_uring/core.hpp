// The heart of the io_uring backend: the registrations, and the ring that is kept in step with
// them.
//
// What is wanted of a source is written down at once, and what the kernel has to be told of it goes
// into a list. A wait makes the list into submissions, which the kernel takes in the same
// io_uring_enter(2) that waits. An edge is one multishot poll request; a level and a oneshot are
// requests for one completion, of which the level's is made again by the next wait.
//
// A completion carries the registration's index and the generation that the request was made for,
// so that what comes late, of what has been modified, removed or reused since, is known as such.
//
// Only the thread that polls uses the ring. Others write down, and ring the doorbell if it waits.
// What cannot be put off is a close: a pending request holds the file, and the peer would not see
// its end. What is done about that depends on who closes: see `disarm`.
#pragma once

#include <evq/backends/io_uring.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "ffi.hpp"
#include "registrations.hpp"

namespace evq {

/// A waker's part in its queue.
struct IoUringBackend::WakerState {
  Token token;
  std::atomic<bool> is_pending = false;
  WakerState* next = nullptr;  ///< In a circle.
};

class IoUringBackend::Core {
 public:
  [[nodiscard]] static Result<io_uring::ffi::Ring> create_ring(bool is_for_one_thread) noexcept;
  [[nodiscard]] static Result<std::unique_ptr<Core>> create() noexcept;
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core();
  /// Lets go of the ring: the last owner is gone. Wakes may still come.
  void close() noexcept;

  Result<std::size_t> wait(std::span<Event> events,
                           std::optional<std::chrono::nanoseconds> timeout) noexcept;
  Result<void> add(detail::SourceRef source, Token token, std::uint32_t events) noexcept;
  Result<void> modify(detail::SourceRef source, Token token, std::uint32_t events) noexcept;
  Result<void> remove(detail::SourceRef source) noexcept;
  void forget(void* state) noexcept;

  [[nodiscard]] Result<WakerState*> add_waker(Token token) noexcept;
  void remove_waker(WakerState* waker) noexcept;
  Result<void> wake(WakerState& waker) noexcept;

 private:
  using Index = io_uring::Index;
  using Registration = io_uring::Registration;
  using Lock = std::unique_lock<std::mutex>;

  enum class RingState : std::uint8_t {
    none,
    /// Made, and not used by any thread yet.
    disabled,
    /// For the one thread that submits, which also does the kernel's work of completing, whenever
    /// it asks for it (IORING_SETUP_SINGLE_ISSUER, IORING_SETUP_DEFER_TASKRUN): the fastest.
    exclusive,
    /// For any thread. The one that submitted a request is interrupted to complete it.
    shared,
  };

  /// The events of a wait, as they are filled.
  struct Report {
    std::span<Event> events;
    std::size_t count = 0;
    std::size_t room = 0;            ///< How many may be made of completions; others have to wait.
    std::uint32_t common = EPOLLET;  ///< What is in all their registrations' `events`.

    [[nodiscard]] bool are_all_edges() const noexcept { return common != 0; }
    /// The event of this source, or null.
    [[nodiscard]] Event* find(const Registration& source, Index index) const noexcept {
      const bool is_there = source.place < count && events[source.place].source_ == index;
      return is_there ? &events[source.place] : nullptr;
    }
    void push_back(Registration& source, Index index, std::uint32_t flags) noexcept {
      Event& event = events[count];
      event.token_ = source.token;
      event.flags_ = flags;
      event.source_ = index;
      source.place = static_cast<Index>(count++);
      common &= source.events;
    }
  };

  /// A ring's size.
  static constexpr unsigned max_submissions = 256;
  static constexpr unsigned max_completions = 4096;

  /// What a wait must see to before it blocks; bits.
  static constexpr std::uint32_t changes = 1;
  static constexpr std::uint32_t wakes = 2;

  Core(const io_uring::ffi::Ring& ring, int doorbell) noexcept;

  // core.cpp: for any thread.
  [[nodiscard]] bool insert_doorbell() noexcept;
  Result<void> control_raw(int operation, int handle) noexcept;
  [[nodiscard]] static std::uint32_t this_thread() noexcept;
  Result<void> make_room(detail::SourceRef source) noexcept;
  [[nodiscard]] Index find(detail::SourceRef source) noexcept;
  [[nodiscard]] Index find(const void* state) noexcept;
  void want(Index index, Token token, std::uint32_t events) noexcept;
  void change(Index index) noexcept;
  void erase_if_done(Index index) noexcept;
  void end(Index index) noexcept;
  void end_and_disarm(Lock& lock, Index index) noexcept;
  void disarm(Lock& lock, Index index) noexcept;
  void wait_for_poller(Lock& lock) const noexcept;
  void discard_ring() noexcept;
  [[nodiscard]] bool has_more() const noexcept {
    return ring_state_ == RingState::exclusive && io_uring::ffi::has_more(ring_);
  }
  [[nodiscard]] bool is_polled() const noexcept { return round_.load() % 2 != 0; }
  Result<void> ring_doorbell() noexcept;

  // wait.cpp: for the thread that polls.
  Result<void> prepare() noexcept;
  Result<void> provide_ring() noexcept;
  Result<void> tell_changes() noexcept;
  [[nodiscard]] unsigned room_for_more() const noexcept;
  void tell(Index index) noexcept;
  void withdraw(Index index, std::uint32_t armed) noexcept;
  int enter(std::optional<std::chrono::nanoseconds> left) noexcept;
  Result<std::size_t> finish(int status, std::span<Event> events) noexcept;
  Result<void> check(int status) noexcept;
  Result<void> settle() noexcept;

  // completions.cpp: for the thread that polls, too.
  void take_completions(Report& report) noexcept;
  void take_refusals() noexcept;
  void take(const io_uring::ffi::Completion& completion, Report& report) noexcept;
  void take_end(Index index, std::uint32_t generation, int result) noexcept;
  void take_failure(Index index, int error) noexcept;
  void report_ready(Report& report, std::size_t first) noexcept;
  std::size_t judge(std::span<Event> events, std::size_t first, std::size_t count) noexcept;
  void conclude(Index index, bool is_reported) noexcept;
  void report_wakes(Report& report) noexcept;

  /// Of all that is not atomic. The ring is the poller's alone while it waits.
  std::mutex mutex_;
  io_uring::Registrations registrations_;
  io_uring::List<&Registration::next_changed> changed_;
  io_uring::List<&Registration::place> ready_;
  /// An epoll instance with every RawSource in it, which nobody waits for: it knows of a borrowed
  /// handle whether it is open, can be waited for, and is registered already. -1 before the first.
  int raw_handles_ = -1;

  io_uring::ffi::Ring ring_;
  RingState ring_state_ = RingState::disabled;
  std::uint32_t poller_ = 0;     ///< The thread that waited last, as `this_thread` numbers it.
  bool is_moved_ = false;        ///< Used by more than one thread: rings are shared from now on.
  bool may_be_refused_ = false;  ///< There may be refused ones among the completions.
  bool is_incomplete_ = false;   ///< In this wait something has to be told again.
  bool is_urgent_ = false;       ///< Some changes cannot be put off until the next wait.
  int failure_ = 0;              ///< Why a request was not made: an errno value.

  int doorbell_;  ///< An eventfd: a registration like others, of which nothing is reported.
  Index doorbell_index_ = io_uring::no_index;
  std::atomic<std::uint32_t> attention_ = changes;
  /// Odd while the poller waits.
  std::atomic<std::uint64_t> round_ = 0;
  /// The last round in which the doorbell was rung.
  std::atomic<std::uint64_t> rung_ = 0;
  WakerState* last_waker_ = nullptr;  ///< Of the circle, whose next one has its turn first.
  bool are_wakes_first_ = false;
};

}  // namespace evq
