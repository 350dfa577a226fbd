#include <evq/net/resolve.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "address.hpp"
#include "native.hpp"

namespace evq::net {

namespace {

class ResolveCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "evq.resolve"; }
  [[nodiscard]] std::string message(int value) const override { return os::resolve_message(value); }
  [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
    switch (value) {
      case EAI_MEMORY:
        return std::errc::not_enough_memory;
      case EAI_FAMILY:
        return std::errc::address_family_not_supported;
      default:
        return {value, *this};
    }
  }
};

}  // namespace

const std::error_category& resolve_category() noexcept {
  static const ResolveCategory category;
  return category;
}

Result<std::vector<SocketAddr>> resolve(std::string_view host, std::string_view service) {
  if (host.find('\0') != std::string_view::npos || service.find('\0') != std::string_view::npos) {
    return detail::fail(std::errc::invalid_argument);
  }
  if (auto started = os::start_sockets(); !started) {
    return std::unexpected(started.error());
  }
  const std::string host_text(host);
  // One of the two must be given (getaddrinfo(3)); port 0 is what none means anyway.
  const std::string service_text(service.empty() ? "0" : service);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;  // else each address comes once per type
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(host.empty() ? nullptr : host_text.c_str(), service_text.c_str(),
                                   &hints, &list);
#ifdef EAI_SYSTEM
  if (status == EAI_SYSTEM) {
    return os::last_error();
  }
#endif
  if (status != 0) {
    return std::unexpected(std::error_code(status, resolve_category()));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, ::freeaddrinfo);

  std::vector<SocketAddr> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    os::NativeAddr native;
    const auto size = std::min<std::size_t>(entry->ai_addrlen, sizeof native.storage);
    std::memcpy(&native.storage, entry->ai_addr, size);
    native.length = static_cast<socklen_t>(size);
    const SocketAddr addr = native.portable();
    if (addr.family() != SocketAddr::Family::none &&
        std::ranges::find(addresses, addr) == addresses.end()) {
      addresses.push_back(addr);
    }
  }
  return addresses;
}

}  // namespace evq::net
