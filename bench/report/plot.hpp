// Plots as SVG, which stand by themselves and in a page.
#pragma once

#include <string>
#include <vector>

#include "../engine/results.hpp"

namespace bench {

/// Text as it stands in XML.
std::string escape(const std::string& text);

/// Points of one scenario that differ only in the size on the axis: what one plot shows.
struct Panel {
  std::string title;  ///< The scenario and the sizes that stay the same.
  std::string name;   ///< As a file may be called.
  std::vector<const Series*> series;
};
std::vector<Panel> panels(const Results& results);

/// Lines over the size on the axis, one for each contender; both axes logarithmic.
std::string line_plot(const Panel& panel, const Results& results);

/// At the panel's largest size, each contender's ratio to the baseline as a bar, with its interval.
/// Empty if the baseline is not among them.
std::string ratio_plot(const Panel& panel, const Results& results, const std::string& baseline);

}  // namespace bench
