#include "ffi.hpp"

#include <unistd.h>

#include <cerrno>

namespace evq::epoll::ffi {

std::unexpected<std::error_code> last_error() noexcept {
  return std::unexpected(std::error_code(errno, std::generic_category()));
}

Result<int> create() noexcept {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) {
    return last_error();
  }
  return epoll;
}

int control(int epoll, int operation, int fd, epoll_event* event) noexcept {
  return ::epoll_ctl(epoll, operation, fd, event);
}

int wait(int epoll, epoll_event* events, int capacity, int timeout) {
  return ::epoll_wait(epoll, events, capacity, timeout);
}

// GCC 12's ThreadSanitizer does not know epoll_pwait2, and would miss that it synchronizes.
#if defined(EVQ_HAVE_EPOLL_PWAIT2) && !defined(__SANITIZE_THREAD__)
int wait_precise(int epoll, epoll_event* events, int capacity, const timespec& timeout) noexcept {
  return ::epoll_pwait2(epoll, events, capacity, &timeout, nullptr);
}
#else
int wait_precise(int, epoll_event*, int, const timespec&) noexcept {
  errno = ENOSYS;
  return -1;
}
#endif

void close(int fd) noexcept {
  ::close(fd);
}

}  // namespace evq::epoll::ffi
