// How other threads and signal handlers end a wait.

#include <evq/backends/kqueue.hpp>

#include "ffi.hpp"

#include <new>
#include <utility>

namespace evq {

namespace ffi = kqueue::ffi;

/// What a waker's event is made with.
struct KqueueBackend::WakerState : detail::WakeRounds::Line {
  KqueueBackend* queue = nullptr;
  std::uintptr_t token = 0;
  /// What identifies it in the queue: for a pipe, the reading end.
  std::uintptr_t ident = 0;
  int writer = invalid_handle;

  /// A change to its filter.
  [[nodiscard]] Result<void> apply(unsigned flags, unsigned filter_flags) const noexcept {
    return ffi::apply(queue->kqueue_,
                      ffi::change(ident, ffi::user_filter, flags, filter_flags, token));
  }
  [[nodiscard]] Result<void> open_pipe() noexcept {
    const auto ends = ffi::create_pipe();
    if (!ends) {
      return std::unexpected(ends.error());
    }
    ident = static_cast<std::uintptr_t>(ends->first);
    writer = ends->second;
    for (const int end : {ends->first, ends->second}) {
      auto prepared = ffi::close_on_exec(end);
      if (prepared) {
        prepared = ffi::unblock(end);
      }
      if (!prepared) {
        return prepared;
      }
    }
    return {};
  }
};

Result<void> KqueueBackend::signal(detail::WakeRounds::Line& line) noexcept {
  const auto& state = static_cast<WakerState&>(line);
  if constexpr (ffi::has_user_filter) {
    // The number of a queue that is closed may be another's.
    if (!state.queue->try_pin()) {
      return {};
    }
    auto triggered = state.apply(0, ffi::trigger);
    state.queue->unpin();
    return triggered;
  } else {
    auto written = ffi::write_byte(state.writer);
    if (!written && would_block(written.error())) {
      // Full of what nobody reads. What was there has been told, or this byte tells it.
      ffi::drain(static_cast<int>(state.ident));
      written = ffi::write_byte(state.writer);
    }
    return written;
  }
}

KqueueBackend::Waker::Waker(KqueueBackend& queue, WakerState* state) noexcept
    : queue_(&queue), state_(state) {
  queue_->refer();
}

KqueueBackend::Waker::Waker(Waker&& other) noexcept
    : queue_(std::exchange(other.queue_, nullptr)), state_(std::exchange(other.state_, nullptr)) {}

KqueueBackend::Waker& KqueueBackend::Waker::operator=(Waker&& other) noexcept {
  if (this != &other) {
    const Waker previous(std::move(*this));
    queue_ = std::exchange(other.queue_, nullptr);
    state_ = std::exchange(other.state_, nullptr);
  }
  return *this;
}

KqueueBackend::Waker::~Waker() {
  if (queue_ == nullptr) {
    return;
  }
  queue_->wakes_.remove(*state_);
  if constexpr (ffi::has_user_filter) {
    if (queue_->try_pin()) {
      static_cast<void>(state_->apply(EV_DELETE, 0));
      queue_->unpin();
    }
  } else if (state_->writer != invalid_handle) {
    ffi::close(static_cast<int>(state_->ident));
    ffi::close(state_->writer);
  }
  delete state_;
  queue_->unrefer();
}

Result<KqueueBackend::Waker> KqueueBackend::Waker::create(KqueueBackend& queue,
                                                          Token token) noexcept {
  auto* state = new (std::nothrow) WakerState;
  if (state == nullptr) {
    return detail::fail(std::errc::not_enough_memory);
  }
  state->queue = &queue;
  state->token = token.value;
  queue.wakes_.add(*state);
  Waker waker(queue, state);
  if constexpr (ffi::has_user_filter) {
    // Counted down from the top, where no descriptor has its number.
    state->ident = ~queue.wakers_.fetch_add(1, std::memory_order_relaxed);
  } else if (auto opened = state->open_pipe(); !opened) {
    return std::unexpected(opened.error());
  }
  // Each trigger, and each byte, is a new edge.
  if (auto added = state->apply(EV_ADD | EV_CLEAR, 0); !added) {
    return std::unexpected(added.error());
  }
  return waker;
}

Result<void> KqueueBackend::Waker::wake() const noexcept {
  if (queue_ == nullptr) {
    return detail::fail(std::errc::bad_file_descriptor);
  }
  return queue_->wakes_.wake(*state_);
}

}  // namespace evq
