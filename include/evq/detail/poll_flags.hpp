// The flags that Linux is asked with and answers with: what a registration asks for, and what an
// event says. Not for users.
#pragma once

#include <evq/interest.hpp>

#include <cstdint>

namespace evq::detail {

/// The flag accessors of an event class whose `flags_` are those of poll(2) and epoll_ctl(2).
template <class Event>
class PollFlags {
 public:
  // An error or a hang-up ends every wait on the source, and the kernel then does not say whether
  // IN and OUT hold too: a datagram socket with an ICMP error is EPOLLERR alone.
  [[nodiscard]] bool is_readable() const noexcept { return any(in | rdhup | hup | err); }
  [[nodiscard]] bool is_writable() const noexcept { return any(out | hup | err); }
  [[nodiscard]] bool is_read_closed() const noexcept { return any(rdhup | hup); }
  // Never EPOLLRDHUP: it says that the peer writes no more, and nothing of what it reads.
  [[nodiscard]] bool is_write_closed() const noexcept { return any(hup); }
  [[nodiscard]] bool is_error() const noexcept { return any(err); }
  [[nodiscard]] bool is_priority() const noexcept { return any(pri); }

 protected:
  // The kernel's values; the backends assert that they are.
  static constexpr std::uint32_t in = 0x001;
  static constexpr std::uint32_t pri = 0x002;
  static constexpr std::uint32_t out = 0x004;
  static constexpr std::uint32_t err = 0x008;
  static constexpr std::uint32_t hup = 0x010;
  static constexpr std::uint32_t rdhup = 0x2000;
  static constexpr std::uint32_t oneshot = 1U << 30U;
  static constexpr std::uint32_t edge = 1U << 31U;

  static constexpr std::uint32_t asked_for(Interest interest, Mode mode) noexcept {
    std::uint32_t flags = 0;
    if (interest.is_readable()) {
      flags |= in | rdhup;
    }
    if (interest.is_writable()) {
      flags |= out;
    }
    if (interest.is_priority()) {
      flags |= pri;
    }
    switch (mode) {
      case Mode::edge:
        return flags | edge;
      case Mode::level:
        return flags;
      case Mode::oneshot:
        return flags | oneshot;
    }
    return flags;
  }

 private:
  friend Event;
  PollFlags() noexcept = default;

  [[nodiscard]] bool any(std::uint32_t flags) const noexcept {
    return (static_cast<const Event*>(this)->flags_ & flags) != 0;
  }
};

}  // namespace evq::detail
