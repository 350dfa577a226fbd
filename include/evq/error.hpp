// Results and errors. Every call that can fail returns a Result; the library never throws.
#pragma once

#include <expected>
#include <system_error>

namespace evq {

/// A value, or the reason why there is none. Errors compare with `std::errc` on every system:
/// `if (result.error() == std::errc::file_exists)`.
template <class T>
using Result = std::expected<T, std::error_code>;

/// Whether an I/O call failed only because it would have had to wait: EAGAIN, EWOULDBLOCK,
/// WSAEWOULDBLOCK, or a connect in progress. Try again after the next event. Thread-safe.
[[nodiscard]] bool would_block(const std::error_code& error) noexcept;

namespace detail {

/// The error value for a condition that the library itself finds. Out of line: where it is called,
/// something else should be inlined.
[[nodiscard]] std::unexpected<std::error_code> fail(std::errc condition) noexcept;

}  // namespace detail
}  // namespace evq
