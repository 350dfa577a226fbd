// Names to addresses.
#pragma once

#include <evq/error.hpp>
#include <evq/net/socket_addr.hpp>

#include <string_view>
#include <system_error>
#include <vector>

namespace evq::net {

/// The addresses of a host and a service, in the order in which to try them; each once. `host` is a
/// name or an address in text (empty: the loopback addresses), `service` a port number or a name
/// from services(5) (empty: port 0). **Blocks** for as long as the system's resolver takes: call it
/// before the loop or on a thread of its own. Thread-safe. Errors are those of `resolve_category`,
/// or the system's.
[[nodiscard]] Result<std::vector<SocketAddr>> resolve(std::string_view host,
                                                      std::string_view service);

/// The errors of getaddrinfo(3), EAI_NONAME and so on, which are no errno values.
[[nodiscard]] const std::error_category& resolve_category() noexcept;

}  // namespace evq::net
