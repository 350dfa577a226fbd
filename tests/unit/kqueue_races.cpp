// What the kqueue backend must withstand between two of its calls. Only the kqueue of
// tests/support/kqueue can be held up there.

#include <evq/backends/kqueue.hpp>
#include <evq/net/unix.hpp>

#include <sys/event.h>

#include <cstddef>
#include <functional>
#include <thread>

#include "support/catch.hpp"
#include "support/sockets.hpp"

using namespace evq;
using namespace evq::test;

namespace {

std::function<void()> meanwhile;

}  // namespace

// Another thread arms a oneshot after its report and before its other filter is silenced: it must
// not be the new one that falls silent.
TEST_CASE("a oneshot that is armed while its report is under way is armed in both directions") {
  auto poll = must(BasicPoll<KqueueBackend>::create());
  BasicEvents<KqueueBackend> events(8);
  auto [ours, theirs] = must(net::UnixStream::pair());
  constexpr Interest both = Interest::readable | Interest::writable;
  const std::size_t filled = fill(ours);
  must(poll.registry().add(ours, Token{1}, both, Mode::oneshot));
  send_text(theirs, "x");
  std::jthread other;
  int calls = 0;
  meanwhile = [&] {
    // The first call is that of the queue, the second that of the oneshots in it.
    if (++calls == 2) {
      other =
          std::jthread([&] { must(poll.registry().modify(ours, Token{2}, both, Mode::oneshot)); });
      std::this_thread::sleep_for(50ms);
    }
  };
  evq_kevent_returns = [](int) { meanwhile(); };
  must(poll.poll(events));
  evq_kevent_returns = nullptr;
  CHECK(calls == 2);
  other.join();
  REQUIRE(events.size() == 1);
  CHECK(events[0].token() == Token{1});
  drain(ours);
  read_exactly(theirs, filled);
  must(poll.poll(events, 10s));
  REQUIRE(events.size() == 1);
  CHECK(events[0].token() == Token{2});
  CHECK(events[0].is_writable());
}
