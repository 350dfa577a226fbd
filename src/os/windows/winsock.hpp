// Winsock's headers in the order they need, its start, and its errors as values.
#pragma once

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <winsock2.h>
#include <ws2tcpip.h>

#include <afunix.h>
#include <iphlpapi.h>

#include <evq/detail/io.hpp>
#include <evq/error.hpp>
#include <evq/handle.hpp>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <string>
#include <system_error>
#include <type_traits>

namespace evq::os {

static_assert(std::is_same_v<SOCKET, native_handle_type>);
static_assert(INVALID_SOCKET == invalid_handle);

inline constexpr std::size_t max_interface_name = IF_MAX_STRING_SIZE;
inline constexpr int no_signal = 0;
inline constexpr bool has_octet_options = false;

inline constexpr int shut_read = SD_RECEIVE;
inline constexpr int shut_write = SD_SEND;
inline constexpr int shut_both = SD_BOTH;

/// WSAStartup, once for this process and never undone. Each way to a first socket goes through it.
Result<void> start_sockets() noexcept;

/// The errors of Windows, GetLastError's and WSAGetLastError's alike, with their conditions.
const std::error_category& windows_category() noexcept;

inline std::unexpected<std::error_code> last_error() noexcept {
  return std::unexpected(detail::last_error());
}

/// What a call that gives SOCKET_ERROR or 0 has given.
inline Result<void> done_or_error(int status) noexcept {
  if (status == SOCKET_ERROR) {
    return last_error();
  }
  return {};
}

/// Winsock counts bytes in an int.
inline int io_size(std::size_t size) noexcept {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

/// What a call that gives SOCKET_ERROR or a count has given.
inline Result<std::size_t> count_or_error(int count) noexcept {
  if (count == SOCKET_ERROR) {
    return last_error();
  }
  return static_cast<std::size_t>(count);
}

inline const std::error_category& socket_category() noexcept {
  return windows_category();
}

/// The EAI values are Winsock's errors.
inline std::string resolve_message(int error) {
  return windows_category().message(error);
}

}  // namespace evq::os
