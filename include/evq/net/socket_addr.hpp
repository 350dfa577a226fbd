// Socket addresses, the same bytes on every system.
#pragma once

#include <evq/error.hpp>

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace evq::net {

/// An IPv4, IPv6 or Unix-domain address. A value: copied, compared, ordered, hashed.
class SocketAddr {
 public:
  enum class Family : std::uint8_t {
    none,  ///< A default-constructed address; refused by every call.
    ipv4,
    ipv6,
    local,  ///< Unix-domain: a path, a name (Linux's abstract ones), or unnamed.
  };

  constexpr SocketAddr() noexcept = default;

  /// From text: `127.0.0.1:80`, `[::1]:80`, `[fe80::1%2]:80` (the scope as a number, or as the name
  /// of an interface of this system). Host names are for `resolve`. `invalid_argument` for anything
  /// else.
  [[nodiscard]] static Result<SocketAddr> parse(std::string_view text) noexcept;

  [[nodiscard]] static constexpr SocketAddr v4(std::array<std::uint8_t, 4> octets,
                                               std::uint16_t port) noexcept {
    SocketAddr addr(Family::ipv4, octets);
    addr.port_ = port;
    return addr;
  }
  [[nodiscard]] static constexpr SocketAddr v6(std::array<std::uint8_t, 16> octets,
                                               std::uint16_t port, std::uint32_t scope_id = 0,
                                               std::uint32_t flow_info = 0) noexcept {
    SocketAddr addr(Family::ipv6, octets);
    addr.port_ = port;
    addr.scope_id_ = scope_id;
    addr.flow_info_ = flow_info;
    return addr;
  }
  [[nodiscard]] static constexpr SocketAddr loopback_v4(std::uint16_t port) noexcept {
    return v4({127, 0, 0, 1}, port);
  }
  [[nodiscard]] static constexpr SocketAddr loopback_v6(std::uint16_t port) noexcept {
    return v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, port);
  }
  [[nodiscard]] static constexpr SocketAddr any_v4(std::uint16_t port) noexcept {
    return v4({}, port);
  }
  [[nodiscard]] static constexpr SocketAddr any_v6(std::uint16_t port) noexcept {
    return v6({}, port);
  }

  /// A Unix-domain address. A path that begins with a NUL byte is a name in Linux's abstract
  /// namespace (unix(7)). `invalid_argument` if it is empty or has a NUL byte further on,
  /// `filename_too_long` if it does not fit (108 bytes on Linux, 104 on macOS).
  [[nodiscard]] static Result<SocketAddr> local(const std::filesystem::path& path);
  /// The same from bytes, as the system gives them; an empty name is unnamed.
  [[nodiscard]] static Result<SocketAddr> local_name(std::string_view name) noexcept;

  [[nodiscard]] constexpr Family family() const noexcept { return family_; }
  [[nodiscard]] constexpr bool is_v4() const noexcept { return family_ == Family::ipv4; }
  [[nodiscard]] constexpr bool is_v6() const noexcept { return family_ == Family::ipv6; }
  [[nodiscard]] constexpr bool is_local() const noexcept { return family_ == Family::local; }

  /// 0 for a Unix-domain address.
  [[nodiscard]] constexpr std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] constexpr SocketAddr with_port(std::uint16_t port) const noexcept {
    SocketAddr addr = *this;
    addr.port_ = is_v4() || is_v6() ? port : std::uint16_t{0};
    return addr;
  }
  /// IPv6 only, else 0.
  [[nodiscard]] constexpr std::uint32_t scope_id() const noexcept { return scope_id_; }
  /// IPv6 only, else 0.
  [[nodiscard]] constexpr std::uint32_t flow_info() const noexcept { return flow_info_; }
  /// The address without its port: 4 or 16 octets in network order, or the bytes of a Unix-domain
  /// name.
  [[nodiscard]] constexpr std::span<const std::uint8_t> octets() const noexcept {
    return std::span(octets_).first(length_);
  }

  /// What `parse` reads: `127.0.0.1:80`, `[::1]:80`. For Unix-domain addresses the path, `@` and
  /// the rest for an abstract name, or `(unnamed)`.
  [[nodiscard]] std::string to_string() const;

  friend constexpr bool operator==(const SocketAddr&, const SocketAddr&) noexcept = default;
  friend constexpr std::strong_ordering operator<=>(const SocketAddr&,
                                                    const SocketAddr&) noexcept = default;

 private:
  /// The longest Unix-domain name of any system.
  static constexpr std::size_t max_octets = 108;

  constexpr SocketAddr(Family family, std::span<const std::uint8_t> octets) noexcept
      : family_(family), length_(static_cast<std::uint8_t>(octets.size())) {
    std::ranges::copy(octets, octets_.begin());
  }

  Family family_ = Family::none;
  std::uint8_t length_ = 0;
  std::uint16_t port_ = 0;
  std::uint32_t scope_id_ = 0;
  std::uint32_t flow_info_ = 0;
  std::array<std::uint8_t, max_octets> octets_{};
};

}  // namespace evq::net

template <>
struct std::hash<evq::net::SocketAddr> {
  [[nodiscard]] std::size_t operator()(const evq::net::SocketAddr& addr) const noexcept;
};
