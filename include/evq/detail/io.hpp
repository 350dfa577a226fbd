// The calls that every byte goes through: recv and send themselves, without a system header. Not
// for users.
#pragma once

#include <evq/handle.hpp>

#include <cstddef>
#include <span>
#include <system_error>

namespace evq::detail {

// A count, or -1 and the system's last error.
std::ptrdiff_t receive(native_handle_type handle, std::span<std::byte> buffer) noexcept;
std::ptrdiff_t peek(native_handle_type handle, std::span<std::byte> buffer) noexcept;
std::ptrdiff_t send(native_handle_type handle, std::span<const std::byte> bytes) noexcept;

/// What errno, or WSAGetLastError, says.
[[nodiscard]] std::error_code last_error() noexcept;

}  // namespace evq::detail
