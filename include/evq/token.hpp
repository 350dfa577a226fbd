// The user's name for a registered source.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace evq {

/// Chosen by the user when a source is registered and returned with each of its events: an index,
/// a key, or a pointer. Every value is allowed and none has a meaning to the library; two sources
/// may share one.
struct Token {
  std::uintptr_t value = 0;

  friend constexpr auto operator<=>(const Token&, const Token&) = default;
};

}  // namespace evq

template <>
struct std::hash<evq::Token> {
  [[nodiscard]] std::size_t operator()(const evq::Token& token) const noexcept {
    return std::hash<std::uintptr_t>{}(token.value);
  }
};
