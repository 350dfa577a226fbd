// What goes on behind a named pipe: reading ahead, writing and connecting, in the background.
#pragma once

#include <evq/error.hpp>
#include <evq/handle.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <span>

#include "ffi.hpp"

namespace evq {
class IocpBackend;
}

namespace evq::iocp {

/// The state of one end, and its operations under way. They complete on threads of the system's
/// pool and not on a queue's port, which a handle can never leave again. Counted: by its owner, its
/// registration, and each operation under way, which writes into it.
class Pipe {
 public:
  /// Takes over a handle that was opened for overlapped use, except on an error.
  [[nodiscard]] static Result<Pipe*> create(HANDLE handle, bool is_connected) noexcept;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void refer() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void unrefer() noexcept;

  [[nodiscard]] native_handle_type handle() const noexcept {
    return reinterpret_cast<native_handle_type>(handle_);
  }
  Result<void> connect() noexcept;
  Result<void> disconnect() noexcept;
  Result<std::size_t> read(std::span<std::byte> buffer) noexcept;
  Result<std::size_t> write(std::span<const std::byte> bytes) noexcept;
  /// The owner is going, and its reference with it. Closes the handle once all is written.
  void close() noexcept;

  /// What would not block now, in AFD's terms.
  [[nodiscard]] ULONG ready() noexcept;
  /// Who is told when that grows; null for nobody.
  void tell(IocpBackend* queue) noexcept;

 private:
  static constexpr std::size_t buffer_size = 16384;

  struct Operation {
    OVERLAPPED overlapped{};
    bool is_pending = false;
    /// Of a client that has been let go: its result means nothing.
    bool is_stale = false;
  };

  Pipe(HANDLE handle, bool is_connected) noexcept : handle_(handle), is_connected_(is_connected) {}
  ~Pipe();

  /// Begins an operation by a call that gives a BOOL. ERROR_IO_PENDING if it is under way, 0 if it
  /// is done already, or the error.
  template <class Call>
  DWORD begin(Operation& operation, Call call) noexcept;
  void begin_read() noexcept;
  void finish_read(DWORD error, std::size_t count) noexcept;
  void finish(Operation& operation, DWORD error, std::size_t count) noexcept;
  void cancel(Operation& operation) noexcept;
  void close_handle() noexcept;
  static void CALLBACK completed(PTP_CALLBACK_INSTANCE, void* pipe, void* overlapped, ULONG error,
                                 ULONG_PTR count, PTP_IO) noexcept;

  std::atomic<unsigned> references_{1};
  std::mutex mutex_;
  HANDLE handle_;
  PTP_IO io_ = nullptr;
  IocpBackend* queue_ = nullptr;
  bool is_connected_;
  bool is_closing_ = false;
  Operation connecting_;
  Operation reading_;
  Operation writing_;
  DWORD connect_error_ = 0;
  DWORD read_error_ = 0;
  DWORD write_error_ = 0;
  /// What of `read_` has not been read by the owner.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::array<std::byte, buffer_size> read_;
  std::array<std::byte, buffer_size> written_;
};

}  // namespace evq::iocp
