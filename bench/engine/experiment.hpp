// Runs contenders against each other, interleaved round by round.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "../loops/run.hpp"
#include "../work/scenarios.hpp"
#include "results.hpp"

namespace bench {

/// A scenario, and for each of its parameters the sizes to go through.
struct Sweep {
  const Scenario* scenario;
  std::map<std::string, std::vector<std::size_t>> sizes;
};

// An int, which CLI11 reads and prints as a number.
// NOLINTNEXTLINE(performance-enum-size)
enum class Counting { off, perf, callgrind };

struct Experiment {
  std::vector<Sweep> sweeps;
  std::vector<Contender> contenders;
  std::size_t rounds;
  std::size_t warm_up;  ///< Rounds before those that count.
  std::size_t events;   ///< In each round; 0 is what each scenario has.
  Counting counting;
  /// Seconds after which a contender is taken for stuck: the process ends with code 1.
  unsigned patience;
  bool quiet;
};

/// The points of a sweep, without those that make no sense.
std::vector<Point> points(const Sweep& sweep);
/// As `pairs=100 active=10`.
std::string to_string(const Point& point);
/// Events of one run.
std::size_t events_at(const Scenario& scenario, const Point& point, std::size_t asked);

/// Throws if the contender did not do what it should have.
void check(const Sample& sample);

/// `keep` is called with what there is after each point.
void run(const Experiment& experiment, Results& results,
         const std::function<void(const Results&)>& keep);

}  // namespace bench
