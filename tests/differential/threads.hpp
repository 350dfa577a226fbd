// Several threads register, use and close sources of their own while one polls.
#pragma once

#include <cstdint>
#include <string>

#include "queue.hpp"
#include "run.hpp"

namespace evq::differential {

/// What went against the contract; nothing if nothing did. The seed says what the threads do, and
/// not in which order.
std::string run_threads(const BackendEntry& backend, std::uint64_t seed, const Options& options);

}  // namespace evq::differential
