// What the kernel has completed becomes events.

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core.hpp"
#include "user_data.hpp"

namespace evq {

namespace ffi = io_uring::ffi;
using io_uring::Kind;
using io_uring::next_number;
using io_uring::no_index;
using io_uring::Registration;
using io_uring::user_data;

[[gnu::always_inline]] inline void IoUringBackend::Core::take(const ffi::Completion& completion,
                                                              Report& report) noexcept {
  const auto [index, stamp] = io_uring::unpack(completion.user_data);
  const bool goes_on = (completion.flags & IORING_CQE_F_MORE) != 0;
  Registration& source = registrations_[index];
  if (source.generation != stamp || completion.res < 0) [[unlikely]] {
    if (!goes_on) {
      take_end(index, stamp, completion.res);
    }
    return;
  }
  auto result = static_cast<std::uint32_t>(completion.res);
  if ((result & EPOLLRDBAND) != 0) [[unlikely]] {
    // What the wake-up said, not what holds: data and urgent data say the same.
    result = ffi::poll_now(source.handle, source.events);
  }
  const std::uint32_t flags = result & (source.events | EPOLLERR | EPOLLHUP);
  if (flags == 0 || index == doorbell_index_) [[unlikely]] {
    // Nothing to report.
  } else if (Event* const event = report.find(source, index); event != nullptr) {
    event->flags_ |= flags;  // The kernel tells of every change; of one source they are one event.
  } else if (report.count < report.room) [[likely]] {
    report.push_back(source, index, flags);
  } else {
    source.ready |= flags;
    if (!source.is_queued) {
      source.is_queued = true;
      ready_.push_back(source, index);
    }
  }
  if (!goes_on) [[unlikely]] {
    source.armed = 0;
    if ((source.events & EPOLLET) != 0 || flags == 0) {
      change(index);  // an edge ends when completions overflow (silk#80)
    }
  }
}

void IoUringBackend::Core::take_completions(Report& report) noexcept {
  if (std::exchange(may_be_refused_, false)) {
    take_refusals();
  }
  if (ring_state_ != RingState::none) {
    ffi::take_completions(
        ring_, [&](const ffi::Completion& completion) noexcept { take(completion, report); });
  }
}

/// What was told of a request is refused if that has ended or is just completing. Refusals are
/// looked for while the registrations are as they were told.
void IoUringBackend::Core::take_refusals() noexcept {
  int status = 0;
  ffi::for_each_completion(ring_, [&](ffi::Completion& completion) noexcept {
    const auto told = io_uring::unpack(completion.user_data);
    if (told.kind() != Kind::update && told.kind() != Kind::removal) {
      return;
    }
    completion.user_data = io_uring::ignored;
    if (completion.res == -EALREADY) {
      // It would go on, for what nobody wants any more.
      if (ffi::room(ring_) == 0 && status >= 0) {
        status = ffi::submit(ring_);
      }
      if (status >= 0) {
        ffi::prepare_cancel(ring_, user_data(Kind::poll, told.index, told.generation()),
                            io_uring::ignored);
      }
    }
    if (told.kind() == Kind::update && std::exchange(registrations_[told.index].armed, 0) != 0) {
      change(told.index);
      is_incomplete_ = true;
    }
  });
  if (status < 0) {
    discard_ring();  // which cancels all
  }
}

/// A poll request has ended that is not, or not only, what is wanted.
void IoUringBackend::Core::take_end(Index index, std::uint32_t generation, int result) noexcept {
  Registration& source = registrations_[index];
  if (source.armed != generation) {
    return;
  }
  source.armed = 0;
  if (source.generation == generation) {
    take_failure(index, -result);
  }
}

void IoUringBackend::Core::take_failure(Index index, int error) noexcept {
  switch (error) {
    case EBADF:  // closed behind our back before the kernel knew of it
      return;
    case ECANCELED:  // the thread that submitted it has ended
      is_incomplete_ = true;
      break;
    default:
      failure_ = error;
  }
  change(index);
}

/// Reports what is in the list, as far as there is room; and of what stands behind `first` takes
/// out what does not hold any more.
void IoUringBackend::Core::report_ready(Report& report, std::size_t first) noexcept {
  do {
    while (report.count < report.events.size() && !ready_.is_empty()) {
      const Index index = ready_.pop_front(registrations_);
      Registration& source = registrations_[index];
      source.is_queued = false;
      if (const std::uint32_t flags = std::exchange(source.ready, 0); flags != 0) {
        report.push_back(source, index, flags);
      } else {
        erase_if_done(index);
      }
    }
    if (report.are_all_edges()) {
      return;
    }
    first = report.count = judge(report.events, first, report.count);
  } while (report.count < report.events.size() && !ready_.is_empty());
}

/// A completion says what was, and a level is what is: of the events from `first` to `count`, those
/// of levels and oneshots are asked for again, and those that are no more taken out.
std::size_t IoUringBackend::Core::judge(std::span<Event> events, std::size_t first,
                                        std::size_t count) noexcept {
  std::array<ffi::Polled, 64> polled;
  std::size_t kept = first;
  for (std::size_t next = first; next != count;) {
    const auto batch = events.subspan(next, std::min(count - next, polled.size()));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Registration& source = registrations_[batch[i].source_];
      polled[i] = ffi::to_poll((source.events & EPOLLET) == 0 ? source.handle : -1, source.events);
    }
    ffi::poll_now({polled.data(), batch.size()});
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Event event = batch[i];
      if ((registrations_[event.source_].events & EPOLLET) == 0) {
        event.flags_ = ffi::polled_events(polled[i]);
        conclude(event.source_, event.flags_ != 0);
      }
      if (event.flags_ != 0) {
        events[kept++] = event;
      }
    }
    next += batch.size();
  }
  return kept;
}

/// After the completion of a level or a oneshot.
void IoUringBackend::Core::conclude(Index index, bool is_reported) noexcept {
  Registration& source = registrations_[index];
  source.is_spent = is_reported && (source.events & EPOLLONESHOT) != 0;
  if (source.armed != 0) {
    // A multishot poll in the place of single ones: what it has still to say is of no interest.
    source.generation = next_number(source.generation);
  }
  change(index);
}

void IoUringBackend::Core::report_wakes(Report& report) noexcept {
  attention_.fetch_and(~wakes);
  if (last_waker_ == nullptr) {
    return;
  }
  const WakerState* const last = last_waker_;
  do {
    WakerState& waker = *last_waker_->next;
    if (report.count == report.events.size()) {
      attention_.fetch_or(wakes);  // those that are left begin the next time
      break;
    }
    if (waker.is_pending.exchange(false, std::memory_order_acq_rel)) {
      Event& event = report.events[report.count++];
      event.token_ = waker.token;
      event.flags_ = EPOLLIN;
      event.source_ = no_index;
    }
    last_waker_ = &waker;
  } while (last_waker_ != last);
}

}  // namespace evq
