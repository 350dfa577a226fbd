// What systems without the newer calls (accept4, pipe2, socket with SOCK_NONBLOCK) do step by step.
#pragma once

#include <evq/error.hpp>
#include <evq/handle.hpp>

#include <sys/socket.h>

#include <initializer_list>

#include "../handle.hpp"

namespace evq::os {

// EVQ_PLAIN_SOCKETS: for tests, on a system that has them.
#if defined(SOCK_NONBLOCK) && !defined(EVQ_PLAIN_SOCKETS)
/// Sockets are made as they are to be, also by accept4(2).
inline constexpr bool has_socket_flags = true;
inline constexpr int socket_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
#else
inline constexpr bool has_socket_flags = false;
inline constexpr int socket_flags = 0;
#endif

#ifdef MSG_NOSIGNAL
inline constexpr int no_signal = MSG_NOSIGNAL;
#else
inline constexpr int no_signal = 0;
#endif

/// Makes new descriptors what they are to be, or closes them.
inline Result<void> adopt_or_close(std::initializer_list<native_handle_type> handles) noexcept {
  for (const native_handle_type handle : handles) {
    if (auto adopted = adopt(handle); !adopted) {
      for (const native_handle_type opened : handles) {
        close(opened);
      }
      return adopted;
    }
  }
  return {};
}

}  // namespace evq::os
