// errno as an error value.
#pragma once

#include <evq/detail/io.hpp>
#include <evq/error.hpp>

#include <cerrno>
#include <system_error>

namespace evq::os {

inline std::unexpected<std::error_code> last_error() noexcept {
  return std::unexpected(detail::last_error());
}

/// What a call that gives -1 or a count has given.
template <class N>
Result<std::size_t> count_or_error(N count) noexcept {
  if (count < 0) {
    return last_error();
  }
  return static_cast<std::size_t>(count);
}

/// What a call that gives -1 or 0 has given.
inline Result<void> done_or_error(int status) noexcept {
  if (status < 0) {
    return last_error();
  }
  return {};
}

}  // namespace evq::os
