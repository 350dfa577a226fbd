// What only the epoll backend has: its fallbacks and the kernel's refusals.

#include <evq/backends/epoll.hpp>
#include <evq/basic_poll.hpp>
#include <evq/net/unix.hpp>

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"
#include "support/faults.hpp"
#include "support/handles.hpp"
#include "support/sockets.hpp"

using namespace evq;
using namespace evq::test;
using Poll = BasicPoll<EpollBackend>;
using Events = BasicEvents<EpollBackend>;
using Waker = BasicWaker<EpollBackend>;
using std::chrono::steady_clock;

// Valgrind and kernels before 5.11 say ENOSYS, seccomp filters that do not know the call EPERM.
TEST_CASE("without epoll_pwait2 a time-out is rounded up to milliseconds") {
  const int error = GENERATE(ENOSYS, EPERM);
  const auto result = with_faults({{SYS_epoll_pwait2, error, {}}}, [] {
    auto poll = Poll::create();
    auto pair = net::UnixStream::pair();
    Events events(4);
    for (const auto timeout : {std::chrono::nanoseconds(1), std::chrono::nanoseconds(1ms + 1ns)}) {
      const auto start = steady_clock::now();
      if (!poll->poll(events, timeout) || !events.empty()) {
        return 1;
      }
      if (steady_clock::now() - start < std::chrono::ceil<std::chrono::milliseconds>(timeout)) {
        return 2;
      }
    }
    if (!poll->registry().add(pair->first, Token{1}, Interest::writable)) {
      return 3;
    }
    // Longer than epoll_wait's int of milliseconds.
    return poll->poll(events, std::chrono::days(50)) && events.size() == 1 ? 0 : 4;
  });
  if (!result) {
    EVQ_SKIP("seccomp filters are not allowed here");
  }
  CHECK(*result == 0);
}

TEST_CASE("epoll_pwait2 is not needed for a wait without end, or without waiting") {
  const auto result = with_faults({{SYS_epoll_pwait2, EIO, {}}}, [] {
    auto poll = Poll::create();
    auto pair = net::UnixStream::pair();
    Events events(4);
    if (!poll->poll(events, 0ns)) {
      return 1;
    }
    // The filter works.
    if (const auto refused = poll->poll(events, 1ms);
        refused || refused.error() != std::errc::io_error) {
      return 2;
    }
    if (!poll->registry().add(pair->first, Token{1}, Interest::writable)) {
      return 3;
    }
    return poll->poll(events) && events.size() == 1 ? 0 : 4;
  });
  if (!result) {
    EVQ_SKIP("seccomp filters are not allowed here");
  }
  CHECK(*result == 0);
}

TEST_CASE("what the kernel refuses is the call's error, and the source stays free") {
  struct Case {
    int error;
    std::errc reported;
  };
  // ENOSPC is the limit of watches per user, /proc/sys/fs/epoll/max_user_watches.
  const Case c = GENERATE(Case{ENOSPC, std::errc::no_space_on_device},
                          Case{ENOMEM, std::errc::not_enough_memory});
  const auto result = with_faults(
      {{SYS_epoll_ctl, c.error, static_cast<unsigned>(EPOLL_CTL_ADD)}}, [expected = c.reported] {
        auto poll = Poll::create();
        auto pair = net::UnixStream::pair();
        for (int i = 0; i < 2; ++i) {
          const auto added = poll->registry().add(pair->first, Token{1}, Interest::readable);
          if (added || added.error() != expected) {
            return 1;
          }
        }
        const auto removed = poll->registry().remove(pair->first);
        if (removed || removed.error() != std::errc::no_such_file_or_directory) {
          return 2;
        }
        const auto waker = Waker::create(poll->registry(), Token{2});
        if (waker || waker.error() != expected) {
          return 3;
        }
        Events events(4);
        return poll->poll(events, 0ns) && events.empty() ? 0 : 4;
      });
  if (!result) {
    EVQ_SKIP("seccomp filters are not allowed here");
  }
  CHECK(*result == 0);
}

TEST_CASE("a system that refuses epoll is an error of probe and create") {
  const auto result = with_faults({{SYS_epoll_create1, EACCES, {}}}, [] {
    if (const auto probed = EpollBackend::probe();
        probed || probed.error() != std::errc::permission_denied) {
      return 1;
    }
    return Poll::create().error() == std::errc::permission_denied ? 0 : 2;
  });
  if (!result) {
    EVQ_SKIP("seccomp filters are not allowed here");
  }
  CHECK(*result == 0);
}

TEST_CASE("descriptors that run out are too_many_files_open, and nothing is lost") {
  auto poll = must(Poll::create());
  auto pair = must(net::UnixStream::pair());
  must(poll.registry().add(pair.first, Token{1}, Interest::readable));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto refused_poll = Poll::create();
  const auto refused_waker = Waker::create(poll.registry(), Token{2});
  const auto refused_probe = EpollBackend::probe();
  const auto refused_pair = net::UnixStream::pair();
  const auto clone = poll.registry().try_clone();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);

  CHECK(refused_poll.error() == std::errc::too_many_files_open);
  CHECK(refused_waker.error() == std::errc::too_many_files_open);
  CHECK(refused_probe.error() == std::errc::too_many_files_open);
  CHECK(refused_pair.error() == std::errc::too_many_files_open);
  CHECK(clone.has_value());  // it shares the queue, and needs no descriptor
  send_text(pair.second, "x");
  Events events(4);
  must(poll.poll(events));
  CHECK(events.size() == 1);
}

namespace {

struct EventFd {
  int fd;
  unsigned long count;
};

/// The only eventfd of this process.
EventFd find_eventfd() {
  constexpr std::string_view field = "eventfd-count:";
  for (int fd = 3; fd < 64; ++fd) {
    std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd));
    for (std::string line; std::getline(info, line);) {
      if (line.starts_with(field)) {
        return {fd, std::stoul(line.substr(field.size()), nullptr, 16)};
      }
    }
  }
  FAIL("no eventfd found");
  return {};
}

}  // namespace

// An eventfd's count is what its writes add up to: it is never read.
TEST_CASE("a coalesced wake writes nothing") {
  const auto poll = must(Poll::create());
  const auto waker = must(Waker::create(poll.registry(), Token{1}));
  CHECK(find_eventfd().count == 0);
  for (int i = 0; i < 100; ++i) {
    must(waker.wake());
  }
  CHECK(find_eventfd().count == 1);
}

TEST_CASE("a wake that fails says so and leaves errno alone") {
  const auto poll = must(Poll::create());
  const auto waker = must(Waker::create(poll.registry(), Token{1}));
  close_handle(find_eventfd().fd);
  errno = EDOM;
  const auto woken = waker.wake();
  CHECK(errno == EDOM);
  CHECK(woken.error() == std::errc::bad_file_descriptor);
}

// As a child process has one after fork.
TEST_CASE("a duplicate of a destroyed waker's eventfd keeps nothing registered") {
  auto poll = must(Poll::create());
  std::optional waker = must(Waker::create(poll.registry(), Token{1}));
  const auto duplicate = duplicate_handle(find_eventfd().fd);
  must(waker->wake());
  waker.reset();
  Events events(4);
  must(poll.poll(events, 0ns));
  CHECK(events.empty());
}

TEST_CASE("a capacity that epoll_wait would refuse is cut to what it takes") {
  // More than INT_MAX bytes of events. Memory that is never touched costs nothing.
  Events events((std::size_t{1} << 31) / 12 + 1000);
  if (events.capacity() == 0) {
    EVQ_SKIP("no address space for it");
  }
  auto poll = must(Poll::create());
  auto pair = must(net::UnixStream::pair());
  must(poll.registry().add(pair.first, Token{1}, Interest::writable));
  must(poll.poll(events));
  CHECK(events.size() == 1);
}
