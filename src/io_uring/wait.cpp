// What the thread that polls does with the ring.

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <limits>
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

/// The events of a wait, as they are filled.
struct IoUringBackend::Core::Report {
  std::span<Event> events;
  std::size_t count = 0;
  std::size_t room = 0;            ///< Completions become events while there are fewer; then wait.
  std::uint32_t common = EPOLLET;  ///< What is in all their registrations' events.

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
    source.place = static_cast<std::uint32_t>(count++);
    common &= source.events;
  }
};

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
  while (!changed_.is_empty() && room_for_more() != 0) {
    // A change takes two submissions at most.
    if (ffi::room(ring_) < 2) {
      if (const int status = ffi::submit(ring_); status < 0) {
        return fail_with(-status);
      }
    }
    tell(changed_.pop_front(registrations_));
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

/// Reports what is in the list, as far as there is room, and withdraws what does not hold any more
/// of what stands behind `first`.
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

void IoUringBackend::Core::take_completions(Report& report) noexcept {
  if (std::exchange(may_be_refused_, false)) {
    take_refusals();
  }
  if (ring_state_ != RingState::none) {
    ffi::take_completions(
        ring_, [&](const ffi::Completion& completion) noexcept { take(completion, report); });
  }
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
