// Promise 2: edges.

#include <thread>

#include "harness.hpp"

using namespace evq;
using namespace evq::test;

EVQ_CONTRACT("an edge is silent after its report, though the source is still ready", "[edge]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, both));
  send_text(pair.theirs, "x");
  // The two directions may come one after the other.
  t.event_where(Token{1}, [](const auto& event) { return event.is_readable(); });
  CHECK(t.is_silent());
  CHECK(drain(pair.ours) == "x");
  CHECK(t.is_silent());
}

EVQ_CONTRACT("an edge is reported each time the source was drained before", "[edge]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));
  for (int i = 0; i < 200; ++i) {
    send_text(pair.theirs, "x");
    CHECK(t.event_of(Token{1}).is_readable());
    CHECK(drain(pair.ours) == "x");
  }
}

EVQ_CONTRACT("modify arms an edge again", "[edge]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, writable));
  for (std::uintptr_t i = 2; i < 6; ++i) {
    t.event_of(Token{i - 1});
    CHECK(t.is_silent());
    must(t.registry().modify(pair.ours, Token{i}, writable));
  }
  CHECK(t.event_of(Token{5}).is_writable());
}

// mio#1963: an emulated edge that re-arms both directions brings a writable event with each read.
EVQ_CONTRACT("draining one direction brings no event for the other", "[edge]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, both));
  CHECK(t.event_of(Token{1}).is_writable());

  SECTION("reading") {
    send_text(pair.theirs, "x");
    t.event_where(Token{1}, [](const auto& event) { return event.is_readable(); });
    CHECK(drain(pair.ours) == "x");
    for (int i = 0; i < 3; ++i) {
      CHECK(drain(pair.ours).empty());
      CHECK(t.is_silent());
    }
  }
  SECTION("writing") {
    fill(pair.ours);
    CHECK(t.is_silent());
  }
}

EVQ_CONTRACT("a full stream is writable again once its peer has read", "[edge]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, writable));
  CHECK(t.event_of(Token{1}).is_writable());
  for (int i = 0; i < 3; ++i) {
    std::size_t filled = fill(pair.ours);
    CHECK(filled > 0);
    read_exactly(pair.theirs, filled);
    CHECK(t.event_of(Token{1}).is_writable());
  }
}

// The race that loses wake-ups: data arrives between the last read and the next poll.
EVQ_CONTRACT("no wake-up is lost to a writer that never waits", "[edge]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));
  constexpr std::size_t total = 20000;
  std::jthread writer([&] {
    for (std::size_t i = 0; i < total; ++i) {
      if (!eventually([&] { return pair.theirs.write(bytes("x")); })) {
        return;
      }
    }
  });
  std::size_t read = 0;
  while (read < total) {
    must(t.poll.poll(t.events, long_time));
    REQUIRE_FALSE(t.events.empty());
    read += drain(pair.ours).size();
  }
  CHECK(read == total);
}
