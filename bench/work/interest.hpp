// interest: of N registered socket pairs, A at a time ask to write, are told that they may, and ask
// no more; then the next does. What a server does whose sockets are full now and then.
#pragma once

#include <evq/net/unix.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sockets.hpp"
#include "work.hpp"

namespace bench {

class Interest {
 public:
  static constexpr bool uses_wakes = false;
  static constexpr bool uses_timers = false;

  explicit Interest(const Point& point);

  [[nodiscard]] std::size_t sources() const { return pairs_.first.size(); }

  template <class Loop>
  void open(Loop& loop) {
    for (std::size_t i = 0; i < sources(); ++i) {
      add(loop, pairs_.first[i], i, Want::read);
    }
  }

  template <class Loop>
  void begin(Loop& loop, std::size_t events) {
    turns_ = std::max<std::size_t>(events / active_, 1);
    outcome_ = {};
    turn_.assign(active_, 0);
    for (std::size_t lane = 0; lane < active_; ++lane) {
      ask(loop, lane);
    }
  }

  [[nodiscard]] bool done() const { return outcome_.events >= active_ * turns_; }

  template <class Loop>
  void ready(Loop& loop, std::size_t index, Ready ready) {
    if (!ready.writable || !asking_[index]) {
      return;
    }
    asking_[index] = false;
    modify(loop, pairs_.first[index], index, Want::read);
    ++outcome_.events;
    outcome_.checksum += index + 1;
    const std::size_t lane = index % active_;
    if (++turn_[lane] < turns_) {
      ask(loop, lane);
    }
  }

  template <class Loop>
  void finish(Loop& loop) {
    for (std::size_t i = 0; i < sources(); ++i) {
      remove(loop, pairs_.first[i], i);
    }
  }

  [[nodiscard]] Outcome outcome() const { return outcome_; }
  [[nodiscard]] Outcome expected() const;
  [[nodiscard]] const Latencies& latencies() const { return latencies_; }

 private:
  /// The source of a lane's turn: each lane goes through its own.
  [[nodiscard]] std::size_t source(std::size_t lane, std::size_t turn) const {
    return lane + active_ * (turn % (sources() / active_));
  }

  template <class Loop>
  void ask(Loop& loop, std::size_t lane) {
    const std::size_t index = source(lane, turn_[lane]);
    asking_[index] = true;
    modify(loop, pairs_.first[index], index, Want::read_write);
  }

  Connections<evq::net::UnixStream> pairs_;
  std::size_t active_;
  std::size_t turns_ = 0;
  std::vector<std::size_t> turn_;
  std::vector<std::uint8_t> asking_;
  Outcome outcome_;
  Latencies latencies_;
};

}  // namespace bench
