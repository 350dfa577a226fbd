#include "channel.hpp"

#include <chrono>
#include <system_error>
#include <thread>
#include <type_traits>

namespace evq::differential {

namespace {

using net::SocketAddr;

template <class S>
constexpr bool is_stream = std::is_base_of_v<net::StreamSocket, S>;
template <class S>
constexpr bool is_datagram = std::is_base_of_v<net::DatagramSocket, S>;

template <class T>
Result<T> unsupported() {
  return std::unexpected(std::make_error_code(std::errc::operation_not_supported));
}

template <class A, class B>
Result<std::pair<End, End>> both(Result<A> first, Result<B> second) {
  if (!first || !second) {
    return std::unexpected(first ? second.error() : first.error());
  }
  return std::pair(End(*std::move(first)), End(*std::move(second)));
}

template <class Two>
Result<std::pair<End, End>> both(Result<Two> two) {
  if (!two) {
    return std::unexpected(two.error());
  }
  return std::pair(End(std::move(two->first)), End(std::move(two->second)));
}

Result<net::TcpStream> accept(const net::TcpListener& listener) {
  while (true) {
    auto accepted = listener.accept();
    if (accepted) {
      return std::move(accepted->first);
    }
    if (!would_block(accepted.error())) {
      return std::unexpected(accepted.error());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Result<std::pair<End, End>> open_tcp() {
  const auto listener = net::TcpListener::bind(SocketAddr::loopback_v4(0));
  if (!listener) {
    return std::unexpected(listener.error());
  }
  const auto address = listener->local_address();
  if (!address) {
    return std::unexpected(address.error());
  }
  auto client = net::TcpStream::connect(*address);
  auto server = accept(*listener);
  // Connected for good, not only in the listener's queue.
  while (client && server && !client->write({})) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (const auto* stream : {&client, &server}) {
    if (*stream) {
      static_cast<void>((*stream)->set_nodelay(true));
    }
  }
  return both(std::move(client), std::move(server));
}

Result<std::pair<End, End>> open_udp() {
  auto first = net::UdpSocket::bind(SocketAddr::loopback_v4(0));
  auto second = net::UdpSocket::bind(SocketAddr::loopback_v4(0));
  if (first && second) {
    for (const auto& [from, to] : {std::pair(&first, &second), std::pair(&second, &first)}) {
      const auto address = (*to)->local_address();
      if (!address) {
        return std::unexpected(address.error());
      }
      if (auto connected = (*from)->connect(*address); !connected) {
        return std::unexpected(connected.error());
      }
    }
  }
  return both(std::move(first), std::move(second));
}

}  // namespace

void End::close() {
  std::visit([](auto& source) { const auto closed = std::move(source); }, *source_);
}

void End::move() {
  source_ = std::make_unique<Source>(std::move(*source_));
}

Result<std::size_t> End::write(std::span<const std::byte> bytes) const {
  return visit([bytes]<class S>(const S& source) -> Result<std::size_t> {
    if constexpr (is_datagram<S>) {
      return source.send(bytes);
    } else if constexpr (requires { source.write(bytes); }) {
      return source.write(bytes);
    } else {
      return unsupported<std::size_t>();
    }
  });
}

Result<std::size_t> End::read(std::span<std::byte> buffer) const {
  return visit([buffer]<class S>(const S& source) -> Result<std::size_t> {
    if constexpr (is_datagram<S>) {
      return source.recv(buffer);
    } else if constexpr (requires { source.read(buffer); }) {
      return source.read(buffer);
    } else {
      return unsupported<std::size_t>();
    }
  });
}

Result<void> End::finish() const {
  return visit([]<class S>(const S& source) -> Result<void> {
    if constexpr (is_stream<S>) {
      return source.shutdown(net::Shutdown::write);
    } else {
      return unsupported<void>();
    }
  });
}

native_handle_type End::handle() const {
  return visit([](const auto& source) { return source.native_handle(); });
}

Result<std::pair<End, End>> open_channel(Medium medium) {
  switch (medium) {
    case Medium::tcp:
      return open_tcp();
    case Medium::udp:
      return open_udp();
    case Medium::local:
      return both(net::UnixStream::pair());
    case Medium::pipe:
#ifndef _WIN32
      return both(pipe());
#else
      break;
#endif
  }
  return unsupported<std::pair<End, End>>();
}

}  // namespace evq::differential
