// What a test does to handles behind the library's back.
#pragma once

#include <evq/handle.hpp>
#include <evq/net/tcp.hpp>

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
void close_handle(native_handle_type handle);

/// How many handles this process has open, if the system tells.
std::optional<std::size_t> open_handles();

/// A regular file, open for reading and writing and already removed from its folder.
ScopedHandle temporary_file();

/// Makes the next close of a TCP stream send a reset (SO_LINGER with no time).
void reset_on_close(const net::TcpStream& stream);
/// Sends one byte of out-of-band data.
void send_urgent(const net::TcpStream& stream, char byte);

}  // namespace evq::test
