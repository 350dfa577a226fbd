// A loop written by hand on liburing: multishot polls, submitted with the wait.
//
// It waits for readiness and leaves receiving and sending to the work, as every other contender
// does. A program written for io_uring alone could hand those to the ring too; that is other work
// than a readiness queue does, and not compared here.
#include <liburing.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "contenders.hpp"
#include "deadlines.hpp"
#include "run.hpp"

namespace bench {

namespace {

constexpr std::uint64_t wake_data = ~std::uint64_t{0};
/// Of what is asked beside polls: its completion says nothing that matters here.
constexpr std::uint64_t no_data = wake_data - 1;

/// Negative errno of a call of liburing.
void check(int result, const char* what) {
  if (result < 0) {
    errno = -result;
    fail(what);
  }
}

template <class W>
class UringLoop {
 public:
  explicit UringLoop(W& work) : work_(work) {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    params.cq_entries = 4 * events_per_wait;
    check(io_uring_queue_init_params(events_per_wait, &ring_, &params), "io_uring_setup");
  }
  UringLoop(const UringLoop&) = delete;
  UringLoop& operator=(const UringLoop&) = delete;
  ~UringLoop() {
    io_uring_queue_exit(&ring_);
    if (eventfd_ >= 0) {
      ::close(eventfd_);
    }
  }

  void add(int fd, std::size_t index, Want want) {
    if (index >= sources_.size()) {
      sources_.resize(index + 1);
    }
    sources_[index] = {fd, mask(want)};
    poll(fd, mask(want), index);
  }
  void modify(int /*fd*/, std::size_t index, Want want) {
    sources_[index].mask = mask(want);
    io_uring_sqe* sqe = next_sqe();
    io_uring_prep_poll_update(sqe, index, 0, mask(want),
                              IORING_POLL_UPDATE_EVENTS | IORING_POLL_ADD_MULTI);
    finish(sqe);
  }
  void remove(int /*fd*/, std::size_t index) {
    sources_[index].fd = -1;
    io_uring_sqe* sqe = next_sqe();
    io_uring_prep_poll_remove(sqe, index);
    finish(sqe);
  }

  void enable_wakes() {
    eventfd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (eventfd_ < 0) {
      fail("eventfd");
    }
    poll(eventfd_, POLLIN, wake_data);
  }
  void wake() {
    const std::uint64_t one = 1;
    if (::write(eventfd_, &one, sizeof one) != sizeof one) {
      fail("write to an eventfd");
    }
  }

  void begin_timers() { deadlines_.begin(); }
  void add_timer(std::size_t index, std::chrono::nanoseconds delay) {
    deadlines_.add(index, delay);
  }
  void cancel_timer(std::size_t index) { deadlines_.cancel(index); }

  void run() {
    while (!work_.done()) {
      wait();
      io_uring_cqe* cqe = nullptr;
      unsigned head = 0;
      unsigned seen = 0;
      io_uring_for_each_cqe(&ring_, head, cqe) {
        ++seen;
        take(cqe->user_data, cqe->res, (cqe->flags & IORING_CQE_F_MORE) != 0);
      }
      io_uring_cq_advance(&ring_, seen);
      if constexpr (W::uses_timers) {
        deadlines_.expire([this](std::size_t index) { work_.expired(*this, index); });
      }
    }
  }

 private:
  struct Source {
    int fd;
    unsigned mask;
  };

  static unsigned mask(Want want) {
    return POLLIN | POLLRDHUP | (want == Want::read ? 0U : unsigned{POLLOUT});
  }

  void take(std::uint64_t data, int result, bool goes_on) {
    if (data == no_data || result == -ECANCELED) {
      return;
    }
    check(result, "io_uring poll");
    if constexpr (W::uses_wakes) {
      if (data == wake_data) {
        if (!goes_on) {
          poll(eventfd_, POLLIN, wake_data);
        }
        work_.woken(*this);
        return;
      }
    }
    // A poll that ends for want of room is asked again, unless it was of a source that is gone.
    if (!goes_on && sources_[data].fd >= 0) {
      poll(sources_[data].fd, sources_[data].mask, data);
    }
    const auto events = static_cast<unsigned>(result);
    work_.ready(*this, data,
                {(events & (POLLIN | POLLRDHUP | POLLHUP | POLLERR)) != 0,
                 (events & (POLLOUT | POLLHUP | POLLERR)) != 0});
  }

  void wait() {
    if constexpr (W::uses_timers) {
      const auto left = std::max(deadlines_.next(), std::chrono::nanoseconds(0));
      __kernel_timespec time{};
      time.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
      time.tv_nsec = (left % std::chrono::seconds(1)).count();
      io_uring_cqe* cqe = nullptr;
      const int result = io_uring_submit_and_wait_timeout(&ring_, &cqe, 1, &time, nullptr);
      check(result == -ETIME || result == -EINTR ? 0 : result, "io_uring_enter");
    } else {
      const int result = io_uring_submit_and_wait(&ring_, 1);
      check(result == -EINTR ? 0 : result, "io_uring_enter");
    }
  }

  io_uring_sqe* next_sqe() {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) {
      check(io_uring_submit(&ring_), "io_uring_enter");
      sqe = io_uring_get_sqe(&ring_);
    }
    return sqe;
  }
  void poll(int fd, unsigned mask, std::uint64_t data) {
    io_uring_sqe* sqe = next_sqe();
    io_uring_prep_poll_multishot(sqe, fd, mask);
    io_uring_sqe_set_data64(sqe, data);
  }
  /// For an SQE that only changes others.
  static void finish(io_uring_sqe* sqe) {
    io_uring_sqe_set_data64(sqe, no_data);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  }

  W& work_;
  std::vector<Source> sources_;
  io_uring ring_{};
  int eventfd_ = -1;
  Deadlines deadlines_;
};

}  // namespace

Contender liburing_contender() {
  return contender<UringLoop>("liburing", EVQ_BENCH_LIBURING_VERSION, "by hand: multishot polls");
}

}  // namespace bench
