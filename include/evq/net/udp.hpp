// UDP.
#pragma once

#include <evq/net/socket.hpp>

#include <cstdint>

namespace evq::net {

/// A UDP socket.
class UdpSocket final : public DatagramSocket {
 public:
  /// Port 0 takes a free one: ask `local_address`. An IPv6 address takes IPv6 only.
  [[nodiscard]] static Result<UdpSocket> bind(const SocketAddr& addr) noexcept;
  /// Takes over an open UDP socket: see TcpStream::from_native.
  [[nodiscard]] static Result<UdpSocket> from_native(native_handle_type handle) noexcept;

  /// Sets the peer for `send` and takes messages from it alone. An unreachable peer is then
  /// reported as `connection_refused` by a later call.
  Result<void> connect(const SocketAddr& addr) const noexcept;

  /// Whether messages may go to a broadcast address (SO_BROADCAST).
  Result<void> set_broadcast(bool on) const noexcept;
  [[nodiscard]] Result<bool> broadcast() const noexcept;
  /// The time to live of IPv4 packets, or the hop limit of IPv6, 1 to 255.
  Result<void> set_ttl(std::uint32_t hops) const noexcept;
  [[nodiscard]] Result<std::uint32_t> ttl() const noexcept;
  /// Whether the socket takes IPv6 only; true from birth.
  [[nodiscard]] Result<bool> only_v6() const noexcept;

  /// Joins or leaves the group of an IPv4 address on the interface that has the address
  /// `interface` (any_v4: the system chooses). Ports are not looked at.
  Result<void> join_multicast_v4(const SocketAddr& group,
                                 const SocketAddr& interface_address) const noexcept;
  Result<void> leave_multicast_v4(const SocketAddr& group,
                                  const SocketAddr& interface_address) const noexcept;
  /// The same for IPv6, on the interface with the index `interface_index` (0: the system chooses).
  Result<void> join_multicast_v6(const SocketAddr& group,
                                 std::uint32_t interface_index) const noexcept;
  Result<void> leave_multicast_v6(const SocketAddr& group,
                                  std::uint32_t interface_index) const noexcept;
  /// Whether this machine gets the multicast messages it sends. POSIX asks the sending socket,
  /// Windows the receiving one.
  Result<void> set_multicast_loop_v4(bool on) const noexcept;
  [[nodiscard]] Result<bool> multicast_loop_v4() const noexcept;
  Result<void> set_multicast_loop_v6(bool on) const noexcept;
  [[nodiscard]] Result<bool> multicast_loop_v6() const noexcept;
  /// How far IPv4 multicast messages go; 1, the network itself, from birth.
  Result<void> set_multicast_ttl_v4(std::uint32_t hops) const noexcept;
  [[nodiscard]] Result<std::uint32_t> multicast_ttl_v4() const noexcept;

 private:
  using DatagramSocket::DatagramSocket;
};

}  // namespace evq::net
