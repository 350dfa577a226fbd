// The chain of libevent's and libev's benchmarks: a byte is handed on from socket pair to socket
// pair, by hand-written loops on the bare system calls or by evq, so that cost.py can count what
// each spends on an event. Linux only.
//
//     chain CONTENDER PAIRS ACTIVE WRITES [IDLE]
//
// IDLE further pairs are registered and never used.

#include <evq/backends/epoll.hpp>
#include <evq/basic_poll.hpp>
#include <evq/config.hpp>
#include <evq/net/unix.hpp>

#ifdef EVQ_HAS_IO_URING
#include <liburing.h>
#include <evq/backends/io_uring.hpp>
#endif
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using evq::net::UnixStream;

constexpr std::size_t capacity = 1024;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

struct Chain {
  Chain(std::size_t pair_count, std::size_t active_count, std::size_t writes, std::size_t idle)
      : pairs(pair_count), active(active_count), writes_left(writes) {
    for (std::size_t i = 0; i < pairs + idle; ++i) {
      auto pair = UnixStream::pair();
      if (!pair) {
        die("socketpair");
      }
      readers.push_back(std::move(pair->first));
      writers.push_back(std::move(pair->second));
      read_fds.push_back(readers.back().native_handle());
      write_fds.push_back(writers.back().native_handle());
    }
  }

  void start() {
    for (std::size_t i = 0; i < active; ++i) {
      if (::send(write_fds[i * pairs / active], "e", 1, MSG_NOSIGNAL) != 1) {
        die("send");
      }
    }
  }

  /// What a loop does for a readable pair: reads the byte and hands it on. Not inlined, so that the
  /// loops around it are compared and not what the compiler makes of both together.
  [[gnu::noinline]] void fire(std::size_t i) {
    char byte = 0;
    if (::recv(read_fds[i], &byte, 1, 0) != 1) {
      die("recv");
    }
    ++fired;
    if (writes_left != 0) {
      --writes_left;
      if (::send(write_fds[i + 1 == pairs ? 0 : i + 1], &byte, 1, MSG_NOSIGNAL) != 1) {
        die("send");
      }
    }
  }

  /// The same through the net types.
  [[gnu::noinline]] void fire_net(std::size_t i) {
    std::byte byte{};
    if (readers[i].read({&byte, 1}).value_or(0) != 1) {
      die("read");
    }
    ++fired;
    if (writes_left != 0) {
      --writes_left;
      const UnixStream& next = writers[i + 1 == pairs ? 0 : i + 1];
      if (next.write({&byte, 1}).value_or(0) != 1) {
        die("write");
      }
    }
  }

  std::size_t pairs;
  std::size_t active;
  std::size_t writes_left;
  std::size_t fired = 0;
  std::vector<UnixStream> readers;
  std::vector<UnixStream> writers;
  std::vector<int> read_fds;
  std::vector<int> write_fds;
};

[[gnu::noinline]] void run_by_hand(Chain& chain, std::size_t total) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i < chain.read_fds.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    event.data.u64 = i;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, chain.read_fds[i], &event) != 0) {
      die("epoll_ctl");
    }
  }
  chain.start();
  std::vector<epoll_event> events(capacity);
  while (chain.fired < total) {
    const int ready = ::epoll_wait(epoll, events.data(), capacity, -1);
    if (ready < 0) {
      die("epoll_wait");
    }
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if ((event.events & EPOLLIN) != 0) {
        chain.fire(event.data.u64);
      }
    }
  }
  ::close(epoll);
}

#ifdef EVQ_HAS_IO_URING
[[gnu::noinline]] void run_io_uring_by_hand(Chain& chain, std::size_t total) {
  io_uring ring;
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  if (::io_uring_queue_init_params(1024, &ring, &params) < 0) {
    die("io_uring_setup");
  }
  for (std::size_t i = 0; i < chain.read_fds.size(); ++i) {
    io_uring_sqe* submission = ::io_uring_get_sqe(&ring);
    ::io_uring_prep_poll_multishot(submission, chain.read_fds[i], EPOLLIN | EPOLLRDHUP);
    submission->user_data = i;
  }
  chain.start();
  while (chain.fired < total) {
    if (::io_uring_submit_and_wait(&ring, 1) < 0) {
      die("io_uring_enter");
    }
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* completion = nullptr;
    io_uring_for_each_cqe(&ring, head, completion) {
      ++count;
      if ((static_cast<unsigned>(completion->res) & EPOLLIN) != 0) {
        chain.fire(completion->user_data);
      }
    }
    ::io_uring_cq_advance(&ring, count);
  }
  ::io_uring_queue_exit(&ring);
}
#endif

template <class Backend, class Fire>
[[gnu::noinline]] void run_evq(Chain& chain, std::size_t total, Fire fire) {
  auto poll = evq::BasicPoll<Backend>::create();
  if (!poll) {
    die("create");
  }
  for (std::size_t i = 0; i < chain.readers.size(); ++i) {
    if (!poll->registry().add(chain.readers[i], evq::Token{i}, evq::Interest::readable)) {
      die("add");
    }
  }
  chain.start();
  evq::BasicEvents<Backend> events(capacity);
  while (chain.fired < total) {
    if (!poll->poll(events)) {
      die("poll");
    }
    for (const auto& event : events) {
      if (event.is_readable()) {
        fire(event.token().value);
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::fputs(
        "usage: chain by_hand|evq|evq_net|io_uring_by_hand|evq_io_uring PAIRS ACTIVE WRITES "
        "[IDLE]\n",
        stderr);
    return 2;
  }
  const std::string_view contender = argv[1];
  const auto number = [](const char* text) { return std::strtoul(text, nullptr, 10); };
  raise_descriptor_limit();
  Chain chain(number(argv[2]), number(argv[3]), number(argv[4]), argc == 6 ? number(argv[5]) : 0);
  const std::size_t total = chain.active + chain.writes_left;
  const auto fire = [&chain](std::size_t i) { chain.fire(i); };
  if (contender == "by_hand") {
    run_by_hand(chain, total);
  } else if (contender == "evq") {
    run_evq<evq::EpollBackend>(chain, total, fire);
  } else if (contender == "evq_net") {
    run_evq<evq::EpollBackend>(chain, total, [&chain](std::size_t i) { chain.fire_net(i); });
#ifdef EVQ_HAS_IO_URING
  } else if (contender == "io_uring_by_hand") {
    run_io_uring_by_hand(chain, total);
  } else if (contender == "evq_io_uring") {
    run_evq<evq::IoUringBackend>(chain, total, fire);
#endif
  } else {
    return 2;
  }
  std::printf("%zu events\n", chain.fired);
  return chain.fired == total ? 0 : 1;
}
