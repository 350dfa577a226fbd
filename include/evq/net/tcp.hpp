// TCP.
#pragma once

#include <evq/net/socket.hpp>

#include <cstdint>
#include <utility>

namespace evq::net {

/// A TCP connection.
class TcpStream final : public StreamSocket {
 public:
  /// Begins to connect and does not wait. Register the stream as writable; at its event
  /// `take_error` says whether the connection stands. Fails at once with what is known at once
  /// (`network_unreachable`, `address_family_not_supported`, on some systems `connection_refused`).
  [[nodiscard]] static Result<TcpStream> connect(const SocketAddr& addr) noexcept;
  /// Takes over an open TCP socket and makes it non-blocking and closed by exec. On an error
  /// (`bad_file_descriptor`, `not_a_socket`, `wrong_protocol_type`) it stays the caller's.
  [[nodiscard]] static Result<TcpStream> from_native(native_handle_type handle) noexcept;

  /// TCP_NODELAY: small writes leave at once and do not wait for the acknowledgement of earlier
  /// ones.
  Result<void> set_nodelay(bool on) const noexcept;
  [[nodiscard]] Result<bool> nodelay() const noexcept;
  /// The time to live of IPv4 packets, or the hop limit of IPv6, 1 to 255.
  Result<void> set_ttl(std::uint32_t hops) const noexcept;
  [[nodiscard]] Result<std::uint32_t> ttl() const noexcept;

 private:
  friend class TcpListener;
  using StreamSocket::StreamSocket;
};

/// A socket that TCP connections arrive at.
class TcpListener final : public Socket {
 public:
  /// Binds and listens, with the system's longest backlog. Port 0 takes a free one: ask
  /// `local_address`. On POSIX systems with SO_REUSEADDR, so that a restarted server gets its port
  /// back (on Windows that option would let two servers share it). An IPv6 address takes IPv6
  /// connections only, on every system.
  [[nodiscard]] static Result<TcpListener> bind(const SocketAddr& addr) noexcept;
  /// Takes over a listening socket: see TcpStream::from_native.
  [[nodiscard]] static Result<TcpListener> from_native(native_handle_type handle) noexcept;

  /// The next connection, ready for use, and who it comes from. Would-block if there is none.
  /// `connection_aborted` and `too_many_files_open` leave the listener as it was: go on, or try
  /// again when descriptors are free. On an edge, accept until would-block.
  [[nodiscard]] Result<std::pair<TcpStream, SocketAddr>> accept() const noexcept;

  Result<void> set_ttl(std::uint32_t hops) const noexcept;
  [[nodiscard]] Result<std::uint32_t> ttl() const noexcept;

 private:
  using Socket::Socket;
};

}  // namespace evq::net
