// Results as Markdown tables, which read well on a terminal too.
#pragma once

#include <string>

#include "../engine/results.hpp"

namespace bench {

/// How many times the baseline's, with its interval: `1.03 (1.01 to 1.04)`. Empty if there is none.
std::string ratio_text(const Series& series, const Result& result, const std::string& baseline);

/// 123 ns, 4.56 µs and so on.
std::string time_text(double nanoseconds);

/// Three digits that matter.
std::string number_text(double value);

/// The contender that ratios are to, at this point: null if it was not there or failed.
const Result* find(const Series& series, const std::string& contender);

/// What was found on one machine: a table for each scenario, and before them the machine if
/// `with_machine`.
std::string markdown(const Results& results, const std::string& baseline, bool with_machine);

}  // namespace bench
