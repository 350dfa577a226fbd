// Pipes. Not on Windows.
#pragma once

#include <evq/error.hpp>
#include <evq/handle.hpp>
#include <evq/net/socket.hpp>
#include <evq/source.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace evq {

/// The end of a pipe that is written to.
class PipeSender final : public detail::OwnedSource {
 public:
  /// Takes over the writing end of an open pipe or FIFO, such as a child's standard input, and
  /// makes it non-blocking and closed by exec. On an error (`bad_file_descriptor`,
  /// `invalid_argument` if it is no pipe or not open for this direction) it stays the caller's.
  [[nodiscard]] static Result<PipeSender> from_native(native_handle_type handle) noexcept;

  /// Writes as much as the pipe takes now; up to PIPE_BUF bytes whole or not at all (pipe(7)).
  /// Never raises SIGPIPE: `broken_pipe` when nobody reads. Before Linux 6.18, where write(2)
  /// cannot be told so, that costs four more system calls.
  Result<std::size_t> write(std::span<const std::byte> bytes) const noexcept;
  Result<std::size_t> write_vectored(net::ConstBuffers buffers) const noexcept;

 private:
  friend Result<std::pair<PipeSender, class PipeReceiver>> pipe() noexcept;
  using OwnedSource::OwnedSource;
};

/// The end of a pipe that is read from.
class PipeReceiver final : public detail::OwnedSource {
 public:
  /// Takes over the reading end: see PipeSender::from_native.
  [[nodiscard]] static Result<PipeReceiver> from_native(native_handle_type handle) noexcept;

  /// Reads what is there, at least one byte. 0 once every sender is closed and all is read.
  Result<std::size_t> read(std::span<std::byte> buffer) const noexcept;
  Result<std::size_t> read_vectored(net::Buffers buffers) const noexcept;

 private:
  friend Result<std::pair<PipeSender, PipeReceiver>> pipe() noexcept;
  using OwnedSource::OwnedSource;
};

/// A new pipe, both ends non-blocking and closed by exec.
[[nodiscard]] Result<std::pair<PipeSender, PipeReceiver>> pipe() noexcept;

}  // namespace evq
