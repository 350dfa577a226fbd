// Promise 11: more ready sources than room for events.

#include <cstddef>
#include <set>
#include <vector>

#include "harness.hpp"

using namespace evq;
using namespace evq::test;

EVQ_CONTRACT("every ready source is reported within a bounded number of polls", "[fairness]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  constexpr std::size_t sources = 50;
  constexpr std::size_t capacity = 4;
  Harness<TestType> t(capacity);
  std::vector<Pair<net::TcpStream>> pairs;
  for (std::uintptr_t i = 0; i < sources; ++i) {
    pairs.push_back(tcp_pair());
    must(t.registry().add(pairs.back().ours, Token{i}, writable, mode));
  }
  // A level that has been reported may be so again before the others had their turn, but not for
  // ever: twice the polls that are needed at least.
  std::set<Token> seen;
  std::size_t events = 0;
  for (std::size_t i = 0; i < 2 * (sources / capacity + 1); ++i) {
    t.poll_now();
    CHECK(t.events.size() <= capacity);
    for (const auto& event : t.events) {
      seen.insert(event.token());
      ++events;
    }
  }
  CHECK(seen.size() == sources);
  if (mode != Mode::level) {
    CHECK(events == sources);
  }
}

EVQ_CONTRACT("a source that is always busy does not hide the others", "[fairness]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t(1);
  auto busy = tcp_pair();
  auto quiet = tcp_pair();
  must(t.registry().add(busy.ours, Token{1}, readable));
  must(t.registry().add(quiet.ours, Token{2}, readable, Mode::level));
  send_text(busy.theirs, "x");
  send_text(quiet.theirs, "x");
  bool seen = false;
  for (int i = 0; i < 20 && !seen; ++i) {
    must(t.poll.poll(t.events, long_time));
    for (const auto& event : t.events) {
      seen = seen || event.token() == Token{2};
    }
    drain(busy.ours);
    send_text(busy.theirs, "x");
  }
  CHECK(seen);
}
