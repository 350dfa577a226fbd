// The IOCP backend: a queue is a completion port. A completion port tells what has been done, not
// what can be done; so each source has a poll under way in the driver behind sockets, AFD, which
// is done when the source is ready, and whose packet then comes to the port.
//
// Such a poll is told once and asks for the state that holds, as a oneshot does. Level asks again
// with each wait after a report; edge asks again for a direction when a call in it met would-block,
// and only for that direction. What is to be asked waits in a list until the next wait, so that
// changes in between cost nothing; if another thread is in a wait already, it is asked at once.
//
// A poll under way cannot be changed: it is cancelled, and asked again when its packet has come. Its
// packet always comes, be it of a source that was removed long ago, and until then the registration
// lives, since the system writes into it.
//
// One lock holds all of it together, and is never held in a wait.

#include <evq/backends/iocp.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <mutex>
#include <new>
#include <utility>

#include "afd.hpp"
#include "ffi.hpp"
#include "list.hpp"
#include "pipe.hpp"
#include "table.hpp"

namespace evq {

using iocp::Registration;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;
namespace ffi = iocp::ffi;

namespace {

/// A port packet's key: what its pointer is.
constexpr ULONG_PTR poll_key = 0;
constexpr ULONG_PTR waker_key = 1;

/// A named pipe's state, which its slot keeps; null for everything else.
iocp::Pipe* pipe_of(detail::SourceRef source) noexcept {
  return source.slot != nullptr ? static_cast<iocp::Pipe*>(source.slot->state) : nullptr;
}

/// The handle to ask with, if the source's own is open.
Result<native_handle_type> base_of(detail::SourceRef source) noexcept {
  return pipe_of(source) != nullptr ? source.handle : iocp::base_socket(source.handle);
}

/// What is left until `deadline` in the system's terms, rounded up; none is for ever.
DWORD time_left(const std::optional<steady_clock::time_point>& deadline) noexcept {
  if (!deadline) {
    return INFINITE;
  }
  const auto left =
      std::chrono::ceil<milliseconds>(*deadline - steady_clock::now()).count();
  return static_cast<DWORD>(
      std::clamp<milliseconds::rep>(left, 0, milliseconds::rep{INFINITE} - 1));
}

/// Nothing where it would lie beyond what the clock counts.
std::optional<steady_clock::time_point> deadline_after(
    std::optional<nanoseconds> timeout) noexcept {
  if (!timeout) {
    return std::nullopt;
  }
  const auto now = steady_clock::now();
  if (*timeout >= steady_clock::time_point::max() - now) {
    return std::nullopt;
  }
  return now + std::max(*timeout, nanoseconds::zero());
}

}  // namespace

struct IocpBackend::Waker::Mark {
  Token token;
  /// Whether a packet is on its way.
  std::atomic<bool> is_posted{false};
  /// Whether its waker is gone, and the packet is all that is left.
  bool is_orphan = false;
};

struct IocpBackend::Parts {
  explicit Parts(HANDLE new_port) noexcept : port(new_port) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() { close(); }

  /// A source that is in this queue, and open.
  Result<Registration*> find_open(detail::SourceRef source) noexcept;
  /// A new registration in the table, armed for nothing yet.
  Result<Registration*> make(native_handle_type handle, native_handle_type base,
                             iocp::Pipe* pipe) noexcept;
  /// Makes a registration what it is to be, and arms it for all of that.
  Result<void> set(Registration& registration, Token token, Interest interest, Mode mode) noexcept;
  /// Has it asked what it is armed for: now if a thread waits, else by the next wait.
  Result<void> arm(Registration& registration) noexcept;
  Result<void> arm_all() noexcept;
  /// Ends a registration and its poll.
  void drop(Registration& registration) noexcept;
  std::size_t take(std::span<const OVERLAPPED_ENTRY> packets, std::span<Event> events) noexcept;
  void close() noexcept;

  std::mutex mutex;
  HANDLE port;
  iocp::AfdPool afds;
  iocp::Table table;
  /// Those whose poll does not ask yet for all that they are armed for.
  iocp::List<Registration> outdated;
  /// Polls whose packet has not come back.
  std::size_t polls = 0;
  bool is_waiting = false;

 private:
  Result<void> ask(Registration& registration) noexcept;
  Result<void> begin_poll(Registration& registration) noexcept;
  void free(Registration& registration) noexcept;
  bool take_poll(Registration& registration, Event& event) noexcept;
  bool report(Registration& registration, ULONG happened, Event& event) noexcept;
  static bool take_wake(Waker::Mark& mark, Event& event) noexcept;
};

Result<Registration*> IocpBackend::Parts::find_open(detail::SourceRef source) noexcept {
  if (auto base = base_of(source); !base) {
    return std::unexpected(base.error());
  }
  Registration* found = table.find(source.handle);
  if (found == nullptr) {
    return detail::fail(std::errc::no_such_file_or_directory);
  }
  return found;
}

Result<Registration*> IocpBackend::Parts::make(native_handle_type handle, native_handle_type base,
                                               iocp::Pipe* pipe) noexcept {
  Result<iocp::Afd*> afd = nullptr;
  if (pipe == nullptr) {
    afd = afds.take(port);
    if (!afd) {
      return std::unexpected(afd.error());
    }
  }
  auto* made = new (std::nothrow) Registration;
  if (made != nullptr) {
    made->handle = handle;
    made->base = base;
    made->afd = *afd;
    made->pipe = pipe;
    if (table.insert(*made)) {
      if (pipe != nullptr) {
        pipe->refer();
      }
      return made;
    }
    delete made;
  }
  if (*afd != nullptr) {
    afds.give_back(**afd);
  }
  return detail::fail(std::errc::not_enough_memory);
}

Result<void> IocpBackend::Parts::set(Registration& registration, Token token, Interest interest,
                                     Mode mode) noexcept {
  registration.token = token;
  registration.interest = interest;
  registration.mode = mode;
  registration.armed = iocp::poll_events(interest) | iocp::hang_up;
  return arm(registration);
}

Result<void> IocpBackend::Parts::arm(Registration& registration) noexcept {
  if (!registration.is_linked()) {
    outdated.push_back(registration);
  }
  return is_waiting ? ask(registration) : Result<void>();
}

Result<void> IocpBackend::Parts::arm_all() noexcept {
  while (Registration* registration = outdated.front()) {
    if (auto asked = ask(*registration); !asked) {
      if (asked.error() != std::errc::bad_file_descriptor) {
        return asked;
      }
      drop(*registration);  // closed behind our back
    }
  }
  return {};
}

Result<void> IocpBackend::Parts::ask(Registration& registration) noexcept {
  using enum Registration::Poll;
  if (registration.poll == idle && registration.armed != 0) {
    if (auto begun = begin_poll(registration); !begun) {
      return begun;
    }
  } else if (registration.poll == pending && (registration.armed & ~registration.asked) != 0) {
    static_cast<void>(ffi::cancel(registration.afd->handle, registration));
    registration.poll = cancelling;
  }
  outdated.erase(registration);
  return {};
}

Result<void> IocpBackend::Parts::begin_poll(Registration& registration) noexcept {
  Result<void> begun;
  if (registration.pipe != nullptr) {
    if ((registration.pipe->ready() & registration.armed) == 0) {
      return begun;  // it notifies us
    }
    registration.asked = ~ULONG{0};  // whatever holds when the packet is taken
    begun = ffi::post(port, poll_key, static_cast<OVERLAPPED*>(&registration));
  } else {
    registration.asked = registration.armed | ffi::poll_local_close;
    registration.info = {};
    registration.info.timeout.QuadPart = std::numeric_limits<LONGLONG>::max();
    registration.info.number_of_handles = 1;
    registration.info.handle = reinterpret_cast<HANDLE>(registration.base);
    registration.info.events = registration.asked;
    begun = ffi::poll(registration.afd->handle, registration.info, registration);
  }
  if (begun) {
    registration.poll = Registration::Poll::pending;
    ++polls;
  }
  return begun;
}

void IocpBackend::Parts::drop(Registration& registration) noexcept {
  outdated.erase(registration);
  table.erase(registration);
  registration.is_removed = true;
  if (registration.pipe != nullptr) {
    registration.pipe->tell(nullptr);
  }
  if (registration.poll == Registration::Poll::idle) {
    free(registration);
  } else if (registration.poll == Registration::Poll::pending && registration.pipe == nullptr) {
    static_cast<void>(ffi::cancel(registration.afd->handle, registration));
    registration.poll = Registration::Poll::cancelling;
  }
}

void IocpBackend::Parts::free(Registration& registration) noexcept {
  if (registration.pipe != nullptr) {
    registration.pipe->unrefer();
  } else {
    afds.give_back(*registration.afd);
  }
  delete &registration;
}

std::size_t IocpBackend::Parts::take(std::span<const OVERLAPPED_ENTRY> packets,
                                     std::span<Event> events) noexcept {
  std::size_t count = 0;
  for (const OVERLAPPED_ENTRY& packet : packets) {
    const bool is_event =
        packet.lpCompletionKey == waker_key
            ? take_wake(*reinterpret_cast<Waker::Mark*>(packet.lpOverlapped), events[count])
            : take_poll(*static_cast<Registration*>(packet.lpOverlapped), events[count]);
    count += is_event ? 1 : 0;
  }
  return count;
}

bool IocpBackend::Parts::take_poll(Registration& registration, Event& event) noexcept {
  registration.poll = Registration::Poll::idle;
  --polls;
  if (registration.is_removed) {
    free(registration);
    return false;
  }
  ULONG happened = 0;
  if (registration.pipe != nullptr) {
    happened = registration.pipe->ready();
  } else if (registration.Internal == ffi::status_success) {
    happened = registration.info.number_of_handles == 0 ? 0 : registration.info.events;
  } else if (registration.Internal != ffi::status_cancelled) {
    happened = ffi::poll_connect_fail;
  }
  if ((happened & ffi::poll_local_close) != 0) {
    drop(registration);
    return false;
  }
  const bool is_event = report(registration, happened & registration.armed, event);
  if (registration.armed != 0 && !registration.is_linked()) {
    outdated.push_back(registration);
  }
  return is_event;
}

bool IocpBackend::Parts::report(Registration& registration, ULONG happened,
                                Event& event) noexcept {
  if (happened == 0) {
    return false;
  }
  const bool is_hung_up = (happened & iocp::hang_up) != 0;
  std::uint8_t flags = 0;
  if (is_hung_up) {
    flags |= Event::error | Event::readable | Event::writable;
  }
  if ((happened & ffi::poll_abort) != 0) {
    flags |= Event::read_closed | Event::write_closed;
  }
  if ((happened & ffi::poll_disconnect) != 0) {
    flags |= Event::read_closed;
  }
  if ((happened & iocp::readiness) != 0) {
    flags |= Event::readable;
  }
  if ((happened & ffi::poll_send) != 0) {
    flags |= Event::writable;
  }
  if ((happened & ffi::poll_receive_expedited) != 0) {
    flags |= Event::priority;
  }
  event.token_ = registration.token;
  event.flags_ = flags;

  if (registration.mode == Mode::oneshot || (registration.mode == Mode::edge && is_hung_up)) {
    registration.armed = 0;
  } else if (registration.mode == Mode::edge) {
    registration.armed &= ~happened;
    if ((happened & iocp::readiness) != 0) {
      registration.armed &= ~iocp::data;
    }
  }
  return true;
}

bool IocpBackend::Parts::take_wake(Waker::Mark& mark, Event& event) noexcept {
  // Acquires what was written before the wakes that this event stands for.
  mark.is_posted.exchange(false, std::memory_order_acq_rel);
  if (mark.is_orphan) {
    delete &mark;
    return false;
  }
  event.token_ = mark.token;
  event.flags_ = Event::readable;
  return true;
}

void IocpBackend::Parts::close() noexcept {
  const std::lock_guard lock(mutex);
  if (port == nullptr) {
    return;
  }
  while (Registration* registration = table.any()) {
    drop(*registration);
  }
  // What the system may still write into has to stay until it has; and so has the port.
  std::array<OVERLAPPED_ENTRY, 64> packets;
  std::array<Event, packets.size()> ignored;
  while (true) {
    const auto count = ffi::wait(port, packets, polls == 0 ? 0 : INFINITE);
    if (!count || (*count == 0 && polls == 0)) {
      break;
    }
    take(std::span(packets).first(*count), ignored);
  }
  afds.close();
  ffi::close(std::exchange(port, nullptr));
}

const detail::Queue::Hooks IocpBackend::hooks_table = {
    .close = [](Queue& queue) noexcept { static_cast<IocpBackend&>(queue).parts_->close(); },
    .destroy = [](Queue* queue) noexcept { delete static_cast<IocpBackend*>(queue); },
    .forget =
        [](Queue& queue, native_handle_type handle, void*) noexcept {
          Parts& parts = *static_cast<IocpBackend&>(queue).parts_;
          const std::lock_guard lock(parts.mutex);
          if (Registration* found = parts.table.find(handle)) {
            parts.drop(*found);
          }
        },
    .blocked =
        [](Queue& queue, native_handle_type handle, void*, Interest direction) noexcept {
          Parts& parts = *static_cast<IocpBackend&>(queue).parts_;
          const std::lock_guard lock(parts.mutex);
          // By its handle, since the source may be removed by now. Another that has got the number
          // is told once too often.
          Registration* found = parts.table.find(handle);
          if (found == nullptr || found->mode != Mode::edge) {
            return;
          }
          const ULONG events = iocp::poll_events(direction & found->interest);
          if ((events & ~found->armed) != 0) {
            found->armed |= events;
            // Where it fails, the next wait tries again and says why.
            static_cast<void>(parts.arm(*found));
          }
        },
};

IocpBackend::IocpBackend(std::unique_ptr<Parts> parts) noexcept
    : Queue(hooks_table), parts_(std::move(parts)) {}

IocpBackend::~IocpBackend() = default;

Result<void> IocpBackend::probe() noexcept {
  if (auto queue = create(); !queue) {
    return std::unexpected(queue.error());
  }
  return {};
}

Result<detail::Owner<IocpBackend>> IocpBackend::create() noexcept {
  auto port = ffi::create_port();
  if (!port) {
    return std::unexpected(port.error());
  }
  std::unique_ptr<Parts> parts(new (std::nothrow) Parts(*port));
  if (parts == nullptr) {
    ffi::close(*port);
    return detail::fail(std::errc::not_enough_memory);
  }
  // The first source would open one anyway; and if AFD is not there, now is when to say so.
  auto afd = parts->afds.take(*port);
  if (!afd) {
    return std::unexpected(afd.error());
  }
  parts->afds.give_back(**afd);
  auto* queue = new (std::nothrow) IocpBackend(std::move(parts));
  if (queue == nullptr) {
    return detail::fail(std::errc::not_enough_memory);
  }
  return detail::Owner(queue);
}

Result<std::size_t> IocpBackend::wait(std::span<Event> events,
                                      std::optional<nanoseconds> timeout) noexcept {
  const auto deadline = deadline_after(timeout);
  Parts& parts = *parts_;
  std::array<OVERLAPPED_ENTRY, 64> packets;
  std::unique_lock lock(parts.mutex);
  while (true) {
    if (auto armed = parts.arm_all(); !armed) {
      return std::unexpected(armed.error());
    }
    const DWORD left = time_left(deadline);
    std::size_t filled = 0;
    auto room = std::span(packets).first(std::min(packets.size(), events.size()));
    Result<std::size_t> count = 0;
    if (left == 0) {
      count = ffi::wait(parts.port, room, 0);
    } else {
      parts.is_waiting = true;
      lock.unlock();
      count = ffi::wait(parts.port, room, left);
      lock.lock();
      parts.is_waiting = false;
    }
    if (!count) {
      return std::unexpected(count.error());
    }
    const bool is_over = *count == 0 && left == 0;
    filled = parts.take(room.first(*count), events);
    // There may be more than the array has room for.
    while (count && *count == room.size() && filled < events.size()) {
      room = std::span(packets).first(std::min(packets.size(), events.size() - filled));
      count = ffi::wait(parts.port, room, 0);
      filled += parts.take(room.first(count.value_or(0)), events.subspan(filled));
    }
    if (filled != 0 || is_over) {
      return filled;
    }
  }
}

void IocpBackend::notify(native_handle_type handle) noexcept {
  const std::lock_guard lock(parts_->mutex);
  if (Registration* found = parts_->table.find(handle)) {
    if (found->poll == Registration::Poll::idle) {
      static_cast<void>(parts_->arm(*found));
    }
  }
}

Result<void> IocpBackend::add(detail::SourceRef source, Token token, Interest interest,
                              Mode mode) noexcept {
  auto* const pipe = pipe_of(source);
  const auto base = base_of(source);
  if (!base) {
    return std::unexpected(base.error());
  }
  const std::lock_guard lock(parts_->mutex);
  if (parts_->table.find(source.handle) != nullptr) {
    return detail::fail(std::errc::file_exists);
  }
  auto made = parts_->make(source.handle, *base, pipe);
  if (!made) {
    return std::unexpected(made.error());
  }
  if (pipe != nullptr) {
    pipe->tell(this);
  }
  auto armed = parts_->set(**made, token, interest, mode);
  if (!armed) {
    parts_->drop(**made);
  }
  return armed;
}

Result<void> IocpBackend::modify(detail::SourceRef source, Token token, Interest interest,
                                 Mode mode) noexcept {
  const std::lock_guard lock(parts_->mutex);
  auto found = parts_->find_open(source);
  if (!found) {
    return std::unexpected(found.error());
  }
  return parts_->set(**found, token, interest, mode);
}

Result<void> IocpBackend::remove(detail::SourceRef source) noexcept {
  const std::lock_guard lock(parts_->mutex);
  auto found = parts_->find_open(source);
  // Also one whose handle was closed already, which is an error all the same.
  if (Registration* registration = parts_->table.find(source.handle)) {
    parts_->drop(*registration);
  }
  return found ? Result<void>() : std::unexpected(found.error());
}

IocpBackend::Waker::Waker(IocpBackend& queue, Mark* mark) noexcept : queue_(&queue), mark_(mark) {
  queue_->refer();
}

IocpBackend::Waker::Waker(Waker&& other) noexcept
    : queue_(std::exchange(other.queue_, nullptr)), mark_(std::exchange(other.mark_, nullptr)) {}

IocpBackend::Waker& IocpBackend::Waker::operator=(Waker&& other) noexcept {
  if (this != &other) {
    const Waker previous(std::move(*this));
    queue_ = std::exchange(other.queue_, nullptr);
    mark_ = std::exchange(other.mark_, nullptr);
  }
  return *this;
}

IocpBackend::Waker::~Waker() {
  if (queue_ == nullptr) {
    return;
  }
  {
    Parts& parts = *queue_->parts_;
    const std::lock_guard lock(parts.mutex);
    if (parts.port != nullptr && mark_->is_posted.load(std::memory_order_acquire)) {
      mark_->is_orphan = true;  // whoever takes the packet deletes it
    } else {
      delete mark_;
    }
  }
  queue_->unrefer();
}

Result<IocpBackend::Waker> IocpBackend::Waker::create(IocpBackend& queue, Token token) noexcept {
  auto* mark = new (std::nothrow) Mark{token};
  if (mark == nullptr) {
    return detail::fail(std::errc::not_enough_memory);
  }
  return Waker(queue, mark);
}

Result<void> IocpBackend::Waker::wake() const noexcept {
  if (queue_ == nullptr) {
    return detail::fail(std::errc::bad_file_descriptor);
  }
  // Releases what this thread wrote to whoever takes the packet, also if it is posted already.
  if (mark_->is_posted.exchange(true, std::memory_order_acq_rel)) {
    return {};
  }
  Result<void> posted;
  const bool is_open = queue_->try_pin();
  if (is_open) {
    posted = ffi::post(queue_->parts_->port, waker_key, mark_);
    queue_->unpin();
  }
  if (!is_open || !posted) {
    mark_->is_posted.store(false, std::memory_order_release);
  }
  return posted;
}

}  // namespace evq
