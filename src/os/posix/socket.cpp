#include "../socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>

#include "../../result.hpp"
#include "address.hpp"
#include "descriptor.hpp"
#include "errno.hpp"
#include "iovec.hpp"

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

int native_type(SocketType type) noexcept {
  return type == SocketType::stream ? SOCK_STREAM : SOCK_DGRAM;
}

struct NativeOption {
  int level;
  int name;
};

NativeOption native_option(Option option) noexcept {
  switch (option) {
    case Option::broadcast:
      return {SOL_SOCKET, SO_BROADCAST};
    case Option::multicast_loop_v4:
      return {IPPROTO_IP, IP_MULTICAST_LOOP};
    case Option::multicast_loop_v6:
      return {IPPROTO_IPV6, IPV6_MULTICAST_LOOP};
    case Option::multicast_ttl_v4:
      return {IPPROTO_IP, IP_MULTICAST_TTL};
    case Option::nodelay:
      return {IPPROTO_TCP, TCP_NODELAY};
    case Option::only_v6:
      return {IPPROTO_IPV6, IPV6_V6ONLY};
    case Option::reuse_address:
      return {SOL_SOCKET, SO_REUSEADDR};
    case Option::ttl_v4:
      return {IPPROTO_IP, IP_TTL};
    case Option::ttl_v6:
      return {IPPROTO_IPV6, IPV6_UNICAST_HOPS};
  }
  return {-1, -1};
}

template <int Call(int, sockaddr*, socklen_t*)>
Result<SocketAddr> address(native_handle_type handle) noexcept {
  NativeAddr native;
  if (Call(handle, native.get(), &native.length) != 0) {
    return last_error();
  }
  return native.portable();
}

/// One octet, and on OpenBSD nothing else (ip(4)); others take an int as well.
bool is_octet(Option option) noexcept {
  return option == Option::multicast_loop_v4 || option == Option::multicast_ttl_v4;
}

Result<int> int_option(native_handle_type handle, int level, int name) noexcept {
  int value = 0;
  socklen_t length = sizeof value;
  if (::getsockopt(handle, level, name, &value, &length) != 0) {
    return last_error();
  }
  return value;
}

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

Result<void> shutdown(native_handle_type handle, net::Shutdown how) noexcept {
  switch (how) {
    case net::Shutdown::read:
      return done_or_error(::shutdown(handle, SHUT_RD));
    case net::Shutdown::write:
      return done_or_error(::shutdown(handle, SHUT_WR));
    case net::Shutdown::both:
      return done_or_error(::shutdown(handle, SHUT_RDWR));
  }
  return detail::fail(std::errc::invalid_argument);
}

Result<SocketAddr> local_address(native_handle_type handle) noexcept {
  return address<::getsockname>(handle);
}

Result<SocketAddr> peer_address(native_handle_type handle) noexcept {
  return address<::getpeername>(handle);
}

Result<std::error_code> take_error(native_handle_type handle) noexcept {
  const auto error = int_option(handle, SOL_SOCKET, SO_ERROR);
  if (!error) {
    return std::unexpected(error.error());
  }
  return *error == 0 ? std::error_code() : std::error_code(*error, std::generic_category());
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

Result<std::size_t> send_to(native_handle_type handle, std::span<const std::byte> bytes,
                            const SocketAddr& to) noexcept {
  if (to.family() == SocketAddr::Family::none) {
    return detail::fail(std::errc::address_family_not_supported);
  }
  const NativeAddr native(to);
  return count_or_error(
      ::sendto(handle, bytes.data(), bytes.size(), no_signal, native.get(), native.length));
}

Result<void> set_option(native_handle_type handle, Option option, std::uint32_t value) noexcept {
  const auto [level, name] = native_option(option);
  if (is_octet(option)) {
    if (value > UCHAR_MAX) {
      return detail::fail(std::errc::invalid_argument);
    }
    const auto octet = static_cast<unsigned char>(value);
    return done_or_error(::setsockopt(handle, level, name, &octet, sizeof octet));
  }
  const int native = static_cast<int>(std::min<std::uint32_t>(value, INT_MAX));
  return done_or_error(::setsockopt(handle, level, name, &native, sizeof native));
}

Result<std::uint32_t> option(native_handle_type handle, Option option) noexcept {
  const auto [level, name] = native_option(option);
  if (is_octet(option)) {
    unsigned char octet = 0;
    socklen_t length = sizeof octet;
    if (::getsockopt(handle, level, name, &octet, &length) != 0) {
      return last_error();
    }
    return octet;
  }
  return detail::transform(int_option(handle, level, name),
                           [](int value) noexcept { return static_cast<std::uint32_t>(value); });
}

Result<void> membership_v4(native_handle_type handle, Membership change, const SocketAddr& group,
                           const SocketAddr& interface_address) noexcept {
  if (!group.is_v4() || !interface_address.is_v4()) {
    return detail::fail(std::errc::invalid_argument);
  }
  ip_mreq request{};
  std::memcpy(&request.imr_multiaddr, group.octets().data(), group.octets().size());
  std::memcpy(&request.imr_interface, interface_address.octets().data(),
              interface_address.octets().size());
  return done_or_error(::setsockopt(
      handle, IPPROTO_IP, change == Membership::join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP,
      &request, sizeof request));
}

Result<void> membership_v6(native_handle_type handle, Membership change, const SocketAddr& group,
                           std::uint32_t interface_index) noexcept {
  if (!group.is_v6()) {
    return detail::fail(std::errc::invalid_argument);
  }
  ipv6_mreq request{};
  std::memcpy(&request.ipv6mr_multiaddr, group.octets().data(), group.octets().size());
  request.ipv6mr_interface = interface_index;
  return done_or_error(::setsockopt(handle, IPPROTO_IPV6,
                                    change == Membership::join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP,
                                    &request, sizeof request));
}

}  // namespace evq::os
