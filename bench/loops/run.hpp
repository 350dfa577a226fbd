// One measured run of a work on a loop, and what a contender is to the engine.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "../engine/meters.hpp"
#include "../work/chain.hpp"
#include "../work/churn.hpp"
#include "../work/echo.hpp"
#include "../work/interest.hpp"
#include "../work/timers.hpp"
#include "../work/wake.hpp"
#include "../work/work.hpp"

namespace bench {

template <class... W>
using AnyOf = std::variant<std::unique_ptr<W>...>;

using AnyWork = AnyOf<Chain, Echo, Churn, Interest, Wake, Idle, Timers>;

struct Plan {
  std::size_t warm_up;  ///< Events before the measured ones.
  std::size_t events;
  /// Counts system calls and instructions of the measured part, which takes time; or null.
  Counters* counters = nullptr;
};

/// One run. Times are of the measured part.
struct Sample {
  double wall_ns = 0;
  double cpu_ns = 0;  ///< Of the thread that runs the loop, in user space and in the kernel.
  /// Heap memory that the loop took to register the work's sources, beside what it has from the
  /// start.
  std::ptrdiff_t heap_bytes = 0;
  std::size_t sources = 0;
  Outcome outcome;
  Outcome expected;
  Latencies latencies;
};

struct Contender {
  std::string name;
  std::string version;
  std::string how;  ///< What is done with it, for people who know it.
  /// Nothing if it has no such thing as the work needs. Throws what went wrong.
  std::optional<Sample> (*run)(AnyWork& work, const Plan& plan);
};

template <class Loop, class W>
concept CanDo = (!W::uses_wakes || CanWake<Loop>) && (!W::uses_timers || CanTime<Loop>);

template <template <class> class Loop, class W>
std::optional<Sample> run_work(W& work, const Plan& plan) {
  static_assert(Work<W>);
  if constexpr (!CanDo<Loop<W>, W>) {
    return std::nullopt;
  } else {
    Sample sample;
    Loop<W> loop(work);
    const auto heap = heap_in_use();
    work.open(loop);
    sample.heap_bytes = heap_in_use() - heap;
    sample.sources = work.sources();
    if (plan.warm_up != 0) {
      work.begin(loop, plan.warm_up);
      loop.run();
    }
    const CountersOn counting(plan.counters);
    const Stopwatch watch;
    work.begin(loop, plan.events);
    loop.run();
    sample.wall_ns = watch.wall_ns();
    sample.cpu_ns = watch.cpu_ns();
    counting.stop();
    sample.outcome = work.outcome();
    sample.expected = work.expected();
    sample.latencies = work.latencies();
    work.finish(loop);
    return sample;
  }
}

template <template <class> class Loop>
Contender contender(std::string name, std::string version, std::string how) {
  return {std::move(name), std::move(version), std::move(how), [](AnyWork& any, const Plan& plan) {
            return std::visit([&plan](auto& work) { return run_work<Loop>(*work, plan); }, any);
          }};
}

}  // namespace bench
