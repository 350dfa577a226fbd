#include "../handle.hpp"

#include "winsock.hpp"

namespace evq::os {

void close(native_handle_type handle) noexcept {
  ::closesocket(handle);  // pipes close theirs themselves
}

Result<void> adopt(native_handle_type handle) noexcept {
  u_long on = 1;
  if (::ioctlsocket(handle, static_cast<long>(FIONBIO), &on) == SOCKET_ERROR) {
    return last_error();
  }
  // It fails where a layered provider has handles that the system does not know; children do not
  // inherit those.
  ::SetHandleInformation(reinterpret_cast<HANDLE>(handle), HANDLE_FLAG_INHERIT, 0);
  return {};
}

}  // namespace evq::os
