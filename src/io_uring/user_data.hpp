// The 64 bits that a submission hands to its completion.
#pragma once

#include <cstdint>

namespace evq::io_uring {

enum class Kind : std::uint32_t {
  poll,    ///< With the registration's index and generation.
  update,  ///< Of a poll request, with what it was known by. Completes only if it was refused.
  doorbell,
  ignored,
};

inline constexpr unsigned index_bits = 30;

constexpr std::uint64_t user_data(Kind kind, std::uint32_t index = 0,
                                  std::uint32_t generation = 0) noexcept {
  return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(kind) << index_bits | index;
}
constexpr Kind kind_of(std::uint64_t user_data) noexcept {
  return static_cast<Kind>(static_cast<std::uint32_t>(user_data) >> index_bits);
}
constexpr std::uint32_t index_of(std::uint64_t user_data) noexcept {
  return static_cast<std::uint32_t>(user_data) & ((1U << index_bits) - 1);
}
constexpr std::uint32_t generation_of(std::uint64_t user_data) noexcept {
  return static_cast<std::uint32_t>(user_data >> 32);
}

}  // namespace evq::io_uring
