// What a test does to handles behind the library's back, for programs without Catch2.
#pragma once

#include <evq/handle.hpp>

#include <cstddef>
#include <optional>

namespace evq::test {

/// Closed again when it goes.
class ScopedHandle {
 public:
  explicit ScopedHandle(native_handle_type handle) : handle_(handle) {}
  ScopedHandle(ScopedHandle&& other) noexcept : handle_(other.handle_) {
    other.handle_ = invalid_handle;
  }
  ScopedHandle& operator=(ScopedHandle&&) = delete;
  ~ScopedHandle();

  [[nodiscard]] native_handle_type get() const { return handle_; }

 private:
  native_handle_type handle_;
};

/// dup(2), where there is such a thing.
std::optional<ScopedHandle> duplicate_handle(native_handle_type handle);

/// How many bytes a read would give at once (FIONREAD); of a datagram socket, at least one if
/// there is a message that is not empty. The queue that it is registered with is told nothing.
std::size_t arrived_bytes(native_handle_type handle);

/// Whether the other end of a pipe or a stream is gone.
bool is_hung_up(native_handle_type handle);

}  // namespace evq::test
