// A loop written by hand on epoll: as few system calls and instructions as there can be.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "contenders.hpp"
#include "deadlines.hpp"
#include "run.hpp"

namespace bench {

namespace {

constexpr std::uint64_t wake_data = ~std::uint64_t{0};

template <class W>
class EpollLoop {
 public:
  explicit EpollLoop(W& work) : work_(work), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) {
      fail("epoll_create1");
    }
  }
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;
  ~EpollLoop() {
    ::close(epoll_);
    if (eventfd_ >= 0) {
      ::close(eventfd_);
    }
  }

  void add(int fd, std::size_t index, Want want) { control(EPOLL_CTL_ADD, fd, flags(want), index); }
  void modify(int fd, std::size_t index, Want want) {
    control(EPOLL_CTL_MOD, fd, flags(want), index);
  }
  void remove(int fd, std::size_t /*index*/) { control(EPOLL_CTL_DEL, fd, 0, 0); }

  void enable_wakes() {
    eventfd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (eventfd_ < 0) {
      fail("eventfd");
    }
    control(EPOLL_CTL_ADD, eventfd_, EPOLLIN | EPOLLET, wake_data);
  }
  void wake() {
    // An edge each, so that nothing has to be read.
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
      const int ready = wait();
      if (ready < 0 && errno != EINTR) {
        fail("epoll_wait");
      }
      for (int i = 0; i < ready; ++i) {
        const epoll_event& event = events_[static_cast<std::size_t>(i)];
        if constexpr (W::uses_wakes) {
          if (event.data.u64 == wake_data) {
            work_.woken(*this);
            continue;
          }
        }
        work_.ready(*this, event.data.u64,
                    {(event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
                     (event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0});
      }
      if constexpr (W::uses_timers) {
        deadlines_.expire([this](std::size_t index) { work_.expired(*this, index); });
      }
    }
  }

 private:
  static std::uint32_t flags(Want want) {
    return EPOLLIN | EPOLLRDHUP | EPOLLET | (want == Want::read ? 0U : EPOLLOUT);
  }

  void control(int operation, int fd, std::uint32_t flags, std::uint64_t data) const {
    epoll_event event{};
    event.events = flags;
    event.data.u64 = data;
    if (::epoll_ctl(epoll_, operation, fd, &event) != 0) {
      fail("epoll_ctl");
    }
  }

  int wait() {
    if constexpr (W::uses_timers) {
      const auto left = std::max(deadlines_.next(), std::chrono::nanoseconds(0));
      timespec time{};
      time.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
      time.tv_nsec = (left % std::chrono::seconds(1)).count();
      return ::epoll_pwait2(epoll_, events_.data(), events_per_wait, &time, nullptr);
    } else {
      return ::epoll_wait(epoll_, events_.data(), events_per_wait, -1);
    }
  }

  W& work_;
  int epoll_;
  int eventfd_ = -1;
  std::array<epoll_event, events_per_wait> events_{};
  Deadlines deadlines_;
};

}  // namespace

Contender epoll_contender() {
  utsname system{};
  ::uname(&system);
  return contender<EpollLoop>("epoll", system.release, "by hand: epoll_wait, edges");
}

}  // namespace bench
