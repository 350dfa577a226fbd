// The 64 bits that a submission hands to its completion.
#pragma once

#include <cstdint>

namespace evq::io_uring {

enum class Kind : std::uint8_t {
  poll,  ///< With the registration's index and generation.
  // With what the poll request was known by; they complete only if they were refused.
  update,
  removal,
  ignored,
};

/// Generations go from 1 to this. Above them is the kind, so that one comparison finds out whether
/// a completion is of a registration's poll request as it is now.
inline constexpr std::uint32_t max_generation = (1U << 30) - 1;

constexpr std::uint32_t stamp(Kind kind, std::uint32_t generation) noexcept {
  return static_cast<std::uint32_t>(kind) << 30 | generation;
}

constexpr std::uint64_t user_data(Kind kind, std::uint32_t index,
                                  std::uint32_t generation) noexcept {
  return std::uint64_t{stamp(kind, generation)} << 32 | index;
}

inline constexpr std::uint64_t ignored = user_data(Kind::ignored, 0, 0);

struct Unpacked {
  std::uint32_t index;
  std::uint32_t stamp;

  [[nodiscard]] constexpr Kind kind() const noexcept { return static_cast<Kind>(stamp >> 30); }
  [[nodiscard]] constexpr std::uint32_t generation() const noexcept {
    return stamp & max_generation;
  }
};
constexpr Unpacked unpack(std::uint64_t user_data) noexcept {
  return {static_cast<std::uint32_t>(user_data), static_cast<std::uint32_t>(user_data >> 32)};
}

}  // namespace evq::io_uring
