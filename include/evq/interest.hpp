// What a registration waits for, and how often it is told.
#pragma once

#include <cstdint>

namespace evq {

/// The kinds of readiness a registration asks for, combined with `|`.
/// Errors and hang-ups are reported whatever was asked.
class Interest {
 public:
  static const Interest readable;  ///< A read, a receive or an accept would return at once.
  static const Interest writable;  ///< A write would take some bytes, or a connect is decided.
  static const Interest priority;  ///< Out-of-band data has arrived (TCP urgent data).

  /// Empty. A registration with it is refused with `invalid_argument`.
  constexpr Interest() noexcept = default;

  [[nodiscard]] constexpr bool is_empty() const noexcept { return bits_ == 0; }
  [[nodiscard]] constexpr bool is_readable() const noexcept { return (bits_ & readable_bit) != 0; }
  [[nodiscard]] constexpr bool is_writable() const noexcept { return (bits_ & writable_bit) != 0; }
  [[nodiscard]] constexpr bool is_priority() const noexcept { return (bits_ & priority_bit) != 0; }

  /// Whether every kind in `other` is also in this one.
  [[nodiscard]] constexpr bool contains(Interest other) const noexcept {
    return (bits_ & other.bits_) == other.bits_;
  }

  friend constexpr Interest operator|(Interest a, Interest b) noexcept {
    return Interest(static_cast<std::uint8_t>(a.bits_ | b.bits_));
  }
  friend constexpr Interest operator&(Interest a, Interest b) noexcept {
    return Interest(static_cast<std::uint8_t>(a.bits_ & b.bits_));
  }
  /// The kinds in `a` that are not in `b`.
  friend constexpr Interest operator-(Interest a, Interest b) noexcept {
    return Interest(static_cast<std::uint8_t>(a.bits_ & ~b.bits_));
  }
  constexpr Interest& operator|=(Interest other) noexcept { return *this = *this | other; }
  constexpr Interest& operator&=(Interest other) noexcept { return *this = *this & other; }
  constexpr Interest& operator-=(Interest other) noexcept { return *this = *this - other; }
  friend constexpr bool operator==(Interest, Interest) noexcept = default;

 private:
  static constexpr std::uint8_t readable_bit = 1;
  static constexpr std::uint8_t writable_bit = 2;
  static constexpr std::uint8_t priority_bit = 4;

  constexpr explicit Interest(std::uint8_t bits) noexcept : bits_(bits) {}

  std::uint8_t bits_ = 0;
};

inline constexpr Interest Interest::readable{Interest::readable_bit};
inline constexpr Interest Interest::writable{Interest::writable_bit};
inline constexpr Interest Interest::priority{Interest::priority_bit};

/// How often a ready source is reported.
enum class Mode : std::uint8_t {
  edge,     ///< Once each time it becomes ready; then drain it to would-block.
  level,    ///< By every poll, for as long as it is ready.
  oneshot,  ///< Once; then the whole source is silent until `modify`.
};

}  // namespace evq
