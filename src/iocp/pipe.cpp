#include "pipe.hpp"

#include <evq/backends/iocp.hpp>
#include <evq/detail/io.hpp>

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

namespace evq::iocp {

namespace {

std::unexpected<std::error_code> fail(DWORD error) noexcept {
  ::SetLastError(error);
  return std::unexpected(detail::last_error());
}

std::unexpected<std::error_code> would_block() noexcept {
  return detail::fail(std::errc::operation_would_block);
}

/// Whether a read's error is how the end is told.
bool is_end(DWORD error) noexcept {
  return error == ERROR_BROKEN_PIPE || error == ERROR_PIPE_NOT_CONNECTED || error == ERROR_NO_DATA;
}

}  // namespace

Result<Pipe*> Pipe::create(HANDLE handle, bool is_connected) noexcept {
  auto* pipe = new (std::nothrow) Pipe(handle, is_connected);
  if (pipe == nullptr) {
    return detail::fail(std::errc::not_enough_memory);
  }
  pipe->io_ = ::CreateThreadpoolIo(handle, &Pipe::completed, pipe, nullptr);
  if (pipe->io_ == nullptr) {
    const auto error = detail::last_error();
    pipe->handle_ = INVALID_HANDLE_VALUE;
    delete pipe;
    return std::unexpected(error);
  }
  // What is done at once is not told once more by the pool.
  if (!::SetFileCompletionNotificationModes(
          handle, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE)) {
    const auto error = detail::last_error();
    pipe->handle_ = INVALID_HANDLE_VALUE;
    delete pipe;
    return std::unexpected(error);
  }
  const std::lock_guard lock(pipe->mutex_);
  pipe->begin_read();
  return pipe;
}

Pipe::~Pipe() {
  close_handle();
  if (io_ != nullptr) {
    ::CloseThreadpoolIo(io_);
  }
}

void Pipe::unrefer() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete this;
  }
}

template <class Call>
DWORD Pipe::begin(Operation& operation, Call call) noexcept {
  operation.overlapped = {};
  ::StartThreadpoolIo(io_);
  const DWORD error = call(&operation.overlapped) ? 0 : ::GetLastError();
  if (error == ERROR_IO_PENDING) {
    operation.is_pending = true;
    refer();
  } else {
    ::CancelThreadpoolIo(io_);
  }
  return error;
}

void Pipe::begin_read() noexcept {
  // Once more after an empty message.
  while (is_connected_ && !is_closing_ && !reading_.is_pending && begin_ == end_ &&
         read_error_ == 0) {
    const DWORD error = begin(reading_, [this](OVERLAPPED* overlapped) noexcept {
      return ::ReadFile(handle_, read_.data(), static_cast<DWORD>(read_.size()), nullptr,
                        overlapped);
    });
    if (error != ERROR_IO_PENDING) {
      finish_read(error, reading_.overlapped.InternalHigh);
    }
  }
}

void Pipe::finish_read(DWORD error, std::size_t count) noexcept {
  read_error_ = error;
  begin_ = 0;
  end_ = error == 0 ? count : 0;
}

Result<void> Pipe::connect() noexcept {
  const std::lock_guard lock(mutex_);
  if (is_connected_) {
    return {};
  }
  if (connecting_.is_pending) {
    return would_block();
  }
  DWORD error = std::exchange(connect_error_, 0);
  if (error == 0) {
    error = begin(connecting_, [this](OVERLAPPED* overlapped) noexcept {
      return ::ConnectNamedPipe(handle_, overlapped);
    });
  }
  switch (error) {
    case ERROR_IO_PENDING:
      return would_block();
    case 0:
    case ERROR_PIPE_CONNECTED:
    case ERROR_NO_DATA:  // one that has gone again: the first read tells
      is_connected_ = true;
      begin_read();
      return {};
    default:
      return fail(error);
  }
}

Result<void> Pipe::disconnect() noexcept {
  const std::lock_guard lock(mutex_);
  if (!is_connected_) {
    return detail::fail(std::errc::not_connected);
  }
  if (!::DisconnectNamedPipe(handle_)) {
    return std::unexpected(detail::last_error());
  }
  is_connected_ = false;
  for (Operation* operation : {&reading_, &writing_}) {
    operation->is_stale = operation->is_pending;
    cancel(*operation);
  }
  begin_ = end_ = 0;
  read_error_ = write_error_ = 0;
  return {};
}

Result<std::size_t> Pipe::read(std::span<std::byte> buffer) noexcept {
  const std::lock_guard lock(mutex_);
  if (begin_ == end_) {
    if (!is_connected_) {
      return detail::fail(std::errc::not_connected);
    }
    if (read_error_ != 0 && !is_end(read_error_)) {
      return fail(read_error_);
    }
    return read_error_ != 0 || buffer.empty() ? Result<std::size_t>(0) : would_block();
  }
  const std::size_t count = std::min(buffer.size(), end_ - begin_);
  std::copy_n(read_.begin() + static_cast<std::ptrdiff_t>(begin_), count, buffer.begin());
  begin_ += count;
  begin_read();
  return count;
}

Result<std::size_t> Pipe::write(std::span<const std::byte> bytes) noexcept {
  const std::lock_guard lock(mutex_);
  if (!is_connected_) {
    return detail::fail(std::errc::not_connected);
  }
  if (write_error_ != 0) {
    return fail(write_error_);
  }
  if (writing_.is_pending) {
    return would_block();
  }
  const std::size_t count = std::min(bytes.size(), written_.size());
  if (count == 0) {
    return count;
  }
  std::copy_n(bytes.begin(), count, written_.begin());
  const DWORD error = begin(writing_, [this, count](OVERLAPPED* overlapped) noexcept {
    return ::WriteFile(handle_, written_.data(), static_cast<DWORD>(count), nullptr, overlapped);
  });
  if (error != 0 && error != ERROR_IO_PENDING) {
    write_error_ = error;
    return fail(error);
  }
  return count;
}

void Pipe::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
    if (writing_.is_pending && !writing_.is_stale) {
      cancel(reading_);
      cancel(connecting_);
    } else {
      close_handle();
    }
  }
  unrefer();
}

ULONG Pipe::ready() noexcept {
  const std::lock_guard lock(mutex_);
  ULONG events = 0;
  if (begin_ != end_) {
    events |= ffi::poll_receive;
  }
  if (read_error_ != 0) {
    events |= ffi::poll_disconnect | ffi::poll_send;
  }
  if (connect_error_ != 0 || (is_connected_ && !writing_.is_pending)) {
    events |= ffi::poll_send;
  }
  return events;
}

void Pipe::tell(IocpBackend* queue) noexcept {
  const std::lock_guard lock(mutex_);
  queue_ = queue;
}

void Pipe::finish(Operation& operation, DWORD error, std::size_t count) noexcept {
  operation.is_pending = false;
  if (std::exchange(operation.is_stale, false)) {
    begin_read();
    return;
  }
  if (&operation == &connecting_) {
    connect_error_ = error;
    is_connected_ = error == 0;
    begin_read();
  } else if (&operation == &reading_) {
    finish_read(error, count);
    begin_read();
  } else {
    write_error_ = error;
    if (is_closing_) {
      close_handle();
    }
  }
}

void Pipe::cancel(Operation& operation) noexcept {
  if (operation.is_pending) {
    ::CancelIoEx(handle_, &operation.overlapped);
  }
}

void Pipe::close_handle() noexcept {
  if (handle_ != INVALID_HANDLE_VALUE) {
    ::CloseHandle(std::exchange(handle_, INVALID_HANDLE_VALUE));
  }
}

void CALLBACK Pipe::completed(PTP_CALLBACK_INSTANCE, void* context, void* overlapped, ULONG error,
                              ULONG_PTR count, PTP_IO) noexcept {
  Pipe& pipe = *static_cast<Pipe*>(context);
  IocpBackend* queue = nullptr;
  native_handle_type handle = invalid_handle;
  {
    const std::lock_guard lock(pipe.mutex_);
    Operation& operation = overlapped == &pipe.connecting_.overlapped ? pipe.connecting_
                           : overlapped == &pipe.reading_.overlapped  ? pipe.reading_
                                                                      : pipe.writing_;
    pipe.finish(operation, error, count);
    handle = pipe.handle();
    // Under the lock, since a queue that is told no more may go.
    if (pipe.queue_ != nullptr && pipe.queue_->try_pin()) {
      queue = pipe.queue_;
    }
  }
  if (queue != nullptr) {
    queue->notify(handle);
    queue->unpin();
  }
  pipe.unrefer();
}

}  // namespace evq::iocp
