#include "scenarios.hpp"

#include <memory>

namespace bench {

namespace {

template <class W>
AnyWork make(const Point& point) {
  return std::make_unique<W>(point);
}

bool always(const Point&) { return true; }

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {
      {.name = "chain",
       .summary = "socket pairs, some active: what arrives at one is handed on to the next",
       .event = "hop",
       .parameters = {{"pairs", "registered socket pairs", {10, 100, 1000, 4000}, {10, 50}},
                      {"active", "how many at a time have something", {1, 10, 100}, {10}}},
       .events = 20000,
       .wall = false,
       .make = make<Chain>,
       .makes_sense = [](const Point& point) { return point.at("active") <= point.at("pairs"); }},
      {.name = "interest",
       .summary = "sources that ask to write, are told that they may, and ask no more",
       .event = "turn",
       .parameters = {{"sources", "registered socket pairs", {10, 100, 1000, 4000}, {10, 50}},
                      {"active", "how many at a time ask", {1, 10, 100}, {10}}},
       .events = 10000,
       .wall = false,
       .make = make<Interest>,
       .makes_sense = [](const Point& point) { return point.at("active") <= point.at("sources"); }},
      {.name = "idle",
       .summary = "a few active socket pairs beside many idle sources; memory per source",
       .event = "hop",
       .parameters = {{"idle", "sources on which nothing happens", {10, 1000, 15000}, {10, 100}},
                      {"active", "pairs beside them, all active", {10}, {10}}},
       .events = 20000,
       .wall = false,
       .make = make<Idle>,
       .makes_sense = always},
  };
  return all;
}

}  // namespace bench
