// What the emulated kqueue keeps, and the lock that everything of it is under.
#pragma once

#include <sys/event.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace evq::test::kqueue {

// The names are missing from the header of an old system.
inline constexpr std::int16_t user_filter = -10;
inline constexpr std::int16_t except_filter = -15;
inline constexpr std::uint32_t trigger = 0x01000000U;
inline constexpr std::uint32_t out_of_band = 0x00000002U;

inline constexpr std::size_t most_descriptors = 32768;
inline constexpr std::size_t most_user_events = 64;

inline constexpr std::array<std::int16_t, 3> descriptor_filters = {EVFILT_READ, EVFILT_WRITE,
                                                                   except_filter};
inline constexpr std::array<std::uint32_t, 3> epoll_interest = {EPOLLIN | EPOLLRDHUP, EPOLLOUT,
                                                                EPOLLPRI};

struct Knote {
  bool exists;
  bool is_disabled;
  bool is_triggered;
  struct kevent asked;
};

struct Queue {
  int fd;
  std::array<int, descriptor_filters.size()> sets;
  int triggers;
  unsigned turn;
  Queue* next;
  epoll_event
      ready[most_descriptors];  ///< For one call, which fills all the room that it is given.
  Knote user_events[most_user_events];
  Knote knotes[descriptor_filters.size()][most_descriptors];
};

inline std::mutex mutex;
inline Queue* queues = nullptr;

/// Holds the lock, and signals off while it does: their handlers may call kevent and close.
class Locked {
 public:
  Locked() { lock(); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  ~Locked() { unlock(); }

  void lock() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &previous_);
    mutex.lock();
  }
  void unlock() {
    const int kept = errno;
    mutex.unlock();
    ::pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
    errno = kept;
  }

 private:
  sigset_t previous_;
};

}  // namespace evq::test::kqueue
