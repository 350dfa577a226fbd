#include <evq/pipe.hpp>

#include "os/handle.hpp"
#include "os/pipe.hpp"
#include "result.hpp"

namespace evq {

namespace {

Result<void> take_over(native_handle_type handle, os::PipeEnd end) noexcept {
  if (auto checked = os::check_pipe(handle, end); !checked) {
    return checked;
  }
  return os::adopt(handle);
}

}  // namespace

Result<PipeSender> PipeSender::from_native(native_handle_type handle) noexcept {
  if (auto taken = take_over(handle, os::PipeEnd::write); !taken) {
    return std::unexpected(taken.error());
  }
  return PipeSender(handle);
}

Result<std::size_t> PipeSender::write(std::span<const std::byte> bytes) const noexcept {
  return write_vectored({&bytes, 1});
}

Result<std::size_t> PipeSender::write_vectored(net::ConstBuffers buffers) const noexcept {
  return try_io(Interest::writable, [buffers](native_handle_type handle) noexcept {
    return os::write_pipe(handle, buffers);
  });
}

Result<PipeReceiver> PipeReceiver::from_native(native_handle_type handle) noexcept {
  if (auto taken = take_over(handle, os::PipeEnd::read); !taken) {
    return std::unexpected(taken.error());
  }
  return PipeReceiver(handle);
}

Result<std::size_t> PipeReceiver::read(std::span<std::byte> buffer) const noexcept {
  return read_vectored({&buffer, 1});
}

Result<std::size_t> PipeReceiver::read_vectored(net::Buffers buffers) const noexcept {
  return try_io(Interest::readable, [buffers](native_handle_type handle) noexcept {
    return os::read_pipe(handle, buffers);
  });
}

Result<std::pair<PipeSender, PipeReceiver>> pipe() noexcept {
  return detail::transform(os::open_pipe(), [](const auto& handles) noexcept {
    return std::pair(PipeSender(handles.first), PipeReceiver(handles.second));
  });
}

}  // namespace evq
