// kqueue(2) and kevent(2) over epoll. What sys/event.h gives a program is a real descriptor: an
// epoll that holds, for each filter, an epoll of its own, since data must not make EVFILT_WRITE
// fire, and an eventfd for EVFILT_USER. EPOLL_CTL_MOD makes an edge fire again as a repeated EV_ADD
// does, EPOLLONESHOT is EV_DISPATCH, and close(2) is replaced, since closing a descriptor takes it
// out of every kqueue, whatever duplicates there are.
//
// As on BSD nothing is taken from the heap once a queue is made, a signal handler may call
// kevent(2), and a mode stays as it was added. Otherwise than there:
//
// - A socket's pending error cannot be read without taking it: it is ECONNRESET here.
// - A change of the connection's state that leaves it writable fires EVFILT_WRITE again.
// - EVFILT_WRITE does not tell that this side was shut down.
// - Events come by filter, and not in the order in which they arose.
// - Regular files, which are ready or at their end on BSD, are refused with EPERM.

#include "queue.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>

using namespace evq::test::kqueue;

// ThreadSanitizer has to see a descriptor go, or takes the next of its number for the same one.
#if defined(__SANITIZE_THREAD__)
#define EVQ_CLOSE __interceptor_close
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EVQ_CLOSE __interceptor_close
#endif
#endif
#ifdef EVQ_CLOSE
extern "C" int EVQ_CLOSE(int fd);
#endif

namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

int close_for_good(int fd) {
#ifdef EVQ_CLOSE
  return EVQ_CLOSE(fd);
#else
  return static_cast<int>(::syscall(SYS_close, fd));
#endif
}

Queue* find_queue(int fd) {
  Queue* queue = queues;
  while (queue != nullptr && queue->fd != fd) {
    queue = queue->next;
  }
  return queue;
}

mode_t file_type(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

void disarm(const Queue& queue, std::size_t filter, int fd) {
  ::epoll_ctl(queue.sets[filter], EPOLL_CTL_DEL, fd, nullptr);
}

/// Makes the filter look at its descriptor now, and report what it finds. 0 or an errno.
int arm(const Queue& queue, std::size_t filter, const Knote& knote) {
  epoll_event event{};
  event.events = epoll_interest[filter];
  if ((knote.asked.flags & EV_CLEAR) != 0) {
    event.events |= EPOLLET;
  }
  if ((knote.asked.flags & (EV_DISPATCH | EV_ONESHOT)) != 0) {
    event.events |= EPOLLONESHOT;
  }
  const auto fd = static_cast<int>(knote.asked.ident);
  event.data.fd = fd;
  if (::epoll_ctl(queue.sets[filter], EPOLL_CTL_MOD, fd, &event) == 0) {
    return 0;
  }
  if (errno == ENOENT && ::epoll_ctl(queue.sets[filter], EPOLL_CTL_ADD, fd, &event) == 0) {
    return 0;
  }
  return errno;
}

/// The parameters that a change to an existing filter replaces; its flags are not among them.
void update(Knote& knote, const struct kevent& change) {
  knote.asked.udata = change.udata;
  knote.asked.fflags = change.fflags;
  knote.asked.data = change.data;
  if ((change.flags & EV_ENABLE) != 0) {
    knote.is_disabled = false;
  } else if ((change.flags & EV_DISABLE) != 0) {
    knote.is_disabled = true;
  }
}

int change_descriptor(Queue& queue, const struct kevent& change, std::size_t filter) {
  if (change.ident >= most_descriptors || ::fcntl(static_cast<int>(change.ident), F_GETFD) < 0) {
    return EBADF;
  }
  const auto fd = static_cast<int>(change.ident);
  Knote& knote = queue.knotes[filter][change.ident];
  if (!knote.exists) {
    if ((change.flags & EV_ADD) == 0) {
      return ENOENT;
    }
    if (change.filter == except_filter && file_type(fd) != S_IFSOCK) {
      return EINVAL;
    }
    knote = {.exists = true,
             .is_disabled = (change.flags & EV_DISABLE) != 0,
             .is_triggered = false,
             .asked = change};
  } else if ((change.flags & EV_DELETE) != 0) {
    disarm(queue, filter, fd);
    knote.exists = false;
    return 0;
  } else {
    update(knote, change);
  }
  if (knote.is_disabled) {
    disarm(queue, filter, fd);
    return 0;
  }
  const int error = arm(queue, filter, knote);
  knote.exists = error == 0;
  return error;
}

int change_user_event(Queue& queue, const struct kevent& change) {
  const auto find = [&queue](auto holds) { return std::ranges::find_if(queue.user_events, holds); };
  auto* knote =
      find([&](const Knote& other) { return other.exists && other.asked.ident == change.ident; });
  if (knote == std::end(queue.user_events)) {
    if ((change.flags & EV_ADD) == 0) {
      return ENOENT;
    }
    knote = find([](const Knote& other) { return !other.exists; });
    if (knote == std::end(queue.user_events)) {
      return ENOMEM;
    }
    *knote = {.exists = true, .is_disabled = false, .is_triggered = false, .asked = change};
    return 0;  // NOTE_TRIGGER in the same change does nothing on some systems
  }
  if ((change.flags & EV_DELETE) != 0) {
    knote->exists = false;
    return 0;
  }
  update(*knote, change);
  if ((change.fflags & trigger) != 0) {
    knote->is_triggered = true;
    const std::uint64_t one = 1;
    static_cast<void>(::write(queue.triggers, &one, sizeof one) < 0);
  }
  return 0;
}

int make_change(Queue& queue, const struct kevent& change) {
  if (change.filter == user_filter) {
    return change_user_event(queue, change);
  }
  const auto* filter = std::ranges::find(descriptor_filters, change.filter);
  if (filter == descriptor_filters.end()) {
    return EINVAL;
  }
  return change_descriptor(queue, change,
                           static_cast<std::size_t>(filter - descriptor_filters.begin()));
}

/// The event of a filter that fired.
struct kevent event_of(const Knote& knote) {
  struct kevent event = knote.asked;
  event.flags &= EV_ONESHOT | EV_CLEAR | EV_RECEIPT | EV_DISPATCH;
  event.fflags = 0;
  event.data = 0;
  return event;
}

/// Whether what epoll says of a descriptor is an event of this filter; completes it.
bool describe(struct kevent& event, std::uint32_t ready) {
  const auto fd = static_cast<int>(event.ident);
  bool is_eof = (ready & EPOLLHUP) != 0;
  if (event.filter == except_filter) {
    event.fflags = out_of_band;
    return (ready & EPOLLPRI) != 0;
  }
  if (event.filter == EVFILT_READ) {
    int count = 0;
    ::ioctl(fd, FIONREAD, &count);
    event.data = count;
    is_eof = is_eof || (ready & EPOLLRDHUP) != 0;
  } else if ((ready & EPOLLERR) != 0) {
    is_eof = is_eof || file_type(fd) == S_IFIFO;
  }
  if (is_eof) {
    event.flags |= EV_EOF;
    event.fflags = (ready & (EPOLLERR | EPOLLHUP)) == (EPOLLERR | EPOLLHUP) ? ECONNRESET : 0;
  }
  return true;
}

std::size_t take_descriptors(Queue& queue, std::size_t filter, std::span<struct kevent> events) {
  const int most = static_cast<int>(std::min(events.size(), std::size(queue.ready)));
  const int found = most == 0 ? 0 : ::epoll_wait(queue.sets[filter], queue.ready, most, 0);
  std::size_t count = 0;
  for (int i = 0; i < found; ++i) {
    const auto& [flags, data] = queue.ready[i];
    Knote& knote = queue.knotes[filter][data.fd];
    events[count] = event_of(knote);
    if (!describe(events[count], flags)) {
      disarm(queue, filter, data.fd);  // a hang-up, which epoll reports unasked and for ever
      continue;
    }
    ++count;
    if ((knote.asked.flags & EV_ONESHOT) != 0) {
      disarm(queue, filter, data.fd);
      knote.exists = false;
    } else if ((knote.asked.flags & EV_DISPATCH) != 0) {
      knote.is_disabled = true;
    }
  }
  return count;
}

std::size_t take_user_events(Queue& queue, std::span<struct kevent> events) {
  std::size_t count = 0;
  bool is_left = false;
  for (Knote& knote : queue.user_events) {
    if (!knote.exists || !knote.is_triggered || knote.is_disabled) {
      continue;
    }
    if (count == events.size()) {
      is_left = true;
      break;
    }
    events[count++] = event_of(knote);
    const auto flags = knote.asked.flags;
    knote.is_triggered = (flags & EV_CLEAR) == 0;
    knote.exists = (flags & EV_ONESHOT) == 0;
    knote.is_disabled = (flags & EV_DISPATCH) != 0;
    is_left = is_left || (knote.is_triggered && knote.exists && !knote.is_disabled);
  }
  if (!is_left) {
    std::uint64_t triggers = 0;
    static_cast<void>(::read(queue.triggers, &triggers, sizeof triggers) < 0);
  }
  return count;
}

/// Each kind has its turn to be the first, or a full buffer would hide the others.
std::size_t take_events(Queue& queue, std::span<struct kevent> events) {
  constexpr std::size_t kinds = descriptor_filters.size() + 1;
  std::size_t count = 0;
  const std::size_t first = queue.turn++;
  for (std::size_t i = 0; i < kinds; ++i) {
    const std::size_t kind = (first + i) % kinds;
    const auto room = events.subspan(count);
    count += kind == descriptor_filters.size() ? take_user_events(queue, room)
                                               : take_descriptors(queue, kind, room);
  }
  return count;
}

/// Makes the changes; the number of receipts, or -1 and errno.
int make_changes(Queue& queue, std::span<const struct kevent> changes,
                 std::span<struct kevent> events) {
  std::size_t receipts = 0;
  for (const auto& change : changes) {
    const struct kevent made = change;  // events may lie in the same place
    const int error = make_change(queue, made);
    if (error == 0 && (made.flags & EV_RECEIPT) == 0) {
      continue;
    }
    if (receipts == events.size()) {
      errno = error;
      return error == 0 ? static_cast<int>(receipts) : -1;
    }
    events[receipts] = made;
    events[receipts].flags = EV_ERROR;
    events[receipts].data = error;
    ++receipts;
  }
  return static_cast<int>(receipts);
}

timespec to_timespec(nanoseconds time) {
  const auto whole = std::chrono::duration_cast<seconds>(time);
  return {.tv_sec = whole.count(), .tv_nsec = (time - whole).count()};
}

void close_sets(const Queue& queue) {
  for (const int fd : queue.sets) {
    close_for_good(fd);
  }
  close_for_good(queue.triggers);
}

}  // namespace

void (*evq_kevent_returns)(int queue) = nullptr;

int kqueue() noexcept {
  void* memory = ::mmap(nullptr, sizeof(Queue), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    return -1;
  }
  // All zeros is a queue without filters.
  auto* queue = static_cast<Queue*>(memory);
  queue->fd = ::epoll_create1(0);
  bool is_good = queue->fd >= 0;
  const auto hold = [&](int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    is_good = is_good && fd >= 0 && ::epoll_ctl(queue->fd, EPOLL_CTL_ADD, fd, &event) == 0;
    return fd;
  };
  for (int& set : queue->sets) {
    set = hold(::epoll_create1(EPOLL_CLOEXEC));
  }
  queue->triggers = hold(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!is_good) {
    const int error = errno;
    close_sets(*queue);
    close_for_good(queue->fd);
    ::munmap(memory, sizeof(Queue));
    errno = error;
    return -1;
  }
  const Locked locked;
  queue->next = queues;
  queues = queue;
  return queue->fd;
}

int kevent(int fd, const struct kevent* changes, int change_count, struct kevent* events,
           int event_count, const struct timespec* timeout) noexcept {
  if (timeout != nullptr &&
      (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1'000'000'000)) {
    errno = EINVAL;
    return -1;
  }
  const bool never_waits = timeout != nullptr && timeout->tv_sec == 0 && timeout->tv_nsec == 0;
  const auto start = never_waits ? steady_clock::time_point() : steady_clock::now();
  const std::span room(events, static_cast<std::size_t>(event_count));

  Locked locked;
  Queue* queue = find_queue(fd);
  if (queue != nullptr) {
    const int receipts =
        make_changes(*queue, {changes, static_cast<std::size_t>(change_count)}, room);
    if (receipts != 0 || event_count == 0) {
      return receipts;
    }
  }
  while (queue != nullptr) {
    if (const std::size_t count = take_events(*queue, room); count != 0) {
      if (evq_kevent_returns != nullptr) {
        locked.unlock();
        evq_kevent_returns(fd);
        locked.lock();
      }
      return static_cast<int>(count);
    }
    timespec left{};
    if (timeout != nullptr) {
      const auto whole = seconds(timeout->tv_sec) + nanoseconds(timeout->tv_nsec);
      const auto elapsed = never_waits ? whole : steady_clock::now() - start;
      if (elapsed >= whole) {
        return 0;
      }
      left = to_timespec(whole - elapsed);
    }
    pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
    locked.unlock();
    const int status = ::ppoll(&waited, 1, timeout != nullptr ? &left : nullptr, nullptr);
    locked.lock();
    if (status < 0) {
      return -1;
    }
    queue = find_queue(fd);  // another thread may have closed it
  }
  errno = EBADF;
  return -1;
}

extern "C" int close(int fd) {
  {
    const Locked locked;
    for (Queue** link = &queues; *link != nullptr;) {
      Queue* const queue = *link;
      if (queue->fd == fd) {
        *link = queue->next;
        close_sets(*queue);
        ::munmap(queue, sizeof(Queue));
        continue;
      }
      for (std::size_t filter = 0; filter < descriptor_filters.size(); ++filter) {
        if (fd < 0 || static_cast<std::size_t>(fd) >= most_descriptors) {
          continue;
        }
        Knote& knote = queue->knotes[filter][fd];
        if (knote.exists) {
          disarm(*queue, filter, fd);
          knote.exists = false;
        }
      }
      link = &queue->next;
    }
  }
  return close_for_good(fd);
}
