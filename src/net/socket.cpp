#include <evq/net/socket.hpp>

#include "../os/socket.hpp"

namespace evq::net {

using os::Take;

Result<SocketAddr> Socket::local_address() const noexcept {
  return os::local_address(native_handle());
}

Result<SocketAddr> Socket::peer_address() const noexcept {
  return os::peer_address(native_handle());
}

Result<std::error_code> Socket::take_error() const noexcept {
  return os::take_error(native_handle());
}

Result<std::size_t> StreamSocket::read_vectored(Buffers buffers) const noexcept {
  return try_io(Interest::readable, [buffers](native_handle_type handle) noexcept {
    return os::receive_vectored(handle, buffers);
  });
}

Result<std::size_t> StreamSocket::write_vectored(ConstBuffers buffers) const noexcept {
  return try_io(Interest::writable, [buffers](native_handle_type handle) noexcept {
    return os::send_vectored(handle, buffers);
  });
}

Result<void> StreamSocket::shutdown(Shutdown how) const noexcept {
  return os::shutdown(native_handle(), how);
}

Result<std::size_t> DatagramSocket::send_to(std::span<const std::byte> bytes,
                                            const SocketAddr& to) const noexcept {
  return try_io(Interest::writable, [bytes, &to](native_handle_type handle) noexcept {
    return os::send_to(handle, bytes, to);
  });
}

Result<std::pair<std::size_t, SocketAddr>> DatagramSocket::recv_from(
    std::span<std::byte> buffer) const noexcept {
  return try_io(Interest::readable, [buffer](native_handle_type handle) noexcept {
    return os::receive_from(handle, buffer, Take::remove);
  });
}

Result<std::pair<std::size_t, SocketAddr>> DatagramSocket::peek_from(
    std::span<std::byte> buffer) const noexcept {
  return try_io(Interest::readable, [buffer](native_handle_type handle) noexcept {
    return os::receive_from(handle, buffer, Take::peek);
  });
}

}  // namespace evq::net
