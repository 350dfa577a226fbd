// The system calls of the IOCP backend, each one function: the system's error becomes a value, and
// nothing is decided or tried again here. ("ffi" as in calling foreign functions; evq exports
// none.)
#pragma once

#include <evq/error.hpp>
#include <evq/handle.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <system_error>

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <winsock2.h>

namespace evq::iocp::ffi {

// What the driver behind sockets, AFD, is asked and says. No header of the SDK has it; these are
// the names and values that ReactOS, Wine and others have found.
inline constexpr ULONG poll_receive = 0x001;
inline constexpr ULONG poll_receive_expedited = 0x002;
inline constexpr ULONG poll_send = 0x004;
inline constexpr ULONG poll_disconnect = 0x008;
inline constexpr ULONG poll_abort = 0x010;
inline constexpr ULONG poll_local_close = 0x020;
inline constexpr ULONG poll_accept = 0x080;
inline constexpr ULONG poll_connect_fail = 0x100;

/// One socket, and what of it is waited for; after it what has come.
struct PollInfo {
  LARGE_INTEGER timeout;
  ULONG number_of_handles;
  ULONG exclusive;
  HANDLE handle;
  ULONG events;
  LONG status;
};

/// The NTSTATUS values that end a poll without telling anything of the socket.
inline constexpr ULONG status_success = 0;
inline constexpr ULONG status_cancelled = 0xC0000120;

/// CreateIoCompletionPort, for one thread at a time.
Result<HANDLE> create_port() noexcept;
/// A handle to the driver itself and no socket, not inherited, whose completions go to the port.
Result<HANDLE> open_afd(HANDLE port) noexcept;
/// IOCTL_AFD_POLL. Success also while it is pending; each success gives one packet, with the
/// overlapped's address.
Result<void> poll(HANDLE afd, PollInfo& info, OVERLAPPED& overlapped) noexcept;
/// CancelIoEx. An error says that the packet is on its way already.
Result<void> cancel(HANDLE afd, OVERLAPPED& overlapped) noexcept;
/// GetQueuedCompletionStatusEx; INFINITE waits for ever. 0 after a time-out.
Result<std::size_t> wait(HANDLE port, std::span<OVERLAPPED_ENTRY> entries,
                         DWORD milliseconds) noexcept;
/// PostQueuedCompletionStatus.
Result<void> post(HANDLE port, ULONG_PTR key, void* pointer) noexcept;
/// getsockopt of SO_TYPE, which every socket answers.
Result<void> check_socket(native_handle_type handle) noexcept;
/// WSAPoll without waiting: whether nothing of this holds, nor an error.
bool is_quiet(native_handle_type socket, bool readable, bool writable) noexcept;
/// WSAIoctl with SIO_BASE_HANDLE or SIO_BSP_HANDLE_POLL: the socket below this one.
Result<native_handle_type> lower_socket(native_handle_type socket, DWORD request) noexcept;
inline constexpr DWORD sio_base_handle = 0x48000022;
inline constexpr DWORD sio_bsp_handle_poll = 0x4800001D;
/// GetHandleInformation: whether the handle is open, whatever it is. INVALID_HANDLE_VALUE, which
/// is also the name of the process itself, is not.
bool is_open(native_handle_type handle) noexcept;
/// CloseHandle.
void close(HANDLE handle) noexcept;

}  // namespace evq::iocp::ffi
