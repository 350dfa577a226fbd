#include <evq/windows/named_pipe.hpp>

#include <utility>

#include <evq/detail/io.hpp>

#include "ffi.hpp"
#include "pipe.hpp"

namespace evq::windows {

namespace {

/// How much the system holds each way before a writer has to wait.
constexpr DWORD system_buffer = 65536;

}  // namespace

NamedPipe::NamedPipe(iocp::Pipe& pipe) noexcept : OwnedSource(pipe.handle(), &pipe), pipe_(&pipe) {}

NamedPipe::NamedPipe(NamedPipe&& other) noexcept
    : OwnedSource(std::move(other)), pipe_(std::exchange(other.pipe_, nullptr)) {}

NamedPipe& NamedPipe::operator=(NamedPipe&& other) noexcept {
  if (this != &other) {
    const NamedPipe previous(std::move(*this));
    OwnedSource::operator=(std::move(other));
    pipe_ = std::exchange(other.pipe_, nullptr);
  }
  return *this;
}

NamedPipe::~NamedPipe() {
  // Out of its queue; the handle is closed by the pipe, when all is written.
  static_cast<void>(OwnedSource::release());
  if (pipe_ != nullptr) {
    pipe_->close();
  }
}

Result<NamedPipe> NamedPipe::take_over(native_handle_type handle, bool is_connected) noexcept {
  const HANDLE native = reinterpret_cast<HANDLE>(handle);
  if (native == INVALID_HANDLE_VALUE) {
    return std::unexpected(detail::last_error());
  }
  const auto pipe = iocp::Pipe::create(native, is_connected);
  if (!pipe) {
    iocp::ffi::close(native);
    return std::unexpected(pipe.error());
  }
  return NamedPipe(**pipe);
}

Result<NamedPipe> NamedPipe::create(const std::filesystem::path& name, Instance instance) {
  const DWORD first = instance == Instance::first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0;
  const HANDLE handle = ::CreateNamedPipeW(
      name.c_str(), PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | first,
      PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
      PIPE_UNLIMITED_INSTANCES, system_buffer, system_buffer, 0, nullptr);
  return take_over(reinterpret_cast<native_handle_type>(handle), false);
}

Result<NamedPipe> NamedPipe::open(const std::filesystem::path& name) {
  const HANDLE handle = ::CreateFileW(
      name.c_str(), GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING,
      FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, nullptr);
  return take_over(reinterpret_cast<native_handle_type>(handle), true);
}

Result<void> NamedPipe::connect() const noexcept {
  // Both directions begin anew with a client.
  return try_io(Interest::readable | Interest::writable, [this](native_handle_type) noexcept {
    return pipe_ != nullptr ? pipe_->connect() : detail::fail(std::errc::bad_file_descriptor);
  });
}

Result<void> NamedPipe::disconnect() const noexcept {
  return pipe_ != nullptr ? pipe_->disconnect() : detail::fail(std::errc::bad_file_descriptor);
}

Result<std::size_t> NamedPipe::read(std::span<std::byte> buffer) const noexcept {
  return try_io(Interest::readable, [this, buffer](native_handle_type) noexcept {
    return pipe_ != nullptr ? pipe_->read(buffer) : detail::fail(std::errc::bad_file_descriptor);
  });
}

Result<std::size_t> NamedPipe::write(std::span<const std::byte> bytes) const noexcept {
  return try_io(Interest::writable, [this, bytes](native_handle_type) noexcept {
    return pipe_ != nullptr ? pipe_->write(bytes) : detail::fail(std::errc::bad_file_descriptor);
  });
}

}  // namespace evq::windows
