// The epoll backend: a queue is an epoll instance, a registration is the kernel's own entry, and
// nothing is kept here per source.
//
// The kernel keeps every promise but three, and those are what this file adds: time-outs to the
// nanosecond that go on after a signal, wakes that coalesce before they cost a system call, and a
// source that leaves the queue before its handle is closed, since a duplicate of the handle (from
// dup(2) or fork(2)) would keep its registration alive.

#include <evq/backends/epoll.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <limits>
#include <new>
#include <utility>

#include "../os/eventfd.hpp"
#include "ffi.hpp"

namespace evq {

namespace ffi = epoll::ffi;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

/// Whether epoll_pwait2 has been refused, by an old kernel or by a seccomp filter that does not
/// know it (those say EPERM).
std::atomic<bool> precise_refused{false};

/// The kernel refuses buffers of more bytes than an int counts.
int kernel_capacity(std::size_t capacity) noexcept {
  constexpr std::size_t most = std::numeric_limits<int>::max() / sizeof(epoll_event);
  return static_cast<int>(std::min(capacity, most));
}

/// One wait for at most `timeout`, as precise as this system can. -1 leaves errno.
int wait_for(int epoll, epoll_event* events, int capacity, nanoseconds timeout) noexcept {
  if (!precise_refused.load(std::memory_order_relaxed)) {
    const auto whole = std::chrono::duration_cast<seconds>(timeout);
    timespec time{};
    time.tv_sec = static_cast<decltype(time.tv_sec)>(
        std::min<seconds::rep>(whole.count(), std::numeric_limits<decltype(time.tv_sec)>::max()));
    time.tv_nsec = static_cast<decltype(time.tv_nsec)>((timeout - whole).count());
    const int ready = ffi::wait_precise(epoll, events, capacity, time);
    if (ready >= 0 || (errno != ENOSYS && errno != EPERM)) {
      return ready;
    }
    precise_refused.store(true, std::memory_order_relaxed);
  }
  const auto rounded = std::chrono::ceil<milliseconds>(timeout).count();
  return ffi::wait(
      epoll, events, capacity,
      static_cast<int>(std::min<milliseconds::rep>(rounded, std::numeric_limits<int>::max())));
}

}  // namespace

const detail::Queue::Hooks EpollBackend::hooks_table = {
    .close = [](Queue& queue) noexcept { ffi::close(static_cast<EpollBackend&>(queue).epoll_); },
    .destroy = [](Queue* queue) noexcept { delete static_cast<EpollBackend*>(queue); },
    .forget =
        [](Queue& queue, native_handle_type handle, void*) noexcept {
          // It fails where the handle was closed behind our back: then the kernel has forgotten it.
          static_cast<void>(static_cast<EpollBackend&>(queue).remove({handle, nullptr}));
        },
    .blocked = nullptr,
};

struct EpollBackend::WakerState : detail::WakeRounds::Line {
  int eventfd = invalid_handle;

  /// Each write to an eventfd is a new edge, whatever its count: no read is needed in between.
  static Result<void> signal(Line& line) noexcept {
    return os::signal_eventfd(static_cast<WakerState&>(line).eventfd);
  }
};

EpollBackend::EpollBackend(int epoll) noexcept
    : Queue(hooks_table), epoll_(epoll), wakes_(WakerState::signal) {}

Result<void> EpollBackend::probe() noexcept {
  auto epoll = ffi::create();
  if (!epoll) {
    return std::unexpected(epoll.error());
  }
  ffi::close(*epoll);
  return {};
}

Result<detail::Owner<EpollBackend>> EpollBackend::create() noexcept {
  auto epoll = ffi::create();
  if (!epoll) {
    return std::unexpected(epoll.error());
  }
  auto* queue = new (std::nothrow) EpollBackend(*epoll);
  if (queue == nullptr) {
    ffi::close(*epoll);
    return detail::fail(std::errc::not_enough_memory);
  }
  return detail::Owner(queue);
}

int EpollBackend::wait_once(int epoll, Event* events, int capacity, int timeout) {
  static_assert(sizeof(Event) == sizeof(epoll_event) && alignof(Event) >= alignof(epoll_event));
  static_assert(offsetof(Event, flags_) == offsetof(epoll_event, events));
  static_assert(offsetof(Event, data_) == offsetof(epoll_event, data));
  static_assert(Event::in == EPOLLIN && Event::out == EPOLLOUT && Event::pri == EPOLLPRI &&
                Event::err == EPOLLERR && Event::hup == EPOLLHUP && Event::rdhup == EPOLLRDHUP);
  return ffi::wait(epoll, reinterpret_cast<epoll_event*>(events), capacity, timeout);
}

int EpollBackend::control_once(int epoll, int operation, int fd, Event* event) noexcept {
  static_assert(ctl_add == EPOLL_CTL_ADD && ctl_remove == EPOLL_CTL_DEL &&
                ctl_modify == EPOLL_CTL_MOD);
  static_assert(Event::edge == EPOLLET && Event::oneshot == EPOLLONESHOT);
  return ffi::control(epoll, operation, fd, reinterpret_cast<epoll_event*>(event));
}

Result<std::size_t> EpollBackend::finish_wait(std::span<Event> events,
                                              std::optional<nanoseconds> timeout,
                                              int ready) noexcept {
  if (ready == not_tried) {
    wakes_.begin_wait();
    if (timeout && timeout->count() > 0) {
      return wait_timed(events, *timeout);
    }
  }
  const auto wait_again = [&] {
    return wait_once(epoll_, events.data(), kernel_capacity(events.size()), timeout ? 0 : -1);
  };
  if (ready == not_tried || (ready < 0 && errno == EINVAL)) {
    ready = wait_again();
  }
  while (ready < 0) {
    if (errno != EINTR) {
      return ffi::last_error();
    }
    ready = wait_again();
  }
  wakes_.end_wait();
  return static_cast<std::size_t>(ready);
}

Result<std::size_t> EpollBackend::wait_timed(std::span<Event> events,
                                             nanoseconds timeout) noexcept {
  const auto start = steady_clock::now();
  nanoseconds left = timeout;
  while (true) {
    const int ready = wait_for(epoll_, reinterpret_cast<epoll_event*>(events.data()),
                               kernel_capacity(events.size()), left);
    if (ready < 0 && errno != EINTR) {
      return ffi::last_error();
    }
    // Interrupted, or timed out on the most that one call can wait: the rest is still to come.
    const auto elapsed = ready > 0 ? timeout : steady_clock::now() - start;
    if (elapsed >= timeout) {
      wakes_.end_wait();
      return static_cast<std::size_t>(std::max(ready, 0));
    }
    left = timeout - elapsed;
  }
}

EpollBackend::Waker::Waker(EpollBackend& queue, WakerState* state) noexcept
    : queue_(&queue), state_(state) {
  queue_->refer();
}

EpollBackend::Waker::Waker(Waker&& other) noexcept
    : queue_(std::exchange(other.queue_, nullptr)), state_(std::exchange(other.state_, nullptr)) {}

EpollBackend::Waker& EpollBackend::Waker::operator=(Waker&& other) noexcept {
  if (this != &other) {
    const Waker previous(std::move(*this));
    queue_ = std::exchange(other.queue_, nullptr);
    state_ = std::exchange(other.state_, nullptr);
  }
  return *this;
}

EpollBackend::Waker::~Waker() {
  if (queue_ == nullptr) {
    return;
  }
  queue_->wakes_.remove(*state_);
  if (queue_->try_pin()) {
    static_cast<void>(queue_->remove({state_->eventfd, nullptr}));
    queue_->unpin();
  }
  ffi::close(state_->eventfd);
  delete state_;
  queue_->unrefer();
}

Result<EpollBackend::Waker> EpollBackend::Waker::create(EpollBackend& queue, Token token) noexcept {
  auto eventfd = os::create_eventfd();
  if (!eventfd) {
    return std::unexpected(eventfd.error());
  }
  auto* state = new (std::nothrow) WakerState;
  if (state == nullptr) {
    ffi::close(*eventfd);
    return detail::fail(std::errc::not_enough_memory);
  }
  state->eventfd = *eventfd;
  queue.wakes_.add(*state);
  Waker waker(queue, state);
  if (auto added = queue.control(ctl_add, *eventfd, token, EPOLLIN | EPOLLET); !added) {
    return std::unexpected(added.error());
  }
  return waker;
}

Result<void> EpollBackend::Waker::wake() const noexcept {
  if (queue_ == nullptr) {
    return detail::fail(std::errc::bad_file_descriptor);
  }
  return queue_->wakes_.wake(*state_);
}

}  // namespace evq
