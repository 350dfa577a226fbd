// What calls of sockets are the same on every system.

#include "socket.hpp"

#include <system_error>

#include "address.hpp"
#include "native.hpp"
#include "options.hpp"

namespace evq::os {

namespace {

// Not as a template's argument: of a DLL's function that is no constant.
template <class Call>
Result<SocketAddr> address(Call call, native_handle_type handle) noexcept {
  NativeAddr native;
  if (call(handle, native.get(), &native.length) != 0) {
    return last_error();
  }
  return native.portable();
}

}  // namespace

Result<void> bind(native_handle_type handle, const SocketAddr& addr) noexcept {
  if (addr.family() == SocketAddr::Family::none) {
    return detail::fail(std::errc::address_family_not_supported);
  }
  const NativeAddr native(addr);
  return done_or_error(::bind(handle, native.get(), native.length));
}

Result<void> listen(native_handle_type handle) noexcept {
  return done_or_error(::listen(handle, SOMAXCONN));
}

Result<void> shutdown(native_handle_type handle, net::Shutdown how) noexcept {
  switch (how) {
    case net::Shutdown::read:
      return done_or_error(::shutdown(handle, shut_read));
    case net::Shutdown::write:
      return done_or_error(::shutdown(handle, shut_write));
    case net::Shutdown::both:
      return done_or_error(::shutdown(handle, shut_both));
  }
  return detail::fail(std::errc::invalid_argument);
}

Result<SocketAddr> local_address(native_handle_type handle) noexcept {
  return address(::getsockname, handle);
}

Result<SocketAddr> peer_address(native_handle_type handle) noexcept {
  return address(::getpeername, handle);
}

Result<std::error_code> take_error(native_handle_type handle) noexcept {
  const auto error = int_option(handle, SOL_SOCKET, SO_ERROR);
  if (!error) {
    return std::unexpected(error.error());
  }
  return *error == 0 ? std::error_code() : std::error_code(*error, socket_category());
}

Result<std::size_t> send_to(native_handle_type handle, std::span<const std::byte> bytes,
                            const SocketAddr& to) noexcept {
  if (to.family() == SocketAddr::Family::none) {
    return detail::fail(std::errc::address_family_not_supported);
  }
  const NativeAddr native(to);
  return count_or_error(::sendto(handle, reinterpret_cast<const char*>(bytes.data()),
                                 io_size(bytes.size()), no_signal, native.get(), native.length));
}

}  // namespace evq::os
