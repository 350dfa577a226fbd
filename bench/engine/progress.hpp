// How far a long run is: a bar on a terminal, elsewhere a line for each point.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace bench {

class Progress {
 public:
  /// `steps` in all; writes to stderr, and nothing if `quiet`.
  Progress(std::size_t steps, bool quiet);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// A new point, of which `steps` are to come.
  void point(const std::string& name);
  /// What runs now.
  void step(const std::string& name);
  /// Steps that are not to come after all.
  void skip(std::size_t steps);
  /// A line that stays.
  void note(const std::string& line);

 private:
  void draw(const std::string& name);
  void clear() const;

  std::size_t steps_;
  bool quiet_;
  bool terminal_;
  std::size_t done_ = 0;
  std::string point_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace bench
