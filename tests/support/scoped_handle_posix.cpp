#include "scoped_handle.hpp"

#include <fcntl.h>
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

}  // namespace evq::test
