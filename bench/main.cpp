// evq-bench: which backend, and which library, for my load? See docs/benchmarks.md.

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/experiment.hpp"
#include "engine/machine.hpp"
#include "engine/results.hpp"
#include "loops/contenders.hpp"
#include "report/page.hpp"
#include "report/plot.hpp"
#include "report/table.hpp"
#include "work/scenarios.hpp"
#include "work/sockets.hpp"

namespace bench {

namespace {

using Sizes = std::map<std::string, std::vector<std::size_t>>;

/// A subcommand for each scenario, with an option for each of its sizes.
std::map<std::string, CLI::App*> add_scenarios(CLI::App& app, std::map<std::string, Sizes>& sizes) {
  std::map<std::string, CLI::App*> commands;
  for (const auto& scenario : scenarios()) {
    CLI::App* command = app.add_subcommand(scenario.name, scenario.summary);
    command->fallthrough();
    commands[scenario.name] = command;
    for (const auto& parameter : scenario.parameters) {
      auto& list = sizes[scenario.name][parameter.name];
      command->add_option("--" + parameter.name, list, parameter.help)
          ->delimiter(',')
          ->check(CLI::Range(std::size_t{1}, std::size_t{10'000'000}).description(""))
          ->type_name("N,...")
          ->default_str(CLI::detail::join(parameter.sizes, ","));
    }
  }
  return commands;
}

std::vector<std::string> names(const std::vector<Contender>& contenders) {
  std::vector<std::string> names;
  names.reserve(contenders.size());
  for (const auto& contender : contenders) {
    names.push_back(contender.name);
  }
  return names;
}

/// Keeps those that were asked for, in the order of the list.
std::vector<Contender> choose(std::vector<Contender> contenders,
                              const std::vector<std::string>& asked) {
  if (!asked.empty()) {
    std::erase_if(contenders, [&](const Contender& contender) {
      return std::ranges::find(asked, contender.name) == asked.end();
    });
  }
  return contenders;
}

void list() {
  std::cout << "Scenarios\n";
  for (const auto& scenario : scenarios()) {
    std::cout << "  " << scenario.name << ": " << scenario.summary << '\n';
    for (const auto& parameter : scenario.parameters) {
      std::cout << "    --" << parameter.name << ": " << parameter.help << '\n';
    }
  }
  std::cout << "\nContenders\n";
  for (const auto& contender : all_contenders()) {
    std::cout << "  " << contender.name << ' ' << contender.version << ": " << contender.how
              << '\n';
  }
  for (const auto& missing : missing_contenders()) {
    std::cout << "  (" << missing << ")\n";
  }
}

class Program {
 public:
  int main(int argc, char** argv) {
    CLI::App app(
        "Compares evq's backends, loops written by hand, and other libraries, doing the "
        "same work.");
    app.name("evq-bench");
    app.require_subcommand(1);
    app.add_subcommand("list", "Say what scenarios and contenders there are")->callback(list);
    add_run(app);
    add_once(app);
    add_compare(app);
    add_report(app);
    for (int i = 0; i < argc; ++i) {
      command_ += (i == 0 ? "evq-bench" : " " + std::string(argv[i]));
    }
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) {
        return app.exit(error);
      }
      std::cerr << "error: " << error.what() << '\n';
      return 2;
    }
    return exit_code_;
  }

 private:
  void add_run(CLI::App& app) {
    CLI::App* run = app.add_subcommand(
        "run", "Run scenarios, all of them unless some are named, and keep what was found");
    run->require_subcommand(0, scenarios().size());
    run->add_option("-o,--output", output_, "Where to keep it")->capture_default_str();
    run->add_option("-c,--contenders", asked_, "Only these")
        ->delimiter(',')
        ->check(CLI::IsMember(names(all_contenders())));
    run->add_option("-r,--rounds", experiment_.rounds, "Rounds that count")
        ->check(CLI::Range(1, 10000))
        ->default_val(15);
    run->add_option("--warm-up", experiment_.warm_up, "Rounds before those")
        ->check(CLI::Range(0, 1000))
        ->default_val(1);
    run->add_option("-e,--events", experiment_.events,
                    "Events in each round (default: each scenario's own)")
        ->check(CLI::Range(1, 100'000'000));
    run->add_option("--count", experiment_.counting,
                    "Count system calls and instructions: off; perf, as far as the system lets; "
                    "callgrind, instructions under Valgrind (slow)")
        ->transform(CLI::CheckedTransformer(std::map<std::string, Counting>{
            {"off", Counting::off}, {"perf", Counting::perf}, {"callgrind", Counting::callgrind}}))
        ->default_val(Counting::perf);
    run->add_option("--patience", experiment_.patience, "Seconds after which a run is stuck")
        ->check(CLI::Range(1, 86400))
        ->default_val(120);
    run->add_flag("-q,--quiet", experiment_.quiet, "Show no progress");
    run->add_flag("--quick", quick_, "Small sizes, to see that it works");
    commands_ = add_scenarios(*run, sizes_);
    run->callback([this] { this->run(); });
  }

  void run() {
    const bool all = std::ranges::none_of(
        commands_, [](const auto& command) { return command.second->parsed(); });
    for (const auto& scenario : scenarios()) {
      if (!all && !commands_.at(scenario.name)->parsed()) {
        continue;
      }
      Sweep sweep{&scenario, sizes_.at(scenario.name)};
      for (const auto& parameter : scenario.parameters) {
        auto& sizes = sweep.sizes.at(parameter.name);
        if (sizes.empty()) {
          sizes = quick_ ? parameter.quick : parameter.sizes;
        }
      }
      if (points(sweep).empty()) {
        throw CLI::ValidationError(scenario.name, "no such sizes go together");
      }
      experiment_.sweeps.push_back(std::move(sweep));
    }
    experiment_.contenders = choose(all_contenders(), asked_);
    Results results;
    results.machine = describe_machine();
    results.command = command_;
    results.rounds = experiment_.rounds;
    results.missing = missing_contenders();
    for (const auto& contender : experiment_.contenders) {
      results.contenders.push_back({contender.name, contender.version, contender.how});
    }
    raise_descriptor_limit();
    bench::run(experiment_, results, [this](const Results& so_far) { save(so_far, output_); });
    for (const auto& series : results.series) {
      for (const auto& result : series.results) {
        exit_code_ = result.error.empty() ? exit_code_ : 1;
      }
    }
  }

  void add_once(CLI::App& app) {
    CLI::App* once = app.add_subcommand(
        "once", "Run one contender once, for perf, strace and Valgrind to look at");
    once->require_subcommand(1);
    once->add_option("-c,--contender", contender_, "Which")
        ->required()
        ->check(CLI::IsMember(names(all_contenders())));
    once->add_option("-e,--events", once_events_, "How many events")
        ->check(CLI::Range(1, 100'000'000));
    once_commands_ = add_scenarios(*once, once_sizes_);
    once->callback([this] { this->once(); });
  }

  void once() {
    for (const auto& scenario : scenarios()) {
      if (!once_commands_.at(scenario.name)->parsed()) {
        continue;
      }
      Point point;
      for (const auto& parameter : scenario.parameters) {
        const auto& sizes = once_sizes_.at(scenario.name).at(parameter.name);
        point[parameter.name] = sizes.empty() ? parameter.quick.front() : sizes.front();
      }
      if (!scenario.makes_sense(point)) {
        throw CLI::ValidationError(scenario.name, "no such sizes go together");
      }
      raise_descriptor_limit();
      AnyWork work = scenario.make(point);
      const Contender contender = choose(all_contenders(), {contender_}).front();
      const auto sample =
          contender.run(work, {.warm_up = 0, .events = events_at(scenario, point, once_events_)});
      if (!sample) {
        throw CLI::ValidationError(contender_, "has no " + scenario.name);
      }
      check(*sample);
      std::cout << "events: " << sample->outcome.events << '\n';
    }
  }

  /// What both of the next have: files, and the contender that ratios are to.
  void add_files(CLI::App& app) {
    app.add_option("file", files_, "What `run` has kept")->required()->check(CLI::ExistingFile);
    app.add_option("-b,--baseline", baseline_, "The contender that the others are set beside")
        ->capture_default_str();
  }

  /// Throws unless the baseline is in each of the files.
  std::vector<Results> load_files() const {
    std::vector<Results> all;
    for (const auto& file : files_) {
      all.push_back(load(file));
      const auto& contenders = all.back().contenders;
      if (std::ranges::none_of(
              contenders, [this](const auto& contender) { return contender.name == baseline_; })) {
        throw CLI::ValidationError("--baseline", "no " + baseline_ + " in " + file);
      }
    }
    return all;
  }

  void add_compare(CLI::App& app) {
    CLI::App* compare =
        app.add_subcommand("compare", "Set contenders beside each other, in tables on stdout");
    add_files(*compare);
    compare->callback([this] {
      for (const auto& results : load_files()) {
        std::cout << markdown(results, baseline_, false);
      }
    });
  }

  void add_report(CLI::App& app) {
    CLI::App* report = app.add_subcommand("report", "Make a page with plots, and tables");
    add_files(*report);
    report->add_option("--html", html_, "Where to write the page")->capture_default_str();
    report->add_option("--markdown", markdown_, "Where to write the tables (default: nowhere)");
    report->add_option("--plots", plots_, "A folder for each plot as a file (default: nowhere)")
        ->check(CLI::ExistingDirectory);
    report->callback([this] { this->report(); });
  }

  void report() const {
    const auto all = load_files();
    write(html_, page(all, baseline_));
    std::string tables;
    for (const auto& results : all) {
      tables += markdown(results, baseline_, true);
      for (const auto& panel : panels(results)) {
        if (!plots_.empty()) {
          write(plots_ + "/" + panel.name + ".svg", panel.series.size() > 1
                                                        ? line_plot(panel, results)
                                                        : ratio_plot(panel, results, baseline_));
        }
      }
    }
    if (!markdown_.empty()) {
      write(markdown_, tables);
    }
  }

  static void write(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    if (!(file << text).flush()) {
      throw std::runtime_error("cannot write " + path);
    }
  }

  std::vector<std::string> files_;
  std::string baseline_ = "epoll";
  std::string html_ = "evq-bench.html";
  std::string markdown_;
  std::string plots_;
  std::string command_;
  int exit_code_ = 0;
  Experiment experiment_{};
  std::string output_ = "evq-bench.json";
  std::vector<std::string> asked_;
  bool quick_ = false;
  std::map<std::string, Sizes> sizes_;
  std::map<std::string, CLI::App*> commands_;
  std::string contender_;
  std::size_t once_events_ = 0;
  std::map<std::string, Sizes> once_sizes_;
  std::map<std::string, CLI::App*> once_commands_;
};

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  try {
    return bench::Program().main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
