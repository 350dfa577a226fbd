#include "ffi.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace evq::io_uring::ffi {

std::unexpected<std::error_code> last_error() noexcept {
  return std::unexpected(std::error_code(errno, std::generic_category()));
}

namespace {

/// What liburing gives: a negative error number, or not.
Result<void> done_or_error(int status) noexcept {
  if (status < 0) {
    return std::unexpected(std::error_code(-status, std::generic_category()));
  }
  return {};
}

}  // namespace

Result<void> create(Ring& ring, unsigned submissions, unsigned completions,
                    unsigned flags) noexcept {
  io_uring_params params{};
  params.flags = flags | IORING_SETUP_CQSIZE;
  params.cq_entries = completions;
  return done_or_error(::io_uring_queue_init_params(submissions, &ring, &params));
}

void destroy(Ring& ring) noexcept {
  ::io_uring_queue_exit(&ring);
}

Result<void> enable(Ring& ring) noexcept {
  // Not io_uring_enable_rings: the shared liburing 2.3 does not export it.
  if (::syscall(SYS_io_uring_register, ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0) !=
      0) {
    return last_error();
  }
  return {};
}

void prepare_poll(Ring& ring, int fd, std::uint32_t events, bool is_multishot,
                  std::uint64_t user_data) noexcept {
  io_uring_sqe* submission = ::io_uring_get_sqe(&ring);
  if (is_multishot) {
    ::io_uring_prep_poll_multishot(submission, fd, events);
  } else {
    ::io_uring_prep_poll_add(submission, fd, events);
  }
  submission->user_data = user_data;
}

void prepare_update(Ring& ring, std::uint64_t from, std::uint64_t to, std::uint32_t events,
                    std::uint64_t user_data) noexcept {
  io_uring_sqe* submission = ::io_uring_get_sqe(&ring);
  ::io_uring_prep_poll_update(
      submission, from, to, events,
      IORING_POLL_UPDATE_EVENTS | IORING_POLL_UPDATE_USER_DATA | IORING_POLL_ADD_MULTI);
  submission->flags |= IOSQE_CQE_SKIP_SUCCESS;
  submission->user_data = user_data;
}

void prepare_removal(Ring& ring, std::uint64_t target, std::uint64_t user_data) noexcept {
  io_uring_sqe* submission = ::io_uring_get_sqe(&ring);
  ::io_uring_prep_poll_remove(submission, target);
  submission->flags |= IOSQE_CQE_SKIP_SUCCESS;
  submission->user_data = user_data;
}

void prepare_cancel(Ring& ring, std::uint64_t target, std::uint64_t user_data) noexcept {
  io_uring_sqe* submission = ::io_uring_get_sqe(&ring);
  ::io_uring_prep_cancel64(submission, target, 0);
  submission->flags |= IOSQE_CQE_SKIP_SUCCESS;
  submission->user_data = user_data;
}

void retract(Ring& ring, std::uint64_t user_data) noexcept {
  for (unsigned i = io_uring_smp_load_acquire(ring.sq.khead); i != ring.sq.sqe_tail; ++i) {
    io_uring_sqe& submission = ring.sq.sqes[i & *ring.sq.kring_mask];
    if (submission.user_data == user_data) {
      ::io_uring_prep_nop(&submission);
      submission.user_data = user_data;
      submission.flags |= IOSQE_CQE_SKIP_SUCCESS;
    }
  }
}

int submit(Ring& ring) noexcept {
  return ::io_uring_submit(&ring);
}

int submit_and_complete(Ring& ring) noexcept {
  return ::io_uring_submit_and_get_events(&ring);
}

int submit_and_wait(Ring& ring) noexcept {
  return ::io_uring_submit_and_wait(&ring, 1);
}

int submit_and_wait(Ring& ring, Timeout timeout) noexcept {
  Completion* completion = nullptr;
  return ::io_uring_submit_and_wait_timeout(&ring, &completion, 1, &timeout, nullptr);
}

int complete(Ring& ring, unsigned count) noexcept {
  Timeout none{};
  io_uring_getevents_arg argument{};
  argument.ts = reinterpret_cast<std::uintptr_t>(&none);
  return ::io_uring_enter2(static_cast<unsigned>(ring.ring_fd), 0, count,
                           IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
                           reinterpret_cast<sigset_t*>(&argument), sizeof argument);
}

Result<void> cancel_now(Ring& ring, std::uint64_t target) noexcept {
  io_uring_sync_cancel_reg request{};
  request.addr = target;
  request.fd = -1;
  return done_or_error(::io_uring_register_sync_cancel(&ring, &request));
}

std::uint32_t poll_now(int fd, std::uint32_t events) noexcept {
  pollfd polled{.fd = fd, .events = static_cast<short>(events), .revents = 0};
  return ::poll(&polled, 1, 0) == 1 ? static_cast<unsigned short>(polled.revents) : 0U;
}

Result<int> create_epoll() noexcept {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) {
    return last_error();
  }
  return epoll;
}

Result<void> control_epoll(int epoll, int operation, int fd) noexcept {
  epoll_event event{};
  if (::epoll_ctl(epoll, operation, fd, &event) != 0) {
    return last_error();
  }
  return {};
}

int disabled_by_sysctl() noexcept {
  const int file = ::open("/proc/sys/kernel/io_uring_disabled", O_RDONLY | O_CLOEXEC);
  char digit = '0';
  if (file >= 0) {
    if (::read(file, &digit, 1) != 1) {
      digit = '0';
    }
    ::close(file);
  }
  return digit - '0';
}

void close(int fd) noexcept {
  ::close(fd);
}

}  // namespace evq::io_uring::ffi
