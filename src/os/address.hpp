// SocketAddr to and from the system's sockaddr.
#pragma once

#include <evq/net/socket_addr.hpp>

#include "native.hpp"

namespace evq::os {

/// A sockaddr of any family, and how much of it is meant.
struct NativeAddr {
  NativeAddr() noexcept = default;
  explicit NativeAddr(const net::SocketAddr& addr) noexcept;

  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  /// Of family `none` if the system gave none, or one that evq does not know.
  [[nodiscard]] net::SocketAddr portable() const noexcept;

  sockaddr_storage storage;
  socklen_t length = sizeof(sockaddr_storage);
};

/// AF_INET and so on; AF_UNSPEC for none.
int native_family(net::SocketAddr::Family family) noexcept;

}  // namespace evq::os
