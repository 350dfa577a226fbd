// The differential test: one random sequence of steps runs on every backend, beside a model of the
// contract, and what comes of it is compared. A sequence that fails is made short and printed; its
// seed replays it. Then several threads do as they like while one polls.

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "run.hpp"
#include "shrink.hpp"
#include "threads.hpp"

namespace {

using namespace evq::differential;
using std::chrono::steady_clock;

struct Arguments {
  std::optional<std::uint64_t> seed;
  std::optional<double> seconds;
  std::size_t steps = 300;
  std::vector<std::string> backends;
  bool is_verbose = false;
};

struct Counts {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;

  void add(bool has_passed) { ++(has_passed ? passed : failed); }
};

using Chosen = std::vector<const BackendEntry*>;

/// What goes wrong on any of the backends, or is not the same on all; nothing if nothing does.
std::string failure_of(const Chosen& chosen, const std::vector<Step>& steps,
                       const Options& options) {
  std::vector<std::string> first;
  for (const BackendEntry* backend : chosen) {
    Outcome outcome = run(*backend, steps, options);
    if (!outcome.failure.empty()) {
      return outcome.failure;
    }
    if (backend == chosen.front()) {
      first = std::move(outcome.observations);
      continue;
    }
    const auto [here, there] = std::ranges::mismatch(first, outcome.observations);
    if (here != first.end()) {
      const auto step = static_cast<std::size_t>(here - first.begin());
      return "step " + std::to_string(step + 1) +
             (step < steps.size() ? " (" + describe(steps[step]) + ")" : "") + ": " +
             chosen.front()->name + " says \"" + *here + "\", " + backend->name + " says \"" +
             *there + "\"";
    }
  }
  return "";
}

void print_shortest(const Chosen& chosen, const std::vector<Step>& steps) {
  // Most of what fails does so at once, and what does not is tried once more in the end.
  Options hasty;
  hasty.patience = std::chrono::milliseconds(500);
  const auto shorter = shrink(steps, [&](const std::vector<Step>& fewer) {
    return !failure_of(chosen, fewer, hasty).empty();
  });
  const std::string failure = failure_of(chosen, shorter, {});
  if (failure.empty()) {
    std::cout << "  It does not fail each time; --verbose shows it step by step.\n" << std::flush;
    return;
  }
  std::cout << "  The fewest steps that fail:\n";
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    std::cout << "    " << i + 1 << ". " << describe(shorter[i]) << '\n';
  }
  std::cout << "  " << failure << '\n' << std::flush;
}

std::string replay(const Arguments& arguments, std::uint64_t seed) {
  return "--seed " + std::to_string(seed) + " --steps " + std::to_string(arguments.steps);
}

/// Sequences from the first seed on until the time is up; one that fails ends it.
bool run_sequences(const Arguments& arguments, const Chosen& chosen, Options options,
                   steady_clock::time_point end) {
  options.is_verbose = arguments.is_verbose;
  std::uint64_t seed = arguments.seed.value_or(1);
  std::size_t count = 0;
  do {
    const auto steps = make_steps(seed, arguments.steps);
    if (const auto failure = failure_of(chosen, steps, options); !failure.empty()) {
      std::cout << "failed: " << replay(arguments, seed) << "\n  " << failure << '\n' << std::flush;
      print_shortest(chosen, steps);
      return false;
    }
    ++seed;
    ++count;
  } while (steady_clock::now() < end);
  std::cout << count << " sequences of " << arguments.steps << " steps\n" << std::flush;
  return true;
}

bool run_threads_until(const Arguments& arguments, const BackendEntry& backend,
                       const Options& options, steady_clock::time_point end) {
  std::uint64_t seed = arguments.seed.value_or(1);
  do {
    if (const auto failure = run_threads(backend, seed, options); !failure.empty()) {
      std::cout << "failed: " << replay(arguments, seed) << ", not always\n  " << backend.name
                << ", several threads: " << failure << '\n'
                << std::flush;
      return false;
    }
    ++seed;
  } while (steady_clock::now() < end);
  return true;
}

Counts run_all(const Arguments& arguments) {
  Counts counts;
  Chosen chosen;
  for (const BackendEntry& backend : backends()) {
    if (!arguments.backends.empty() &&
        std::ranges::find(arguments.backends, backend.name) == arguments.backends.end()) {
      continue;
    }
    if (const auto usable = backend.probe(); !usable) {
      std::cout << "skipped: " << backend.name << ": " << usable.error().message() << '\n';
      counts.skipped += 2;
      continue;
    }
    chosen.push_back(&backend);
  }
  // A seed alone is one sequence. Half of the time is for the threads.
  const double seconds = arguments.seconds.value_or(arguments.seed ? 0 : 3);
  const Options options;
  const auto half = std::chrono::duration_cast<steady_clock::duration>(
      std::chrono::duration<double>(seconds / 2));
  if (!chosen.empty()) {
    const bool has_passed = run_sequences(arguments, chosen, options, steady_clock::now() + half);
    counts.passed += has_passed ? chosen.size() : chosen.size() - 1;
    counts.failed += has_passed ? 0 : 1;
  }
  for (const BackendEntry* backend : chosen) {
    counts.add(run_threads_until(arguments, *backend, options,
                                 steady_clock::now() + half / static_cast<int>(chosen.size())));
  }
  return counts;
}

}  // namespace

int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape): CLI11's would be bugs
  Arguments arguments;
  CLI::App app("Runs random sequences of steps on every backend and compares what comes of them.");
  app.add_option("--seed", arguments.seed,
                 "the first seed (1 if none is given); without --seconds the only one");
  app.add_option("--seconds", arguments.seconds, "how long to go on, in all (default: 3)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--steps", arguments.steps, "how long a sequence is")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--backend", arguments.backends, "only this one; may be given again");
  app.add_flag("--verbose", arguments.is_verbose, "print each step and what came of it");
  CLI11_PARSE(app, argc, argv);

  Counts counts;
  try {
    counts = run_all(arguments);
  } catch (const std::exception& error) {
    std::cout << "failed: " << error.what() << '\n';
    ++counts.failed;
  }
  std::cout << counts.passed << " passed, " << counts.failed << " failed, " << counts.skipped
            << " skipped\n"
            << std::flush;
  if (counts.failed != 0 || counts.passed + counts.skipped == 0) {
    return 1;
  }
  return counts.passed == 0 ? 77 : 0;
}
