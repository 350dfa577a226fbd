#include "shrink.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace evq::differential {

std::vector<Step> shrink(std::vector<Step> steps,
                         const std::function<bool(const std::vector<Step>&)>& fails) {
  using std::chrono::steady_clock;
  const auto give_up = steady_clock::now() + std::chrono::seconds(30);
  std::size_t size = std::max<std::size_t>(steps.size() / 2, 1);
  while (true) {
    bool is_shorter = false;
    // From the end: what is done last is most often of no matter.
    for (std::size_t end = steps.size(); end != 0;) {
      if (steady_clock::now() > give_up) {
        return steps;
      }
      const std::size_t begin = end - std::min(size, end);
      std::vector<Step> fewer(steps);
      const auto first = fewer.begin();
      fewer.erase(first + static_cast<std::ptrdiff_t>(begin),
                  first + static_cast<std::ptrdiff_t>(end));
      if (fails(fewer)) {
        steps = std::move(fewer);
        is_shorter = true;
      }
      end = begin;
    }
    if (size == 1 && !is_shorter) {
      return steps;
    }
    size = std::max<std::size_t>(size / 2, 1);
  }
}

}  // namespace evq::differential
