// The io_uring backend as the front end sees it: what it is made of is in core.hpp.

#include <evq/backends/io_uring.hpp>

#include <cerrno>
#include <new>
#include <string>
#include <utility>

#include "core.hpp"
#include "ffi.hpp"

namespace evq {

namespace ffi = io_uring::ffi;
using std::chrono::nanoseconds;

namespace {

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "evq.io_uring"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<IoUringError>(value)) {
      case IoUringError::missing:
        return "this kernel has no io_uring";
      case IoUringError::too_old:
        return "this kernel's io_uring is too old: Linux 6.1 is needed";
      case IoUringError::disabled_by_sysctl:
        return "io_uring is disabled: see the sysctl kernel.io_uring_disabled";
      case IoUringError::forbidden:
        return "io_uring is forbidden here, by a seccomp filter or a security module";
    }
    return "unknown";
  }
  [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<IoUringError>(value)) {
      case IoUringError::missing:
      case IoUringError::too_old:
        return std::errc::function_not_supported;
      case IoUringError::disabled_by_sysctl:
      case IoUringError::forbidden:
        return std::errc::operation_not_permitted;
    }
    return {value, *this};
  }
};

std::error_code explain(std::error_code error) noexcept {
  switch (error.value()) {
    case ENOSYS:
      return IoUringError::missing;
    case EINVAL:
      return IoUringError::too_old;
    case EACCES:
    case EPERM:
      return ffi::disabled_by_sysctl() != 0 ? IoUringError::disabled_by_sysctl
                                            : IoUringError::forbidden;
    default:
      return error;
  }
}

}  // namespace

const std::error_category& io_uring_category() noexcept {
  static const Category category;
  return category;
}

Result<ffi::Ring> IoUringBackend::Core::create_ring(bool is_for_one_thread) noexcept {
  ffi::Ring ring;
  unsigned flags = IORING_SETUP_SUBMIT_ALL;
  if (is_for_one_thread) {
    flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
             IORING_SETUP_R_DISABLED;
  }
  if (auto created = ffi::create(ring, max_submissions, max_completions, flags); !created) {
    return std::unexpected(explain(created.error()));
  }
  return ring;
}

const detail::Queue::Hooks IoUringBackend::hooks_table = {
    .close = [](Queue& queue) noexcept { static_cast<IoUringBackend&>(queue).core_->close(); },
    .destroy = [](Queue* queue) noexcept { delete static_cast<IoUringBackend*>(queue); },
    .forget =
        [](Queue& queue, native_handle_type, void* state) noexcept {
          static_cast<IoUringBackend&>(queue).core_->forget(state);
        },
    .blocked = nullptr,
    .forgets_removed = true,
};

// wake is async-signal-safe.
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

IoUringBackend::IoUringBackend(Core* core) noexcept : Queue(hooks_table), core_(core) {}

IoUringBackend::~IoUringBackend() = default;

Result<void> IoUringBackend::probe() noexcept {
  auto ring = Core::create_ring(true);
  if (!ring) {
    return std::unexpected(ring.error());
  }
  ffi::destroy(*ring);
  return {};
}

Result<detail::Owner<IoUringBackend>> IoUringBackend::create() noexcept {
  auto core = Core::create();
  if (!core) {
    return std::unexpected(core.error());
  }
  auto* queue = new (std::nothrow) IoUringBackend(core->get());
  if (queue == nullptr) {
    (*core)->close();
    return detail::fail(std::errc::not_enough_memory);
  }
  static_cast<void>(core->release());
  return detail::Owner(queue);
}

Result<std::size_t> IoUringBackend::wait(std::span<Event> events,
                                         std::optional<nanoseconds> timeout) noexcept {
  static_assert(Event::in == EPOLLIN && Event::out == EPOLLOUT && Event::pri == EPOLLPRI &&
                Event::err == EPOLLERR && Event::hup == EPOLLHUP && Event::rdhup == EPOLLRDHUP);
  return core_->wait(events, timeout);
}

Result<void> IoUringBackend::add(detail::SourceRef source, Token token, Interest interest,
                                 Mode mode) noexcept {
  return core_->add(source, token, Event::asked_for(interest, mode));
}

Result<void> IoUringBackend::modify(detail::SourceRef source, Token token, Interest interest,
                                    Mode mode) noexcept {
  return core_->modify(source, token, Event::asked_for(interest, mode));
}

Result<void> IoUringBackend::remove(detail::SourceRef source) noexcept {
  return core_->remove(source);
}

IoUringBackend::Waker::Waker(IoUringBackend& queue, WakerState* state) noexcept
    : queue_(&queue), state_(state) {
  queue_->refer();
}

IoUringBackend::Waker::Waker(Waker&& other) noexcept
    : queue_(std::exchange(other.queue_, nullptr)), state_(std::exchange(other.state_, nullptr)) {}

IoUringBackend::Waker& IoUringBackend::Waker::operator=(Waker&& other) noexcept {
  if (this != &other) {
    const Waker previous(std::move(*this));
    queue_ = std::exchange(other.queue_, nullptr);
    state_ = std::exchange(other.state_, nullptr);
  }
  return *this;
}

IoUringBackend::Waker::~Waker() {
  if (queue_ == nullptr) {
    return;
  }
  queue_->core_->remove_waker(state_);
  queue_->unrefer();
}

Result<IoUringBackend::Waker> IoUringBackend::Waker::create(IoUringBackend& queue,
                                                            Token token) noexcept {
  auto state = queue.core_->add_waker(token);
  if (!state) {
    return std::unexpected(state.error());
  }
  return Waker(queue, *state);
}

Result<void> IoUringBackend::Waker::wake() const noexcept {
  if (queue_ == nullptr) {
    return detail::fail(std::errc::bad_file_descriptor);
  }
  if (queue_->is_closed()) {
    return {};
  }
  const int interrupted_errno = errno;
  auto woken = queue_->core_->wake(*state_);
  errno = interrupted_errno;
  return woken;
}

}  // namespace evq
