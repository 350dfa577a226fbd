// The 64 bits that a submission hands to its completion.
#pragma once

#include <cstdint>

namespace evq::io_uring {

enum class Kind : std::uint32_t {
  poll,  ///< With the registration's index and generation.
  // With what the poll request was known by; they complete only if they were refused.
  update,
  removal,
  other,  ///< 0 for what is ignored, else the doorbell.
};

inline constexpr unsigned index_bits = 30;

constexpr std::uint64_t user_data(Kind kind, std::uint32_t index = 0,
                                  std::uint32_t generation = 0) noexcept {
  return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(kind) << index_bits | index;
}

struct Unpacked {
  Kind kind;
  std::uint32_t index;
  std::uint32_t generation;
};
constexpr Unpacked unpack(std::uint64_t user_data) noexcept {
  const auto low = static_cast<std::uint32_t>(user_data);
  return {static_cast<Kind>(low >> index_bits), low & ((1U << index_bits) - 1),
          static_cast<std::uint32_t>(user_data >> 32)};
}

inline constexpr std::uint64_t ignored = user_data(Kind::other);
inline constexpr std::uint64_t doorbell = user_data(Kind::other, 1);

}  // namespace evq::io_uring
