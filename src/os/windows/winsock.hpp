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

#include <evq/detail/io.hpp>
#include <evq/error.hpp>
#include <evq/handle.hpp>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <system_error>
#include <type_traits>

namespace evq::os {

static_assert(std::is_same_v<SOCKET, native_handle_type>);
static_assert(INVALID_SOCKET == invalid_handle);

/// WSAStartup, once for this process and never undone. Each way to a first socket goes through it.
Result<void> start_winsock() noexcept;

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
inline int int_size(std::size_t size) noexcept {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace evq::os
