#include <evq/net/udp.hpp>

#include "open.hpp"

namespace evq::net {

using os::Domain;
using os::Membership;
using os::Option;
using os::SocketType;

Result<UdpSocket> UdpSocket::bind(const SocketAddr& addr) noexcept {
  return detail::transform(open_bound(Domain::internet, addr, SocketType::datagram),
                           [](NewHandle handle) noexcept { return UdpSocket(handle.take()); });
}

Result<UdpSocket> UdpSocket::from_native(native_handle_type handle) noexcept {
  return detail::transform(take_over(handle, Domain::internet, SocketType::datagram),
                           [](NewHandle taken) noexcept { return UdpSocket(taken.take()); });
}

Result<void> UdpSocket::connect(const SocketAddr& addr) const noexcept {
  return os::connect(native_handle(), addr);
}

Result<void> UdpSocket::set_broadcast(bool on) const noexcept {
  return os::set_option(native_handle(), Option::broadcast, on ? 1 : 0);
}

Result<bool> UdpSocket::broadcast() const noexcept {
  return flag(native_handle(), Option::broadcast);
}

Result<void> UdpSocket::set_ttl(std::uint32_t hops) const noexcept {
  return net::set_ttl(native_handle(), hops);
}

Result<std::uint32_t> UdpSocket::ttl() const noexcept {
  return net::ttl(native_handle());
}

Result<bool> UdpSocket::only_v6() const noexcept {
  return flag(native_handle(), Option::only_v6);
}

Result<void> UdpSocket::join_multicast_v4(const SocketAddr& group,
                                          const SocketAddr& interface_address) const noexcept {
  return os::membership_v4(native_handle(), Membership::join, group, interface_address);
}

Result<void> UdpSocket::leave_multicast_v4(const SocketAddr& group,
                                           const SocketAddr& interface_address) const noexcept {
  return os::membership_v4(native_handle(), Membership::leave, group, interface_address);
}

Result<void> UdpSocket::join_multicast_v6(const SocketAddr& group,
                                          std::uint32_t interface_index) const noexcept {
  return os::membership_v6(native_handle(), Membership::join, group, interface_index);
}

Result<void> UdpSocket::leave_multicast_v6(const SocketAddr& group,
                                           std::uint32_t interface_index) const noexcept {
  return os::membership_v6(native_handle(), Membership::leave, group, interface_index);
}

Result<void> UdpSocket::set_multicast_loop_v4(bool on) const noexcept {
  return os::set_option(native_handle(), Option::multicast_loop_v4, on ? 1 : 0);
}

Result<bool> UdpSocket::multicast_loop_v4() const noexcept {
  return flag(native_handle(), Option::multicast_loop_v4);
}

Result<void> UdpSocket::set_multicast_loop_v6(bool on) const noexcept {
  return os::set_option(native_handle(), Option::multicast_loop_v6, on ? 1 : 0);
}

Result<bool> UdpSocket::multicast_loop_v6() const noexcept {
  return flag(native_handle(), Option::multicast_loop_v6);
}

Result<void> UdpSocket::set_multicast_ttl_v4(std::uint32_t hops) const noexcept {
  return os::set_option(native_handle(), Option::multicast_ttl_v4, hops);
}

Result<std::uint32_t> UdpSocket::multicast_ttl_v4() const noexcept {
  return os::option(native_handle(), Option::multicast_ttl_v4);
}

}  // namespace evq::net
