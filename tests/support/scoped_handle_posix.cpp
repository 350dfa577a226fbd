#include "scoped_handle.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace evq::test {

ScopedHandle::~ScopedHandle() {
  if (handle_ != invalid_handle) {
    ::close(handle_);
  }
}

std::optional<ScopedHandle> duplicate_handle(native_handle_type handle) {
  return ScopedHandle(::fcntl(handle, F_DUPFD_CLOEXEC, 0));
}

std::size_t arrived_bytes(native_handle_type handle) {
  int count = 0;
  return ::ioctl(handle, FIONREAD, &count) == 0 ? static_cast<std::size_t>(count) : 0;
}

bool is_hung_up(native_handle_type handle) {
  pollfd polled{.fd = handle, .events = 0, .revents = 0};
  return ::poll(&polled, 1, 0) == 1 && (polled.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace evq::test
