// What a result depends on beside the contenders.
#pragma once

#include <map>
#include <string>

namespace bench {

/// Machine, kernel, compiler, options and time, as far as the system tells.
std::map<std::string, std::string> describe_machine();

}  // namespace bench
