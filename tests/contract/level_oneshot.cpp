// Promises 3 and 4: level and oneshot.

#include "harness.hpp"

using namespace evq;
using namespace evq::test;

EVQ_CONTRACT("a level is reported by every poll while the source is ready", "[level]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable, Mode::level));
  CHECK(t.is_silent());
  for (int round = 0; round < 3; ++round) {
    send_text(pair.theirs, "xy");
    for (int i = 0; i < 5; ++i) {
      CHECK(t.event_of(Token{1}).is_readable());
    }
    CHECK(read_exactly(pair.ours, 2) == "xy");
    CHECK(t.is_silent());
  }
}

EVQ_CONTRACT("a level says which directions are ready", "[level]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, both, Mode::level));
  auto event = t.event_of(Token{1});
  CHECK(event.is_writable());
  CHECK_FALSE(event.is_readable());
  const std::size_t filled = fill(pair.ours);
  send_text(pair.theirs, "x");
  event = t.event_of(Token{1});
  CHECK(event.is_readable());
  CHECK_FALSE(event.is_writable());
  CHECK(drain(pair.ours) == "x");
  CHECK(t.is_silent());
  read_exactly(pair.theirs, filled);
  CHECK(t.event_of(Token{1}).is_writable());
}

EVQ_CONTRACT("a oneshot is reported once", "[oneshot]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable, Mode::oneshot));
  CHECK(t.is_silent());
  send_text(pair.theirs, "x");
  CHECK(t.event_of(Token{1}).is_readable());
  CHECK(t.is_silent());
  send_text(pair.theirs, "y");
  CHECK(t.is_silent());
  CHECK(read_exactly(pair.ours, 2) == "xy");
  send_text(pair.theirs, "z");
  CHECK(t.is_silent());

  must(t.registry().modify(pair.ours, Token{2}, readable, Mode::oneshot));
  CHECK(t.event_of(Token{2}).is_readable());
  CHECK(t.is_silent());
}

// Two filters of one source, as kqueue has them, must not speak one after the other.
EVQ_CONTRACT("after a oneshot's report the other direction is silent too", "[oneshot]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  SECTION("writable came first") {
    must(t.registry().add(pair.ours, Token{1}, both, Mode::oneshot));
    CHECK(t.event_of(Token{1}).is_writable());
    send_text(pair.theirs, "x");
    CHECK(t.is_silent());
  }
  SECTION("readable came first") {
    const std::size_t filled = fill(pair.ours);
    must(t.registry().add(pair.ours, Token{1}, both, Mode::oneshot));
    CHECK(t.is_silent());
    send_text(pair.theirs, "x");
    const auto event = t.event_of(Token{1});
    CHECK(event.is_readable());
    CHECK_FALSE(event.is_writable());
    read_exactly(pair.theirs, filled);
    CHECK(t.is_silent());
  }
  SECTION("both are ready") {
    send_text(pair.theirs, "x");
    must(t.registry().add(pair.ours, Token{1}, both, Mode::oneshot));
    t.event_of(Token{1});
    CHECK(t.is_silent());
  }
  // Not even the end of the stream.
  must(pair.theirs.shutdown(net::Shutdown::both));
  CHECK(t.is_silent());
  must(t.registry().modify(pair.ours, Token{2}, both, Mode::oneshot));
  CHECK(t.event_of(Token{2}).is_readable());
}

EVQ_CONTRACT("a oneshot that has spoken is still registered", "[oneshot]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, writable, Mode::oneshot));
  CHECK(t.event_of(Token{1}).is_writable());
  CHECK(is_refused(t.registry().add(pair.ours, Token{1}, writable), std::errc::file_exists));
  must(t.registry().remove(pair.ours));
  must(t.registry().add(pair.ours, Token{3}, writable, Mode::oneshot));
  CHECK(t.event_of(Token{3}).is_writable());
}
