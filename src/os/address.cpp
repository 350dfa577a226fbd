#include "address.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "native.hpp"
#include "socket.hpp"

namespace evq::os {

using net::SocketAddr;

static_assert(sizeof(sockaddr_un) <= sizeof(sockaddr_storage));

const std::size_t max_local_name = sizeof(sockaddr_un::sun_path);

namespace {

/// Names that begin with a NUL (unix(7)). Elsewhere a socket without a name has one of NULs.
#if defined(__linux__)
constexpr bool has_abstract_names = true;
#else
constexpr bool has_abstract_names = false;
#endif

}  // namespace

int native_family(SocketAddr::Family family) noexcept {
  switch (family) {
    case SocketAddr::Family::ipv4:
      return AF_INET;
    case SocketAddr::Family::ipv6:
      return AF_INET6;
    case SocketAddr::Family::local:
      return AF_UNIX;
    case SocketAddr::Family::none:
      break;
  }
  return AF_UNSPEC;
}

NativeAddr::NativeAddr(const SocketAddr& addr) noexcept {
  const auto octets = addr.octets();
  switch (addr.family()) {
    case SocketAddr::Family::ipv4: {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      in.sin_port = htons(addr.port());
      std::memcpy(&in.sin_addr, octets.data(), sizeof in.sin_addr);
      std::memcpy(&storage, &in, sizeof in);
      length = sizeof in;
      return;
    }
    case SocketAddr::Family::ipv6: {
      sockaddr_in6 in6{};
      in6.sin6_family = AF_INET6;
      in6.sin6_port = htons(addr.port());
      in6.sin6_flowinfo = htonl(addr.flow_info());
      in6.sin6_scope_id = addr.scope_id();
      std::memcpy(&in6.sin6_addr, octets.data(), sizeof in6.sin6_addr);
      std::memcpy(&storage, &in6, sizeof in6);
      length = sizeof in6;
      return;
    }
    case SocketAddr::Family::local: {
      sockaddr_un un{};
      un.sun_family = AF_UNIX;
      // A path has a NUL after it; an abstract name is as long as it is (unix(7)).
      const bool is_path = !octets.empty() && octets[0] != 0;
      std::memcpy(un.sun_path, octets.data(), std::min(octets.size(), sizeof un.sun_path));
      std::memcpy(&storage, &un, sizeof un);
      length = static_cast<socklen_t>(
          std::min(offsetof(sockaddr_un, sun_path) + octets.size() + (is_path ? 1 : 0), sizeof un));
      return;
    }
    case SocketAddr::Family::none:
      break;
  }
  storage.ss_family = AF_UNSPEC;
  length = sizeof storage.ss_family;
}

SocketAddr NativeAddr::portable() const noexcept {
  const auto size = static_cast<std::size_t>(length);
  if (size < offsetof(sockaddr_storage, ss_family) + sizeof storage.ss_family) {
    return {};
  }
  switch (storage.ss_family) {
    case AF_INET: {
      sockaddr_in in{};
      std::memcpy(&in, &storage, sizeof in);
      std::array<std::uint8_t, 4> octets{};
      std::memcpy(octets.data(), &in.sin_addr, octets.size());
      return SocketAddr::v4(octets, ntohs(in.sin_port));
    }
    case AF_INET6: {
      sockaddr_in6 in6{};
      std::memcpy(&in6, &storage, sizeof in6);
      std::array<std::uint8_t, 16> octets{};
      std::memcpy(octets.data(), &in6.sin6_addr, octets.size());
      return SocketAddr::v6(octets, ntohs(in6.sin6_port), in6.sin6_scope_id,
                            ntohl(in6.sin6_flowinfo));
    }
    case AF_UNIX: {
      sockaddr_un un{};
      std::memcpy(&un, &storage, sizeof un);
      constexpr std::size_t start = offsetof(sockaddr_un, sun_path);
      // A path that fills it has no NUL, and Linux counts one all the same.
      const std::size_t end = std::min(size, sizeof un);
      std::string_view name(un.sun_path, end > start ? end - start : 0);
      if (!has_abstract_names || (!name.empty() && name[0] != '\0')) {
        name = name.substr(0, name.find('\0'));
      }
      return SocketAddr::local_name(name).value_or(SocketAddr());
    }
    default:
      return {};
  }
}

bool parse_ip(std::string_view text, std::span<std::uint8_t> octets) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) {
    return false;
  }
  std::ranges::copy(text, terminated.begin());
  return ::inet_pton(octets.size() == 4 ? AF_INET : AF_INET6, terminated.data(), octets.data()) ==
         1;
}

std::string format_ip(std::span<const std::uint8_t> octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(octets.size() == 4 ? AF_INET : AF_INET6, octets.data(), text.data(), text.size());
  return text.data();
}

std::uint32_t interface_index(std::string_view name) noexcept {
  std::array<char, max_interface_name + 1> terminated{};
  if (name.size() >= terminated.size() || name.find('\0') != std::string_view::npos) {
    return 0;
  }
  std::ranges::copy(name, terminated.begin());
  return ::if_nametoindex(terminated.data());
}

}  // namespace evq::os
