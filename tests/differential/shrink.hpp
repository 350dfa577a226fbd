// Makes a failing sequence short.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "steps.hpp"

namespace evq::differential {

/// Drops steps for as long as `fails` says that what is left fails, somehow, and for no more than
/// half a minute.
std::vector<Step> shrink(std::vector<Step> steps,
                         const std::function<bool(const std::vector<Step>&)>& fails);

}  // namespace evq::differential
