// Spans as the system's iovecs.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace evq::os {

/// The first 64 of some buffers; a vectored call may do less than it was asked.
class IoVectors {
 public:
  template <class Byte>
  explicit IoVectors(std::span<const std::span<Byte>> buffers) noexcept
      : count_(std::min(buffers.size(), std::size_t{most})) {
    for (std::size_t i = 0; i < count_; ++i) {
      // The system's type has no const for buffers that are only read.
      vectors_[i].iov_base = const_cast<void*>(static_cast<const void*>(buffers[i].data()));
      vectors_[i].iov_len = buffers[i].size();
    }
  }

  [[nodiscard]] iovec* data() const noexcept { return const_cast<iovec*>(vectors_.data()); }
  [[nodiscard]] int count() const noexcept { return static_cast<int>(count_); }

 private:
  static constexpr std::size_t most = 64;

  std::array<iovec, most> vectors_;
  std::size_t count_;
};

}  // namespace evq::os
