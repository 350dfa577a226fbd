#include "table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>
#include <vector>

namespace bench {

namespace {

using Row = std::vector<std::string>;

std::string fixed(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

/// Characters, not bytes, of UTF-8.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

/// Aligned columns. Those that are empty all the way down are left out.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (std::size_t column = 0; column < widths.size(); ++column) {
    const bool empty = std::all_of(rows.begin() + 1, rows.end(),
                                   [column](const Row& row) { return row[column].empty(); });
    for (const Row& row : rows) {
      widths[column] = empty ? 0 : std::max(widths[column], width(row[column]));
    }
  }
  std::ostringstream out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t column = 0; column < widths.size(); ++column) {
      if (widths[column] != 0) {
        const std::string& cell = rows[i][column];
        out << "| " << cell << std::string(widths[column] - width(cell) + 1, ' ');
      }
    }
    out << "|\n";
    for (std::size_t column = 0; i == 0 && column < widths.size(); ++column) {
      if (widths[column] != 0) {
        out << '|' << std::string(widths[column] + 2, '-');
      }
    }
    out << (i == 0 ? "|\n" : "");
  }
  return out.str();
}

std::string count_text(const std::optional<double>& value, int digits) {
  return value ? fixed(*value, digits) : "";
}

Row row(const Series& series, const Result& result, const std::string& baseline) {
  std::string sizes;
  for (const auto& [name, size] : series.point) {
    sizes += (sizes.empty() ? "" : ", ") + name + " " + std::to_string(size);
  }
  if (!result.error.empty()) {
    return {sizes, result.contender, "failed: " + result.error, "", "", "", "", "", "", ""};
  }
  const auto& latency = result.latency;
  return {
      sizes,
      result.contender,
      time_text(spread(times(series, result)).median),
      ratio_text(series, result, baseline),
      latency ? time_text(latency->p50) : "",
      latency ? time_text(latency->p99) : "",
      latency ? time_text(latency->p999) : "",
      count_text(result.system_calls, 2),
      count_text(result.instructions, 0),
      result.heap_per_source && series.scenario == "idle" ? fixed(*result.heap_per_source, 0) : ""};
}

}  // namespace

std::string number_text(double value) {
  if (value >= 100) {
    return fixed(value, 0);
  }
  return fixed(value, value >= 10 ? 1 : 2);
}

std::string time_text(double nanoseconds) {
  const char* const units[] = {"ns", "µs", "ms", "s"};
  std::size_t unit = 0;
  while (nanoseconds >= 1000 && unit < 3) {
    nanoseconds /= 1000;
    ++unit;
  }
  return number_text(nanoseconds) + " " + units[unit];
}

const Result* find(const Series& series, const std::string& contender) {
  const auto found = std::ranges::find_if(series.results, [&](const Result& result) {
    return result.contender == contender && result.error.empty();
  });
  return found == series.results.end() ? nullptr : &*found;
}

std::string ratio_text(const Series& series, const Result& result, const std::string& baseline) {
  const Result* base = find(series, baseline);
  if (base == nullptr || !result.error.empty()) {
    return "";
  }
  if (base == &result) {
    return "1";
  }
  const Spread spread = ratio(times(series, result), times(series, *base));
  return fixed(spread.median, 3) + " (" + fixed(spread.low, 3) + " to " + fixed(spread.high, 3) +
         ")";
}

std::string markdown(const Results& results, const std::string& baseline, bool with_machine) {
  std::ostringstream out;
  if (with_machine) {
    std::vector<Row> rows{{"what", "value"}, {"command", "`" + results.command + "`"}};
    for (const auto& [name, value] : results.machine) {
      rows.push_back({name, value});
    }
    for (const auto& contender : results.contenders) {
      rows.push_back({contender.name, contender.version + ": " + contender.how});
    }
    for (const auto& missing : results.missing) {
      rows.push_back({"left out", missing});
    }
    out << table(rows) << '\n';
  }
  std::vector<std::string> done;
  for (const auto& first : results.series) {
    if (std::ranges::find(done, first.scenario) != done.end()) {
      continue;
    }
    done.push_back(first.scenario);
    std::vector<Row> rows{{"sizes", "contender",
                           (first.wall ? "time per " : "CPU time per ") + first.event,
                           "times " + baseline, "latency 50%", "99%", "99.9%", "system calls",
                           "instructions", "heap bytes per source"}};
    for (const auto& series : results.series) {
      for (const auto& result : series.results) {
        if (series.scenario == first.scenario) {
          rows.push_back(row(series, result, baseline));
        }
      }
    }
    out << "### " << first.scenario << "\n\n" << table(rows) << '\n';
  }
  return out.str();
}

}  // namespace bench
