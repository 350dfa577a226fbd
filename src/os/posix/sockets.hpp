// The headers of sockets, and by what names and types they go.
#pragma once

#include <evq/error.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <string>
#include <system_error>

#include "descriptor.hpp"
#include "errno.hpp"

namespace evq::os {

inline constexpr std::size_t max_interface_name = IF_NAMESIZE - 1;
/// Some options are one octet, and on OpenBSD nothing else (ip(4)); others take an int as well.
inline constexpr bool has_octet_options = true;

inline constexpr int shut_read = SHUT_RD;
inline constexpr int shut_write = SHUT_WR;
inline constexpr int shut_both = SHUT_RDWR;

/// What must be done before the first socket.
inline Result<void> start_sockets() noexcept {
  return {};
}

/// A count of bytes, as the calls of sockets take it.
inline std::size_t io_size(std::size_t size) noexcept {
  return size;
}

/// Of the errors that a socket keeps.
inline const std::error_category& socket_category() noexcept {
  return std::generic_category();
}

inline std::string resolve_message(int error) {
  return ::gai_strerror(error);
}

}  // namespace evq::os
