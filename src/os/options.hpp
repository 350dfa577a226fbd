// What the socket files share of options.
#pragma once

#include <evq/error.hpp>
#include <evq/handle.hpp>

#include "socket.hpp"

namespace evq::os {

/// SOCK_STREAM or SOCK_DGRAM.
int native_type(SocketType type) noexcept;
Result<int> int_option(native_handle_type handle, int level, int name) noexcept;

}  // namespace evq::os
