// What the socket types share.
//
// Every socket is non-blocking and closed by exec from birth, moves while it is registered, and
// leaves its queue when it is destroyed. Members that are const may be called from several threads
// at a time, as the system's calls may; moving, assigning, releasing and destroying may not.
// An error is the system's, as std::errc names it; would_block() tells the one that means "later".
#pragma once

#include <evq/detail/io.hpp>
#include <evq/error.hpp>
#include <evq/handle.hpp>
#include <evq/net/socket_addr.hpp>
#include <evq/source.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <utility>

namespace evq::net {

enum class Shutdown : std::uint8_t {
  read,   ///< Further reads give 0.
  write,  ///< The peer sees the end of the stream once it has read what was sent.
  both,
};

/// Buffers of a vectored call, filled or sent in order. Past the 64th they are left for the next
/// call, as with a short read or write.
using Buffers = std::span<const std::span<std::byte>>;
using ConstBuffers = std::span<const std::span<const std::byte>>;

/// Any socket.
class Socket : public detail::OwnedSource {
 public:
  /// getsockname(2).
  [[nodiscard]] Result<SocketAddr> local_address() const noexcept;
  /// getpeername(2); `not_connected` while there is none.
  [[nodiscard]] Result<SocketAddr> peer_address() const noexcept;
  /// Takes the pending error off the socket (SO_ERROR); no error is a value of 0. After a connect's
  /// first writable event this says whether it worked.
  [[nodiscard]] Result<std::error_code> take_error() const noexcept;

 protected:
  using OwnedSource::OwnedSource;
};

/// A connected stream of bytes.
class StreamSocket : public Socket {
 public:
  /// Reads into `buffer` what is there, at least one byte. 0 is the end of the stream (or an empty
  /// buffer). Would-block if nothing is there yet.
  Result<std::size_t> read(std::span<std::byte> buffer) const noexcept {
    return finish_io(Interest::readable, detail::receive(native_handle(), buffer));
  }
  /// As `read`, and leaves the bytes to be read again.
  Result<std::size_t> peek(std::span<std::byte> buffer) const noexcept {
    return finish_io(Interest::readable, detail::peek(native_handle(), buffer));
  }
  Result<std::size_t> read_vectored(Buffers buffers) const noexcept;
  /// Writes as much of `bytes` as the system takes now, at least one. Never raises SIGPIPE:
  /// `broken_pipe` or `connection_reset` when the peer is gone.
  Result<std::size_t> write(std::span<const std::byte> bytes) const noexcept {
    return finish_io(Interest::writable, detail::send(native_handle(), bytes));
  }
  Result<std::size_t> write_vectored(ConstBuffers buffers) const noexcept;
  /// `not_connected` where the peer is gone already on some systems.
  Result<void> shutdown(Shutdown how) const noexcept;

 protected:
  using Socket::Socket;
};

/// A socket of whole messages. A message longer than the buffer is cut to it.
class DatagramSocket : public Socket {
 public:
  Result<std::size_t> send_to(std::span<const std::byte> bytes,
                              const SocketAddr& to) const noexcept;
  Result<std::pair<std::size_t, SocketAddr>> recv_from(std::span<std::byte> buffer) const noexcept;
  /// As `recv_from`, and leaves the message to be received again.
  Result<std::pair<std::size_t, SocketAddr>> peek_from(std::span<std::byte> buffer) const noexcept;
  /// To the peer that `connect` has set.
  Result<std::size_t> send(std::span<const std::byte> bytes) const noexcept {
    return finish_io(Interest::writable, detail::send(native_handle(), bytes));
  }
  Result<std::size_t> recv(std::span<std::byte> buffer) const noexcept {
    return finish_io(Interest::readable, detail::receive(native_handle(), buffer));
  }
  Result<std::size_t> peek(std::span<std::byte> buffer) const noexcept {
    return finish_io(Interest::readable, detail::peek(native_handle(), buffer));
  }

 protected:
  using Socket::Socket;
};

}  // namespace evq::net
