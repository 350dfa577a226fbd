// What ends the example servers: on POSIX the scripts here send it to them; Windows programs are
// sent it by their console, which runs the same handler.

#include <evq/evq.hpp>

#include <chrono>
#include <csignal>

#include "support/catch.hpp"
#include "support/sockets.hpp"
#include "support/stop_signals.hpp"

using namespace evq;
using namespace evq::test;

TEST_CASE("each signal that stops a server is an event, and no end") {
#ifdef SIGBREAK
  const int number = GENERATE(SIGINT, SIGTERM, SIGBREAK);
#else
  const int number = GENERATE(SIGINT, SIGTERM);
#endif
  auto poll = must(Poll::create());
  const auto waker = must(Waker::create(poll.registry(), Token{1}));
  const examples::StopSignals signals(waker);
  REQUIRE(std::raise(number) == 0);
  Events events(4);
  must(poll.poll(events, 20s));
  REQUIRE(events.size() == 1);
  CHECK(events[0].token() == Token{1});
}
