#include "afd.hpp"

#include <new>
#include <system_error>

namespace evq::iocp {

ULONG poll_events(Interest interest) noexcept {
  ULONG events = 0;
  if (interest.is_readable()) {
    events |= readiness;
  }
  if (interest.is_writable()) {
    events |= ffi::poll_send;
  }
  if (interest.is_priority()) {
    events |= ffi::poll_receive_expedited;
  }
  return events;
}

Result<native_handle_type> base_socket(native_handle_type handle) noexcept {
  // First, since Wine takes any number for a socket that is its own base.
  if (auto checked = ffi::check_socket(handle); !checked) {
    if (checked.error() != std::errc::not_a_socket) {
      return std::unexpected(checked.error());
    }
    return detail::fail(ffi::is_open(handle) ? std::errc::operation_not_permitted
                                             : std::errc::bad_file_descriptor);
  }
  // Providers must answer the first request, and some catch it all the same; then the second leads
  // one layer down at a time.
  while (true) {
    const auto base = ffi::lower_socket(handle, ffi::sio_base_handle);
    if (base) {
      return base;
    }
    const auto below = ffi::lower_socket(handle, ffi::sio_bsp_handle_poll);
    if (!below || *below == handle) {
      return base;
    }
    handle = *below;
  }
}

Result<Afd*> AfdPool::take(HANDLE port) noexcept {
  Afd* afd = all_.front();
  if (afd == nullptr || afd->sockets == sockets_per_handle) {
    afd = new (std::nothrow) Afd;
    if (afd == nullptr) {
      return detail::fail(std::errc::not_enough_memory);
    }
    const auto handle = ffi::open_afd(port);
    if (!handle) {
      delete afd;
      return std::unexpected(handle.error());
    }
    afd->handle = *handle;
    all_.push_front(*afd);
  }
  if (++afd->sockets == sockets_per_handle) {
    all_.erase(*afd);
    all_.push_back(*afd);
  }
  return afd;
}

void AfdPool::give_back(Afd& afd) noexcept {
  --afd.sockets;
  all_.erase(afd);
  // The last one stays: a queue whose only socket comes and goes opens it once.
  if (afd.sockets == 0 && !all_.is_empty()) {
    close(afd);
  } else {
    all_.push_front(afd);
  }
}

void AfdPool::close() noexcept {
  while (Afd* afd = all_.front()) {
    all_.erase(*afd);
    close(*afd);
  }
}

void AfdPool::close(Afd& afd) noexcept {
  ffi::close(afd.handle);
  delete &afd;
}

}  // namespace evq::iocp
