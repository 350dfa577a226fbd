// What only the IOCP backend has: polls under way in the system, which write into memory of ours
// until their packets have come back, whatever has become of their sources meanwhile.

#include <evq/backends/iocp.hpp>
#include <evq/net/tcp.hpp>
#include <evq/net/udp.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/handles.hpp"
#include "support/sockets.hpp"

using namespace evq;
using namespace evq::test;
using net::TcpStream;
using Poll = BasicPoll<IocpBackend>;
using Registry = BasicRegistry<IocpBackend>;
using Events = BasicEvents<IocpBackend>;
using Waker = BasicWaker<IocpBackend>;

namespace {

/// What operator new has given and operator delete not taken back.
std::atomic<std::ptrdiff_t> live_objects{0};

constexpr Interest readable = Interest::readable;
constexpr Interest both = Interest::readable | Interest::writable;
constexpr auto long_time = 20s;
constexpr auto short_time = 30ms;

/// Whether a poll reports the token before long.
bool reports(Poll& poll, Token token) {
  Events events(16);
  const auto deadline = std::chrono::steady_clock::now() + long_time;
  while (std::chrono::steady_clock::now() < deadline) {
    must(poll.poll(events, long_time));
    if (std::ranges::any_of(events, [&](const auto& event) { return event.token() == token; })) {
      return true;
    }
  }
  return false;
}

bool is_silent(Poll& poll) {
  Events events(16);
  must(poll.poll(events, short_time));
  return events.empty();
}

}  // namespace

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++live_objects;
  return std::malloc(size);
}

void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) {
    return memory;
  }
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept {
  live_objects -= memory != nullptr ? 1 : 0;
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}

TEST_CASE("queue, clone, waker and sources may go in every order while polls are under way") {
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  const auto run = [mode](const std::array<int, 5>& order) {
    auto poll = std::make_unique<Poll>(must(Poll::create()));
    auto clone = std::make_unique<Registry>(must(poll->registry().try_clone()));
    auto waker = std::make_unique<Waker>(must(Waker::create(*clone, Token{9})));
    auto first = tcp_pair();
    auto second = tcp_pair();
    std::optional source(std::move(first.ours));
    std::optional moved(std::move(second.ours));
    must(poll->registry().add(*source, Token{1}, readable, mode));
    must(clone->add(*moved, Token{2}, readable, mode));
    Events events(4);
    must(poll->poll(events, 0ns));
    // One poll is done and its packet not taken, the other is under way; a wake is posted.
    send_text(first.theirs, "x");
    must(waker->wake());
    const std::array<std::function<void()>, 5> steps{
        [&] { poll.reset(); },
        [&] { clone.reset(); },
        [&] { waker.reset(); },
        [&] { source.reset(); },
        [&] {
          TcpStream elsewhere(std::move(*moved));
          if (clone) {
            must(clone->remove(elsewhere));
            must(clone->add(elsewhere, Token{3}, both, mode));
          }
          *moved = std::move(elsewhere);
        },
    };
    for (const int step : order) {
      steps[static_cast<std::size_t>(step)]();
    }
    moved.reset();
    CHECK(must(eventually([&] {
            std::byte byte{};
            return second.theirs.read({&byte, 1});
          })) == 0);
  };
  std::array<int, 5> order{0, 1, 2, 3, 4};
  run(order);
  const auto before = open_handles();
  do {
    run(order);
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(open_handles() == before);
}

TEST_CASE("a queue that closes frees what its polls wrote into, once they have") {
  std::vector<Pair<TcpStream>> pairs;
  for (int i = 0; i < 8; ++i) {
    pairs.push_back(tcp_pair());
  }
  const auto run = [&pairs] {
    auto poll = must(Poll::create());
    const auto waker = must(Waker::create(poll.registry(), Token{9}));
    for (auto& pair : pairs) {
      must(poll.registry().add(pair.ours, Token{1}, readable));
    }
    Events events(4);
    must(poll.poll(events, 0ns));
    must(waker.wake());
    must(poll.registry().remove(pairs.front().ours));
  };
  run();
  const auto before = live_objects.load();
  run();
  CHECK(live_objects == before);
}

TEST_CASE("removed sources leave nothing once their packets have come") {
  auto poll = must(Poll::create());
  std::vector<Pair<TcpStream>> pairs;
  for (int i = 0; i < 80; ++i) {
    pairs.push_back(tcp_pair());
  }
  const auto before = open_handles();
  for (int round = 0; round < 5; ++round) {
    for (std::uintptr_t i = 0; i < pairs.size(); ++i) {
      must(poll.registry().add(pairs[i].ours, Token{i}, readable));
    }
    CHECK(is_silent(poll));
    send_text(pairs[70].theirs, "x");
    CHECK(reports(poll, Token{70}));
    CHECK(drain(pairs[70].ours) == "x");
    for (auto& pair : pairs) {
      must(poll.registry().remove(pair.ours));
    }
    // Takes the packets of the cancelled polls, with which their helper handles go.
    CHECK(is_silent(poll));
    CHECK(open_handles() == before);
  }
}

TEST_CASE("a read on another thread arms the edge of a queue that is being polled") {
  auto poll = must(Poll::create());
  auto pair = tcp_pair();
  must(poll.registry().add(pair.ours, Token{1}, both));
  CHECK(reports(poll, Token{1}));
  const auto waker = must(Waker::create(poll.registry(), Token{2}));
  constexpr std::size_t total = 3000;
  std::atomic<std::size_t> events_seen{0};
  std::atomic<std::size_t> read{0};
  std::jthread reader([&] {
    std::size_t handled = 0;
    while (read < total) {
      const std::size_t seen = events_seen.load();
      if (seen != handled) {
        handled = seen;
        read += drain(pair.ours).size();
      } else {
        std::this_thread::yield();
      }
    }
    must(waker.wake());
  });
  std::jthread writer([&] {
    for (std::size_t i = 0; i < total; ++i) {
      must(eventually([&] { return pair.theirs.write(bytes("x")); }));
    }
  });
  Events events(4);
  while (read < total) {
    must(poll.poll(events, long_time));
    if (events.empty()) {
      FAIL("an edge was lost");
    }
    events_seen += events.size();
  }
  CHECK(read == total);
}

TEST_CASE("a read that meets would-block twice asks once, and for its direction alone") {
  auto poll = must(Poll::create());
  auto pair = tcp_pair();
  must(poll.registry().add(pair.ours, Token{1}, both));
  CHECK(reports(poll, Token{1}));
  for (int i = 0; i < 3; ++i) {
    CHECK(drain(pair.ours).empty());
    CHECK(is_silent(poll));
    send_text(pair.theirs, "x");
    CHECK(reports(poll, Token{1}));
    CHECK(is_silent(poll));
    CHECK(drain(pair.ours) == "x");
  }
}

// The system cancels what a thread has under way when it ends.
TEST_CASE("sources added by a thread that has ended are reported") {
  auto poll = must(Poll::create());
  auto pair = tcp_pair();
  std::jthread adder([&] {
    std::this_thread::sleep_for(short_time);
    must(poll.registry().add(pair.ours, Token{1}, readable));
  });
  std::jthread sender([&] {
    std::this_thread::sleep_for(3 * short_time);
    send_text(pair.theirs, "x");
  });
  CHECK(reports(poll, Token{1}));
  CHECK(drain(pair.ours) == "x");
}

TEST_CASE("the edge of a raw source is armed by modify") {
  auto poll = must(Poll::create());
  auto pair = tcp_pair();
  const RawSource raw{pair.ours.native_handle()};
  must(poll.registry().add(raw, Token{1}, readable));
  for (int i = 0; i < 3; ++i) {
    send_text(pair.theirs, "x");
    CHECK(reports(poll, Token{1}));
    CHECK(is_silent(poll));
    CHECK(read_exactly(pair.ours, 1) == "x");
    must(poll.registry().modify(raw, Token{1}, readable));
    CHECK(is_silent(poll));
  }
  must(poll.registry().remove(raw));
}

TEST_CASE("a raw source that is closed before it is removed is forgotten") {
  auto poll = must(Poll::create());
  auto pair = tcp_pair();
  must(poll.registry().add(RawSource{pair.ours.native_handle()}, Token{1}, readable));
  CHECK(is_silent(poll));
  const RawSource raw{pair.ours.native_handle()};
  {
    const auto closed = std::move(pair.ours);
  }
  CHECK(is_silent(poll));
  CHECK(poll.registry().remove(raw).error() == std::errc::bad_file_descriptor);
  CHECK(is_silent(poll));
}

TEST_CASE("several threads add, change, use, cancel and post for seconds", "[stress]") {
  constexpr auto duration = 3s;
  constexpr std::size_t threads = 3;
  auto poll = std::make_unique<Poll>(must(Poll::create()));
  std::atomic<bool> stop = false;
  std::atomic<std::size_t> changes{0};
  std::vector<std::jthread> workers;
  std::vector<std::vector<Pair<TcpStream>>> kept(threads);
  for (std::uintptr_t worker = 0; worker < threads; ++worker) {
    workers.emplace_back([&, worker, registry = must(poll->registry().try_clone()),
                          random = 12345U + static_cast<std::uint32_t>(worker)]() mutable {
      const auto next = [&random](std::uint32_t below) {
        random = random * 1664525U + 1013904223U;
        return (random >> 16) % below;
      };
      const auto waker = must(Waker::create(registry, Token{1000 + worker}));
      auto& pairs = kept[worker];
      while (!stop) {
        const std::array modes{Mode::edge, Mode::level, Mode::oneshot};
        const Mode mode = modes[next(3)];
        const Interest interest = next(2) == 0 ? readable : both;
        if (pairs.size() < 40) {
          pairs.push_back(tcp_pair());
          must(registry.add(pairs.back().ours, Token{worker}, interest, mode));
        }
        auto& pair = pairs[next(static_cast<std::uint32_t>(pairs.size()))];
        switch (next(8)) {
          case 0:
            must(registry.modify(pair.ours, Token{worker}, interest, mode));
            break;
          case 1:
            must(registry.remove(pair.ours));
            must(registry.add(pair.ours, Token{worker}, interest, mode));
            break;
          case 2:
            must(waker.wake());
            break;
          case 3:
            send_text(pair.theirs, "x");
            break;
          case 4:
            drain(pair.ours);
            break;
          case 5:
            std::swap(pair, pairs.back());
            pairs.pop_back();
            break;
          case 6:
            std::swap(pair.ours, pairs.front().ours);
            std::swap(pair.theirs, pairs.front().theirs);
            break;
          default: {
            // A queue of its own, gone before its source.
            const auto brief = must(Poll::create());
            must(registry.remove(pair.ours));
            must(brief.registry().add(pair.ours, Token{1}, both));
            must(brief.registry().modify(pair.ours, Token{2}, readable));
            must(brief.registry().remove(pair.ours));
            must(registry.add(pair.ours, Token{worker}, interest, mode));
            break;
          }
        }
        ++changes;
      }
    });
  }
  Events events(16);
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) {
    must(poll->poll(events, 10ms));
  }
  stop = true;
  workers.clear();
  INFO(changes << " changes");
  CHECK(changes > threads);
  // Whatever was cancelled in between, everyone that is still there can be heard.
  for (auto& pairs : kept) {
    for (auto& pair : pairs) {
      drain(pair.ours);
      must(poll->registry().modify(pair.ours, Token{5000}, readable));
      send_text(pair.theirs, "x");
      CHECK(reports(*poll, Token{5000}));
      must(poll->registry().remove(pair.ours));
    }
  }
  poll.reset();
}

// Not run by itself: `iocp_tests [scale]` measures what docs/architecture.md says. Idle sockets are
// of no kind that needs a peer, so that 10,000 of them fit into a process.
TEST_CASE("what an event and a cancel cost beside thousands of sockets", "[.scale]") {
  using std::chrono::steady_clock;
  constexpr int active = 10;
  constexpr int rounds = 100;
  constexpr std::size_t idle = 10000;
  auto poll = must(Poll::create());
  Events events(64);
  std::vector<Pair<TcpStream>> pairs;
  for (std::uintptr_t i = 0; i < active; ++i) {
    pairs.push_back(tcp_pair());
    must(poll.registry().add(pairs.back().ours, Token{i}, readable));
  }
  std::vector<net::UdpSocket> others;
  for (std::size_t i = 0; i < idle; ++i) {
    others.push_back(must(net::UdpSocket::bind(net::SocketAddr::loopback_v4(0))));
  }
  const auto event_time = [&] {
    const auto start = steady_clock::now();
    for (int round = 0; round < rounds; ++round) {
      for (const auto& pair : pairs) {
        send_text(pair.theirs, "x");
      }
      for (std::size_t read = 0; read < active;) {
        must(poll.poll(events, long_time));
        for (const auto& event : events) {
          read += drain(pairs[event.token().value].ours).size();
        }
      }
    }
    return std::chrono::duration<double>(steady_clock::now() - start) / (rounds * active);
  };
  const auto cancel_time = [&] {
    auto& stream = pairs.front().ours;
    const auto start = steady_clock::now();
    for (int round = 0; round < rounds; ++round) {
      must(poll.registry().modify(stream, Token{0}, readable));
      must(poll.poll(events, 0ns));
      must(poll.registry().remove(stream));  // with its poll under way
      must(poll.registry().add(stream, Token{0}, readable));
    }
    return std::chrono::duration<double>(steady_clock::now() - start) / rounds;
  };
  // Wine looks through all polls of all processes; so what counts is whether it matters which queue
  // the others are in.
  auto elsewhere = must(Poll::create());
  for (int turn = 0; turn < 7; ++turn) {
    std::array<double, 3> event{event_time().count()};
    std::array<double, 3> cancel{cancel_time().count()};
    for (std::size_t i = 1; i < event.size(); ++i) {
      Poll& where = i == 1 ? elsewhere : poll;
      for (auto& other : others) {
        must(where.registry().add(other, Token{UINTPTR_MAX}, readable));
      }
      CHECK(is_silent(where));
      event[i] = event_time().count();
      cancel[i] = cancel_time().count();
      for (auto& other : others) {
        must(where.registry().remove(other));
      }
      CHECK(is_silent(where));
    }
    std::printf(
        "us an event: %.0f alone, %.0f, %.0f, ratio %.2f; a cancel: %.0f, %.0f, %.0f, %.2f\n",
        1e6 * event[0], 1e6 * event[1], 1e6 * event[2], event[2] / event[1], 1e6 * cancel[0],
        1e6 * cancel[1], 1e6 * cancel[2], cancel[2] / cancel[1]);
  }
}
