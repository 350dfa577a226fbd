#include "options.hpp"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>
#include <system_error>

#include "../result.hpp"
#include "native.hpp"

namespace evq::os {

namespace {

struct NativeOption {
  int level;
  int name;
};

NativeOption native_option(Option option) noexcept {
  switch (option) {
    case Option::broadcast:
      return {SOL_SOCKET, SO_BROADCAST};
    case Option::multicast_loop_v4:
      return {IPPROTO_IP, IP_MULTICAST_LOOP};
    case Option::multicast_loop_v6:
      return {IPPROTO_IPV6, IPV6_MULTICAST_LOOP};
    case Option::multicast_ttl_v4:
      return {IPPROTO_IP, IP_MULTICAST_TTL};
    case Option::nodelay:
      return {IPPROTO_TCP, TCP_NODELAY};
    case Option::only_v6:
      return {IPPROTO_IPV6, IPV6_V6ONLY};
    case Option::reuse_address:
      return {SOL_SOCKET, SO_REUSEADDR};
    case Option::ttl_v4:
      return {IPPROTO_IP, IP_TTL};
    case Option::ttl_v6:
      return {IPPROTO_IPV6, IPV6_UNICAST_HOPS};
  }
  return {-1, -1};
}

template <class Value>
Result<void> set(native_handle_type handle, int level, int name, const Value& value) noexcept {
  return done_or_error(::setsockopt(handle, level, name, reinterpret_cast<const char*>(&value),
                                    static_cast<socklen_t>(sizeof value)));
}

template <class Value>
Result<Value> get(native_handle_type handle, int level, int name) noexcept {
  Value value{};
  socklen_t length = sizeof value;
  if (::getsockopt(handle, level, name, reinterpret_cast<char*>(&value), &length) != 0) {
    return last_error();
  }
  return value;
}

bool is_octet(Option option) noexcept {
  return has_octet_options &&
         (option == Option::multicast_loop_v4 || option == Option::multicast_ttl_v4);
}

}  // namespace

int native_type(SocketType type) noexcept {
  return type == SocketType::stream ? SOCK_STREAM : SOCK_DGRAM;
}

Result<int> int_option(native_handle_type handle, int level, int name) noexcept {
  return get<int>(handle, level, name);
}

Result<void> set_option(native_handle_type handle, Option option, std::uint32_t value) noexcept {
  const auto [level, name] = native_option(option);
  if (is_octet(option)) {
    if (value > UCHAR_MAX) {
      return detail::fail(std::errc::invalid_argument);
    }
    return set(handle, level, name, static_cast<unsigned char>(value));
  }
  return set(handle, level, name, static_cast<int>(std::min<std::uint32_t>(value, INT_MAX)));
}

Result<std::uint32_t> option(native_handle_type handle, Option option) noexcept {
  const auto [level, name] = native_option(option);
  if (is_octet(option)) {
    return get<unsigned char>(handle, level, name);
  }
  return detail::transform(int_option(handle, level, name),
                           [](int value) noexcept { return static_cast<std::uint32_t>(value); });
}

Result<void> membership_v4(native_handle_type handle, Membership change, const SocketAddr& group,
                           const SocketAddr& interface_address) noexcept {
  if (!group.is_v4() || !interface_address.is_v4()) {
    return detail::fail(std::errc::invalid_argument);
  }
  ip_mreq request{};
  std::memcpy(&request.imr_multiaddr, group.octets().data(), group.octets().size());
  std::memcpy(&request.imr_interface, interface_address.octets().data(),
              interface_address.octets().size());
  return set(handle, IPPROTO_IP,
             change == Membership::join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, request);
}

Result<void> membership_v6(native_handle_type handle, Membership change, const SocketAddr& group,
                           std::uint32_t interface_index) noexcept {
  if (!group.is_v6()) {
    return detail::fail(std::errc::invalid_argument);
  }
  ipv6_mreq request{};
  std::memcpy(&request.ipv6mr_multiaddr, group.octets().data(), group.octets().size());
  request.ipv6mr_interface = interface_index;
  return set(handle, IPPROTO_IPV6, change == Membership::join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP,
             request);
}

}  // namespace evq::os
