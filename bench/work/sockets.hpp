// Connected sockets for the works, and the calls that they make. Every contender makes these same
// calls: what differs is only how it learns that they will not block.
#pragma once

#include <evq/net/net.hpp>

#include <cstddef>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace bench {

/// The value, or throws its error.
template <class T>
T take(evq::Result<T> result, const char* what) {
  if (!result) {
    throw std::system_error(result.error(), what);
  }
  if constexpr (!std::is_void_v<T>) {
    return *std::move(result);
  }
}

/// Both ends of many connections.
template <class Stream>
struct Connections {
  std::vector<Stream> first;
  std::vector<Stream> second;
};

/// `count` socket pairs within the machine.
Connections<evq::net::UnixStream> make_pairs(std::size_t count);
/// `count` TCP connections over loopback, without delay for small messages, and with room for
/// `in_flight` bytes each way.
Connections<evq::net::TcpStream> make_connections(std::size_t count, std::size_t in_flight);
/// Sockets on which nothing ever happens.
std::vector<evq::net::UnixDatagram> make_idle(std::size_t count);

/// As many descriptors as this process may have.
void raise_descriptor_limit();

/// recv(2): the bytes that are there, 0 if there are none yet. Throws at the end of the stream.
std::size_t receive(int fd, std::span<std::byte> buffer);
/// send(2) of all of `bytes`, for which there is room.
void send_all(int fd, std::span<const std::byte> bytes);

}  // namespace bench
