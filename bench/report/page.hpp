// Results as one page that needs nothing but itself.
#pragma once

#include <string>
#include <vector>

#include "../engine/results.hpp"

namespace bench {

/// HTML, which is XML too. A part for each of the results, with its machine, its plots and a table
/// of everything.
std::string page(const std::vector<Results>& all, const std::string& baseline);

}  // namespace bench
