// Runs a sequence on one backend, beside the model.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "queue.hpp"
#include "steps.hpp"

namespace evq::differential {

struct Options {
  /// How long an event that must come is waited for.
  std::chrono::milliseconds patience{10'000};
  /// Prints each step and what came of it.
  bool is_verbose = false;
};

struct Outcome {
  /// What the backend did that the contract does not allow; nothing if it kept it.
  std::string failure;
  /// For each step, and for the end, what every backend must do alike. As many as were done.
  std::vector<std::string> observations;
};

Outcome run(const BackendEntry& backend, const std::vector<Step>& steps, const Options& options);

}  // namespace evq::differential
