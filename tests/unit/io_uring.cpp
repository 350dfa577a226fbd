// What only the io_uring backend has: its refusals, its ring's limits, and the threads it depends
// on.

#include <evq/backends/io_uring.hpp>
#include <evq/basic_poll.hpp>
#include <evq/net/unix.hpp>

#include <malloc.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/faults.hpp"
#include "support/handles.hpp"
#include "support/sockets.hpp"

using namespace evq;
using namespace evq::test;
using net::UnixStream;
using Poll = BasicPoll<IoUringBackend>;
using Events = BasicEvents<IoUringBackend>;
using Waker = BasicWaker<IoUringBackend>;

namespace {

constexpr auto long_time = 20s;

bool is_disabled_by_sysctl() {
  int value = 0;
  std::ifstream("/proc/sys/kernel/io_uring_disabled") >> value;
  return value != 0;
}

/// Pairs whose second end has written a byte to the first.
std::vector<std::pair<UnixStream, UnixStream>> ready_pairs(std::size_t count) {
  std::vector<std::pair<UnixStream, UnixStream>> pairs;
  for (std::size_t i = 0; i < count; ++i) {
    pairs.push_back(must(UnixStream::pair()));
    send_text(pairs.back().second, "x");
  }
  return pairs;
}

bool can_open(std::size_t handles) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur >= handles;
}

/// Tokens of all that is reported until nothing is any more, each at most once.
std::set<std::uintptr_t> all_reported(Poll& poll, Events& events) {
  std::set<std::uintptr_t> tokens;
  while (true) {
    must(poll.poll(events, 30ms));
    if (events.empty()) {
      return tokens;
    }
    for (const auto& event : events) {
      INFO("token " << event.token().value);
      REQUIRE(tokens.insert(event.token().value).second);
    }
  }
}

}  // namespace

#define EVQ_NEEDS_IO_URING()                                  \
  if (const auto usable = IoUringBackend::probe(); !usable) { \
    EVQ_SKIP(usable.error().message());                       \
  }

// libxev#131: chosen when it was built, forbidden where it runs.
TEST_CASE("a system that refuses io_uring is an error of probe and create that says why") {
  struct Case {
    int error;
    IoUringError reason;
    std::errc condition;
  };
  const Case c =
      GENERATE(Case{ENOSYS, IoUringError::missing, std::errc::function_not_supported},
               Case{EINVAL, IoUringError::too_old, std::errc::function_not_supported},
               Case{EPERM, IoUringError::forbidden, std::errc::operation_not_permitted},
               Case{EACCES, IoUringError::forbidden, std::errc::operation_not_permitted});
  if (c.reason == IoUringError::forbidden && is_disabled_by_sysctl()) {
    EVQ_SKIP("here the sysctl would be the reason");
  }
  const auto result = with_faults({{SYS_io_uring_setup, c.error, {}}}, [c] {
    const auto probed = IoUringBackend::probe();
    if (probed || probed.error() != c.reason || probed.error() != c.condition) {
      return 1;
    }
    return Poll::create().error() == probed.error() ? 0 : 2;
  });
  if (!result) {
    EVQ_SKIP("seccomp filters are not allowed here");
  }
  CHECK(*result == 0);
}

TEST_CASE("each reason why there is no io_uring has its own words") {
  std::set<std::string> messages;
  for (const auto reason : {IoUringError::missing, IoUringError::too_old,
                            IoUringError::disabled_by_sysctl, IoUringError::forbidden}) {
    messages.insert(std::error_code(reason).message());
  }
  CHECK(messages.size() == 4);
  CHECK(std::string(io_uring_category().name()) == "evq.io_uring");
}

TEST_CASE("descriptors that run out are too_many_files_open, and nothing is lost") {
  EVQ_NEEDS_IO_URING();
  auto poll = must(Poll::create());
  auto pair = must(UnixStream::pair());
  must(poll.registry().add(pair.first, Token{1}, Interest::readable));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto refused_poll = Poll::create();
  const auto refused_probe = IoUringBackend::probe();
  const auto refused_raw =
      poll.registry().add(RawSource{pair.second.native_handle()}, Token{2}, Interest::readable);
  const auto waker = Waker::create(poll.registry(), Token{3});
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);

  CHECK(refused_poll.error() == std::errc::too_many_files_open);
  CHECK(refused_probe.error() == std::errc::too_many_files_open);
  CHECK(refused_raw.error() == std::errc::too_many_files_open);
  CHECK(waker.has_value());  // it shares the queue's eventfd
  send_text(pair.second, "x");
  Events events(4);
  must(poll.poll(events));
  CHECK(events.size() == 1);
  must(poll.registry().add(RawSource{pair.second.native_handle()}, Token{2}, Interest::writable));
  must(poll.poll(events));
  CHECK(events.size() == 1);
}

// liburing's poll-mshot-overflow: completions that there is no room for end a multishot poll.
TEST_CASE("more events than the ring has room for are all reported, once, and again later") {
  EVQ_NEEDS_IO_URING();
  constexpr std::size_t sources = 6000;
  if (!can_open(2 * sources + 100)) {
    EVQ_SKIP("too few descriptors");
  }
  const std::size_t capacity = GENERATE(std::size_t{100}, std::size_t{8192});
  const Mode mode = GENERATE(Mode::edge, Mode::oneshot);
  auto poll = must(Poll::create());
  Events events(capacity);
  std::vector<std::pair<UnixStream, UnixStream>> pairs;
  for (std::size_t i = 0; i < sources; ++i) {
    pairs.push_back(must(UnixStream::pair()));
    must(poll.registry().add(pairs.back().first, Token{i}, Interest::readable, mode));
  }
  // All are armed before any becomes ready.
  must(poll.poll(events, 0ns));
  REQUIRE(events.empty());
  const auto waker = must(Waker::create(poll.registry(), Token{sources}));
  for (int round = 0; round < 2; ++round) {
    for (auto& pair : pairs) {
      send_text(pair.second, "x");
    }
    CHECK(all_reported(poll, events).size() == sources);
    for (std::size_t i = 0; i < sources; ++i) {
      CHECK(drain(pairs[i].first) == "x");
      if (mode == Mode::oneshot) {
        must(poll.registry().modify(pairs[i].first, Token{i}, Interest::readable, mode));
      }
    }
    // silk#80: the waker is not deaf afterwards.
    must(waker.wake());
    must(poll.poll(events, long_time));
    REQUIRE(events.size() == 1);
    CHECK(events[0].token() == Token{sources});
  }
}

// A ring for one thread completes some twenty requests at a time.
TEST_CASE("all that is ready is in one poll") {
  EVQ_NEEDS_IO_URING();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  auto poll = must(Poll::create());
  auto pairs = ready_pairs(300);
  Events events(400);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    must(poll.registry().add(pairs[i].first, Token{i}, Interest::readable, mode));
  }
  must(poll.poll(events, 0ns));
  CHECK(events.size() == pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    must(poll.registry().modify(pairs[i].first, Token{i}, Interest::writable, mode));
  }
  must(poll.poll(events, long_time));
  CHECK(events.size() == pairs.size());
}

// The thread that submitted a poll request completes it, and takes it along when it ends.
TEST_CASE("what was armed by a thread that is gone is armed again") {
  EVQ_NEEDS_IO_URING();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  auto poll = must(Poll::create());
  auto pair = must(UnixStream::pair());
  must(poll.registry().add(pair.first, Token{1}, Interest::readable, mode));
  Events events(4);
  // The first time the ring is one thread's, the second time it is any thread's.
  for (int round = 0; round < 4; ++round) {
    std::jthread([&] {
      must(poll.poll(events, 0ns));
      if (!events.empty()) {
        FAIL("nothing was ready");
      }
    }).join();
  }
  const std::jthread writer([&] {
    std::this_thread::sleep_for(20ms);
    send_text(pair.second, "x");
  });
  must(poll.poll(events, long_time));
  REQUIRE(events.size() == 1);
  CHECK(events[0].is_readable());
}

TEST_CASE("a oneshot that has spoken stays silent when the poll moves to another thread") {
  EVQ_NEEDS_IO_URING();
  // Without readable it is a multishot poll underneath.
  const bool with_readable = GENERATE(false, true);
  const Interest interest =
      with_readable ? Interest::readable | Interest::writable : Interest::writable;
  auto poll = must(Poll::create());
  auto pair = must(UnixStream::pair());
  must(poll.registry().add(pair.first, Token{1}, interest, Mode::oneshot));
  Events events(4);
  must(poll.poll(events, long_time));
  CHECK(events.size() == 1);
  std::jthread([&] { must(poll.poll(events, 30ms)); }).join();
  CHECK(events.empty());
}

// A poll request on its own tells of the peer's end of stream also who did not ask for it, and made
// again for a level would be a busy loop.
TEST_CASE("the end of a stream does not keep a wait for room busy") {
  EVQ_NEEDS_IO_URING();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  auto poll = must(Poll::create());
  auto pair = tcp_pair();
  fill(pair.ours);
  must(pair.theirs.shutdown(net::Shutdown::write));
  must(poll.registry().add(pair.ours, Token{1}, Interest::writable, mode));
  Events events(4);
  rusage before{};
  rusage after{};
  ::getrusage(RUSAGE_THREAD, &before);
  must(poll.poll(events, 200ms));
  ::getrusage(RUSAGE_THREAD, &after);
  CHECK(events.empty());
  // Who waits gives up the processor, once or a few times; a busy loop does not, or is stopped.
  CHECK(after.ru_nivcsw - before.ru_nivcsw + after.ru_nvcsw - before.ru_nvcsw < 20);
}

TEST_CASE("a source takes at most 64 bytes of heap") {
  EVQ_NEEDS_IO_URING();
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  EVQ_SKIP("the sanitizers' allocator does not tell");
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  EVQ_SKIP("the sanitizers' allocator does not tell");
#endif
#endif
  auto poll = must(Poll::create());
  for (const std::size_t count : {std::size_t{1000}, std::size_t{2049}}) {
    std::vector<UnixStream> streams;
    streams.reserve(count);
    while (streams.size() < count) {
      auto pair = must(UnixStream::pair());
      streams.push_back(std::move(pair.first));
      streams.push_back(std::move(pair.second));
    }
    Events events(16);
    auto fresh = must(Poll::create());
    const auto before = ::mallinfo2().uordblks;
    for (auto& stream : streams) {
      must(fresh.registry().add(stream, Token{1}, Interest::readable));
    }
    must(fresh.poll(events, 0ns));
    const auto used = ::mallinfo2().uordblks - before;
    INFO(used << " bytes for " << streams.size() << " sources");
    CHECK(used > 0);
    CHECK(used <= 64 * streams.size());
  }
}
