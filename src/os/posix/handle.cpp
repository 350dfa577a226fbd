#include "../handle.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "errno.hpp"

namespace evq::os {

void close(native_handle_type handle) noexcept {
  // Never again after EINTR: Linux has closed it by then (close(2)).
  ::close(handle);
}

namespace {

/// Keeps writes to a socket from raising SIGPIPE where no call can be told so. macOS has had
/// MSG_NOSIGNAL since its 15, and older kernels ignore it in what was built for newer ones.
void silence([[maybe_unused]] native_handle_type handle) noexcept {
#if defined(SO_NOSIGPIPE) && (defined(__APPLE__) || !defined(MSG_NOSIGNAL))
  const int on = 1;
  // Refused for what is no socket, and needs none.
  static_cast<void>(::setsockopt(handle, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on));
#endif
}

}  // namespace

Result<void> adopt(native_handle_type handle) noexcept {
  const int status = ::fcntl(handle, F_GETFL);
  if (status < 0) {
    return last_error();
  }
  if ((status & O_NONBLOCK) == 0 && ::fcntl(handle, F_SETFL, status | O_NONBLOCK) < 0) {
    return last_error();
  }
  silence(handle);
  return done_or_error(::fcntl(handle, F_SETFD, FD_CLOEXEC));
}

}  // namespace evq::os
