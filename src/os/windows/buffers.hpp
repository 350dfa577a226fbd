// Spans as Winsock's buffers.
#pragma once

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <span>

#include "winsock.hpp"

namespace evq::os {

/// The first 64 of some buffers; a vectored call may do less than it was asked.
class WsaBuffers {
 public:
  template <class Byte>
  explicit WsaBuffers(std::span<const std::span<Byte>> buffers) noexcept
      : count_(std::min(buffers.size(), std::size_t{most})) {
    std::size_t room = INT_MAX;  // the count that comes back is one
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t size = std::min(buffers[i].size(), room);
      room -= size;
      // The system's type has no const for buffers that are only read.
      buffers_[i].buf = const_cast<CHAR*>(reinterpret_cast<const CHAR*>(buffers[i].data()));
      buffers_[i].len = static_cast<ULONG>(size);
    }
  }

  [[nodiscard]] WSABUF* data() noexcept { return buffers_.data(); }
  [[nodiscard]] DWORD count() const noexcept { return static_cast<DWORD>(count_); }

 private:
  static constexpr std::size_t most = 64;

  std::array<WSABUF, most> buffers_;
  std::size_t count_;
};

}  // namespace evq::os
