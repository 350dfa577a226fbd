#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bench {

namespace {

using std::chrono::steady_clock;

std::string duration(double seconds) {
  const auto whole = std::lround(seconds);
  return whole >= 60 ? std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s"
                     : std::to_string(whole) + " s";
}

}  // namespace

Progress::Progress(std::size_t steps, bool quiet)
    : steps_(std::max<std::size_t>(steps, 1)),
      quiet_(quiet),
      terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  clear();
}

void Progress::point(const std::string& name) {
  point_ = name;
  if (!terminal_) {
    note(std::to_string(100 * done_ / steps_) + "%  " + name);
  }
}

void Progress::step(const std::string& name) {
  const auto now = steady_clock::now();
  // To draw costs system calls, which should not come before every run.
  if (terminal_ && !quiet_ && now - drawn_ > std::chrono::milliseconds(100)) {
    draw(name);
    drawn_ = now;
  }
  ++done_;
}

void Progress::skip(std::size_t steps) {
  steps_ = std::max(steps_ - std::min(steps, steps_), done_ + 1);
}

void Progress::note(const std::string& line) {
  if (!quiet_) {
    clear();
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

void Progress::draw(const std::string& name) {
  constexpr std::size_t width = 24;
  const double part = std::min(static_cast<double>(done_) / static_cast<double>(steps_), 1.0);
  const double elapsed = std::chrono::duration<double>(steady_clock::now() - start_).count();
  std::string bar(static_cast<std::size_t>(part * width), '=');
  bar.resize(width, ' ');
  const std::string left = part > 0.01 ? ", " + duration(elapsed / part - elapsed) + " left" : "";
  std::fprintf(stderr, "\r\033[K[%s] %2.0f%%%s  %s  %s", bar.c_str(), part * 100, left.c_str(),
               point_.c_str(), name.c_str());
  std::fflush(stderr);
}

void Progress::clear() const {
  if (terminal_ && !quiet_) {
    std::fputs("\r\033[K", stderr);
  }
}

}  // namespace bench
