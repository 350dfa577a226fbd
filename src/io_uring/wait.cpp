// What the thread that polls does with the ring.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <utility>

#include "core.hpp"
#include "user_data.hpp"

namespace evq {

namespace ffi = io_uring::ffi;
using io_uring::Kind;
using io_uring::Registration;
using io_uring::user_data;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

std::unexpected<std::error_code> fail_with(int error) noexcept {
  // The kernel says EAGAIN when it has no memory for a request, which to us means something else.
  return std::unexpected(
      std::error_code(error == EAGAIN ? ENOMEM : error, std::generic_category()));
}

/// What a poll request asks for. EPOLLPRI alone does not wake it (IO_ASYNC_POLL_COMMON in the
/// kernel's io_uring/poll.c), but EPOLLRDBAND comes with every wake-up for it.
constexpr std::uint32_t request_events(std::uint32_t events) noexcept {
  const std::uint32_t request = events & ~static_cast<std::uint32_t>(EPOLLET | EPOLLONESHOT);
  return (events & EPOLLPRI) != 0 ? request | EPOLLRDBAND : request;
}

/// An edge; and also what does not ask for the peer's end of stream, which completes every request
/// (IO_POLL_UNMASK, the same file), over and over if it is made again.
constexpr bool is_for_multishot(std::uint32_t events) noexcept {
  return (events & EPOLLET) != 0 || (events & EPOLLRDHUP) == 0;
}

}  // namespace

Result<std::size_t> IoUringBackend::Core::wait(std::span<Event> events,
                                               std::optional<nanoseconds> timeout) noexcept {
  const bool is_timed = timeout && timeout->count() > 0;
  const auto start = is_timed ? steady_clock::now() : steady_clock::time_point();
  auto left = timeout;
  while (true) {
    round_.fetch_add(1);
    if (attention_.load() != 0 || poller_ != this_thread()) {
      const Lock lock(mutex_);
      if (auto prepared = prepare(); !prepared) {
        round_.fetch_add(1);
        return std::unexpected(prepared.error());
      }
    }
    int status = 0;
    // What there was no room for in the events of the last wait costs no system call.
    if (ffi::unsubmitted(ring_) != 0 || (ready_.is_empty() && ffi::completions(ring_) == 0)) {
      status = enter(left);
    }
    if (has_more()) {
      status = ffi::complete(
          ring_, static_cast<unsigned>(std::min<std::size_t>(events.size(), room_for_more())));
    }
    auto count = finish(status, events);
    if (!count || *count != 0) {
      return count;
    }
    if (timeout && !is_incomplete_) {
      left = is_timed ? *timeout - (steady_clock::now() - start) : nanoseconds(0);
      if (left->count() <= 0) {
        return 0;
      }
    }
  }
}

/// Before a wait: there is a ring for this thread, and the kernel is told what has changed.
Result<void> IoUringBackend::Core::prepare() noexcept {
  auto prepared = provide_ring();
  if (prepared) {
    attention_.fetch_and(~changes);
    prepared = tell_changes();
  }
  if (!prepared) {
    attention_.fetch_or(changes);
  }
  return prepared;
}

Result<void> IoUringBackend::Core::provide_ring() noexcept {
  const std::uint32_t self = this_thread();
  if (ring_state_ == RingState::exclusive && poller_ != self) {
    discard_ring();
  }
  if (ring_state_ == RingState::none) {
    auto ring = create_ring(!is_moved_);
    if (!ring) {
      return std::unexpected(ring.error());
    }
    ring_ = *ring;
    ring_state_ = is_moved_ ? RingState::shared : RingState::disabled;
  }
  if (ring_state_ == RingState::disabled) {
    if (auto enabled = ffi::enable(ring_); !enabled) {
      return enabled;
    }
    ring_state_ = RingState::exclusive;
  }
  poller_ = self;
  return {};
}

Result<void> IoUringBackend::Core::tell_changes() noexcept {
  constexpr unsigned submissions = 2;  // that a change takes at most
  unsigned room = room_for_more();
  while (!changed_.is_empty() && room >= 2 * submissions) {
    if (ffi::room(ring_) < submissions) {
      if (const int status = ffi::submit(ring_); status < 0) {
        return fail_with(-status);
      }
      room = room_for_more();
    } else {
      tell(changed_.pop_front(registrations_));
      room -= 2 * submissions;
    }
  }
  if (!changed_.is_empty()) {
    attention_.fetch_or(changes);
  }
  return {};
}

/// How many more completions there may be before they overflow, which would end multishot polls.
unsigned IoUringBackend::Core::room_for_more() const noexcept {
  // What is submitted may complete at once, and what has been put off comes by forties at least.
  constexpr unsigned reserve = max_submissions + 64;
  const unsigned expected = ffi::completions(ring_) + 2 * ffi::unsubmitted(ring_) + reserve;
  return expected < max_completions ? max_completions - expected : 0;
}

void IoUringBackend::Core::tell(Index index) noexcept {
  Registration& told = registrations_[index];
  told.is_changed = false;
  if (told.is_ended || told.is_spent) {
    if (const std::uint32_t armed = std::exchange(told.armed, 0); armed != 0) {
      withdraw(index, armed);
    }
    erase_if_done(index);
    return;
  }
  const auto tenure = static_cast<std::uint16_t>(poller_);
  const bool is_multishot = is_for_multishot(told.events);
  const auto wanted = user_data(Kind::poll, index, told.generation);
  // An update cannot make a multishot poll a single one, nor the other way round (liburing#829),
  // and leaves it to the thread that made it.
  if (told.armed != 0 && is_multishot && told.is_multishot && told.tenure == tenure) {
    ffi::prepare_update(ring_, user_data(Kind::poll, index, told.armed), wanted,
                        request_events(told.events), user_data(Kind::update, index, told.armed));
    may_be_refused_ = true;
  } else {
    if (told.armed != 0) {
      withdraw(index, told.armed);
    }
    ffi::prepare_poll(ring_, told.handle, request_events(told.events), is_multishot, wanted);
    told.is_multishot = is_multishot;
    told.tenure = tenure;
  }
  told.armed = told.generation;
}

/// Ends a poll request.
void IoUringBackend::Core::withdraw(Index index, std::uint32_t armed) noexcept {
  const auto request = user_data(Kind::poll, index, armed);
  if (is_urgent_) {
    ffi::prepare_cancel(ring_, request, io_uring::ignored);
  } else {
    // Cheaper, but refused while the request is just completing.
    ffi::prepare_removal(ring_, request, user_data(Kind::removal, index, armed));
    may_be_refused_ = true;
  }
}

int IoUringBackend::Core::enter(std::optional<nanoseconds> left) noexcept {
  // Whoever sets it from now on rings the doorbell.
  if ((left && left->count() <= 0) || attention_.load() != 0 || !ready_.is_empty()) {
    return ffi::submit_and_complete(ring_);
  }
  if (!left) {
    return ffi::submit_and_wait(ring_);
  }
  const auto whole = std::chrono::duration_cast<seconds>(*left);
  return ffi::submit_and_wait(ring_, {.tv_sec = whole.count(), .tv_nsec = (*left - whole).count()});
}

/// What io_uring_enter(2) has to say that is not a reason to go on.
Result<void> IoUringBackend::Core::check(int status) noexcept {
  switch (-status) {
    case ETIME:
    case EINTR:
    case EBUSY:  // more completions than there is room for: they are taken first
      return {};
    case EEXIST:  // another thread's ring, whose number this thread has now
    case EBADR:   // the kernel had no memory to tell of a completion
      discard_ring();
      is_incomplete_ = true;
      return {};
    default:
      if (status < 0) {
        return fail_with(-status);
      }
      return {};
  }
}

/// After a wait: what there is to report, and what cannot be put off.
Result<std::size_t> IoUringBackend::Core::finish(int status, std::span<Event> events) noexcept {
  const Lock lock(mutex_);
  round_.fetch_add(1);
  is_incomplete_ = false;
  if (auto checked = check(status); !checked) {
    return std::unexpected(checked.error());
  }
  Report report{.events = events};
  const bool is_woken = (attention_.load() & wakes) != 0;
  if (is_woken && are_wakes_first_) {
    report_wakes(report);
  }
  const std::size_t first = report.count;
  if (ring_state_ != RingState::none) {
    // Not past those that have waited longer.
    report.room = ready_.is_empty() ? events.size() : 0;
    take_completions(report);
  }
  report_ready(report, first);
  if (is_woken && !are_wakes_first_) {
    report_wakes(report);
  }
  are_wakes_first_ = is_woken && !are_wakes_first_;
  if (ring_state_ != RingState::none && (is_urgent_ || ffi::unsubmitted(ring_) != 0)) {
    if (auto settled = settle(); !settled && report.count == 0) {
      return std::unexpected(settled.error());
    }
  }
  if (const int failure = std::exchange(failure_, 0); failure != 0 && report.count == 0) {
    return fail_with(failure);
  }
  return report.count;
}

/// Tells the kernel what has changed without waiting for anything, and not before what is to be let
/// go of is let go of.
Result<void> IoUringBackend::Core::settle() noexcept {
  Result<void> settled;
  Report nothing;
  do {
    is_urgent_ = true;
    settled = tell_changes();
    is_urgent_ = false;
    if (settled) {
      int status = ffi::submit_and_complete(ring_);
      if (status >= 0 && has_more()) {
        status = ffi::complete(ring_, max_completions);
      }
      settled = check(status);
    }
    if (!settled || ring_state_ == RingState::none) {
      break;
    }
    take_completions(nothing);
  } while (ring_state_ != RingState::none && ffi::unsubmitted(ring_) != 0);
  if (!settled) {
    attention_.fetch_or(changes);
  }
  return settled;
}

}  // namespace evq
