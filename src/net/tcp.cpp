#include <evq/net/tcp.hpp>

#include "open.hpp"

namespace evq::net {

using os::Domain;
using os::Option;
using os::SocketType;

Result<TcpStream> TcpStream::connect(const SocketAddr& addr) noexcept {
  return detail::transform(open_connecting(Domain::internet, addr),
                           [](NewHandle handle) noexcept { return TcpStream(handle.take()); });
}

Result<TcpStream> TcpStream::from_native(native_handle_type handle) noexcept {
  return detail::transform(take_over(handle, Domain::internet, SocketType::stream),
                           [](NewHandle taken) noexcept { return TcpStream(taken.take()); });
}

Result<void> TcpStream::set_nodelay(bool on) const noexcept {
  return os::set_option(native_handle(), Option::nodelay, on ? 1 : 0);
}

Result<bool> TcpStream::nodelay() const noexcept {
  return flag(native_handle(), Option::nodelay);
}

Result<void> TcpStream::set_ttl(std::uint32_t hops) const noexcept {
  return net::set_ttl(native_handle(), hops);
}

Result<std::uint32_t> TcpStream::ttl() const noexcept {
  return net::ttl(native_handle());
}

Result<TcpListener> TcpListener::bind(const SocketAddr& addr) noexcept {
  return detail::transform(open_listening(Domain::internet, addr),
                           [](NewHandle handle) noexcept { return TcpListener(handle.take()); });
}

Result<TcpListener> TcpListener::from_native(native_handle_type handle) noexcept {
  return detail::transform(take_over(handle, Domain::internet, SocketType::stream),
                           [](NewHandle taken) noexcept { return TcpListener(taken.take()); });
}

Result<std::pair<TcpStream, SocketAddr>> TcpListener::accept() const noexcept {
  return detail::transform(try_io(Interest::readable, os::accept),
                           [](const std::pair<native_handle_type, SocketAddr>& accepted) noexcept {
                             return std::pair(TcpStream(accepted.first), accepted.second);
                           });
}

Result<void> TcpListener::set_ttl(std::uint32_t hops) const noexcept {
  return net::set_ttl(native_handle(), hops);
}

Result<std::uint32_t> TcpListener::ttl() const noexcept {
  return net::ttl(native_handle());
}

}  // namespace evq::net
