#include "scoped_handle.hpp"

#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <winsock2.h>

namespace evq::test {

ScopedHandle::~ScopedHandle() {
  if (handle_ != invalid_handle && ::closesocket(handle_) == SOCKET_ERROR) {
    ::CloseHandle(reinterpret_cast<HANDLE>(handle_));
  }
}

std::optional<ScopedHandle> duplicate_handle(native_handle_type handle) {
  WSAPROTOCOL_INFOW info{};
  if (::WSADuplicateSocketW(handle, ::GetCurrentProcessId(), &info) != 0) {
    return std::nullopt;
  }
  const SOCKET duplicate = ::WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO,
                                        &info, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (duplicate == INVALID_SOCKET) {
    return std::nullopt;
  }
  return ScopedHandle(duplicate);
}

std::size_t arrived_bytes(native_handle_type handle) {
  u_long count = 0;
  return ::ioctlsocket(handle, FIONREAD, &count) == 0 ? count : 0;
}

bool is_hung_up(native_handle_type handle) {
  WSAPOLLFD polled{.fd = handle, .events = 0, .revents = 0};
  return ::WSAPoll(&polled, 1, 0) == 1 && (polled.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace evq::test
