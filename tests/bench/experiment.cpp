// Who did not do the work is not fast: it failed.
#include "engine/experiment.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "loops/contenders.hpp"
#include "report/table.hpp"
#include "support/catch.hpp"

namespace {

using bench::Want;

/// Registers nothing and returns at once.
template <class W>
struct Lazy {
  explicit Lazy(W& /*work*/) {}
  void add(int /*fd*/, std::size_t /*index*/, Want /*want*/) {}
  void modify(int /*fd*/, std::size_t /*index*/, Want /*want*/) {}
  void remove(int /*fd*/, std::size_t /*index*/) {}
  void run() {}
};

/// Fails on the way.
template <class W>
struct Broken : Lazy<W> {
  using Lazy<W>::Lazy;
  void run() { throw std::runtime_error("broken on purpose"); }
};

const bench::Scenario& scenario(const std::string& name) {
  const auto& all = bench::scenarios();
  return *std::ranges::find(all, name, &bench::Scenario::name);
}

bench::Results run(const std::string& name, std::map<std::string, std::vector<std::size_t>> sizes) {
  bench::Experiment experiment{};
  experiment.sweeps = {{&scenario(name), std::move(sizes)}};
  experiment.contenders = {bench::contender<Lazy>("lazy", "", ""), bench::epoll_contender(),
                           bench::contender<Broken>("broken", "", "")};
  experiment.rounds = 2;
  experiment.events = 100;
  experiment.patience = 60;
  experiment.quiet = true;
  bench::Results results;
  bench::run(experiment, results, [](const bench::Results&) {});
  return results;
}

}  // namespace

TEST_CASE("a contender that does not do the work has failed") {
  const auto results = run("chain", {{"pairs", {10}}, {"active", {2}}});
  REQUIRE(results.series.size() == 1);
  const auto& all = results.series.front().results;
  REQUIRE(all.size() == 3);
  CHECK(all[0].contender == "lazy");
  CHECK(all[0].error == "did not do the work: events 0 instead of 100");
  CHECK(all[0].cpu_ns.empty());
  CHECK(all[1].contender == "epoll");
  CHECK(all[1].error.empty());
  CHECK(all[1].cpu_ns.size() == 2);
  CHECK(all[2].error == "broken on purpose");
  CHECK(bench::find(results.series.front(), "lazy") == nullptr);
}

TEST_CASE("a contender that has no such thing is left out") {
  const auto results = run("timers", {{"timers", {10}}});
  REQUIRE(results.series.front().results.size() == 1);
  CHECK(results.series.front().results.front().contender == "epoll");
}

TEST_CASE("each part of what was done is checked") {
  bench::Sample sample;
  sample.expected = {.events = 1, .bytes = 2, .checksum = 3};
  sample.outcome = sample.expected;
  CHECK_NOTHROW(bench::check(sample));
  ++sample.outcome.checksum;
  CHECK_THROWS(bench::check(sample));
  sample.outcome = sample.expected;
  ++sample.outcome.bytes;
  CHECK_THROWS(bench::check(sample));
  sample.outcome = sample.expected;
  --sample.outcome.events;
  CHECK_THROWS(bench::check(sample));
}

TEST_CASE("a sweep goes through all sizes that go together") {
  const auto points =
      bench::points({&scenario("chain"), {{"pairs", {5, 50}}, {"active", {1, 10}}}});
  REQUIRE(points.size() == 3);
  CHECK(bench::to_string(points[0]) == "active=1 pairs=5");
  CHECK(bench::to_string(points[1]) == "active=1 pairs=50");
  CHECK(bench::to_string(points[2]) == "active=10 pairs=50");
}
