#include "../socket.hpp"

#include "../address.hpp"
#include "../handle.hpp"
#include "../options.hpp"
#include "buffers.hpp"
#include "winsock.hpp"

// Documented for Windows 2000 and later; mingw-w64 has it only in mswsock.h, with much else.
#ifndef SIO_UDP_CONNRESET
#define SIO_UDP_CONNRESET _WSAIOW(IOC_VENDOR, 12)
#endif

namespace evq::detail {

namespace {

std::ptrdiff_t receive(native_handle_type handle, std::span<std::byte> buffer, int flags) noexcept {
  const int size = os::io_size(buffer.size());
  const int received = ::recv(handle, reinterpret_cast<char*>(buffer.data()), size, flags);
  // A message that was longer than the buffer is cut, here as on every system.
  return received == SOCKET_ERROR && ::GetLastError() == WSAEMSGSIZE ? size : received;
}

}  // namespace

std::ptrdiff_t receive(native_handle_type handle, std::span<std::byte> buffer) noexcept {
  return receive(handle, buffer, 0);
}

std::ptrdiff_t peek(native_handle_type handle, std::span<std::byte> buffer) noexcept {
  return receive(handle, buffer, MSG_PEEK);
}

std::ptrdiff_t send(native_handle_type handle, std::span<const std::byte> bytes) noexcept {
  return ::send(handle, reinterpret_cast<const char*>(bytes.data()), os::io_size(bytes.size()), 0);
}

}  // namespace evq::detail

namespace evq::os {

namespace {

/// Whether a receive says that an earlier send reached nobody: from birth it does, for every
/// receive of the socket, which no other system does for a socket without a peer.
void report_unreachable(native_handle_type handle, bool on) noexcept {
  BOOL value = on ? TRUE : FALSE;
  DWORD ignored = 0;
  ::WSAIoctl(handle, static_cast<DWORD>(SIO_UDP_CONNRESET), &value, sizeof value, nullptr, 0,
             &ignored, nullptr, nullptr);
}

bool is_datagram(native_handle_type handle) noexcept {
  const auto type = int_option(handle, SOL_SOCKET, SO_TYPE);
  return type && *type == SOCK_DGRAM;
}

}  // namespace

Result<native_handle_type> open_socket(SocketAddr::Family family, SocketType type) noexcept {
  if (family == SocketAddr::Family::none) {
    return detail::fail(std::errc::address_family_not_supported);
  }
  if (auto started = start_sockets(); !started) {
    return std::unexpected(started.error());
  }
  const SOCKET handle = ::WSASocketW(native_family(family), native_type(type), 0, nullptr, 0,
                                     WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (handle == INVALID_SOCKET) {
    return last_error();
  }
  if (auto adopted = adopt(handle); !adopted) {
    close(handle);
    return std::unexpected(adopted.error());
  }
  if (type == SocketType::datagram) {
    report_unreachable(handle, false);
  }
  return handle;
}

Result<std::pair<native_handle_type, native_handle_type>> local_pair(SocketType) noexcept {
  return detail::fail(std::errc::address_family_not_supported);
}

Result<void> check_socket(native_handle_type handle, Domain domain, SocketType type) noexcept {
  if (auto started = start_sockets(); !started) {
    return started;
  }
  // SO_PROTOCOL_INFO and not getsockname, which fails for a socket that is not bound.
  WSAPROTOCOL_INFOW info{};
  int length = sizeof info;
  if (::getsockopt(handle, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info),
                   &length) == SOCKET_ERROR) {
    return last_error();
  }
  const bool is_local = info.iAddressFamily == AF_UNIX;
  const bool is_internet = info.iAddressFamily == AF_INET || info.iAddressFamily == AF_INET6;
  if (info.iSocketType != native_type(type) ||
      !(domain == Domain::local ? is_local : is_internet)) {
    return detail::fail(std::errc::wrong_protocol_type);
  }
  return {};
}

Result<void> connect(native_handle_type handle, const SocketAddr& addr) noexcept {
  if (addr.family() == SocketAddr::Family::none) {
    return detail::fail(std::errc::address_family_not_supported);
  }
  const NativeAddr native(addr);
  if (::connect(handle, native.get(), native.length) == SOCKET_ERROR &&
      ::GetLastError() != WSAEWOULDBLOCK) {
    return last_error();
  }
  if (is_datagram(handle)) {
    report_unreachable(handle, true);
  }
  return {};
}

Result<std::pair<native_handle_type, SocketAddr>> accept(native_handle_type listener) noexcept {
  NativeAddr peer;
  const SOCKET handle = ::accept(listener, peer.get(), &peer.length);
  if (handle == INVALID_SOCKET) {
    if (::GetLastError() == WSAECONNRESET) {
      // A connection that was gone before it was taken, which other systems call so.
      return detail::fail(std::errc::connection_aborted);
    }
    return last_error();
  }
  if (auto adopted = adopt(handle); !adopted) {
    close(handle);
    return std::unexpected(adopted.error());
  }
  return std::pair(handle, peer.portable());
}

Result<std::size_t> receive_vectored(native_handle_type handle, net::Buffers buffers) noexcept {
  WsaBuffers native(buffers);
  DWORD received = 0;
  DWORD flags = 0;
  if (::WSARecv(handle, native.data(), native.count(), &received, &flags, nullptr, nullptr) ==
      SOCKET_ERROR) {
    return last_error();
  }
  return received;
}

Result<std::pair<std::size_t, SocketAddr>> receive_from(native_handle_type handle,
                                                        std::span<std::byte> buffer,
                                                        Take take) noexcept {
  NativeAddr from;
  const int size = io_size(buffer.size());
  int received = ::recvfrom(handle, reinterpret_cast<char*>(buffer.data()), size,
                            take == Take::peek ? MSG_PEEK : 0, from.get(), &from.length);
  if (received == SOCKET_ERROR) {
    if (::GetLastError() != WSAEMSGSIZE) {
      return last_error();
    }
    received = size;  // cut, as on every system
  }
  return std::pair(static_cast<std::size_t>(received), from.portable());
}

Result<std::size_t> send_vectored(native_handle_type handle, net::ConstBuffers buffers) noexcept {
  WsaBuffers native(buffers);
  DWORD sent = 0;
  if (::WSASend(handle, native.data(), native.count(), &sent, 0, nullptr, nullptr) ==
      SOCKET_ERROR) {
    return last_error();
  }
  return sent;
}

}  // namespace evq::os
