#include "sockets.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>

#include "work.hpp"

namespace bench {

namespace {

using evq::net::SocketAddr;
using evq::net::TcpListener;
using evq::net::TcpStream;
using evq::net::UnixDatagram;
using evq::net::UnixStream;

void set_buffers(const TcpStream& stream, std::size_t bytes) {
  // The kernel counts its own overhead too.
  const int size = static_cast<int>(bytes * 4 + 65536);
  for (const int option : {SO_SNDBUF, SO_RCVBUF}) {
    if (::setsockopt(stream.native_handle(), SOL_SOCKET, option, &size, sizeof size) != 0) {
      fail("setsockopt");
    }
  }
}

}  // namespace

Connections<UnixStream> make_pairs(std::size_t count) {
  Connections<UnixStream> pairs;
  for (std::size_t i = 0; i < count; ++i) {
    auto [first, second] = take(UnixStream::pair(), "socketpair");
    pairs.first.push_back(std::move(first));
    pairs.second.push_back(std::move(second));
  }
  return pairs;
}

Connections<TcpStream> make_connections(std::size_t count, std::size_t in_flight) {
  const auto listener = take(TcpListener::bind(SocketAddr::loopback_v4(0)), "bind");
  const auto address = take(listener.local_address(), "getsockname");
  Connections<TcpStream> connections;
  for (std::size_t i = 0; i < count; ++i) {
    auto client = take(TcpStream::connect(address), "connect");
    auto server = listener.accept();
    while (!server && evq::would_block(server.error())) {
      server = listener.accept();
    }
    connections.first.push_back(std::move(client));
    connections.second.push_back(take(std::move(server), "accept").first);
    for (const auto* stream : {&connections.first.back(), &connections.second.back()}) {
      static_cast<void>(stream->set_nodelay(true));
      set_buffers(*stream, in_flight);
    }
  }
  return connections;
}

std::vector<UnixDatagram> make_idle(std::size_t count) {
  std::vector<UnixDatagram> sockets;
  sockets.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    sockets.push_back(take(UnixDatagram::unbound(), "socket"));
  }
  return sockets;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::size_t receive(int fd, std::span<std::byte> buffer) {
  const auto count = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (count > 0) {
    return static_cast<std::size_t>(count);
  }
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    return 0;
  }
  if (count == 0) {
    throw std::runtime_error("recv: the end of a stream that should go on");
  }
  fail("recv");
}

void send_all(int fd, std::span<const std::byte> bytes) {
  const auto count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count < 0) {
    fail("send");
  }
  if (static_cast<std::size_t>(count) != bytes.size()) {
    throw std::runtime_error("send: the socket's buffer is too small for this");
  }
}

}  // namespace bench
