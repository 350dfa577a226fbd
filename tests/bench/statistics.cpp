#include "engine/statistics.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "report/table.hpp"
#include "support/catch.hpp"

namespace {

std::vector<double> one_to(std::size_t count) {
  std::vector<double> values;
  for (std::size_t value = count; value != 0; --value) {
    values.push_back(static_cast<double>(value));
  }
  return values;
}

}  // namespace

TEST_CASE("the median lies in the middle, or between two") {
  CHECK(bench::spread({3, 1, 2}).median == 2);
  CHECK(bench::spread({4, 1, 3, 2}).median == 2.5);
}

// The places are those of the published tables of the sign test's interval.
TEST_CASE("the interval of the median is the sign test's") {
  const auto [count, low, high] = GENERATE(table<std::size_t, double, double>({
      {5, 1, 5},    // less than 95%: all there is
      {6, 1, 6},    // 96.9%
      {9, 2, 8},    // 96.1%
      {15, 4, 12},  // 96.5%
      {20, 6, 15},  // 95.9%
      {25, 8, 18},  // 95.7%
      {100, 40, 61},
  }));
  const auto spread = bench::spread(one_to(count));
  CHECK(spread.low == low);
  CHECK(spread.high == high);
}

TEST_CASE("ratios are taken round by round") {
  // Each round is ten times slower than the one before, for both.
  const auto spread = bench::ratio({2, 20, 200, 2000}, {1, 10, 100, 1000});
  CHECK(spread.median == 2);
  CHECK(spread.low == 2);
  CHECK(spread.high == 2);
}

TEST_CASE("percentiles are values that were measured") {
  std::vector<std::uint32_t> values;
  for (std::uint32_t value = 1; value <= 1000; ++value) {
    values.push_back(value);
  }
  const auto percentiles = bench::percentiles(values);
  CHECK(percentiles.p50 == 500);
  CHECK(percentiles.p90 == 900);
  CHECK(percentiles.p99 == 990);
  CHECK(percentiles.p999 == 999);
  CHECK(percentiles.max == 1000);
  CHECK(bench::percentiles({7}).p50 == 7);
}

TEST_CASE("times are shown in the unit that fits") {
  CHECK(bench::time_text(12.34) == "12.3 ns");
  CHECK(bench::time_text(1234) == "1.23 µs");
  CHECK(bench::time_text(123456789) == "123 ms");
}
