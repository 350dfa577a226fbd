// The kqueue backend: a queue is a kqueue, a registration is one of its filters for each direction,
// and nothing is kept here per source but, in the slot of an owned one, what it is registered for.
//
// Where the kernel keeps a promise otherwise than epoll does, this file makes up for it:
//
// - The filters of one source speak each for itself. Those of one wait are put together where they
//   stand beside each other.
// - A filter's mode is fixed when it is added (kern_event.c of every system), so a changed mode is
//   a deletion and an addition.
// - A oneshot of several directions must be silent in all after one report, and no change to a
//   filter can be made conditional: between the report and a change another thread may have armed
//   the source again, or closed it and added another of the same number. So these oneshots are in a
//   kqueue of their own, inside the first, which is asked, silenced and armed under a lock.
//   Oneshots of one direction need none of that: EV_DISPATCH silences the filter that has spoken.
// - The longest time-out of a call is a day: a longer one was refused by OpenBSD before 6.6.

#include <evq/backends/kqueue.hpp>

#include "ffi.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace evq {

namespace ffi = kqueue::ffi;
using ffi::Kevent;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr Interest every_direction = Interest::readable | Interest::writable |
                                     (ffi::has_except_filter ? Interest::priority : Interest());

/// A filter for each direction, with these flags, at `next`; returns what is behind them.
Kevent* write_changes(Kevent* next, std::uintptr_t fd, Interest directions, unsigned flags,
                      std::uintptr_t token) noexcept {
  flags |= EV_RECEIPT;
  if (directions.is_readable()) {
    *next++ = ffi::change(fd, EVFILT_READ, flags, 0, token);
  }
  if (directions.is_writable()) {
    *next++ = ffi::change(fd, EVFILT_WRITE, flags, 0, token);
  }
  if (directions.is_priority()) {
    // That of macOS speaks of data too: as a level it would not stop.
    const bool is_level = (flags & EV_ADD) != 0 && (flags & EV_DISPATCH) == 0;
    *next++ = ffi::change(fd, ffi::except_filter, flags | (is_level ? EV_CLEAR : 0U),
                          ffi::out_of_band, token);
  }
  return next;
}

constexpr std::size_t filters = 3;  // that one source can have

std::unexpected<std::error_code> refusal(int error) noexcept {
  // What is said of a handle that has no such filter differs from system to system, and from one
  // kind of file to the next (mio#1377).
  if (error == EINVAL || error == ENODEV || error == ENXIO || error == EOPNOTSUPP) {
    return detail::fail(std::errc::operation_not_permitted);
  }
  return std::unexpected(std::error_code(error, std::generic_category()));
}

/// Changes the filters of one source in one call: deletes, then adds. Makes all changes that can be
/// made, and returns how many were; or the first error. That there is nothing to delete is none.
Result<std::size_t> change(int kqueue, int fd, Interest deleted, Interest added = {},
                           unsigned mode_flags = 0, Token token = {}) noexcept {
  std::array<Kevent, 2 * filters> changes;
  const auto ident = static_cast<std::uintptr_t>(fd);
  Kevent* const additions = write_changes(changes.data(), ident, deleted, EV_DELETE, token.value);
  const Kevent* const end =
      write_changes(additions, ident, added, EV_ADD | EV_ENABLE | mode_flags, token.value);
  const auto count = static_cast<std::size_t>(end - changes.data());
  if (count == 0) {
    return 0;
  }
  if (ffi::apply(kqueue, changes.data(), count) < 0) {
    return ffi::last_error();
  }
  std::size_t made = 0;
  for (const Kevent* receipt = changes.data(); receipt != end; ++receipt) {
    const auto error = static_cast<int>(receipt->data);
    if (error == 0) {
      ++made;
    } else if (receipt >= additions || error != ENOENT) {
      return refusal(error);
    }
  }
  return made;
}

/// Lets no filter of these oneshots speak again but those that have. Sorts them by source.
void silence(int kqueue, std::span<Kevent> spoken) noexcept {
  std::ranges::sort(spoken, {}, &Kevent::ident);
  std::array<Kevent, 32 * filters> changes;
  Kevent* end = changes.data();
  for (auto event = spoken.begin(); event != spoken.end();) {
    const Kevent& first = *event;
    Interest silent = every_direction;
    for (; event != spoken.end() && event->ident == first.ident; ++event) {
      silent -= event->filter == EVFILT_READ    ? Interest::readable
                : event->filter == EVFILT_WRITE ? Interest::writable
                                                : Interest::priority;
    }
    end = write_changes(end, first.ident, silent, EV_DISABLE, ffi::user_data(first));
    if (event == spoken.end() || changes.data() + changes.size() - end < std::ptrdiff_t{filters}) {
      // Fails for a direction that was not asked for.
      static_cast<void>(
          ffi::apply(kqueue, changes.data(), static_cast<std::size_t>(end - changes.data())));
      end = changes.data();
    }
  }
}

/// The room of `events` as the system's, at its end: translated from front to back, each is read
/// before one of ours lies on it.
template <class Event>
std::span<Kevent> system_events(std::span<Event> events) noexcept {
  static_assert(sizeof(Event) >= sizeof(Kevent) && alignof(Event) >= alignof(Kevent));
  static_assert((sizeof(Event) - sizeof(Kevent)) % alignof(Kevent) == 0);
  auto* end = reinterpret_cast<std::byte*>(events.data() + events.size());
  return {reinterpret_cast<Kevent*>(end - events.size() * sizeof(Kevent)), events.size()};
}

timespec system_time(nanoseconds timeout) noexcept {
  constexpr nanoseconds longest = std::chrono::days(1);
  const nanoseconds bounded = std::clamp(timeout, nanoseconds(0), longest);
  const auto whole = std::chrono::duration_cast<seconds>(bounded);
  timespec time{};
  time.tv_sec = static_cast<decltype(time.tv_sec)>(whole.count());
  time.tv_nsec = static_cast<decltype(time.tv_nsec)>((bounded - whole).count());
  return time;
}

}  // namespace

/// What a source is registered for; in the state of an owned one's slot.
struct KqueueBackend::Registration {
  Interest interest;
  Mode mode;

  [[nodiscard]] bool is_paired() const noexcept {
    return mode == Mode::oneshot && std::popcount(std::bit_cast<std::uint8_t>(interest)) > 1;
  }
  [[nodiscard]] unsigned flags() const noexcept {
    switch (mode) {
      case Mode::edge:
        return EV_CLEAR;
      case Mode::level:
        return 0;
      case Mode::oneshot:
        return EV_DISPATCH;
    }
    return 0;
  }

  [[nodiscard]] void* state() const noexcept {
    return std::bit_cast<void*>(std::uintptr_t{std::bit_cast<std::uint16_t>(*this)});
  }
  static Registration of_state(void* state) noexcept {
    return std::bit_cast<Registration>(
        static_cast<std::uint16_t>(std::bit_cast<std::uintptr_t>(state)));
  }
};

/// Where a source may have filters already.
struct KqueueBackend::Previous {
  Interest in_queue;
  Interest in_oneshots;
  /// Whether those in the queue are known to have these flags.
  std::optional<unsigned> flags;

  static Previous none() noexcept { return {}; }
  static Previous of(Registration registration) noexcept {
    if (registration.is_paired()) {
      return {.in_queue = {}, .in_oneshots = registration.interest, .flags = {}};
    }
    return {.in_queue = registration.interest, .in_oneshots = {}, .flags = registration.flags()};
  }
  /// A borrowed source may have any: nobody but the kernel knows, and it does not tell.
  static Previous unknown() noexcept {
    return {.in_queue = every_direction, .in_oneshots = every_direction, .flags = {}};
  }
  static Previous of(const detail::SourceRef& source) noexcept {
    return source.slot != nullptr ? of(Registration::of_state(source.slot->state)) : unknown();
  }
};

const detail::Queue::Hooks KqueueBackend::hooks_table = {
    .close =
        [](Queue& base) noexcept {
          auto& queue = static_cast<KqueueBackend&>(base);
          ffi::close(queue.kqueue_);
          if (const int oneshots = queue.oneshots_; oneshots != invalid_handle) {
            ffi::close(oneshots);
          }
        },
    .destroy = [](Queue* queue) noexcept { delete static_cast<KqueueBackend*>(queue); },
    .forget =
        [](Queue& queue, native_handle_type handle, void* state) noexcept {
          // Closing alone would do, but for `release`. It fails where the handle was closed behind
          // our back: then the kernel has forgotten it.
          static_cast<void>(static_cast<KqueueBackend&>(queue).take_out(
              handle, Previous::of(Registration::of_state(state))));
        },
    .blocked = nullptr,
};

KqueueBackend::KqueueBackend(int kqueue) noexcept
    : Queue(hooks_table), kqueue_(kqueue), wakes_(signal) {}

Result<void> KqueueBackend::probe() noexcept {
  auto kqueue = ffi::create();
  if (!kqueue) {
    return std::unexpected(kqueue.error());
  }
  ffi::close(*kqueue);
  return {};
}

Result<detail::Owner<KqueueBackend>> KqueueBackend::create() noexcept {
  auto kqueue = ffi::create();
  if (!kqueue) {
    return std::unexpected(kqueue.error());
  }
  if (auto closed = ffi::close_on_exec(*kqueue); !closed) {
    ffi::close(*kqueue);
    return std::unexpected(closed.error());
  }
  auto* queue = new (std::nothrow) KqueueBackend(*kqueue);
  if (queue == nullptr) {
    ffi::close(*kqueue);
    return detail::fail(std::errc::not_enough_memory);
  }
  return detail::Owner(queue);
}

Result<std::size_t> KqueueBackend::wait(std::span<Event> events,
                                        std::optional<nanoseconds> timeout) noexcept {
  const bool is_timed = timeout && timeout->count() > 0;
  const auto start = is_timed ? steady_clock::now() : steady_clock::time_point();
  nanoseconds left = timeout.value_or(nanoseconds(0));
  wakes_.begin_wait();
  while (true) {
    const timespec time = system_time(left);
    const auto kevents = system_events(events);
    const int ready = ffi::wait(kqueue_, kevents.data(), kevents.size(), timeout ? &time : nullptr);
    if (ready < 0 && errno != EINTR) {
      return ffi::last_error();
    }
    // None may be left of what the system says: then the rest of the time is still to come, as
    // after a signal and after a day.
    if (ready > 0) {
      const std::size_t count =
          Event::translate(events, take_oneshots(events, static_cast<std::size_t>(ready)));
      if (count > 0) {
        wakes_.end_wait();
        return count;
      }
    }
    const auto elapsed = is_timed ? steady_clock::now() - start : nanoseconds(0);
    if (timeout && elapsed >= *timeout && ready >= 0) {
      wakes_.end_wait();
      return 0;
    }
    left = timeout.value_or(nanoseconds(0)) - elapsed;
  }
}

std::size_t KqueueBackend::Event::translate(std::span<Event> events, std::size_t ready) noexcept {
  const auto* bytes = reinterpret_cast<const std::byte*>(system_events(events).data());
  std::size_t count = 0;
  Kevent last{};
  for (std::size_t i = 0; i < ready; ++i) {
    Kevent kevent;
    std::memcpy(&kevent, bytes + i * sizeof kevent, sizeof kevent);
    const bool is_eof = (kevent.flags & EV_EOF) != 0;
    const std::uint32_t error = is_eof && kevent.fflags != 0 ? err : 0;
    std::uint32_t flags = 0;
    if (kevent.filter == EVFILT_WRITE) {
      // The end that this filter tells of is that of writing.
      flags = out | (is_eof ? write_eof : 0) | error;
    } else if (ffi::has_except_filter && kevent.filter == ffi::except_filter) {
      // With an end, its own flags are the socket's error.
      flags = !is_eof && (kevent.fflags & ffi::out_of_band) != 0 ? pri : error;
    } else {
      flags = in | (is_eof ? read_eof : 0) | error;
    }
    if (flags == 0) {
      continue;
    }
    const bool continues = count > 0 && kevent.ident == last.ident && kevent.udata == last.udata;
    if (continues) {
      events[count - 1].flags_ |= flags;
    } else {
      events[count].token_ = ffi::user_data(kevent);
      events[count].flags_ = flags;
      ++count;
    }
    last = kevent;
  }
  return count;
}

std::size_t KqueueBackend::take_oneshots(std::span<Event> events, std::size_t ready) noexcept {
  const int oneshots = oneshots_.load(std::memory_order_acquire);
  if (oneshots == invalid_handle) {
    return ready;
  }
  const auto kevents = system_events(events);
  const auto reported = kevents.first(ready);
  const auto own =
      std::ranges::find(reported, static_cast<std::uintptr_t>(oneshots), &Kevent::ident);
  if (own == reported.end()) {
    return ready;
  }
  *own = reported.back();
  const auto room = kevents.subspan(ready - 1);

  const std::lock_guard lock(oneshots_mutex_);
  const timespec no_time{};
  const int taken = ffi::wait(oneshots, room.data(), room.size(), &no_time);
  if (taken <= 0) {
    return ready - 1;
  }
  silence(oneshots, room.first(static_cast<std::size_t>(taken)));
  return ready - 1 + static_cast<std::size_t>(taken);
}

Result<int> KqueueBackend::open_oneshots() noexcept {
  if (const int oneshots = oneshots_.load(std::memory_order_relaxed); oneshots != invalid_handle) {
    return oneshots;
  }
  const auto oneshots = ffi::create();
  if (!oneshots) {
    return oneshots;
  }
  auto opened = ffi::close_on_exec(*oneshots);
  if (opened) {
    opened = ffi::apply(
        kqueue_, ffi::change(static_cast<std::uintptr_t>(*oneshots), EVFILT_READ, EV_ADD, 0, 0));
  }
  if (!opened) {
    ffi::close(*oneshots);
    return std::unexpected(opened.error());
  }
  oneshots_.store(*oneshots, std::memory_order_release);
  return oneshots;
}

Result<void> KqueueBackend::put(detail::SourceRef source, Token token, Registration next,
                                Previous previous) noexcept {
  if (!every_direction.contains(next.interest)) {
    return detail::fail(std::errc::operation_not_supported);
  }
  const bool is_paired = next.is_paired();
  std::unique_lock lock(oneshots_mutex_, std::defer_lock);
  int kqueue = kqueue_;
  if (is_paired) {
    lock.lock();
    const auto oneshots = open_oneshots();
    if (!oneshots) {
      return std::unexpected(oneshots.error());
    }
    kqueue = *oneshots;
  }
  const Interest present = is_paired ? previous.in_oneshots : previous.in_queue;
  const bool keeps_flags = is_paired || previous.flags == next.flags();
  const auto changed =
      change(kqueue, source.handle, keeps_flags ? present - next.interest : present, next.interest,
             next.flags(), token);
  if (!changed) {
    static_cast<void>(change(kqueue, source.handle,
                             source.slot != nullptr ? next.interest - present : next.interest));
    return std::unexpected(changed.error());
  }
  if (is_paired) {
    lock.unlock();
    previous.in_oneshots = {};
  } else {
    previous.in_queue = {};
  }
  static_cast<void>(take_out(source.handle, previous));
  if (source.slot != nullptr) {
    source.slot->state = next.state();
  }
  return {};
}

Result<std::size_t> KqueueBackend::take_out(native_handle_type handle, Previous previous) noexcept {
  const auto from_queue = change(kqueue_, handle, previous.in_queue);
  const int oneshots = oneshots_.load(std::memory_order_acquire);
  if (!from_queue || previous.in_oneshots.is_empty() || oneshots == invalid_handle) {
    return from_queue;
  }
  const std::lock_guard lock(oneshots_mutex_);
  const auto from_oneshots = change(oneshots, handle, previous.in_oneshots);
  return from_oneshots ? *from_queue + *from_oneshots : from_oneshots;
}

Result<void> KqueueBackend::add(detail::SourceRef source, Token token, Interest interest,
                                Mode mode) noexcept {
  if (source.slot != nullptr) {
    return put(source, token, {interest, mode}, Previous::none());
  }
  // kqueue has filters for files, which poll and select call always ready.
  const auto is_file = ffi::is_file(source.handle);
  if (!is_file) {
    return std::unexpected(is_file.error());
  }
  if (*is_file) {
    return detail::fail(std::errc::operation_not_permitted);
  }
  return modify(source, token, interest, mode);
}

Result<void> KqueueBackend::modify(detail::SourceRef source, Token token, Interest interest,
                                   Mode mode) noexcept {
  return put(source, token, {interest, mode}, Previous::of(source));
}

Result<void> KqueueBackend::remove(detail::SourceRef source) noexcept {
  const auto removed = take_out(source.handle, Previous::of(source));
  if (!removed) {
    return std::unexpected(removed.error());
  }
  if (*removed == 0 && source.slot == nullptr) {
    return detail::fail(std::errc::no_such_file_or_directory);
  }
  return {};
}

}  // namespace evq
