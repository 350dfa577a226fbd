// What can be registered: a borrowed handle, or an object that owns its handle.
#pragma once

#include <evq/detail/io.hpp>
#include <evq/detail/queue.hpp>
#include <evq/error.hpp>
#include <evq/handle.hpp>
#include <evq/interest.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <expected>
#include <system_error>
#include <type_traits>
#include <utility>

namespace evq {

/// A handle that something else owns, such as what PQsocket, curl or c-ares hand out. It is made
/// non-blocking, closed and kept alive by its owner, who removes it from its queue before closing
/// it.
///
/// Backends differ. epoll and kqueue forget a handle when it is closed, unless a duplicate of it is
/// open (epoll(7), "Will closing a file descriptor cause it to be removed ..."). On IOCP an edge
/// needs `modify` after a call met would-block. On kqueue a second `add` acts as `modify`, and
/// `modify` of a source that is not registered as `add`.
struct RawSource {
  native_handle_type handle = invalid_handle;
};

namespace detail {

/// Where an owned source is registered. It moves with its object.
///
/// Set before the system is told and cleared after, atomically, so that a thread that gets the
/// first event of a source may use it while the thread that added it is still inside `add`.
class Slot {
 public:
  Slot() noexcept = default;
  Slot(Slot&& other) noexcept
      : state(std::exchange(other.state, nullptr)),
        queue_(other.queue_.exchange(nullptr, std::memory_order_relaxed)),
        wants_blocked_(other.wants_blocked_.load(std::memory_order_relaxed)),
        is_removed_(other.is_removed_.load(std::memory_order_relaxed)) {}
  /// Only into an empty slot: whoever holds a registration ends it first.
  Slot& operator=(Slot&& other) noexcept {
    state = std::exchange(other.state, nullptr);
    queue_.store(other.queue_.exchange(nullptr, std::memory_order_relaxed),
                 std::memory_order_relaxed);
    wants_blocked_.store(other.wants_blocked_.load(std::memory_order_relaxed),
                         std::memory_order_relaxed);
    is_removed_.store(other.is_removed_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    return *this;
  }
  ~Slot() = default;

  /// Reserves the slot for a registration with `queue`; `file_exists` if it is registered with any
  /// queue that still has an owner.
  Result<void> claim(Queue& queue, native_handle_type handle) noexcept;
  /// Ends the claim, if there is one.
  void release() noexcept;
  /// As `release`; a queue with the hook `forgets_removed` is still told when the source goes.
  void removed() noexcept;
  [[nodiscard]] bool is_in(const Queue& queue) const noexcept {
    return queue_.load(std::memory_order_acquire) == &queue &&
           !is_removed_.load(std::memory_order_relaxed);
  }
  /// Takes the source out of its queue, if it is in one; its handle is about to be closed.
  void leave(native_handle_type handle) noexcept;
  /// Tells the queue that a call met would-block.
  void blocked(native_handle_type handle, Interest direction) const noexcept;

  /// The backend's own, for as long as the claim lasts.
  void* state = nullptr;

 private:
  std::atomic<Queue*> queue_{nullptr};
  /// Whether the queue that was claimed last has the hook `blocked`. Such a backend sees to it that
  /// a call may still meet would-block while another thread removes the source.
  std::atomic<bool> wants_blocked_{false};
  /// Whether the claim has ended, and `queue_` is only still to be told when the source goes.
  std::atomic<bool> is_removed_{false};
};

/// A source as a backend sees it: a handle, and for an owned source its slot.
struct SourceRef {
  native_handle_type handle;
  Slot* slot;
};

/// Owns a handle and knows where it is registered: the base of every source type of the library.
/// The members that name a registration are for one thread at a time; the rest is thread-safe.
class OwnedSource {
 public:
  OwnedSource(const OwnedSource&) = delete;
  OwnedSource& operator=(const OwnedSource&) = delete;

  /// The handle, still owned by this object; `invalid_handle` when moved from. What is done to it
  /// behind the object's back is not seen by its queue: see `try_io`.
  [[nodiscard]] native_handle_type native_handle() const noexcept { return handle_; }

  /// Gives up the handle, after taking it out of its queue. The caller closes it.
  [[nodiscard]] native_handle_type release() noexcept;

  /// Does an I/O call that this class has no member for, and lets the queue know if it met
  /// would-block: `call` gets the handle and returns a Result; `direction` is what it waits for,
  /// Interest::readable or Interest::writable. Needed for edges on IOCP; a plain call elsewhere.
  template <class Call>
    requires std::invocable<Call, native_handle_type>
  auto try_io(Interest direction, Call&& call) const {
    auto result = std::forward<Call>(call)(handle_);
    if (!result) {
      note_failure(direction, result.error());
    }
    return result;
  }

  /// How a registry reaches a source. Not for users.
  [[nodiscard]] friend SourceRef source_ref(OwnedSource& source) noexcept {
    return {source.handle_, &source.slot_};
  }

 protected:
  explicit OwnedSource(native_handle_type handle) noexcept : handle_(handle) {}
  /// With what its only possible backend keeps for it, and leaves where it is.
  OwnedSource(native_handle_type handle, void* state) noexcept : handle_(handle) {
    slot_.state = state;
  }
  OwnedSource(OwnedSource&& other) noexcept
      : handle_(std::exchange(other.handle_, invalid_handle)), slot_(std::move(other.slot_)) {}
  OwnedSource& operator=(OwnedSource&& other) noexcept;
  /// As try_io, for a call that gave a count, or -1 and the system's last error.
  Result<std::size_t> finish_io(Interest direction, std::ptrdiff_t count) const noexcept {
    if (count < 0) [[unlikely]] {
      return note_failure(direction, last_error());
    }
    return static_cast<std::size_t>(count);
  }
  /// Takes the source out of its queue, then closes the handle.
  ~OwnedSource();

 private:
  /// Tells the queue if the error was would-block.
  std::unexpected<std::error_code> note_failure(Interest direction,
                                                std::error_code error) const noexcept;

  native_handle_type handle_;
  Slot slot_;
};

[[nodiscard]] SourceRef source_ref(OwnedSource& source) noexcept;
[[nodiscard]] inline SourceRef source_ref(const RawSource& source) noexcept {
  return {source.handle, nullptr};
}

}  // namespace detail

/// What `add`, `modify` and `remove` take: a RawSource, or an lvalue of a type that owns its
/// handle (everything in evq::net, and pipes). A temporary of the latter is refused, since its
/// registration would end with the call.
template <class S>
concept Source = std::same_as<std::remove_cvref_t<S>, RawSource> ||
                 (std::is_lvalue_reference_v<S> && !std::is_const_v<std::remove_reference_t<S>> &&
                  std::derived_from<std::remove_reference_t<S>, detail::OwnedSource>);

}  // namespace evq
