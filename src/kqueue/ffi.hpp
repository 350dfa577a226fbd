// The system calls of the kqueue backend, each one function: errno becomes a value, and nothing is
// decided or tried again here. What differs between the systems that have kqueue (types, and
// filters that not all have) ends here. ("ffi" as in calling foreign functions; evq exports none.)
#pragma once

#include <evq/error.hpp>

#include <sys/types.h>
// Needs the line above on OpenBSD.
#include <sys/event.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <system_error>
#include <utility>

namespace evq::kqueue::ffi {

using Kevent = struct kevent;
/// short, and on NetBSD unsigned.
using Filter = decltype(std::declval<Kevent>().filter);
/// int, and on NetBSD std::size_t.
template <class Count>
Count count_type(int (*)(int, const Kevent*, Count, Kevent*, Count, const timespec*));
using Count = decltype(count_type(&::kevent));

// EVFILT_USER: FreeBSD 8.1, macOS 10.6, DragonFly 4.0, NetBSD 10, OpenBSD 7.8.
#if defined(EVFILT_USER)
inline constexpr bool has_user_filter = true;
inline constexpr Filter user_filter = EVFILT_USER;
inline constexpr unsigned trigger = NOTE_TRIGGER;
#else
inline constexpr bool has_user_filter = false;
inline constexpr Filter user_filter = EVFILT_READ;
inline constexpr unsigned trigger = 0;
#endif

// Out-of-band data: macOS, OpenBSD and DragonFly; not FreeBSD, nor NetBSD.
#if defined(EVFILT_EXCEPT) && defined(NOTE_OOB)
inline constexpr bool has_except_filter = true;
inline constexpr Filter except_filter = EVFILT_EXCEPT;
inline constexpr unsigned out_of_band = NOTE_OOB;
#else
inline constexpr bool has_except_filter = false;
inline constexpr Filter except_filter = EVFILT_READ;
inline constexpr unsigned out_of_band = 0;
#endif

/// errno as an error value.
std::unexpected<std::error_code> last_error() noexcept;

/// kqueue(2).
Result<int> create() noexcept;
/// fcntl(2): closed by exec.
Result<void> close_on_exec(int fd) noexcept;
/// fstat(2): whether it is a regular file or a folder.
Result<bool> is_file(int fd) noexcept;

/// A change: what EV_SET makes. `user_data` is an integer on NetBSD before 10, else a pointer.
Kevent change(std::uintptr_t ident, Filter filter, unsigned flags, unsigned filter_flags,
              std::uintptr_t user_data) noexcept;
std::uintptr_t user_data(const Kevent& event) noexcept;

/// kevent(2) of changes that all have EV_RECEIPT, which are replaced by their receipts. This and
/// the next leave an error in errno: they are on the way of every event.
int apply(int kqueue, Kevent* changes, std::size_t count) noexcept;
/// kevent(2) of one change without a receipt.
Result<void> apply(int kqueue, const Kevent& change) noexcept;
/// kevent(2) without changes; for ever if `timeout` is null.
int wait(int kqueue, Kevent* events, std::size_t capacity, const timespec* timeout) noexcept;

/// pipe(2): the reading and the writing end.
Result<std::pair<int, int>> create_pipe() noexcept;
/// fcntl(2): non-blocking.
Result<void> unblock(int fd) noexcept;
/// write(2) of one byte.
Result<void> write_byte(int fd) noexcept;
/// read(2), once, of what a pipe holds.
void drain(int fd) noexcept;
/// close(2).
void close(int fd) noexcept;

}  // namespace evq::kqueue::ffi
