// What is said of many rounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// A median, and the interval that it lies in.
struct Spread {
  double median = 0;
  double low = 0;
  double high = 0;
};

/// The median, and the narrowest interval between two of the values that holds the true median with
/// a probability of at least 95%, whatever the distribution: the k-th lowest and k-th highest, by
/// the binomial distribution of how many lie below (the sign test's interval). Fewer than six
/// values cannot give that much; theirs is from the lowest to the highest.
[[nodiscard]] Spread spread(std::vector<double> values);

/// Of two contenders' times in the same rounds: the spread of their ratios, round by round, so that
/// what disturbs a round disturbs both.
[[nodiscard]] Spread ratio(const std::vector<double>& times, const std::vector<double>& baseline);

/// How long it took for so many in a hundred, and at most; nanoseconds.
struct Percentiles {
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double p999 = 0;
  double max = 0;
};

/// Exact, of at least one value.
[[nodiscard]] Percentiles percentiles(std::vector<std::uint32_t> values);

}  // namespace bench
