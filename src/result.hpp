// What std::expected of GCC 12 lacks.
#pragma once

#include <evq/error.hpp>

#include <utility>

namespace evq::detail {

/// As std::expected::transform: `make` of the value, or the error.
template <class T, class Make>
auto transform(Result<T>&& result, Make&& make) noexcept
    -> Result<decltype(std::forward<Make>(make)(*std::move(result)))> {
  if (!result) {
    return std::unexpected(result.error());
  }
  return std::forward<Make>(make)(*std::move(result));
}

}  // namespace evq::detail
