// What every backend's queue has in common: who owns it, and what a registered source may ask of
// it. Not for users.
#pragma once

#include <evq/handle.hpp>
#include <evq/interest.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace evq::detail {

/// The base of each backend.
///
/// Two counts, as in a shared_ptr and its weak_ptrs: owners (a Poll and the clones of its Registry)
/// keep the system's queue open; referrers (registered sources, wakers, and the owners together)
/// keep only this object's memory, so that a source can find out that its queue is gone. A source
/// that is going pins the queue for the moment, which keeps it open and does not make it owned.
///
/// The hooks are a table of functions and not virtual members: a virtual class in a public header
/// fails to link where the library was built without RTTI and its user with a sanitizer that wants
/// it (-fsanitize=vptr).
class Queue {
 public:
  struct Hooks {
    /// Closes the system's queue: the last owner is gone.
    void (*close)(Queue&) noexcept;
    /// Frees the object: nothing refers to it any more.
    void (*destroy)(Queue*) noexcept;
    /// Takes a source out of the queue; its owner is about to close the handle.
    void (*forget)(Queue&, native_handle_type, void* state) noexcept;
    /// A call on a source met would-block. Null where the backend has no use for it.
    void (*blocked)(Queue&, native_handle_type, void* state, Interest direction) noexcept;
    /// Whether `forget` is also for a source that was removed since: removing takes effect later.
    bool forgets_removed = false;
  };

  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  void own() noexcept { holders_.fetch_add(one_owner, std::memory_order_relaxed); }
  void disown() noexcept { let_go(one_owner); }
  /// Keeps the queue open until `unpin`; false if its last owner is gone already.
  [[nodiscard]] bool try_pin() noexcept;
  void unpin() noexcept { let_go(one_pin); }

  void refer() noexcept { referrers_.fetch_add(1, std::memory_order_relaxed); }
  void unrefer() noexcept;

  [[nodiscard]] bool is_closed() const noexcept {
    return !is_owned(holders_.load(std::memory_order_acquire));
  }
  [[nodiscard]] const Hooks& hooks() const noexcept { return hooks_; }

 protected:
  /// Made with one owner.
  explicit Queue(const Hooks& hooks) noexcept : hooks_(hooks) {}
  ~Queue() = default;

 private:
  // Owners in the lower half, pins in the upper.
  static constexpr std::uint64_t one_owner = 1;
  static constexpr std::uint64_t one_pin = std::uint64_t{1} << 32;

  static bool is_owned(std::uint64_t holders) noexcept { return holders % one_pin != 0; }
  void let_go(std::uint64_t share) noexcept;

  const Hooks& hooks_;
  std::atomic<std::uint64_t> holders_{one_owner};
  std::atomic<std::uint32_t> referrers_{1};
};

/// One owner's share of a queue, or nothing.
template <class B>
class Owner {
 public:
  Owner() noexcept = default;
  /// Takes over the share that a new queue is made with.
  explicit Owner(B* queue) noexcept : queue_(queue) {}
  Owner(Owner&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)) {}
  Owner& operator=(Owner&& other) noexcept {
    Owner previous(std::exchange(queue_, std::exchange(other.queue_, nullptr)));
    return *this;
  }
  ~Owner() {
    if (queue_ != nullptr) {
      queue_->disown();
    }
  }

  /// A further share; nothing if this is nothing.
  [[nodiscard]] Owner share() const noexcept {
    if (queue_ != nullptr) {
      queue_->own();
    }
    return Owner(queue_);
  }
  [[nodiscard]] B* get() const noexcept { return queue_; }

 private:
  B* queue_ = nullptr;
};

}  // namespace evq::detail
