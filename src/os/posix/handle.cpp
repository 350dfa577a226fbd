#include "../handle.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "errno.hpp"

namespace evq::os {

void close(native_handle_type handle) noexcept {
  // Never again after EINTR: Linux has closed it by then (close(2)).
  ::close(handle);
}

Result<void> adopt(native_handle_type handle) noexcept {
  const int status = ::fcntl(handle, F_GETFL);
  if (status < 0) {
    return last_error();
  }
  if ((status & O_NONBLOCK) == 0 && ::fcntl(handle, F_SETFL, status | O_NONBLOCK) < 0) {
    return last_error();
  }
  return done_or_error(::fcntl(handle, F_SETFD, FD_CLOEXEC));
}

}  // namespace evq::os
