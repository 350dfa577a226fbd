// The calls of the io_uring backend, each one function, and the only place that touches liburing:
// errno becomes a value, and nothing is decided or tried again here. ("ffi" as in calling foreign
// functions; evq exports none.)
#pragma once

#include <evq/error.hpp>

#include <liburing.h>
#include <sys/epoll.h>

#include <cstdint>
#include <expected>
#include <system_error>

namespace evq::io_uring::ffi {

using Ring = ::io_uring;
using Completion = ::io_uring_cqe;
using Timeout = ::__kernel_timespec;

/// errno as an error value.
std::unexpected<std::error_code> last_error() noexcept;

/// io_uring_setup(2) with room for as many submissions and completions; the ring stays closed over
/// exec.
Result<void> create(Ring& ring, unsigned submissions, unsigned completions,
                    unsigned flags) noexcept;
/// Unmaps and closes a ring. What is pending is cancelled by the kernel, a little later.
void destroy(Ring& ring) noexcept;
/// Starts a ring made with IORING_SETUP_R_DISABLED, on the thread that is to use it.
Result<void> enable(Ring& ring) noexcept;

/// How many submissions there is room for, and how many wait to be submitted.
inline unsigned room(const Ring& ring) noexcept {
  return ::io_uring_sq_space_left(&ring);
}
inline unsigned unsubmitted(const Ring& ring) noexcept {
  return ::io_uring_sq_ready(&ring);
}
/// The kernel takes submissions at the beginning of io_uring_enter(2), on another thread.
inline bool is_taken(const Ring& ring) noexcept {
  return io_uring_smp_load_acquire(ring.sq.khead) == ring.sq.sqe_tail;
}

// Each takes one of the submissions that there is room for.

/// poll(2) in the background, for once or until it is cancelled (IORING_POLL_ADD_MULTI).
void prepare_poll(Ring& ring, int fd, std::uint32_t events, bool is_multishot,
                  std::uint64_t user_data) noexcept;
/// Gives a multishot poll, known by `from`, other events and `to` for its user data. Completes,
/// with `user_data`, only on failure.
void prepare_update(Ring& ring, std::uint64_t from, std::uint64_t to, std::uint32_t events,
                    std::uint64_t user_data) noexcept;
/// Ends what is known by `target`, unless it is just completing. Completes, with `user_data`, only
/// on failure.
void prepare_removal(Ring& ring, std::uint64_t target, std::uint64_t user_data) noexcept;
/// Cancels what is known by `target`, in any case. Completes, with `user_data`, only on failure.
void prepare_cancel(Ring& ring, std::uint64_t target, std::uint64_t user_data) noexcept;
/// Makes a submission that the kernel has not taken do nothing, if `user_data` is its own.
void retract(Ring& ring, std::uint64_t user_data) noexcept;

// io_uring_enter(2): a count of submissions taken, or a negative error number.

int submit(Ring& ring) noexcept;
/// Also runs what waits to be completed, without waiting for more.
int submit_and_complete(Ring& ring) noexcept;
/// Also waits until there is a completion.
int submit_and_wait(Ring& ring) noexcept;
/// Also waits until there is a completion or `timeout` has passed; -ETIME then.
int submit_and_wait(Ring& ring, Timeout timeout) noexcept;

/// Whether there are completions that the kernel has put off: it makes some twenty at a time. Of a
/// ring with IORING_SETUP_TASKRUN_FLAG.
inline bool has_more(const Ring& ring) noexcept {
  return (IO_URING_READ_ONCE(*ring.sq.kflags) & IORING_SQ_TASKRUN) != 0;
}
/// Has up to `count` made, without waiting for any.
int complete(Ring& ring, unsigned count) noexcept;

inline unsigned completions(const Ring& ring) noexcept {
  return ::io_uring_cq_ready(&ring);
}
/// Calls `look` with each completion, in order, which it may change and which stay there.
template <class Look>
void for_each_completion(Ring& ring, Look&& look) noexcept {
  const unsigned tail = io_uring_smp_load_acquire(ring.cq.ktail);
  for (unsigned head = *ring.cq.khead; head != tail; ++head) {
    look(ring.cq.cqes[head & ring.cq.ring_mask]);
  }
}
/// Calls `take` with each completion, in order, for as long as it returns true; those are consumed.
template <class Take>
void take_completions(Ring& ring, Take&& take) noexcept {
  const unsigned tail = io_uring_smp_load_acquire(ring.cq.ktail);
  unsigned head = *ring.cq.khead;
  while (head != tail && take(ring.cq.cqes[head & ring.cq.ring_mask])) {
    ++head;
  }
  io_uring_smp_store_release(ring.cq.khead, head);
}

/// Cancels what is known by `target` from any thread (IORING_REGISTER_SYNC_CANCEL);
/// `no_such_file_or_directory` if there is nothing.
Result<void> cancel_now(Ring& ring, std::uint64_t target) noexcept;

/// poll(2) of one handle, without waiting: which of `events` hold.
std::uint32_t poll_now(int fd, std::uint32_t events) noexcept;
/// epoll_create1(2), closed by exec.
Result<int> create_epoll() noexcept;
/// epoll_ctl(2) for a handle whose events are not waited for.
Result<void> control_epoll(int epoll, int operation, int fd) noexcept;

/// The value of /proc/sys/kernel/io_uring_disabled; 0 where there is none.
int disabled_by_sysctl() noexcept;
/// close(2).
void close(int fd) noexcept;

}  // namespace evq::io_uring::ffi
