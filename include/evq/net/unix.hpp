// Unix-domain sockets. On a system without them the factories give
// `address_family_not_supported`. A path of type std::filesystem::path takes any string; see
// SocketAddr::local for what it may be.
#pragma once

#include <evq/net/socket.hpp>

#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>

namespace evq::net {

/// A connection within this machine.
class UnixStream final : public StreamSocket {
 public:
  /// Connects, at once or not at all: would-block means that the listener's backlog is full, and
  /// the call can be tried again (connect(2) on Linux).
  [[nodiscard]] static Result<UnixStream> connect(const std::filesystem::path& path);
  [[nodiscard]] static Result<UnixStream> connect(const SocketAddr& addr) noexcept;
  /// Two streams connected to each other. Not on Windows.
  [[nodiscard]] static Result<std::pair<UnixStream, UnixStream>> pair() noexcept;
  /// Takes over an open socket: see TcpStream::from_native.
  [[nodiscard]] static Result<UnixStream> from_native(native_handle_type handle) noexcept;

 private:
  friend class UnixListener;
  using StreamSocket::StreamSocket;
};

/// A socket that Unix-domain connections arrive at.
class UnixListener final : public Socket {
 public:
  /// Binds and listens. It makes the path in the file system: `address_in_use` if that exists.
  /// Removing it, before or after, is the caller's.
  [[nodiscard]] static Result<UnixListener> bind(const std::filesystem::path& path);
  [[nodiscard]] static Result<UnixListener> bind(const SocketAddr& addr) noexcept;
  /// Takes over a listening socket: see TcpStream::from_native.
  [[nodiscard]] static Result<UnixListener> from_native(native_handle_type handle) noexcept;

  /// The next connection and its address, which is most often unnamed: see TcpListener::accept.
  [[nodiscard]] Result<std::pair<UnixStream, SocketAddr>> accept() const noexcept;

 private:
  using Socket::Socket;
};

/// A socket of messages within this machine, which are neither lost nor reordered. Not on Windows.
class UnixDatagram final : public DatagramSocket {
 public:
  [[nodiscard]] static Result<UnixDatagram> bind(const std::filesystem::path& path);
  [[nodiscard]] static Result<UnixDatagram> bind(const SocketAddr& addr) noexcept;
  /// Without an address: it can send, and receive nothing unless it is connected to a pair.
  [[nodiscard]] static Result<UnixDatagram> unbound() noexcept;
  /// Two sockets connected to each other.
  [[nodiscard]] static Result<std::pair<UnixDatagram, UnixDatagram>> pair() noexcept;
  /// Takes over an open socket: see TcpStream::from_native.
  [[nodiscard]] static Result<UnixDatagram> from_native(native_handle_type handle) noexcept;

  using DatagramSocket::send_to;
  Result<std::size_t> send_to(std::span<const std::byte> bytes,
                              const std::filesystem::path& path) const;
  /// Sets the peer for `send`.
  Result<void> connect(const std::filesystem::path& path) const;
  Result<void> connect(const SocketAddr& addr) const noexcept;
  Result<void> shutdown(Shutdown how) const noexcept;

 private:
  using DatagramSocket::DatagramSocket;
};

}  // namespace evq::net
