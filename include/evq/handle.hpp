// The system's own name for a source.
#pragma once

#include <cstdint>

namespace evq {

#ifdef _WIN32
/// A SOCKET.
using native_handle_type = std::uintptr_t;
#else
/// A file descriptor.
using native_handle_type = int;
#endif

/// No handle: what a moved-from object holds.
inline constexpr native_handle_type invalid_handle = static_cast<native_handle_type>(-1);

}  // namespace evq
