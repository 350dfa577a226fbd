#include "scenarios.hpp"

#include <memory>

namespace bench {

namespace {

template <class W>
AnyWork make(const Point& point) {
  return std::make_unique<W>(point);
}

bool always(const Point& /*point*/) {
  return true;
}

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
      {.name = "echo",
       .summary = "TCP connections over loopback, whose far ends send back what they get",
       .event = "message",
       .parameters = {{"connections", "TCP connections", {1, 10, 100, 1000}, {1, 10}},
                      {"size", "bytes of a message", {64, 4096}, {64}},
                      {"depth", "messages of a connection under way", {1, 8}, {1, 4}}},
       .events = 10000,
       .wall = false,
       .make = make<Echo>,
       .makes_sense =
           [](const Point& point) {
             return point.at("size") * point.at("depth") <= Echo::most_in_flight;
           }},
      {.name = "churn",
       .summary = "TCP clients that connect, ask once, are answered, and close",
       .event = "connection",
       .parameters = {{"clients", "clients at a time", {1, 10, 100, 1000}, {1, 10}}},
       .events = 2000,
       .wall = false,
       .make = make<Churn>,
       .makes_sense = always},
      {.name = "interest",
       .summary = "sources that ask to write, are told that they may, and ask no more",
       .event = "turn",
       .parameters = {{"sources", "registered socket pairs", {10, 100, 1000, 4000}, {10, 50}},
                      {"active", "how many at a time ask", {1, 10, 100}, {10}}},
       .events = 10000,
       .wall = false,
       .make = make<Interest>,
       .makes_sense = [](const Point& point) { return point.at("active") <= point.at("sources"); }},
      {.name = "wake",
       .summary = "threads that wake a loop, and wait until it has heard them",
       .event = "wake",
       .parameters = {{"threads", "threads that wake", {1, 2, 4}, {1, 2}},
                      {"burst", "wakes before a thread waits", {1, 1000}, {1, 100}}},
       .events = 10000,
       .wall = true,
       .make = make<Wake>,
       .makes_sense = always},
      {.name = "idle",
       .summary = "a few active socket pairs beside many idle sources; memory per source",
       .event = "hop",
       .parameters = {{"idle", "sources on which nothing happens", {10, 1000, 15000}, {10, 100}},
                      {"active", "pairs beside them, all active", {10}, {10}}},
       .events = 20000,
       .wall = false,
       .make = make<Idle>,
       .makes_sense = always},
      {.name = "timers",
       .summary = "deadlines, half of which are cancelled and half of which expire",
       .event = "timer",
       .parameters = {{"timers", "deadlines in all", {10'000, 100'000, 1'000'000}, {1000, 10'000}}},
       .events = 0,
       .wall = false,
       .make = make<Timers>,
       .makes_sense = always},
  };
  return all;
}

}  // namespace bench
