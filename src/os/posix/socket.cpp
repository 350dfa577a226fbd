#include "../socket.hpp"

#include <sys/uio.h>

#include <array>

#include "../../result.hpp"
#include "../address.hpp"
#include "../options.hpp"
#include "iovec.hpp"
#include "sockets.hpp"

namespace evq::detail {

std::ptrdiff_t receive(native_handle_type handle, std::span<std::byte> buffer) noexcept {
  return ::recv(handle, buffer.data(), buffer.size(), 0);
}

std::ptrdiff_t peek(native_handle_type handle, std::span<std::byte> buffer) noexcept {
  return ::recv(handle, buffer.data(), buffer.size(), MSG_PEEK);
}

std::ptrdiff_t send(native_handle_type handle, std::span<const std::byte> bytes) noexcept {
  return ::send(handle, bytes.data(), bytes.size(), os::no_signal);
}

}  // namespace evq::detail

namespace evq::os {

namespace {

/// A new socket, once it is what it is to be.
Result<native_handle_type> finished(int handle) noexcept {
  if constexpr (!has_socket_flags) {
    if (auto adopted = adopt_or_close({handle}); !adopted) {
      return std::unexpected(adopted.error());
    }
  }
  return handle;
}

}  // namespace

Result<native_handle_type> open_socket(SocketAddr::Family family, SocketType type) noexcept {
  if (family == SocketAddr::Family::none) {
    return detail::fail(std::errc::address_family_not_supported);
  }
  const int handle = ::socket(native_family(family), native_type(type) | socket_flags, 0);
  if (handle < 0) {
    return last_error();
  }
  return finished(handle);
}

Result<std::pair<native_handle_type, native_handle_type>> local_pair(SocketType type) noexcept {
  std::array<int, 2> handles{};
  if (::socketpair(AF_UNIX, native_type(type) | socket_flags, 0, handles.data()) != 0) {
    return last_error();
  }
  if constexpr (!has_socket_flags) {
    if (auto adopted = adopt_or_close({handles[0], handles[1]}); !adopted) {
      return std::unexpected(adopted.error());
    }
  }
  return std::pair(handles[0], handles[1]);
}

Result<void> check_socket(native_handle_type handle, Domain domain, SocketType type) noexcept {
  const auto actual = int_option(handle, SOL_SOCKET, SO_TYPE);
  if (!actual) {
    return std::unexpected(actual.error());
  }
  NativeAddr bound;
  if (::getsockname(handle, bound.get(), &bound.length) != 0) {
    return last_error();
  }
  const int family = bound.storage.ss_family;
  const bool is_local = family == AF_UNIX;
  const bool is_internet = family == AF_INET || family == AF_INET6;
  if (*actual != native_type(type) || !(domain == Domain::local ? is_local : is_internet)) {
    return detail::fail(std::errc::wrong_protocol_type);
  }
  return {};
}

Result<void> connect(native_handle_type handle, const SocketAddr& addr) noexcept {
  if (addr.family() == SocketAddr::Family::none) {
    return detail::fail(std::errc::address_family_not_supported);
  }
  const NativeAddr native(addr);
  if (::connect(handle, native.get(), native.length) != 0 && errno != EINPROGRESS) {
    return last_error();
  }
  return {};
}

Result<std::pair<native_handle_type, SocketAddr>> accept(native_handle_type listener) noexcept {
  NativeAddr peer;
#if defined(SOCK_NONBLOCK) && !defined(EVQ_PLAIN_SOCKETS)
  const int handle = ::accept4(listener, peer.get(), &peer.length, socket_flags);
#else
  const int handle = ::accept(listener, peer.get(), &peer.length);
#endif
  if (handle < 0) {
    return last_error();
  }
  return detail::transform(finished(handle), [&peer](native_handle_type accepted) noexcept {
    return std::pair(accepted, peer.portable());
  });
}

Result<std::size_t> receive_vectored(native_handle_type handle, net::Buffers buffers) noexcept {
  const IoVectors vectors(buffers);
  return count_or_error(::readv(handle, vectors.data(), vectors.count()));
}

Result<std::pair<std::size_t, SocketAddr>> receive_from(native_handle_type handle,
                                                        std::span<std::byte> buffer,
                                                        Take take) noexcept {
  NativeAddr from;
  const auto received =
      count_or_error(::recvfrom(handle, buffer.data(), buffer.size(),
                                take == Take::peek ? MSG_PEEK : 0, from.get(), &from.length));
  if (!received) {
    return std::unexpected(received.error());
  }
  return std::pair(*received, from.portable());
}

Result<std::size_t> send_vectored(native_handle_type handle, net::ConstBuffers buffers) noexcept {
  const IoVectors vectors(buffers);
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(vectors.count());
  return count_or_error(::sendmsg(handle, &message, no_signal));
}

}  // namespace evq::os
