// User-space instructions, counted under Valgrind where the processor does not let itself be asked.
#pragma once

#include <cstddef>
#include <string>

#include "../work/scenarios.hpp"

namespace bench {

/// The difference of a long and a short run of `evq-bench once`, so that starting up does not
/// count. Throws if Valgrind is missing or the run fails.
double instructions_per_event(const Scenario& scenario, const Point& point,
                              const std::string& contender, std::size_t events);

}  // namespace bench
