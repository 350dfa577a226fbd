// That the kqueue of tests/support/kqueue does what kqueue(2) of FreeBSD and macOS say, where the
// backend relies on it. What runs on it is worth as much as this.

#include <evq/net/unix.hpp>
#include <evq/pipe.hpp>

#include <sys/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/handles.hpp"
#include "support/sockets.hpp"

using namespace evq;
using namespace evq::test;
using std::chrono::steady_clock;
using Kevent = struct kevent;

namespace {

class Kqueue {
 public:
  Kqueue() { REQUIRE(fd_ >= 0); }
  Kqueue(const Kqueue&) = delete;
  Kqueue& operator=(const Kqueue&) = delete;
  ~Kqueue() { ::close(fd_); }

  [[nodiscard]] int fd() const { return fd_; }

  /// One change without a receipt: 0 or an errno.
  int change(int ident, std::int16_t filter, unsigned flags, std::uintptr_t udata = 0,
             std::uint32_t fflags = 0) const {
    const Kevent change = made(ident, filter, flags, udata, fflags);
    return ::kevent(fd_, &change, 1, nullptr, 0, nullptr) == 0 ? 0 : errno;
  }

  /// What there is now, at most `most`.
  [[nodiscard]] std::vector<Kevent> take(int most = 16) const {
    std::vector<Kevent> events(static_cast<std::size_t>(most));
    const timespec no_time{};
    const int count = ::kevent(fd_, nullptr, 0, events.data(), most, &no_time);
    REQUIRE(count >= 0);
    events.resize(static_cast<std::size_t>(count));
    return events;
  }

  static Kevent made(int ident, std::int16_t filter, unsigned flags, std::uintptr_t udata = 0,
                     std::uint32_t fflags = 0) {
    return {.ident = static_cast<std::uintptr_t>(ident),
            .filter = filter,
            .flags = static_cast<std::uint16_t>(flags),
            .fflags = fflags,
            .data = 0,
            .udata = reinterpret_cast<void*>(udata)};
  }

 private:
  int fd_ = ::kqueue();
};

std::uintptr_t udata_of(const std::vector<Kevent>& events) {
  REQUIRE(events.size() == 1);
  return reinterpret_cast<std::uintptr_t>(events[0].udata);
}

}  // namespace

TEST_CASE("a level is told each time, with how much there is to read") {
  const Kqueue kqueue;
  auto [ours, theirs] = must(net::UnixStream::pair());
  const int fd = ours.native_handle();
  CHECK(kqueue.change(fd, EVFILT_READ, EV_ADD, 7) == 0);
  CHECK(kqueue.take().empty());
  send_text(theirs, "abc");
  for (int i = 0; i < 3; ++i) {
    const auto events = kqueue.take();
    CHECK(udata_of(events) == 7);
    CHECK(events[0].ident == static_cast<std::uintptr_t>(fd));
    CHECK(events[0].filter == EVFILT_READ);
    CHECK(events[0].data == 3);
    CHECK((events[0].flags & EV_EOF) == 0);
  }
  drain(ours);
  CHECK(kqueue.take().empty());
}

TEST_CASE("EV_CLEAR tells once, and again what is new or added again") {
  const Kqueue kqueue;
  auto [ours, theirs] = must(net::UnixStream::pair());
  const int fd = ours.native_handle();
  CHECK(kqueue.change(fd, EVFILT_READ, EV_ADD | EV_CLEAR, 1) == 0);
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, 2) == 0);
  CHECK(udata_of(kqueue.take()) == 2);
  send_text(theirs, "x");
  CHECK(udata_of(kqueue.take()) == 1);  // and nothing of the other filter
  CHECK(kqueue.take().empty());
  send_text(theirs, "y");
  CHECK(udata_of(kqueue.take()) == 1);
  CHECK(kqueue.change(fd, EVFILT_READ, EV_ADD, 3) == 0);
  CHECK(udata_of(kqueue.take()) == 3);
}

// kern_event.c: only udata, fflags and data of a filter that exists are replaced.
TEST_CASE("adding again replaces udata, and not the mode") {
  const Kqueue kqueue;
  auto [ours, theirs] = must(net::UnixStream::pair());
  const int fd = ours.native_handle();
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_ADD, 1) == 0);
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, 2) == 0);
  CHECK(udata_of(kqueue.take()) == 2);
  CHECK(udata_of(kqueue.take()) == 2);
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_DELETE) == 0);
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, 3) == 0);
  CHECK(udata_of(kqueue.take()) == 3);
  CHECK(kqueue.take().empty());
}

TEST_CASE("EV_DISPATCH tells once, of its filter alone, until it is enabled") {
  const Kqueue kqueue;
  auto [ours, theirs] = must(net::UnixStream::pair());
  const int fd = ours.native_handle();
  CHECK(kqueue.change(fd, EVFILT_READ, EV_ADD | EV_DISPATCH, 1) == 0);
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_ADD | EV_DISPATCH, 2) == 0);
  CHECK(udata_of(kqueue.take()) == 2);
  send_text(theirs, "x");
  CHECK(udata_of(kqueue.take()) == 1);
  CHECK(kqueue.take().empty());
  send_text(theirs, "y");
  CHECK(kqueue.take().empty());
  // As the kernels have it: adding alone does not enable.
  CHECK(kqueue.change(fd, EVFILT_READ, EV_ADD, 3) == 0);
  CHECK(kqueue.take().empty());
  CHECK(kqueue.change(fd, EVFILT_READ, EV_ENABLE, 4) == 0);
  CHECK(udata_of(kqueue.take()) == 4);
  CHECK(kqueue.take().empty());
  CHECK(kqueue.change(fd, EVFILT_READ, EV_DELETE) == 0);
}

TEST_CASE("EV_DISABLE silences a filter, hang-ups included, until it is enabled") {
  const Kqueue kqueue;
  auto [ours, theirs] = must(net::UnixStream::pair());
  const int fd = ours.native_handle();
  CHECK(kqueue.change(fd, EVFILT_READ, EV_ADD, 1) == 0);
  CHECK(kqueue.change(fd, EVFILT_READ, EV_DISABLE, 1) == 0);
  send_text(theirs, "x");
  {
    const auto closed = std::move(theirs);
  }
  CHECK(kqueue.take().empty());
  CHECK(kqueue.change(fd, EVFILT_READ, EV_ENABLE, 2) == 0);
  CHECK(udata_of(kqueue.take()) == 2);
}

TEST_CASE("EV_ONESHOT deletes its filter with the report") {
  const Kqueue kqueue;
  auto [ours, theirs] = must(net::UnixStream::pair());
  const int fd = ours.native_handle();
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_ADD | EV_ONESHOT, 1) == 0);
  CHECK(udata_of(kqueue.take()) == 1);
  CHECK(kqueue.take().empty());
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_DELETE) == ENOENT);
}

TEST_CASE("EV_RECEIPT answers for each change, and drains nothing") {
  const Kqueue kqueue;
  auto [ours, theirs] = must(net::UnixStream::pair());
  const int fd = ours.native_handle();
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, 1) == 0);
  std::vector changes = {Kqueue::made(fd, EVFILT_READ, EV_DELETE | EV_RECEIPT),
                         Kqueue::made(fd, EVFILT_READ, EV_ADD | EV_RECEIPT, 5),
                         Kqueue::made(-1, EVFILT_READ, EV_ADD | EV_RECEIPT),
                         Kqueue::made(-1, EVFILT_WRITE, EV_DELETE | EV_RECEIPT),
                         Kqueue::made(fd, -99, EV_ADD | EV_RECEIPT)};
  CHECK(::kevent(kqueue.fd(), changes.data(), 5, changes.data(), 5, nullptr) == 5);
  for (const auto& receipt : changes) {
    CHECK(receipt.flags == EV_ERROR);
  }
  CHECK(changes[0].data == ENOENT);
  CHECK(changes[1].data == 0);
  CHECK(changes[2].data == EBADF);
  CHECK(changes[3].data == EBADF);
  CHECK(changes[4].data == EINVAL);
  CHECK(udata_of(kqueue.take()) == 1);
  send_text(theirs, "x");
  CHECK(udata_of(kqueue.take()) == 5);
}

TEST_CASE("without room for it an error is the call's, and the changes behind it are not made") {
  const Kqueue kqueue;
  auto [ours, theirs] = must(net::UnixStream::pair());
  const int fd = ours.native_handle();
  const std::vector changes = {Kqueue::made(fd, EVFILT_READ, EV_DELETE),
                               Kqueue::made(fd, EVFILT_WRITE, EV_ADD)};
  CHECK(::kevent(kqueue.fd(), changes.data(), 2, nullptr, 0, nullptr) == -1);
  CHECK(errno == ENOENT);
  CHECK(kqueue.take().empty());
}

TEST_CASE("closing a descriptor takes out its filters, whatever duplicates there are") {
  const Kqueue kqueue;
  auto [ours, theirs] = must(net::UnixStream::pair());
  const int fd = ours.native_handle();
  const auto duplicate = duplicate_handle(fd);
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_ADD, 1) == 0);
  CHECK(udata_of(kqueue.take()) == 1);
  {
    const auto closed = std::move(ours);
  }
  CHECK(kqueue.take().empty());
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_DELETE) == EBADF);
  const auto again = duplicate_handle(duplicate->get());
  REQUIRE(again->get() == fd);
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_DELETE) == ENOENT);
  CHECK(kqueue.take().empty());
}

TEST_CASE("the end of a stream is the reading filter's, a reset is both's") {
  const Kqueue kqueue;
  auto pair = tcp_pair();
  const int fd = pair.ours.native_handle();
  fill(pair.ours);
  CHECK(kqueue.change(fd, EVFILT_READ, EV_ADD | EV_CLEAR, 1) == 0);
  CHECK(kqueue.change(fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, 2) == 0);
  SECTION("end") {
    must(pair.theirs.shutdown(net::Shutdown::write));
    const auto events = kqueue.take();
    CHECK(udata_of(events) == 1);
    CHECK((events[0].flags & EV_EOF) != 0);
    CHECK(events[0].fflags == 0);
  }
  SECTION("reset") {
    reset_on_close(pair.theirs);
    {
      const auto closed = std::move(pair.theirs);
    }
    const auto events = kqueue.take();
    REQUIRE(events.size() == 2);
    for (const auto& event : events) {
      CHECK((event.flags & EV_EOF) != 0);
      CHECK(event.fflags == ECONNRESET);
    }
  }
}

TEST_CASE("a pipe without a reader has EV_EOF and no error") {
  const Kqueue kqueue;
  auto [sender, receiver] = must(pipe());
  fill(sender);
  CHECK(kqueue.change(sender.native_handle(), EVFILT_WRITE, EV_ADD | EV_CLEAR, 1) == 0);
  CHECK(kqueue.take().empty());
  {
    const auto closed = std::move(receiver);
  }
  const auto events = kqueue.take();
  CHECK(udata_of(events) == 1);
  CHECK((events[0].flags & EV_EOF) != 0);
  CHECK(events[0].fflags == 0);
}

TEST_CASE("a kqueue can be waited for in another, as long as it has something") {
  const Kqueue outer;
  const Kqueue inner;
  auto [ours, theirs] = must(net::UnixStream::pair());
  CHECK(outer.change(inner.fd(), EVFILT_READ, EV_ADD, 9) == 0);
  CHECK(inner.change(ours.native_handle(), EVFILT_READ, EV_ADD | EV_DISPATCH, 1) == 0);
  CHECK(outer.take().empty());
  send_text(theirs, "x");
  CHECK(udata_of(outer.take()) == 9);
  CHECK(udata_of(outer.take()) == 9);
  CHECK(udata_of(inner.take()) == 1);
  CHECK(outer.take().empty());
}

TEST_CASE("a filter that is always ready does not hide the others in a buffer of one") {
  const Kqueue kqueue;
  auto [ours, theirs] = must(net::UnixStream::pair());
  send_text(theirs, "x");
  CHECK(kqueue.change(ours.native_handle(), EVFILT_READ, EV_ADD, 1) == 0);
  CHECK(kqueue.change(ours.native_handle(), EVFILT_WRITE, EV_ADD, 2) == 0);
  bool seen[3] = {};
  for (int i = 0; i < 8; ++i) {
    seen[udata_of(kqueue.take(1))] = true;
  }
  CHECK(seen[1]);
  CHECK(seen[2]);
}

// kqueue_scan of kern_event.c: from the head of its list to a marker, and what stays goes behind
// it.
TEST_CASE("a call fills its room with each filter once, and begins where the last one ended") {
  const Kqueue kqueue;
  std::vector<std::pair<net::UnixStream, net::UnixStream>> pairs;
  for (std::uintptr_t i = 0; i < 200; ++i) {
    pairs.push_back(must(net::UnixStream::pair()));
    CHECK(kqueue.change(pairs.back().first.native_handle(), EVFILT_WRITE, EV_ADD, i) == 0);
  }
  std::set<void*> seen;
  for (const int room : {120, 120}) {
    const auto events = kqueue.take(room);
    CHECK(events.size() == 120);
    for (const auto& event : events) {
      seen.insert(event.udata);
    }
  }
  CHECK(seen.size() == 200);
  CHECK(kqueue.take(300).size() == 200);
}

TEST_CASE("a time-out is to the nanosecond and not early, a signal is EINTR, nonsense EINVAL") {
  const Kqueue kqueue;
  Kevent event;
  const auto wait = [&](timespec time) {
    return ::kevent(kqueue.fd(), nullptr, 0, &event, 1, &time);
  };
  const auto start = steady_clock::now();
  CHECK(wait({.tv_sec = 0, .tv_nsec = 1500000}) == 0);
  CHECK(steady_clock::now() - start >= 1500us);
  CHECK(wait({.tv_sec = 0, .tv_nsec = 1000000000}) == -1);
  CHECK(errno == EINVAL);
  CHECK(wait({.tv_sec = -1, .tv_nsec = 0}) == -1);
  CHECK(errno == EINVAL);

  struct sigaction action = {};
  struct sigaction previous = {};
  action.sa_handler = [](int) {};
  REQUIRE(::sigaction(SIGUSR1, &action, &previous) == 0);
  const std::jthread thread([waiter = ::pthread_self()] {
    std::this_thread::sleep_for(30ms);
    ::pthread_kill(waiter, SIGUSR1);
  });
  CHECK(wait({.tv_sec = 60, .tv_nsec = 0}) == -1);
  CHECK(errno == EINTR);
  REQUIRE(::sigaction(SIGUSR1, &previous, nullptr) == 0);
}

TEST_CASE("a change by another thread ends a wait") {
  const Kqueue kqueue;
  auto [ours, theirs] = must(net::UnixStream::pair());
  const std::jthread thread([&, fd = ours.native_handle()] {
    std::this_thread::sleep_for(30ms);
    kqueue.change(fd, EVFILT_WRITE, EV_ADD, 1);
  });
  Kevent event;
  CHECK(::kevent(kqueue.fd(), nullptr, 0, &event, 1, nullptr) == 1);
}

TEST_CASE("a closed kqueue leaves no handle open, and what is none is EBADF") {
  const auto before = open_handles();
  int fd = -1;
  {
    const Kqueue kqueue;
    fd = kqueue.fd();
  }
  CHECK(open_handles() == before);
  Kevent event;
  CHECK(::kevent(fd, nullptr, 0, &event, 1, nullptr) == -1);
  CHECK(errno == EBADF);
}

#ifdef EVFILT_USER
TEST_CASE("EVFILT_USER tells once what was triggered, with the last udata") {
  const Kqueue kqueue;
  CHECK(kqueue.change(-5, EVFILT_USER, 0, 0, NOTE_TRIGGER) == ENOENT);
  CHECK(kqueue.change(-5, EVFILT_USER, EV_ADD | EV_CLEAR, 1) == 0);
  CHECK(kqueue.change(-6, EVFILT_USER, EV_ADD | EV_CLEAR, 2) == 0);
  CHECK(kqueue.take().empty());
  CHECK(kqueue.change(-5, EVFILT_USER, 0, 3, NOTE_TRIGGER) == 0);
  CHECK(kqueue.change(-5, EVFILT_USER, 0, 4, NOTE_TRIGGER) == 0);
  CHECK(udata_of(kqueue.take()) == 4);
  CHECK(kqueue.take().empty());
  CHECK(kqueue.change(-5, EVFILT_USER, 0, 1, NOTE_TRIGGER) == 0);
  CHECK(kqueue.change(-6, EVFILT_USER, 0, 2, NOTE_TRIGGER) == 0);
  CHECK(kqueue.take(1).size() == 1);
  CHECK(kqueue.take(1).size() == 1);
  CHECK(kqueue.take().empty());
  CHECK(kqueue.change(-5, EVFILT_USER, 0, 1, NOTE_TRIGGER) == 0);
  CHECK(kqueue.change(-5, EVFILT_USER, EV_DELETE) == 0);
  CHECK(kqueue.take().empty());
}

TEST_CASE("EVFILT_EXCEPT tells a socket of out-of-band data, and not of the end") {
  const Kqueue kqueue;
  const auto ends = must(pipe());
  CHECK(kqueue.change(ends.second.native_handle(), EVFILT_EXCEPT, EV_ADD, 1, NOTE_OOB) == EINVAL);
  auto pair = tcp_pair();
  const int fd = pair.ours.native_handle();
  CHECK(kqueue.change(fd, EVFILT_EXCEPT, EV_ADD, 1, NOTE_OOB) == 0);
  CHECK(kqueue.change(fd, EVFILT_READ, EV_ADD, 2) == 0);
  send_urgent(pair.theirs, '!');
  std::vector<Kevent> events;
  while (events.empty()) {
    events = kqueue.take();
  }
  CHECK(udata_of(events) == 1);
  CHECK(events[0].fflags == NOTE_OOB);
  CHECK(kqueue.change(fd, EVFILT_READ, EV_DELETE) == 0);
  {
    const auto closed = std::move(pair.theirs);
  }
  must(pair.ours.shutdown(net::Shutdown::both));
  char byte = 0;
  CHECK(::recv(fd, &byte, 1, MSG_OOB) == 1);
  CHECK(kqueue.take().empty());
}
#endif
