// Promise 11: more ready sources than room for events.

#include <evq/net/udp.hpp>

#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "harness.hpp"
#include "support/handles.hpp"

using namespace evq;
using namespace evq::test;

namespace {

/// Sources that are ready to write from birth, one handle each.
std::vector<net::UdpSocket> ready_sockets(std::size_t count) {
  std::vector<net::UdpSocket> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    sockets.push_back(must(net::UdpSocket::bind(net::SocketAddr::loopback_v4(0))));
  }
  return sockets;
}

}  // namespace

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

EVQ_CONTRACT("one event at a time, each edge is told once", "[fairness]") {
  EVQ_NEEDS_BACKEND();
  constexpr std::uintptr_t sources = 300;
  Harness<TestType> t(1);
  auto sockets = ready_sockets(sources);
  for (std::uintptr_t i = 0; i < sources; ++i) {
    must(t.registry().add(sockets[i], Token{i}, both));
  }
  std::map<Token, int> seen;
  while (t.poll_now() != 0) {
    ++seen[t.events.begin()->token()];
    REQUIRE(seen[t.events.begin()->token()] == 1);
  }
  CHECK(seen.size() == sources);
}

// liburing's poll-mshot-overflow: more completions than their ring has room for.
EVQ_CONTRACT("thousands of sources may be ready at once", "[fairness][stress]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  const std::size_t capacity = GENERATE(std::size_t{64}, std::size_t{8192});
  constexpr std::uintptr_t sources = 6000;
  if (!allow_handles(sources + 100)) {
    EVQ_SKIP("this process may not open so many handles");
  }
  Harness<TestType> t(capacity);
  const auto waker = must(BasicWaker<TestType>::create(t.registry(), Token{sources}));
  auto sockets = ready_sockets(sources);
  for (std::uintptr_t i = 0; i < sources; ++i) {
    must(t.registry().add(sockets[i], Token{i}, writable, mode));
  }
  // Levels come again before the last had its turn, twice at most.
  const auto count_reports = [&](std::size_t polls) {
    std::map<Token, std::size_t> seen;
    for (std::size_t i = 0; i < polls; ++i) {
      t.poll_now();
      for (const auto& event : t.events) {
        ++seen[event.token()];
      }
    }
    return seen;
  };
  const std::size_t polls = 2 * (sources / capacity + 1);
  for (int round = 0; round < 2; ++round) {
    must(waker.wake());
    const auto seen = count_reports(polls);
    CHECK(seen.size() == sources + 1);
    CHECK(seen.at(Token{sources}) == 1);
    if (mode != Mode::level) {
      CHECK(t.poll_now() == 0);
    }
    for (std::uintptr_t i = 0; i < sources; ++i) {
      must(t.registry().modify(sockets[i], Token{i}, writable, mode));
    }
  }
  for (auto& socket : sockets) {
    must(t.registry().remove(socket));
  }
  CHECK(t.is_silent());
}
