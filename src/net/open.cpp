#include "open.hpp"

namespace evq::net {

namespace {

bool belongs(os::Domain domain, const SocketAddr& addr) noexcept {
  return domain == os::Domain::local ? addr.is_local() : addr.is_v4() || addr.is_v6();
}

Result<os::Option> ttl_option(native_handle_type handle) noexcept {
  return detail::transform(os::local_address(handle), [](const SocketAddr& addr) noexcept {
    return addr.is_v6() ? os::Option::ttl_v6 : os::Option::ttl_v4;
  });
}

}  // namespace

Result<NewHandle> open(os::Domain domain, const SocketAddr& addr, os::SocketType type) noexcept {
  if (!belongs(domain, addr)) {
    return detail::fail(std::errc::address_family_not_supported);
  }
  return detail::transform(os::open_socket(addr.family(), type),
                           [](native_handle_type handle) noexcept { return NewHandle(handle); });
}

Result<NewHandle> open_bound(os::Domain domain, const SocketAddr& addr,
                             os::SocketType type) noexcept {
  auto handle = open(domain, addr, type);
  if (!handle) {
    return handle;
  }
  // Else it depends on the system whether an IPv6 socket takes IPv4 too.
  if (addr.is_v6()) {
    if (auto set = os::set_option(handle->get(), os::Option::only_v6, 1); !set) {
      return std::unexpected(set.error());
    }
  }
#ifndef _WIN32
  if (domain == os::Domain::internet && type == os::SocketType::stream) {
    if (auto set = os::set_option(handle->get(), os::Option::reuse_address, 1); !set) {
      return std::unexpected(set.error());
    }
  }
#endif
  if (auto bound = os::bind(handle->get(), addr); !bound) {
    return std::unexpected(bound.error());
  }
  return handle;
}

Result<NewHandle> open_listening(os::Domain domain, const SocketAddr& addr) noexcept {
  auto handle = open_bound(domain, addr, os::SocketType::stream);
  if (!handle) {
    return handle;
  }
  if (auto listening = os::listen(handle->get()); !listening) {
    return std::unexpected(listening.error());
  }
  return handle;
}

Result<NewHandle> open_connecting(os::Domain domain, const SocketAddr& addr) noexcept {
  auto handle = open(domain, addr, os::SocketType::stream);
  if (!handle) {
    return handle;
  }
  if (auto connecting = os::connect(handle->get(), addr); !connecting) {
    return std::unexpected(connecting.error());
  }
  return handle;
}

Result<NewHandle> take_over(native_handle_type handle, os::Domain domain,
                            os::SocketType type) noexcept {
  if (auto checked = os::check_socket(handle, domain, type); !checked) {
    return std::unexpected(checked.error());
  }
  if (auto adopted = os::adopt(handle); !adopted) {
    return std::unexpected(adopted.error());
  }
  return NewHandle(handle);
}

Result<void> set_ttl(native_handle_type handle, std::uint32_t hops) noexcept {
  const auto option = ttl_option(handle);
  return option ? os::set_option(handle, *option, hops) : std::unexpected(option.error());
}

Result<std::uint32_t> ttl(native_handle_type handle) noexcept {
  const auto option = ttl_option(handle);
  return option ? os::option(handle, *option) : std::unexpected(option.error());
}

}  // namespace evq::net
