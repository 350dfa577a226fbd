#include "page.hpp"

#include <sstream>

#include "plot.hpp"
#include "table.hpp"

namespace bench {

namespace {

constexpr const char* style = R"(
body { font: 15px/1.5 sans-serif; max-width: 1340px; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; font-size: 13px }
th, td { border-bottom: 1px solid #ddd; padding: 2px 10px; text-align: right }
th:first-child, td:first-child, .left td { text-align: left }
.plots { display: flex; flex-wrap: wrap; gap: 12px }
.plots svg { width: 640px; max-width: 100%; border: 1px solid #eee }
.failed { color: #a00; text-align: left }
)";

std::string cell(const std::string& text) {
  return "<td>" + escape(text) + "</td>";
}

std::string percentile(const Result& result, double Percentiles::* which) {
  return cell(result.latency ? time_text((*result.latency).*which) : "");
}

std::string machine(const Results& results) {
  std::ostringstream out;
  out << "<table class=\"left\">\n<tr>" << cell("command") << cell(results.command) << "</tr>\n";
  for (const auto& [name, value] : results.machine) {
    out << "<tr>" << cell(name) << cell(value) << "</tr>\n";
  }
  for (const auto& contender : results.contenders) {
    out << "<tr>" << cell(contender.name) << cell(contender.version + ": " + contender.how)
        << "</tr>\n";
  }
  for (const auto& missing : results.missing) {
    out << "<tr>" << cell("left out") << cell(missing) << "</tr>\n";
  }
  out << "</table>\n";
  return out.str();
}

std::string table(const Panel& panel, const std::string& baseline) {
  const Series& first = *panel.series.front();
  std::ostringstream out;
  out << "<table>\n<tr><th>contender</th><th>" << escape(first.axis) << "</th><th>"
      << (first.wall ? "time" : "CPU time") << " per " << escape(first.event) << "</th><th>times "
      << escape(baseline)
      << "</th><th>wall time</th><th>per second</th><th>latency "
         "50%</th><th>90%</th><th>99%</th><th>99.9%</th>"
         "<th>most</th><th>system calls</th><th>instructions</th><th>heap bytes per source</th>"
         "</tr>\n";
  for (const Series* series : panel.series) {
    for (const auto& result : series->results) {
      out << "<tr>" << cell(result.contender)
          << cell(std::to_string(series->point.at(series->axis)));
      if (!result.error.empty()) {
        out << R"(<td class="failed" colspan="12">failed: )" << escape(result.error)
            << "</td></tr>\n";
        continue;
      }
      const auto count = [](const std::optional<double>& value) {
        return cell(value ? number_text(*value) : "");
      };
      out << cell(time_text(spread(times(*series, result)).median))
          << cell(ratio_text(*series, result, baseline))
          << cell(time_text(spread(result.wall_ns).median))
          << cell(number_text(1e9 / spread(result.wall_ns).median));
      for (const auto which : {&Percentiles::p50, &Percentiles::p90, &Percentiles::p99,
                               &Percentiles::p999, &Percentiles::max}) {
        out << percentile(result, which);
      }
      out << count(result.system_calls) << count(result.instructions)
          << count(result.heap_per_source) << "</tr>\n";
    }
  }
  out << "</table>\n";
  return out.str();
}

}  // namespace

std::string page(const std::vector<Results>& all, const std::string& baseline) {
  std::ostringstream out;
  out << "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
         "<meta charset=\"utf-8\"/>\n<title>evq-bench</title>\n<style>"
      << style
      << "</style>\n</head>\n<body>\n<h1>evq-bench</h1>\n"
         "<p>Times are medians of all rounds. Ratios are taken round by round and their median is "
         "given, with the interval that holds the true one with at least 95%. In plots of ratios, "
         "a shorter bar is a faster contender. Counts are per event.</p>\n";
  for (const Results& results : all) {
    out << "<h2>" << escape(results.machine.contains("kernel") ? results.machine.at("kernel") : "")
        << ", " << results.rounds << " rounds</h2>\n"
        << machine(results);
    for (const Panel& panel : panels(results)) {
      out << "<h3>" << escape(panel.title) << "</h3>\n<div class=\"plots\">\n"
          << (panel.series.size() > 1 ? line_plot(panel, results) : "")
          << ratio_plot(panel, results, baseline) << "</div>\n"
          << table(panel, baseline);
    }
  }
  out << "</body>\n</html>\n";
  return out.str();
}

}  // namespace bench
