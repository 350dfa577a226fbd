// The main of every Catch2 program here. It ends with a line that counts test cases,
//     N passed, N failed, N skipped
// and exits with 77, which is a skip to Meson, if every one was skipped.

// Catch2 2.13 uses it without <cfloat>, which in macOS's headers would take INFINITY away.
#ifdef __DBL_MAX_10_EXP__
#define DBL_MAX_10_EXP __DBL_MAX_10_EXP__
#endif

#define CATCH_CONFIG_RUNNER
#include "catch.hpp"

#ifdef EVQ_CATCH_3
#include <catch2/catch_test_case_info.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#endif

#include <cstddef>
#include <iostream>
#include <string>

namespace evq::test {

namespace {

struct Counts {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;
};

Counts counts;
std::string skip_reason;

#ifdef EVQ_CATCH_3
using Listener = Catch::EventListenerBase;

const std::string& name(const Catch::TestCaseStats& stats) {
  return stats.testInfo->name;
}
#else
using Listener = Catch::TestEventListenerBase;

const std::string& name(const Catch::TestCaseStats& stats) {
  return stats.testInfo.name;
}
#endif

class Counter : public Listener {
 public:
  using Listener::Listener;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    Listener::testCaseStarting(info);
    skip_reason.clear();
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    if (stats.totals.assertions.failed != 0) {
      ++counts.failed;
    } else if (!skip_reason.empty()) {
      ++counts.skipped;
      std::cout << "skipped: " << name(stats) << ": " << skip_reason << '\n';
    } else {
      ++counts.passed;
    }
    Listener::testCaseEnded(stats);
  }
};

CATCH_REGISTER_LISTENER(Counter)

}  // namespace

void note_skip(std::string_view reason) {
  skip_reason = reason;
}

}  // namespace evq::test

int main(int argc, char** argv) {
  const int failed = Catch::Session().run(argc, argv);
  const auto& counts = evq::test::counts;
#ifdef EVQ_KQUEUE_IS_EMULATED
  std::cout << "kqueue was emulated on Linux: nothing of this ran on macOS or a BSD\n";
#endif
  std::cout << counts.passed << " passed, " << counts.failed << " failed, " << counts.skipped
            << " skipped\n"
            << std::flush;
  const bool all_skipped = counts.skipped != 0 && counts.passed == 0;
  return failed == 0 && all_skipped ? 77 : failed;
}
