#include "statistics.hpp"

#include <algorithm>
#include <cmath>

namespace bench {

namespace {

double middle(const std::vector<double>& sorted) {
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/// How many of n values on each side lie outside of the interval that `spread` promises.
std::size_t outside(std::size_t n) {
  double below = 0;                                    // P(at most k of n lie below the median)
  double chance = std::exp2(-static_cast<double>(n));  // P(exactly k)
  std::size_t k = 0;
  while (k < n / 2 && below + chance <= 0.025) {
    below += chance;
    chance *= static_cast<double>(n - k) / static_cast<double>(k + 1);
    ++k;
  }
  return k == 0 ? 0 : k - 1;
}

}  // namespace

Spread spread(std::vector<double> values) {
  if (values.empty()) {
    return {};
  }
  std::ranges::sort(values);
  const std::size_t k = outside(values.size());
  return {middle(values), values[k], values[values.size() - 1 - k]};
}

Spread ratio(const std::vector<double>& times, const std::vector<double>& baseline) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(times.size(), baseline.size()); ++i) {
    if (baseline[i] > 0) {
      ratios.push_back(times[i] / baseline[i]);
    }
  }
  return spread(std::move(ratios));
}

Percentiles percentiles(std::vector<std::uint32_t> values) {
  std::ranges::sort(values);
  // The lowest value that at least so large a part of all does not exceed.
  const auto at = [&values](double part) {
    const auto rank = std::ceil(part * static_cast<double>(values.size()));
    return static_cast<double>(
        values[std::max<std::size_t>(static_cast<std::size_t>(rank), 1) - 1]);
  };
  return {at(0.5), at(0.9), at(0.99), at(0.999), at(1)};
}

}  // namespace bench
