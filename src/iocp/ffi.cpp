#include "ffi.hpp"

#include <evq/detail/io.hpp>

#include <winternl.h>

namespace evq::iocp::ffi {

namespace {

constexpr DWORD ioctl_afd_poll = 0x00012024;

static_assert(sizeof(PollInfo) == 16 + 16 + (sizeof(HANDLE) == 8 ? 0 : -4));

std::unexpected<std::error_code> last_error() noexcept {
  return std::unexpected(detail::last_error());
}

}  // namespace

Result<HANDLE> create_port() noexcept {
  const HANDLE port = ::CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
  if (port == nullptr) {
    return last_error();
  }
  return port;
}

Result<HANDLE> open_afd(HANDLE port) noexcept {
  // Any name below the device will do, and none makes it a socket.
  wchar_t path[] = L"\\Device\\Afd\\evq";
  UNICODE_STRING name{};
  name.Length = sizeof path - sizeof *path;
  name.MaximumLength = sizeof path;
  name.Buffer = path;
  OBJECT_ATTRIBUTES attributes{};
  attributes.Length = sizeof attributes;
  attributes.ObjectName = &name;
  IO_STATUS_BLOCK result{};
  HANDLE afd = nullptr;
  const NTSTATUS status =
      ::NtCreateFile(&afd, SYNCHRONIZE, &attributes, &result, nullptr, 0,
                     FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, nullptr, 0);
  if (status != 0) {
    ::SetLastError(::RtlNtStatusToDosError(status));
    return last_error();
  }
  // Nobody waits for the handle itself: its event need not be set.
  if (::CreateIoCompletionPort(afd, port, 0, 0) == nullptr ||
      !::SetFileCompletionNotificationModes(afd, FILE_SKIP_SET_EVENT_ON_HANDLE)) {
    const auto error = last_error();
    ::CloseHandle(afd);
    return error;
  }
  return afd;
}

Result<void> poll(HANDLE afd, PollInfo& info, OVERLAPPED& overlapped) noexcept {
  if (!::DeviceIoControl(afd, ioctl_afd_poll, &info, sizeof info, &info, sizeof info, nullptr,
                         &overlapped) &&
      ::GetLastError() != ERROR_IO_PENDING) {
    return last_error();
  }
  return {};
}

Result<void> cancel(HANDLE afd, OVERLAPPED& overlapped) noexcept {
  if (!::CancelIoEx(afd, &overlapped)) {
    return last_error();
  }
  return {};
}

Result<std::size_t> wait(HANDLE port, std::span<OVERLAPPED_ENTRY> entries,
                         DWORD milliseconds) noexcept {
  ULONG count = 0;
  if (!::GetQueuedCompletionStatusEx(port, entries.data(), static_cast<ULONG>(entries.size()),
                                     &count, milliseconds, FALSE)) {
    if (::GetLastError() != WAIT_TIMEOUT) {
      return last_error();
    }
    return std::size_t{0};  // not count: Wine sets it to 1
  }
  return count;
}

Result<void> post(HANDLE port, ULONG_PTR key, void* pointer) noexcept {
  if (!::PostQueuedCompletionStatus(port, 0, key, static_cast<OVERLAPPED*>(pointer))) {
    return last_error();
  }
  return {};
}

Result<void> check_socket(native_handle_type handle) noexcept {
  int type = 0;
  int size = sizeof type;
  if (::getsockopt(handle, SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&type), &size) ==
      SOCKET_ERROR) {
    return last_error();
  }
  return {};
}

bool is_quiet(native_handle_type socket, bool readable, bool writable) noexcept {
  WSAPOLLFD asked{};
  asked.fd = socket;
  asked.events = static_cast<SHORT>((readable ? POLLRDNORM : 0) | (writable ? POLLWRNORM : 0));
  return ::WSAPoll(&asked, 1, 0) == 0;
}

Result<native_handle_type> lower_socket(native_handle_type socket, DWORD request) noexcept {
  SOCKET lower = INVALID_SOCKET;
  DWORD size = 0;
  if (::WSAIoctl(socket, request, nullptr, 0, &lower, sizeof lower, &size, nullptr, nullptr) ==
      SOCKET_ERROR) {
    return last_error();
  }
  return lower;
}

bool is_open(native_handle_type handle) noexcept {
  DWORD flags = 0;
  return handle != invalid_handle &&
         ::GetHandleInformation(reinterpret_cast<HANDLE>(handle), &flags) != FALSE;
}

void close(HANDLE handle) noexcept {
  ::CloseHandle(handle);
}

}  // namespace evq::iocp::ffi
