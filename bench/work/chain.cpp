#include "chain.hpp"

#include <algorithm>
#include <stdexcept>

namespace bench {

Chain::Chain(const Point& point) : Chain(point.at("pairs"), point.at("active"), 0) {}

Chain::Chain(std::size_t pairs, std::size_t active, std::size_t idle)
    : pairs_(make_pairs(pairs)), idle_(make_idle(idle)), active_(std::min(active, pairs)) {}

Idle::Idle(const Point& point) : Chain(point.at("active"), point.at("active"), point.at("idle")) {}

void Chain::start(std::size_t events) {
  const auto hops = static_cast<Counter>(std::max<std::size_t>(events / active_, 1));
  const std::size_t pairs = pairs_.first.size();
  outcome_ = {};
  expected_ = {};
  for (std::size_t i = 0; i < active_; ++i) {
    const std::size_t first = i * pairs / active_;
    for (Counter hop = 0; hop < hops; ++hop) {
      expected_.checksum += ((first + hop) % pairs + 1) * (hops - hop);
    }
    send_all(pairs_.second[first].native_handle(), std::as_bytes(std::span(&hops, 1)));
  }
  expected_.events = active_ * hops;
  expected_.bytes = expected_.events * sizeof(Counter);
}

void Chain::hand_on(std::size_t index) {
  // Two can meet at one pair. Fewer than there is room for are all there are.
  std::array<Counter, 16> counters{};
  const auto buffer = std::as_writable_bytes(std::span(counters));
  const std::size_t next = index + 1 == pairs_.first.size() ? 0 : index + 1;
  std::size_t received = 0;
  do {
    received = receive(pairs_.first[index].native_handle(), buffer);
    outcome_.bytes += received;
    for (std::size_t i = 0; i < received / sizeof(Counter); ++i) {
      ++outcome_.events;
      outcome_.checksum += (index + 1) * counters[i];
      if (--counters[i] != 0) {
        send_all(pairs_.second[next].native_handle(),
                 buffer.subspan(i * sizeof(Counter), sizeof(Counter)));
      }
    }
  } while (received == buffer.size());
}

}  // namespace bench
