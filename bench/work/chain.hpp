// chain: N socket pairs, A of them active. What arrives at one is handed on to the next: libevent's
// and libev's classic.
//
// What is handed on is a counter that each hop takes one from, so that every one of the A makes the
// same hops in every loop, whichever order a loop sees them in, and the sum is known beforehand.
#pragma once

#include <evq/net/unix.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sockets.hpp"
#include "work.hpp"

namespace bench {

class Chain {
 public:
  static constexpr bool uses_wakes = false;
  static constexpr bool uses_timers = false;

  explicit Chain(const Point& point);

  [[nodiscard]] std::size_t sources() const { return pairs_.first.size() + idle_.size(); }

  template <class Loop>
  void open(Loop& loop) {
    for (std::size_t i = 0; i < pairs_.first.size(); ++i) {
      add(loop, pairs_.first[i], i, Want::read);
    }
    for (std::size_t i = 0; i < idle_.size(); ++i) {
      add(loop, idle_[i], pairs_.first.size() + i, Want::read);
    }
  }

  template <class Loop>
  void begin(Loop& /*loop*/, std::size_t events) {
    start(events);
  }

  [[nodiscard]] bool done() const { return outcome_.events >= expected_.events; }

  template <class Loop>
  void ready(Loop& /*loop*/, std::size_t index, Ready ready) {
    if (ready.readable) {
      hand_on(index);
    }
  }

  template <class Loop>
  void finish(Loop& loop) {
    for (std::size_t i = 0; i < pairs_.first.size(); ++i) {
      remove(loop, pairs_.first[i], i);
    }
    for (std::size_t i = 0; i < idle_.size(); ++i) {
      remove(loop, idle_[i], pairs_.first.size() + i);
    }
  }

  [[nodiscard]] Outcome outcome() const { return outcome_; }
  [[nodiscard]] Outcome expected() const { return expected_; }
  [[nodiscard]] const Latencies& latencies() const { return latencies_; }

 protected:
  Chain(std::size_t pairs, std::size_t active, std::size_t idle);

 private:
  using Counter = std::uint32_t;

  void start(std::size_t events);
  // Not inlined, so that loops are compared and not what a compiler makes of both together.
  [[gnu::noinline]] void hand_on(std::size_t index);

  Connections<evq::net::UnixStream> pairs_;
  std::vector<evq::net::UnixDatagram> idle_;
  std::size_t active_;
  Outcome outcome_;
  Outcome expected_;
  Latencies latencies_;
};

/// idle: A pairs handing on as in chain, beside N sources on which nothing happens.
class Idle : public Chain {
 public:
  explicit Idle(const Point& point);
};

}  // namespace bench
