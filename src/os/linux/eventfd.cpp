#include "../eventfd.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "../posix/errno.hpp"

namespace evq::os {

Result<int> create_eventfd() noexcept {
  const int eventfd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (eventfd < 0) {
    return last_error();
  }
  return eventfd;
}

Result<void> signal_eventfd(int eventfd) noexcept {
  const std::uint64_t one = 1;
  if (::write(eventfd, &one, sizeof one) != sizeof one) {
    return last_error();
  }
  return {};
}

}  // namespace evq::os
