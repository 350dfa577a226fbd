// The system calls of the epoll backend, each one function: errno becomes a value, and nothing is
// decided or tried again here. ("ffi" as in calling foreign functions; evq exports none.)
#pragma once

#include <evq/error.hpp>

#include <sys/epoll.h>
#include <time.h>

#include <expected>
#include <system_error>

namespace evq::epoll::ffi {

/// errno as an error value.
std::unexpected<std::error_code> last_error() noexcept;

/// epoll_create1(2), closed by exec.
Result<int> create() noexcept;
/// epoll_ctl(2); `event` says nothing for EPOLL_CTL_DEL. This and the next two leave an error in
/// errno: they are on the way of every event.
int control(int epoll, int operation, int fd, epoll_event* event) noexcept;
/// epoll_wait(2); milliseconds, -1 for ever. As a cancellation point it is not noexcept, and if
/// this were, it could not be a jump to it.
int wait(int epoll, epoll_event* events, int capacity, int timeout);
/// epoll_pwait2(2), without a signal mask. ENOSYS before Linux 5.11, and in builds against a C
/// library that lacks it.
int wait_precise(int epoll, epoll_event* events, int capacity, const timespec& timeout) noexcept;
/// close(2).
void close(int fd) noexcept;

}  // namespace evq::epoll::ffi
