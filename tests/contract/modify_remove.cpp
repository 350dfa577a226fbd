// Promise 5: modify and remove.

#include <vector>

#include "harness.hpp"

using namespace evq;
using namespace evq::test;

EVQ_CONTRACT("modify replaces the token, the interest and the mode", "[modify]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  send_text(pair.theirs, "x");
  must(t.registry().add(pair.ours, Token{1}, readable, Mode::level));
  CHECK(t.event_of(Token{1}).is_readable());

  must(t.registry().modify(pair.ours, Token{2}, writable, Mode::level));
  for (int i = 0; i < 3; ++i) {
    must(t.poll.poll(t.events, long_time));
    REQUIRE(t.events.size() == 1);
    CHECK(t.events.begin()->token() == Token{2});
    CHECK(t.events.begin()->is_writable());
    CHECK_FALSE(t.events.begin()->is_readable());
  }

  must(t.registry().modify(pair.ours, Token{3}, readable, Mode::oneshot));
  CHECK(t.event_of(Token{3}).is_readable());
  CHECK(t.is_silent());

  must(t.registry().modify(pair.ours, Token{4}, readable));
  CHECK(t.event_of(Token{4}).is_readable());
  CHECK(t.is_silent());
  CHECK(drain(pair.ours) == "x");
  send_text(pair.theirs, "y");
  CHECK(t.event_of(Token{4}).is_readable());
}

EVQ_CONTRACT("modify takes back what was ready and has not been reported", "[modify]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));
  CHECK(t.is_silent());
  fill(pair.ours);
  send_text(pair.theirs, "x");
  must(t.registry().modify(pair.ours, Token{2}, writable));
  CHECK(t.is_silent());
}

EVQ_CONTRACT("remove takes back what was ready and has not been reported", "[remove]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  auto next = tcp_pair();
  send_text(pair.theirs, "x");
  must(t.registry().add(pair.ours, Token{1}, both, Mode::level));
  must(t.registry().remove(pair.ours));
  CHECK(t.is_silent());

  // The token is free at once.
  must(t.registry().add(next.ours, Token{1}, readable));
  CHECK(t.is_silent());
  send_text(next.theirs, "y");
  CHECK(t.event_of(Token{1}).is_readable());
}

// wepoll#16: ADD, DEL, ADD in a row.
EVQ_CONTRACT("a source can be added again as soon as it is removed", "[remove]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  send_text(pair.theirs, "x");
  for (std::uintptr_t i = 0; i < 50; ++i) {
    must(t.registry().add(pair.ours, Token{i}, both));
    if (i % 2 == 1) {
      CHECK(t.event_of(Token{i}).is_writable());
    }
    must(t.registry().remove(pair.ours));
  }
  CHECK(t.is_silent());
  must(t.registry().add(pair.ours, Token{100}, readable));
  CHECK(t.event_of(Token{100}).is_readable());
}

EVQ_CONTRACT("events of one poll do not come back after their sources are removed", "[remove]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t(4);
  std::vector<Pair<net::TcpStream>> pairs;
  for (std::uintptr_t i = 0; i < 16; ++i) {
    pairs.push_back(tcp_pair());
    must(t.registry().add(pairs.back().ours, Token{i}, writable, Mode::level));
  }
  must(t.poll.poll(t.events, long_time));
  CHECK(t.events.size() == 4);
  for (auto& pair : pairs) {
    must(t.registry().remove(pair.ours));
  }
  CHECK(t.is_silent());
}

EVQ_CONTRACT("events stay as they are when their sources change", "[modify]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, writable));
  const auto copy = t.event_of(Token{1});
  must(t.registry().modify(pair.ours, Token{2}, readable));
  CHECK(t.is_silent());
  CHECK(copy.token() == Token{1});
  CHECK(copy.is_writable());
}
