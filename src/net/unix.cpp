#include <evq/net/unix.hpp>

#include "open.hpp"

namespace evq::net {

using os::Domain;
using os::SocketType;

Result<UnixStream> UnixStream::connect(const std::filesystem::path& path) {
  const auto addr = SocketAddr::local(path);
  return addr ? connect(*addr) : std::unexpected(addr.error());
}

Result<UnixStream> UnixStream::connect(const SocketAddr& addr) noexcept {
  return detail::transform(open_connecting(Domain::local, addr),
                           [](NewHandle handle) noexcept { return UnixStream(handle.take()); });
}

Result<std::pair<UnixStream, UnixStream>> UnixStream::pair() noexcept {
  return detail::transform(os::local_pair(SocketType::stream), [](const auto& handles) noexcept {
    return std::pair(UnixStream(handles.first), UnixStream(handles.second));
  });
}

Result<UnixStream> UnixStream::from_native(native_handle_type handle) noexcept {
  return detail::transform(take_over(handle, Domain::local, SocketType::stream),
                           [](NewHandle taken) noexcept { return UnixStream(taken.take()); });
}

Result<UnixListener> UnixListener::bind(const std::filesystem::path& path) {
  const auto addr = SocketAddr::local(path);
  return addr ? bind(*addr) : std::unexpected(addr.error());
}

Result<UnixListener> UnixListener::bind(const SocketAddr& addr) noexcept {
  return detail::transform(open_listening(Domain::local, addr),
                           [](NewHandle handle) noexcept { return UnixListener(handle.take()); });
}

Result<UnixListener> UnixListener::from_native(native_handle_type handle) noexcept {
  return detail::transform(take_over(handle, Domain::local, SocketType::stream),
                           [](NewHandle taken) noexcept { return UnixListener(taken.take()); });
}

Result<std::pair<UnixStream, SocketAddr>> UnixListener::accept() const noexcept {
  return detail::transform(try_io(Interest::readable, os::accept),
                           [](const std::pair<native_handle_type, SocketAddr>& accepted) noexcept {
                             return std::pair(UnixStream(accepted.first), accepted.second);
                           });
}

Result<UnixDatagram> UnixDatagram::bind(const std::filesystem::path& path) {
  const auto addr = SocketAddr::local(path);
  return addr ? bind(*addr) : std::unexpected(addr.error());
}

Result<UnixDatagram> UnixDatagram::bind(const SocketAddr& addr) noexcept {
  return detail::transform(open_bound(Domain::local, addr, SocketType::datagram),
                           [](NewHandle handle) noexcept { return UnixDatagram(handle.take()); });
}

Result<UnixDatagram> UnixDatagram::unbound() noexcept {
  return detail::transform(os::open_socket(SocketAddr::Family::local, SocketType::datagram),
                           [](native_handle_type handle) noexcept { return UnixDatagram(handle); });
}

Result<std::pair<UnixDatagram, UnixDatagram>> UnixDatagram::pair() noexcept {
  return detail::transform(os::local_pair(SocketType::datagram), [](const auto& handles) noexcept {
    return std::pair(UnixDatagram(handles.first), UnixDatagram(handles.second));
  });
}

Result<UnixDatagram> UnixDatagram::from_native(native_handle_type handle) noexcept {
  return detail::transform(take_over(handle, Domain::local, SocketType::datagram),
                           [](NewHandle taken) noexcept { return UnixDatagram(taken.take()); });
}

Result<std::size_t> UnixDatagram::send_to(std::span<const std::byte> bytes,
                                          const std::filesystem::path& path) const {
  const auto addr = SocketAddr::local(path);
  return addr ? send_to(bytes, *addr) : std::unexpected(addr.error());
}

Result<void> UnixDatagram::connect(const std::filesystem::path& path) const {
  const auto addr = SocketAddr::local(path);
  return addr ? connect(*addr) : std::unexpected(addr.error());
}

Result<void> UnixDatagram::connect(const SocketAddr& addr) const noexcept {
  return os::connect(native_handle(), addr);
}

Result<void> UnixDatagram::shutdown(Shutdown how) const noexcept {
  return os::shutdown(native_handle(), how);
}

}  // namespace evq::net
