// How other threads and signal handlers end a wait. Wakes coalesce by the rounds of the epoll
// backend.

#include <evq/backends/kqueue.hpp>

#include "ffi.hpp"

#include <cerrno>
#include <utility>

namespace evq {

namespace ffi = kqueue::ffi;

// wake is async-signal-safe.
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

void KqueueBackend::end_wake_round() noexcept {
  // Acquires what was written before the wakes that this poll may be about to report.
  if ((wake_round_.load(std::memory_order_relaxed) & 1) != 0) {
    wake_round_.fetch_add(1, std::memory_order_acq_rel);
  }
}

KqueueBackend::Waker::Waker(KqueueBackend& queue, Token token) noexcept
    : queue_(&queue), token_(token) {
  queue_->refer();
}

KqueueBackend::Waker::Waker(Waker&& other) noexcept
    : queue_(std::exchange(other.queue_, nullptr)),
      token_(other.token_),
      ident_(other.ident_),
      writer_(std::exchange(other.writer_, invalid_handle)) {}

KqueueBackend::Waker& KqueueBackend::Waker::operator=(Waker&& other) noexcept {
  if (this != &other) {
    const Waker previous(std::move(*this));
    queue_ = std::exchange(other.queue_, nullptr);
    token_ = other.token_;
    ident_ = other.ident_;
    writer_ = std::exchange(other.writer_, invalid_handle);
    round_.store(0, std::memory_order_relaxed);  // rounds of one queue mean nothing in another
  }
  return *this;
}

KqueueBackend::Waker::~Waker() {
  if (queue_ == nullptr) {
    return;
  }
  if constexpr (ffi::has_user_filter) {
    if (queue_->try_pin()) {
      static_cast<void>(ffi::apply(
          queue_->kqueue_, ffi::change(ident_, ffi::user_filter, EV_DELETE, 0, token_.value)));
      queue_->unpin();
    }
  } else if (writer_ != invalid_handle) {
    ffi::close(static_cast<int>(ident_));
    ffi::close(writer_);
  }
  queue_->unrefer();
}

Result<KqueueBackend::Waker> KqueueBackend::Waker::create(KqueueBackend& queue,
                                                          Token token) noexcept {
  Waker waker(queue, token);
  if constexpr (ffi::has_user_filter) {
    // Counted down from the top, where no descriptor has its number.
    waker.ident_ = ~queue.wakers_.fetch_add(1, std::memory_order_relaxed);
  } else if (auto opened = waker.open_pipe(); !opened) {
    return std::unexpected(opened.error());
  }
  // Each trigger, and each byte, is a new edge.
  if (auto added = ffi::apply(queue.kqueue_, ffi::change(waker.ident_, ffi::user_filter,
                                                         EV_ADD | EV_CLEAR, 0, token.value));
      !added) {
    return std::unexpected(added.error());
  }
  return waker;
}

Result<void> KqueueBackend::Waker::open_pipe() noexcept {
  const auto ends = ffi::create_pipe();
  if (!ends) {
    return std::unexpected(ends.error());
  }
  ident_ = static_cast<std::uintptr_t>(ends->first);
  writer_ = ends->second;
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

Result<void> KqueueBackend::Waker::wake() const noexcept {
  if (queue_ == nullptr) {
    return detail::fail(std::errc::bad_file_descriptor);
  }
  // After a signal of the same round the event is still to come, and what this thread wrote is
  // released to the poll that ends the round.
  const std::uint64_t round = queue_->wake_round_.fetch_or(1, std::memory_order_acq_rel) | 1;
  if (round_.load(std::memory_order_acquire) == round) {
    return {};
  }
  const int interrupted_errno = errno;
  auto signalled = signal();
  errno = interrupted_errno;
  // Only now: a wake that relies on this one returns with the event on its way.
  if (signalled) {
    round_.store(round, std::memory_order_release);
  }
  return signalled;
}

Result<void> KqueueBackend::Waker::signal() const noexcept {
  if constexpr (ffi::has_user_filter) {
    // The number of a queue that is closed may be another's.
    if (!queue_->try_pin()) {
      return {};
    }
    auto triggered = ffi::apply(
        queue_->kqueue_, ffi::change(ident_, ffi::user_filter, 0, ffi::trigger, token_.value));
    queue_->unpin();
    return triggered;
  } else {
    auto written = ffi::write_byte(writer_);
    if (!written && would_block(written.error())) {
      // Full of what nobody reads. What was there has been told, or this byte tells it.
      ffi::drain(static_cast<int>(ident_));
      written = ffi::write_byte(writer_);
    }
    return written;
  }
}

}  // namespace evq
