// The scenarios by name, with their sizes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "../loops/run.hpp"
#include "work.hpp"

namespace bench {

struct Parameter {
  std::string name;
  std::string help;
  std::vector<std::size_t> sizes;  ///< Unless others are asked for.
  std::vector<std::size_t> quick;  ///< With --quick.
};

struct Scenario {
  std::string name;
  std::string summary;
  std::string event;                  ///< What is counted: one of these is an event.
  std::vector<Parameter> parameters;  ///< The first is what plots are drawn over.
  std::size_t events;                 ///< In each round; 0 is the first parameter.
  /// Whether the time that matters is the one on the wall, since several threads or waits are part
  /// of the work; else it is the thread's CPU time, which others on the machine disturb less.
  bool wall;
  AnyWork (*make)(const Point&);
  bool (*makes_sense)(const Point&);
};

const std::vector<Scenario>& scenarios();

}  // namespace bench
