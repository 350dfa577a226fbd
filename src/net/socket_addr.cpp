#include <evq/net/socket_addr.hpp>

#include <charconv>
#include <limits>
#include <optional>
#include <system_error>

#include "../os/socket.hpp"

namespace evq::net {

namespace {

/// All of `text` as a decimal number, without sign or space.
template <class N>
std::optional<N> number(std::string_view text) noexcept {
  N value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

void append_number(std::string& text, std::uint32_t value) {
  std::array<char, std::numeric_limits<std::uint32_t>::digits10 + 1> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  text.append(digits.data(), end);
}

}  // namespace

Result<SocketAddr> SocketAddr::parse(std::string_view text) noexcept {
  const auto invalid = detail::fail(std::errc::invalid_argument);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return invalid;
  }
  const auto port = number<std::uint16_t>(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (!port) {
    return invalid;
  }
  std::array<std::uint8_t, 4> v4_octets{};
  if (os::parse_ip(host, v4_octets)) {
    return v4(v4_octets, *port);
  }
  if (!host.starts_with('[') || !host.ends_with(']')) {
    return invalid;
  }
  host = host.substr(1, host.size() - 2);
  std::uint32_t scope = 0;
  if (const std::size_t percent = host.find('%'); percent != std::string_view::npos) {
    const std::string_view name = host.substr(percent + 1);
    const auto index = number<std::uint32_t>(name);
    scope = index ? *index : os::interface_index(name);
    if (scope == 0) {
      return invalid;
    }
    host = host.substr(0, percent);
  }
  std::array<std::uint8_t, 16> v6_octets{};
  if (!os::parse_ip(host, v6_octets)) {
    return invalid;
  }
  return v6(v6_octets, *port, scope);
}

Result<SocketAddr> SocketAddr::local(const std::filesystem::path& path) {
  const auto text = path.u8string();
  if (text.empty()) {
    return detail::fail(std::errc::invalid_argument);
  }
  return local_name({reinterpret_cast<const char*>(text.data()), text.size()});
}

Result<SocketAddr> SocketAddr::local_name(std::string_view name) noexcept {
  const bool is_abstract = name.starts_with('\0');
  if (!is_abstract && name.find('\0') != std::string_view::npos) {
    return detail::fail(std::errc::invalid_argument);
  }
  if (name.size() > os::max_local_name) {
    return detail::fail(std::errc::filename_too_long);
  }
  SocketAddr addr;
  addr.family_ = Family::local;
  addr.length_ = static_cast<std::uint8_t>(name.size());
  std::ranges::transform(name, addr.octets_.begin(),
                         [](char byte) noexcept { return static_cast<std::uint8_t>(byte); });
  return addr;
}

std::string SocketAddr::to_string() const {
  std::string text;
  switch (family_) {
    case Family::none:
      return "(none)";
    case Family::ipv4:
      text += os::format_ip(octets());
      break;
    case Family::ipv6:
      text += '[';
      text += os::format_ip(octets());
      if (scope_id_ != 0) {
        text += '%';
        append_number(text, scope_id_);
      }
      text += ']';
      break;
    case Family::local:
      if (length_ == 0) {
        return "(unnamed)";
      }
      text.assign(octets().begin(), octets().end());
      if (text[0] == '\0') {
        text[0] = '@';
      }
      return text;
  }
  text += ':';
  append_number(text, port_);
  return text;
}

}  // namespace evq::net

std::size_t std::hash<evq::net::SocketAddr>::operator()(
    const evq::net::SocketAddr& addr) const noexcept {
  const auto octets = addr.octets();
  std::size_t seed =
      std::hash<std::string_view>{}({reinterpret_cast<const char*>(octets.data()), octets.size()});
  const std::size_t rest = std::size_t{addr.port()} << 16 ^ addr.scope_id() << 4 ^
                           static_cast<std::size_t>(addr.family());
  seed ^= rest + 0x9e3779b9U + (seed << 6) + (seed >> 2);
  return seed;
}
