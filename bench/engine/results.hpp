// What a run of evq-bench found, and the JSON file that keeps it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "../work/work.hpp"
#include "statistics.hpp"

namespace bench {

/// One contender at one point.
struct Result {
  std::string contender;
  std::string error;            ///< Why it failed: then the rest says nothing.
  std::vector<double> wall_ns;  ///< Per event, one for each round; so is the next.
  std::vector<double> cpu_ns;
  std::optional<double> heap_per_source;  ///< Bytes.
  std::optional<double> system_calls;     ///< Per event, as the next.
  std::optional<double> instructions;
  std::optional<Percentiles> latency;  ///< Of all rounds together.
};

/// All contenders at one point of one scenario.
struct Series {
  std::string scenario;
  std::string event;
  Point point;
  std::string axis;  ///< The size that plots are drawn over.
  bool wall = false;
  std::vector<Result> results;
};

struct ContenderInfo {
  std::string name;
  std::string version;
  std::string how;
};

struct Results {
  std::map<std::string, std::string> machine;  ///< What it ran on, what compiled it, when.
  std::string command;
  std::size_t rounds = 0;
  std::vector<ContenderInfo> contenders;
  std::vector<std::string> missing;
  std::vector<Series> series;
};

/// The time that matters in a scenario.
inline const std::vector<double>& times(const Series& series, const Result& result) {
  return series.wall ? result.wall_ns : result.cpu_ns;
}

/// Throws std::runtime_error that says what is wrong with the file.
Results load(const std::string& path);
void save(const Results& results, const std::string& path);

}  // namespace bench
