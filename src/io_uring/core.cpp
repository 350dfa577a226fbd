// What any thread may do to an io_uring queue: register, close, wake.

#include "core.hpp"

#include <bit>
#include <new>
#include <thread>
#include <utility>

#include "../os/eventfd.hpp"
#include "user_data.hpp"

namespace evq {

namespace ffi = io_uring::ffi;
using io_uring::next_number;
using io_uring::no_index;
using io_uring::Registration;

namespace {

/// A slot's state: which registration is its own, and the serial number it must have.
void* to_state(std::uint32_t index, std::uint32_t serial) noexcept {
  static_assert(sizeof(void*) == sizeof(std::uint64_t));
  return std::bit_cast<void*>(std::uint64_t{serial} << 32 | index);
}

}  // namespace

/// Not std::thread::id, which a later thread can have again.
std::uint32_t IoUringBackend::Core::this_thread() noexcept {
  static std::atomic<std::uint32_t> last{0};
  static thread_local std::uint32_t number = 0;
  if (number == 0) [[unlikely]] {
    number = last.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  return number;
}

IoUringBackend::Core::Core(const ffi::Ring& ring, int doorbell) noexcept
    : ring_(ring), doorbell_(doorbell) {}

Result<std::unique_ptr<IoUringBackend::Core>> IoUringBackend::Core::create() noexcept {
  auto ring = create_ring(true);
  if (!ring) {
    return std::unexpected(ring.error());
  }
  auto doorbell = os::create_eventfd();
  std::unique_ptr<Core> core;
  if (doorbell) {
    core.reset(new (std::nothrow) Core(*ring, *doorbell));
  }
  if (core == nullptr) {
    ffi::destroy(*ring);
    if (!doorbell) {
      return std::unexpected(doorbell.error());
    }
    ffi::close(*doorbell);
    return detail::fail(std::errc::not_enough_memory);
  }
  if (!core->insert_doorbell()) {
    ffi::destroy(*ring);
    return detail::fail(std::errc::not_enough_memory);
  }
  return core;
}

/// The doorbell is a registration of which nothing is reported.
bool IoUringBackend::Core::insert_doorbell() noexcept {
  const Index index = registrations_.insert(doorbell_);
  if (index == no_index) {
    return false;
  }
  registrations_[index].events = EPOLLIN | EPOLLET;
  doorbell_index_ = index;
  change(index);
  return true;
}

IoUringBackend::Core::~Core() {
  ffi::close(doorbell_);
}

void IoUringBackend::Core::close() noexcept {
  const Lock lock(mutex_);
  if (ring_state_ != RingState::none) {
    ffi::destroy(ring_);
    ring_state_ = RingState::none;
  }
  if (raw_handles_ >= 0) {
    ffi::close(raw_handles_);
  }
}

Result<void> IoUringBackend::Core::add(detail::SourceRef source, Token token,
                                       std::uint32_t events) noexcept {
  if (source.handle < 0) {
    return detail::fail(std::errc::bad_file_descriptor);
  }
  Lock lock(mutex_);
  const bool is_raw = source.slot == nullptr;
  // Of a source that was removed and is not forgotten yet.
  Index index = is_raw ? no_index : find(source.slot->state);
  if (auto room = make_room(source); !room) {
    if (index != no_index) {
      end_and_disarm(lock, index);
      source.slot->state = nullptr;
    }
    return room;
  }
  if (index != no_index) {
    registrations_[index].is_ended = false;
    registrations_.show(index);
  } else {
    index = registrations_.insert(source.handle);
    if (index == no_index) {
      if (is_raw) {
        static_cast<void>(control_raw(EPOLL_CTL_DEL, source.handle));
      }
      return detail::fail(std::errc::not_enough_memory);
    }
  }
  Registration& added = registrations_[index];
  added.is_raw = is_raw;
  if (!is_raw) {
    source.slot->state = to_state(index, added.serial);
  }
  want(index, token, events);
  return ring_doorbell();
}

void IoUringBackend::Core::want(Index index, Token token, std::uint32_t events) noexcept {
  Registration& wanted = registrations_[index];
  wanted.token = token;
  wanted.events = events;
  wanted.ready = 0;
  wanted.generation = next_number(wanted.generation);
  wanted.is_spent = false;
  change(index);
}

Result<void> IoUringBackend::Core::modify(detail::SourceRef source, Token token,
                                          std::uint32_t events) noexcept {
  const Lock lock(mutex_);
  const Index index = find(source);
  if (source.slot == nullptr && (index == no_index || registrations_[index].is_raw)) {
    if (auto known = control_raw(EPOLL_CTL_MOD, source.handle); !known) {
      return known;
    }
  }
  if (index == no_index) {
    return detail::fail(std::errc::no_such_file_or_directory);
  }
  want(index, token, events);
  return ring_doorbell();
}

Result<void> IoUringBackend::Core::remove(detail::SourceRef source) noexcept {
  Lock lock(mutex_);
  const Index index = find(source);
  if (source.slot == nullptr) {
    Result<void> known;
    if (index == no_index || registrations_[index].is_raw) {
      known = control_raw(EPOLL_CTL_DEL, source.handle);
    }
    // Its owner may close it now, and nobody would tell us.
    if (index != no_index) {
      end_and_disarm(lock, index);
    }
    return known;
  }
  if (index == no_index) {
    return detail::fail(std::errc::no_such_file_or_directory);
  }
  end(index);
  return {};
}

void IoUringBackend::Core::forget(void* state) noexcept {
  Lock lock(mutex_);
  if (const Index index = find(state); index != no_index) {
    end_and_disarm(lock, index);
  }
}

/// Does to a borrowed handle what epoll_ctl(2) does, and so finds out what it is.
Result<void> IoUringBackend::Core::control_raw(int operation, int handle) noexcept {
  if (raw_handles_ < 0) {
    auto epoll = ffi::create_epoll();
    if (!epoll) {
      return std::unexpected(epoll.error());
    }
    raw_handles_ = *epoll;
  }
  return ffi::control_epoll(raw_handles_, operation, handle);
}

/// Refuses what is registered already. Another file may have had the same number, and have been
/// closed behind our back: that one's registration ends.
Result<void> IoUringBackend::Core::make_room(detail::SourceRef source) noexcept {
  const Index other = registrations_.find(source.handle);
  const bool is_other_raw = other != no_index && registrations_[other].is_raw;
  if (source.slot == nullptr) {
    if (other != no_index && !is_other_raw) {
      return detail::fail(std::errc::file_exists);
    }
    if (auto added = control_raw(EPOLL_CTL_ADD, source.handle); !added) {
      return added;
    }
  } else if (is_other_raw && control_raw(EPOLL_CTL_MOD, source.handle)) {
    return detail::fail(std::errc::file_exists);
  }
  if (other != no_index) {
    end(other);
  }
  return {};
}

IoUringBackend::Core::Index IoUringBackend::Core::find(detail::SourceRef source) noexcept {
  if (source.slot == nullptr) {
    return registrations_.find(source.handle);
  }
  const Index index = find(source.slot->state);
  return index != no_index && !registrations_[index].is_ended ? index : no_index;
}

IoUringBackend::Core::Index IoUringBackend::Core::find(const void* state) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(state);
  const auto index = static_cast<Index>(bits);
  return bits != 0 && registrations_[index].serial == bits >> 32 ? index : no_index;
}

/// Has the kernel told of a registration's present state, by the next wait.
void IoUringBackend::Core::change(Index index) noexcept {
  Registration& changed = registrations_[index];
  if (!changed.is_changed) {
    changed.is_changed = true;
    if (changed_.is_empty()) {
      attention_.fetch_or(changes);
    }
    changed_.push_back(changed, index);
  }
}

/// Nothing is reported of it from now on.
void IoUringBackend::Core::end(Index index) noexcept {
  Registration& ended = registrations_[index];
  if (ended.is_ended) {
    return;
  }
  registrations_.hide(index);
  ended.is_ended = true;
  ended.ready = 0;
  ended.generation = next_number(ended.generation);
  if (ended.armed != 0) {
    change(index);
  }
  erase_if_done(index);
}

/// Frees what has ended, once nothing leads to it any more.
void IoUringBackend::Core::erase_if_done(Index index) noexcept {
  const Registration& ended = registrations_[index];
  if (ended.is_ended && !ended.is_changed && !ended.is_queued && ended.armed == 0) {
    registrations_.erase(index);
  }
}

void IoUringBackend::Core::end_and_disarm(Lock& lock, Index index) noexcept {
  const bool is_armed = registrations_[index].armed != 0;
  end(index);
  if (is_armed) {
    disarm(lock, index);
  }
}

/// Sees to it that no pending request holds the file of a registration that has ended: it is about
/// to be closed.
void IoUringBackend::Core::disarm(Lock& lock, Index index) noexcept {
  if (ring_state_ == RingState::shared) {
    // Whose thread need not be in the kernel: it is interrupted.
    const auto request = io_uring::user_data(io_uring::Kind::poll, index,
                                             std::exchange(registrations_[index].armed, 0));
    wait_for_poller(lock);
    if (ring_state_ == RingState::shared) {
      ffi::retract(ring_, request);
      static_cast<void>(ffi::cancel_now(ring_, request));
    }
  } else if (is_polled()) {
    is_urgent_ = true;
    static_cast<void>(ring_doorbell());
    wait_for_poller(lock);
  } else if (poller_ != this_thread() || !settle()) {
    // Nobody but its thread may even cancel what is in an exclusive ring, and that thread may be
    // anywhere. Without the ring the kernel cancels all.
    discard_ring();
  }
}

/// A submission names its file by number, which after a close can be another's: the poller, if it
/// is on its way into the kernel, must have got there.
void IoUringBackend::Core::wait_for_poller(Lock& lock) const noexcept {
  const std::uint64_t round = round_.load();
  while (is_polled() && round_.load() == round && !ffi::is_taken(ring_)) {
    lock.unlock();
    std::this_thread::yield();
    lock.lock();
  }
}

/// What was pending in it is asked for again, in a ring that any thread may use.
void IoUringBackend::Core::discard_ring() noexcept {
  ffi::destroy(ring_);
  ring_state_ = RingState::none;
  is_moved_ = true;
  for (Index index = 0; index < registrations_.end(); ++index) {
    if (std::exchange(registrations_[index].armed, 0) != 0) {
      change(index);
    }
  }
  attention_.fetch_or(changes);
}

/// Ends the poller's wait, if it waits.
Result<void> IoUringBackend::Core::ring_doorbell() noexcept {
  const std::uint64_t round = round_.load();
  if (round % 2 == 0 || rung_.load(std::memory_order_acquire) == round) {
    return {};
  }
  auto rung = os::signal_eventfd(doorbell_);
  // Only now: whoever relies on this ring returns with it on its way.
  if (rung) {
    rung_.store(round, std::memory_order_release);
  }
  return rung;
}

Result<IoUringBackend::WakerState*> IoUringBackend::Core::add_waker(Token token) noexcept {
  auto* waker = new (std::nothrow) WakerState{.token = token};
  if (waker == nullptr) {
    return detail::fail(std::errc::not_enough_memory);
  }
  const Lock lock(mutex_);
  if (last_waker_ == nullptr) {
    last_waker_ = waker;
  }
  waker->next = std::exchange(last_waker_->next, waker);
  if (waker->next == nullptr) {
    waker->next = waker;
  }
  return waker;
}

void IoUringBackend::Core::remove_waker(WakerState* waker) noexcept {
  const Lock lock(mutex_);
  WakerState* previous = waker;
  while (previous->next != waker) {
    previous = previous->next;
  }
  previous->next = waker->next;
  if (last_waker_ == waker) {
    last_waker_ = previous == waker ? nullptr : previous;
  }
  delete waker;
}

Result<void> IoUringBackend::Core::wake(WakerState& waker) noexcept {
  waker.is_pending.exchange(true, std::memory_order_acq_rel);
  attention_.fetch_or(wakes);
  return ring_doorbell();
}

}  // namespace evq
