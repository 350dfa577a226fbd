#include "interest.hpp"

namespace bench {

Interest::Interest(const Point& point)
    : pairs_(make_pairs(point.at("sources"))),
      active_(std::min(point.at("active"), point.at("sources"))),
      asking_(sources(), 0) {}

Outcome Interest::expected() const {
  Outcome expected;
  expected.events = active_ * turns_;
  for (std::size_t lane = 0; lane < active_; ++lane) {
    for (std::size_t turn = 0; turn < turns_; ++turn) {
      expected.checksum += source(lane, turn) + 1;
    }
  }
  return expected;
}

}  // namespace bench
