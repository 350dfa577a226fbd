// The polls of a queue, and the packets that they come back as.

#include <array>
#include <cstdint>
#include <limits>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>

#include "parts.hpp"

namespace evq {

using iocp::Registration;
namespace ffi = iocp::ffi;

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
    begun = ffi::post(port, iocp::poll_key, static_cast<OVERLAPPED*>(&registration));
  } else {
    registration.asked = registration.armed | ffi::poll_local_close;
    registration.doubtful = 0;
    registration.asked_in = waits;
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
        packet.lpCompletionKey == iocp::waker_key
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
  } else if (const auto status = static_cast<ULONG>(registration.Internal);
             status == ffi::status_success) {
    happened = registration.info.number_of_handles == 0 ? 0 : registration.info.events;
  } else if (status != ffi::status_cancelled) {
    happened = ffi::poll_connect_fail;
  }
  if ((happened & ffi::poll_local_close) != 0) {
    drop(registration);
    return false;
  }
  // What is in doubt is asked again, at once. So is a level that was ready before this wait and is
  // no more: it may have been drained by a read that took just what there was.
  happened &= registration.armed & ~registration.doubtful;
  if (registration.mode == Mode::level && registration.pipe == nullptr &&
      registration.asked_in != waits && (happened & ~(iocp::readiness | ffi::poll_send)) == 0 &&
      ffi::is_quiet(registration.handle, (happened & iocp::readiness) != 0,
                    (happened & ffi::poll_send) != 0)) {
    happened = 0;
  }
  const bool is_event = report(registration, happened, event);
  if (registration.armed != 0 && !registration.is_linked()) {
    outdated.push_back(registration);
  }
  return is_event;
}

bool IocpBackend::Parts::report(Registration& registration, ULONG happened, Event& event) noexcept {
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

}  // namespace evq
