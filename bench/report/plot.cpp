#include "plot.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <sstream>

#include "table.hpp"

namespace bench {

namespace {

constexpr double width = 640;
constexpr double height = 340;
constexpr double left = 70;
constexpr double right = 130;
constexpr double top = 34;
constexpr double bottom = 44;

/// Told apart also by who does not see red and green (after Okabe and Ito); evq is blue.
const char* color(std::size_t index) {
  static constexpr const char* colors[] = {"#0072b2", "#56b4e9", "#000000", "#7f7f7f", "#d55e00",
                                           "#009e73", "#cc79a7", "#b8a200", "#8c510a", "#762a83"};
  return colors[index % std::size(colors)];
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string text(double x, double y, const std::string& anchor, const std::string& what,
                 const std::string& more = "") {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\"" +
         more + ">" + escape(what) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, const std::string& stroke,
                 double thick = 1) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) +
         "\" y2=\"" + number(y2) + "\" stroke=\"" + stroke + "\" stroke-width=\"" + number(thick) +
         "\"/>\n";
}

std::string begin(double of_height, const std::string& title) {
  return R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 )" + number(width) + " " +
         number(of_height) +
         "\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n<title>" + escape(title) +
         "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n" +
         text(left, 20, "start", title, " font-weight=\"bold\"");
}

/// From values to places, by their logarithms.
class Scale {
 public:
  Scale(double low, double high, double from, double to)
      : low_(std::log(low)), span_(std::max(std::log(high) - low_, 1e-9)), from_(from), to_(to) {}

  double operator()(double value) const {
    return from_ + (std::log(value) - low_) / span_ * (to_ - from_);
  }

 private:
  double low_;
  double span_;
  double from_;
  double to_;
};

/// Round numbers: 1, 2 and 5 times powers of ten, or more where those are too few.
std::vector<double> ticks(double low, double high) {
  std::vector<double> ticks;
  for (const std::vector<double>& steps :
       {std::vector<double>{1, 2, 5},
        {1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9},
        {1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2,   2.2, 2.4, 2.6, 2.8,
         3, 3.3, 3.6, 4,   4.5, 5,   5.5, 6,   6.5, 7,   7.5, 8,   8.5, 9,   9.5}}) {
    ticks.clear();
    const auto first = static_cast<int>(std::floor(std::log10(low)));
    const auto last = static_cast<int>(std::floor(std::log10(high)));
    for (int exponent = first; exponent <= last; ++exponent) {
      const double power = std::pow(10, exponent);
      for (const double step : steps) {
        if (power * step >= low && power * step <= high) {
          ticks.push_back(power * step);
        }
      }
    }
    if (ticks.size() > 2) {
      break;
    }
  }
  return ticks;
}

struct Curve {
  std::size_t color;
  std::string contender;
  std::vector<std::pair<double, double>> points;
};

std::vector<Curve> curves(const Panel& panel, const Results& results) {
  std::vector<Curve> curves;
  for (std::size_t i = 0; i < results.contenders.size(); ++i) {
    Curve curve{i, results.contenders[i].name, {}};
    for (const Series* series : panel.series) {
      if (const Result* result = find(*series, curve.contender)) {
        curve.points.emplace_back(static_cast<double>(series->point.at(series->axis)),
                                  spread(times(*series, *result)).median);
      }
    }
    std::ranges::sort(curve.points);
    if (!curve.points.empty()) {
      curves.push_back(std::move(curve));
    }
  }
  return curves;
}

/// Names beside the ends of their curves, moved apart where they would meet.
std::string names(std::vector<Curve> curves, const Scale& y) {
  std::ranges::sort(curves, [](const Curve& a, const Curve& b) {
    return a.points.back().second > b.points.back().second;
  });
  std::string out;
  double next = top + 4;
  double after = height - bottom - 14 * static_cast<double>(curves.size() - 1);
  for (const Curve& curve : curves) {
    const double place = std::max(std::min(y(curve.points.back().second) + 4, after + 4), next);
    out += text(width - right + 10, place, "start", curve.contender,
                std::string(" fill=\"") + color(curve.color) + "\"");
    next = place + 14;
    after += 14;
  }
  return out;
}

}  // namespace

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::vector<Panel> panels(const Results& results) {
  std::vector<Panel> panels;
  for (const Series& series : results.series) {
    std::string title = series.scenario;
    std::string name = series.scenario;
    for (const auto& [size, value] : series.point) {
      if (size != series.axis) {
        title += (title == series.scenario ? ": " : ", ") + size + " " + std::to_string(value);
        name += "-" + size + "-" + std::to_string(value);
      }
    }
    const auto same = std::ranges::find(panels, name, &Panel::name);
    if (same == panels.end()) {
      panels.push_back({title, name, {&series}});
    } else {
      same->series.push_back(&series);
    }
  }
  return panels;
}

std::string line_plot(const Panel& panel, const Results& results) {
  const auto all = curves(panel, results);
  if (all.empty()) {
    return "";
  }
  double low_x = all.front().points.front().first;
  double high_x = low_x;
  double low_y = all.front().points.front().second;
  double high_y = low_y;
  for (const Curve& curve : all) {
    for (const auto& [x, y] : curve.points) {
      low_x = std::min(low_x, x);
      high_x = std::max(high_x, x);
      low_y = std::min(low_y, y);
      high_y = std::max(high_y, y);
    }
  }
  low_y *= 0.9;
  high_y *= 1.1;
  const Scale x(low_x, high_x, left, width - right);
  const Scale y(low_y, high_y, height - bottom, top);

  const Series& first = *panel.series.front();
  std::string out = begin(height, panel.title);
  for (const double tick : ticks(low_y, high_y)) {
    out += line(left, y(tick), width - right, y(tick), "#dddddd");
    out += text(left - 6, y(tick) + 4, "end", time_text(tick));
  }
  for (const Series* series : panel.series) {
    const auto size = series->point.at(series->axis);
    out += line(x(static_cast<double>(size)), height - bottom, x(static_cast<double>(size)),
                height - bottom + 4, "#555555");
    out += text(x(static_cast<double>(size)), height - bottom + 18, "middle", std::to_string(size));
  }
  out += line(left, height - bottom, width - right, height - bottom, "#555555");
  out += text((left + width - right) / 2, height - 8, "middle", first.axis);
  out += text(width - right, 20, "end", (first.wall ? "time per " : "CPU time per ") + first.event,
              " fill=\"#555555\"");
  for (const Curve& curve : all) {
    std::string path;
    std::string dots;
    for (const auto& [size, time] : curve.points) {
      path += path.empty() ? "M" : " L";
      path += number(x(size)) + " " + number(y(time));
      dots += "<circle cx=\"" + number(x(size)) + "\" cy=\"" + number(y(time)) +
              R"(" r="2.5" fill=")" + color(curve.color) + "\"/>\n";
    }
    out += R"(<path fill="none" stroke-width="1.5" stroke=")";
    out += color(curve.color);
    out += R"(" d=")";
    out += path;
    out += "\"/>\n";
    out += dots;
  }
  return out + names(all, y) + "</svg>\n";
}

std::string ratio_plot(const Panel& panel, const Results& results, const std::string& baseline) {
  const Series& last = **std::ranges::max_element(
      panel.series,
      [](const Series* a, const Series* b) { return a->point.at(a->axis) < b->point.at(b->axis); });
  const Result* base = find(last, baseline);
  if (base == nullptr) {
    return "";
  }
  std::map<std::size_t, Spread> ratios;
  double most = 1.2;
  for (std::size_t i = 0; i < results.contenders.size(); ++i) {
    if (const Result* result = find(last, results.contenders[i].name)) {
      ratios[i] = ratio(times(last, *result), times(last, *base));
      most = std::max(most, std::min(ratios[i].high, 2 * ratios[i].median) * 1.05);
    }
  }
  constexpr double row = 22;
  const double bars_end = top + row * static_cast<double>(ratios.size());
  const double name_end = left + 30;
  const auto x = [&](double value) {
    return name_end + std::min(value, most) / most * (width - right - name_end);
  };
  std::string out =
      begin(bars_end + 26, panel.title + ", " + last.axis + " " +
                               std::to_string(last.point.at(last.axis)) + ": times " + baseline);
  double place = top;
  for (const auto& [index, spread] : ratios) {
    const double middle = place + row / 2;
    out += text(name_end - 6, middle + 4, "end", results.contenders[index].name);
    out += "<rect x=\"" + number(name_end) + "\" y=\"" + number(place + 4) + "\" width=\"" +
           number(x(spread.median) - name_end) + "\" height=\"" + number(row - 8) + "\" fill=\"" +
           color(index) + "\" fill-opacity=\"0.7\"/>\n";
    out += line(x(spread.low), middle, x(spread.high), middle, "#222222", 1.5);
    out += line(x(spread.low), middle - 4, x(spread.low), middle + 4, "#222222", 1.5);
    out += line(x(spread.high), middle - 4, x(spread.high), middle + 4, "#222222", 1.5);
    out += text(width - right + 10, middle + 4, "start",
                ratio_text(last, *find(last, results.contenders[index].name), baseline),
                " font-size=\"10\"");
    place += row;
  }
  out += line(x(1), top, x(1), bars_end, "#222222");
  out += text(x(1), bars_end + 16, "middle", "1");
  return out + "</svg>\n";
}

}  // namespace bench
