// What one system has exactly one answer to: pipes.
#pragma once

#include <evq/error.hpp>
#include <evq/handle.hpp>
#include <evq/net/socket.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace evq::os {

enum class PipeEnd : std::uint8_t { read, write };

/// The writing end and the reading end, non-blocking, closed by exec.
Result<std::pair<native_handle_type, native_handle_type>> open_pipe() noexcept;
/// `invalid_argument` if the handle is no pipe, or not this end of one.
Result<void> check_pipe(native_handle_type handle, PipeEnd end) noexcept;
Result<std::size_t> read_pipe(native_handle_type handle, net::Buffers buffers) noexcept;
/// Without SIGPIPE.
Result<std::size_t> write_pipe(native_handle_type handle, net::ConstBuffers buffers) noexcept;

}  // namespace evq::os
