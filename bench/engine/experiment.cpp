#include "experiment.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <utility>

#include "callgrind.hpp"
#include "progress.hpp"

namespace bench {

namespace {

/// What SIGALRM has to say when it comes: a handler may do little more than write.
char stuck[256];

/// While it lives, what takes longer than `seconds` ends the process.
class Patience {
 public:
  Patience(unsigned seconds, const std::string& what) {
    const std::string line = "error: stuck for " + std::to_string(seconds) + " s: " + what + "\n";
    std::strncpy(stuck, line.c_str(), sizeof stuck - 1);
    ::signal(SIGALRM, [](int) {
      static_cast<void>(!::write(STDERR_FILENO, stuck, std::strlen(stuck)));
      ::_exit(1);
    });
    ::alarm(seconds);
  }
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;
  ~Patience() { ::alarm(0); }
};

/// A contender at a point, round by round.
struct Entrant {
  const Contender* contender;
  Result result;
  Latencies latencies;
};

/// One point of an experiment.
class Match {
 public:
  Match(const Experiment& experiment, const Scenario& scenario, const Point& point,
        Progress& progress)
      : experiment_(experiment),
        scenario_(scenario),
        point_(point),
        name_(scenario.name + " " + to_string(point)),
        progress_(progress),
        work_(scenario.make(point)),
        events_(events_at(scenario, point, experiment.events)) {
    for (const auto& contender : experiment.contenders) {
      entrants_.push_back({&contender, {}, {}});
      entrants_.back().result.contender = contender.name;
    }
  }

  Series run() {
    progress_.point(name_);
    std::minstd_rand random(1);
    for (std::size_t round = 0; round < experiment_.warm_up + experiment_.rounds; ++round) {
      // In a new order each time, so that nobody always runs after the same other.
      std::shuffle(entrants_.begin(), entrants_.end(), random);
      std::erase_if(entrants_, [&](Entrant& entrant) { return !run_once(entrant, round); });
    }
    for (auto& entrant : entrants_) {
      count(entrant);
    }
    return finish();
  }

 private:
  Plan plan() const { return {.warm_up = events_ / 10, .events = events_}; }

  /// Whether the contender has such a thing as the work needs.
  bool run_once(Entrant& entrant, std::size_t round) {
    progress_.step(entrant.contender->name);
    if (!entrant.result.error.empty()) {
      return true;
    }
    std::optional<Sample> sample;
    attempt(entrant, [&] { sample = entrant.contender->run(work_, plan()); });
    if (!sample) {
      if (entrant.result.error.empty()) {
        progress_.skip(experiment_.warm_up + experiment_.rounds - round - 1);
      }
      return !entrant.result.error.empty();
    }
    attempt(entrant, [&] { check(*sample); });
    if (round >= experiment_.warm_up && entrant.result.error.empty()) {
      const auto events = static_cast<double>(sample->outcome.events);
      entrant.result.wall_ns.push_back(sample->wall_ns / events);
      entrant.result.cpu_ns.push_back(sample->cpu_ns / events);
      entrant.latencies.insert(entrant.latencies.end(), sample->latencies.begin(),
                               sample->latencies.end());
    }
    return true;
  }

  /// One run more, which is not timed, with sockets that no other contender has left anything on.
  void count(Entrant& entrant) {
    if (!entrant.result.error.empty()) {
      return;
    }
    attempt(entrant, [&] {
      renew();
      Counters counters;
      auto counted = plan();
      counted.counters = experiment_.counting == Counting::off ? nullptr : &counters;
      const auto sample = entrant.contender->run(work_, counted);
      const auto per_event = [&](std::optional<std::uint64_t> count) {
        return count ? std::optional(static_cast<double>(*count) /
                                     static_cast<double>(sample->outcome.events))
                     : std::nullopt;
      };
      entrant.result.heap_per_source =
          static_cast<double>(sample->heap_bytes) / static_cast<double>(sample->sources);
      if (counted.counters != nullptr) {
        entrant.result.system_calls = per_event(counters.system_calls());
        entrant.result.instructions = per_event(counters.instructions());
      }
    });
    if (experiment_.counting == Counting::callgrind && !scenario_.wall) {
      progress_.point(name_ + ", counting");
      attempt(entrant, [&] {
        entrant.result.instructions =
            instructions_per_event(scenario_, point_, entrant.contender->name, events_);
      });
    }
  }

  /// Does it; what it throws is why the contender failed here, and the work is made anew.
  template <class Do>
  void attempt(Entrant& entrant, Do what) {
    try {
      const Patience patience(experiment_.patience, entrant.contender->name + ", " + name_);
      what();
    } catch (const std::exception& error) {
      entrant.result.error = error.what();
      progress_.note("failed: " + entrant.contender->name + ", " + name_ + ": " + error.what());
      renew();
    }
  }

  /// The old sockets go first: there may not be descriptors for both.
  void renew() {
    work_ = AnyWork();
    work_ = scenario_.make(point_);
  }

  Series finish() {
    Series series{.scenario = scenario_.name,
                  .event = scenario_.event,
                  .point = point_,
                  .axis = scenario_.parameters.front().name,
                  .wall = scenario_.wall,
                  .results = {}};
    std::ranges::sort(entrants_, {}, &Entrant::contender);
    for (auto& entrant : entrants_) {
      if (!entrant.latencies.empty()) {
        entrant.result.latency = percentiles(std::move(entrant.latencies));
      }
      series.results.push_back(std::move(entrant.result));
    }
    return series;
  }

  const Experiment& experiment_;
  const Scenario& scenario_;
  Point point_;
  std::string name_;
  Progress& progress_;
  AnyWork work_;
  std::size_t events_;
  std::vector<Entrant> entrants_;
};

}  // namespace

std::vector<Point> points(const Sweep& sweep) {
  std::vector<Point> points{{}};
  for (const auto& parameter : sweep.scenario->parameters) {
    std::vector<Point> longer;
    for (const auto& point : points) {
      for (const std::size_t size : sweep.sizes.at(parameter.name)) {
        longer.push_back(point);
        longer.back()[parameter.name] = size;
      }
    }
    points = std::move(longer);
  }
  std::erase_if(points, [&](const Point& point) { return !sweep.scenario->makes_sense(point); });
  return points;
}

std::string to_string(const Point& point) {
  std::string text;
  for (const auto& [name, size] : point) {
    text += (text.empty() ? "" : " ") + name + "=" + std::to_string(size);
  }
  return text;
}

std::size_t events_at(const Scenario& scenario, const Point& point, std::size_t asked) {
  if (scenario.events == 0) {
    return point.at(scenario.parameters.front().name);
  }
  return asked != 0 ? asked : scenario.events;
}

void check(const Sample& sample) {
  const auto compare = [](const char* what, std::uint64_t is, std::uint64_t expected) {
    if (is != expected) {
      throw std::runtime_error("did not do the work: " + std::string(what) + " " +
                               std::to_string(is) + " instead of " + std::to_string(expected));
    }
  };
  compare("events", sample.outcome.events, sample.expected.events);
  compare("bytes", sample.outcome.bytes, sample.expected.bytes);
  compare("checksum", sample.outcome.checksum, sample.expected.checksum);
}

void run(const Experiment& experiment, Results& results,
         const std::function<void(const Results&)>& keep) {
  std::size_t all_points = 0;
  for (const auto& sweep : experiment.sweeps) {
    all_points += points(sweep).size();
  }
  Progress progress(
      all_points * experiment.contenders.size() * (experiment.warm_up + experiment.rounds),
      experiment.quiet);
  for (const auto& sweep : experiment.sweeps) {
    for (const auto& point : points(sweep)) {
      results.series.push_back(Match(experiment, *sweep.scenario, point, progress).run());
      keep(results);
    }
  }
}

}  // namespace bench
