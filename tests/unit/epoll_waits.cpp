// What the epoll backend asks of the kernel when a wait is cut short or too long for one call. The
// two system calls are ours here: the dynamic linker finds this program's before the C library's.

#include <evq/backends/epoll.hpp>

#include <sys/epoll.h>
#include <time.h>

#include <cerrno>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include "support/sockets.hpp"

using namespace evq;
using namespace evq::test;
using std::chrono::nanoseconds;

namespace {

bool has_precise_wait = true;
int interruptions = 0;
std::vector<nanoseconds> asked;

/// Takes a while, and is then interrupted, or at the end of all interruptions has an event.
int pretend_to_wait(epoll_event* events, nanoseconds timeout) {
  asked.push_back(timeout);
  if (interruptions-- > 0) {
    std::this_thread::sleep_for(2ms);
    errno = EINTR;
    return -1;
  }
  events[0] = {.events = EPOLLIN, .data = {.u64 = 42}};
  return 1;
}

std::vector<nanoseconds> asked_for(nanoseconds timeout, int interrupted) {
  asked.clear();
  interruptions = interrupted;
  auto poll = must(BasicPoll<EpollBackend>::create());
  BasicEvents<EpollBackend> events(4);
  must(poll.poll(events, timeout));
  REQUIRE(events.size() == 1);
  CHECK(events[0].token() == Token{42});
  return asked;
}

}  // namespace

extern "C" int epoll_pwait2(int /*epoll*/, epoll_event* events, int /*capacity*/,
                            const timespec* timeout, const sigset_t* /*mask*/) {
  if (!has_precise_wait) {
    errno = ENOSYS;
    return -1;
  }
  return pretend_to_wait(events,
                         std::chrono::seconds(timeout->tv_sec) + nanoseconds(timeout->tv_nsec));
}

extern "C" int epoll_wait(int /*epoll*/, epoll_event* events, int /*capacity*/, int timeout) {
  return pretend_to_wait(events, std::chrono::milliseconds(timeout));
}

// The first that finds epoll_pwait2 missing remembers it, so the order of these matters.
TEST_CASE("a wait asks for its time to the nanosecond, and after a signal for the rest") {
  CHECK(asked_for(1234567891ns, 0) == std::vector<nanoseconds>{1234567891ns});
  CHECK(asked_for(nanoseconds::max(), 0) == std::vector{nanoseconds::max()});

  const auto times = asked_for(1h, 3);
  REQUIRE(times.size() == 4);
  CHECK(times[0] == 1h);
  for (std::size_t i = 1; i < times.size(); ++i) {
    CHECK(times[i] <= times[i - 1] - 2ms);
  }
}

TEST_CASE(
    "without epoll_pwait2 a wait asks for milliseconds, rounded up, and no more than an int") {
  has_precise_wait = false;
  CHECK(asked_for(1ns, 0) == std::vector<nanoseconds>{1ms});
  CHECK(asked_for(5ms, 0) == std::vector<nanoseconds>{5ms});
  CHECK(asked_for(5ms + 1ns, 0) == std::vector<nanoseconds>{6ms});
  // mio#1948: 24.8 days are all the milliseconds that an int has.
  constexpr auto most = std::chrono::milliseconds(std::numeric_limits<int>::max());
  CHECK(asked_for(std::chrono::days(25), 0) == std::vector<nanoseconds>{most});
  CHECK(asked_for(nanoseconds::max(), 2) == std::vector<nanoseconds>{most, most, most});
}
