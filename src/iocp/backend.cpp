// The IOCP backend: a queue is a completion port. A completion port tells what has been done, not
// what can be done; so each source has a poll under way in the driver behind sockets, AFD, which
// is done when the source is ready, and whose packet then comes to the port.
//
// Such a poll is told once and asks for the state that holds, as a oneshot does. Level asks again
// with each wait after a report; edge asks again for a direction when a call in it met would-block,
// and only for that direction. What is to be asked waits in a list until the next wait, so that
// changes in between cost nothing; if another thread is in a wait already, it is asked at once.
//
// A poll under way cannot be changed: it is cancelled, and asked again when its packet has come.
// Its packet always comes, be it of a source that was removed long ago, and until then the
// registration lives, since the system writes into it.
//
// One lock holds all of it together, and is never held in a wait.

#include <evq/backends/iocp.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <new>
#include <utility>

#include "afd.hpp"
#include "ffi.hpp"
#include "parts.hpp"
#include "pipe.hpp"
#include "table.hpp"

namespace evq {

using iocp::Registration;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;
namespace ffi = iocp::ffi;

namespace {

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
  const auto left = std::chrono::ceil<milliseconds>(*deadline - steady_clock::now()).count();
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

/// A source that is in this table, and open.
Result<Registration*> find_open(const iocp::Table& table, detail::SourceRef source) noexcept {
  if (auto base = base_of(source); !base) {
    return std::unexpected(base.error());
  }
  Registration* found = table.find(source.handle);
  if (found == nullptr) {
    return detail::fail(std::errc::no_such_file_or_directory);
  }
  return found;
}

}  // namespace

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
          if (found == nullptr) {
            return;
          }
          const ULONG events = iocp::poll_events(direction & found->interest);
          if (found->pipe == nullptr) {
            found->doubtful |= events;
          }
          if (found->mode == Mode::edge && (events & ~found->armed) != 0) {
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
  ++parts.waits;
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
  auto found = find_open(parts_->table, source);
  if (!found) {
    return std::unexpected(found.error());
  }
  return parts_->set(**found, token, interest, mode);
}

Result<void> IocpBackend::remove(detail::SourceRef source) noexcept {
  const std::lock_guard lock(parts_->mutex);
  auto found = find_open(parts_->table, source);
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
    posted = ffi::post(queue_->parts_->port, iocp::waker_key, mark_);
    queue_->unpin();
  }
  if (!is_open || !posted) {
    mark_->is_posted.store(false, std::memory_order_release);
  }
  return posted;
}

}  // namespace evq
