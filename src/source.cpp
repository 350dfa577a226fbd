#include <evq/source.hpp>

#include "os/handle.hpp"

namespace evq::detail {

Result<void> Slot::claim(Queue& queue) noexcept {
  Queue* previous = queue_.load(std::memory_order_acquire);
  if (previous != nullptr && !previous->is_closed() &&
      !is_removed_.load(std::memory_order_relaxed)) {
    return fail(std::errc::file_exists);
  }
  if (!queue_.compare_exchange_strong(previous, &queue, std::memory_order_acq_rel)) {
    return fail(std::errc::file_exists);
  }
  is_removed_.store(false, std::memory_order_relaxed);
  wants_blocked_.store(queue.hooks().blocked != nullptr, std::memory_order_release);
  queue.refer();
  if (previous != nullptr) {
    previous->unrefer();
  }
  return {};
}

void Slot::release() noexcept {
  Queue* queue = queue_.exchange(nullptr, std::memory_order_acq_rel);
  if (queue != nullptr) {
    queue->unrefer();
  }
}

void Slot::removed() noexcept {
  if (queue_.load(std::memory_order_relaxed)->hooks().forgets_removed) {
    is_removed_.store(true, std::memory_order_relaxed);
  } else {
    release();
  }
}

void Slot::leave(native_handle_type handle) noexcept {
  Queue* queue = queue_.exchange(nullptr, std::memory_order_acq_rel);
  if (queue == nullptr) {
    return;
  }
  if (queue->try_pin()) {
    queue->hooks().forget(*queue, handle, state);
    queue->unpin();
  }
  queue->unrefer();
}

void Slot::blocked(native_handle_type handle, Interest direction) const noexcept {
  // Asked of the slot and not of the queue, which another thread may remove the source from, and
  // then free, at any moment.
  if (!wants_blocked_.load(std::memory_order_acquire)) {
    return;
  }
  Queue* queue = queue_.load(std::memory_order_acquire);
  if (queue != nullptr && queue->try_pin()) {
    queue->hooks().blocked(*queue, handle, state, direction);
    queue->unpin();
  }
}

std::unexpected<std::error_code> OwnedSource::note_failure(Interest direction,
                                                           std::error_code error) const noexcept {
  if (would_block(error)) {
    slot_.blocked(handle_, direction);
  }
  return std::unexpected(error);
}

native_handle_type OwnedSource::release() noexcept {
  slot_.leave(handle_);
  return std::exchange(handle_, invalid_handle);
}

OwnedSource& OwnedSource::operator=(OwnedSource&& other) noexcept {
  if (this != &other) {
    const native_handle_type previous = release();
    handle_ = std::exchange(other.handle_, invalid_handle);
    slot_ = std::move(other.slot_);
    if (previous != invalid_handle) {
      os::close(previous);
    }
  }
  return *this;
}

OwnedSource::~OwnedSource() {
  const native_handle_type handle = release();
  if (handle != invalid_handle) {
    os::close(handle);
  }
}

}  // namespace evq::detail
