#include "callgrind.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace bench {

namespace {

struct Count {
  std::uint64_t instructions;
  std::uint64_t events;
};

/// Reads the number after `label`.
std::uint64_t number_after(const std::string& text, const std::string& label) {
  const auto at = text.find(label);
  if (at == std::string::npos) {
    throw std::runtime_error("valgrind: " + text.substr(0, text.find('\n')));
  }
  return std::stoull(text.substr(at + label.size()));
}

Count count(const Scenario& scenario, const Point& point, const std::string& contender,
            std::size_t events) {
  // Every word of it is this program's own: names it has checked, and numbers.
  std::string command = "valgrind --tool=callgrind --callgrind-out-file=/dev/null '" +
                        std::filesystem::read_symlink("/proc/self/exe").string() + "' once " +
                        "--contender " + contender + " --events " + std::to_string(events) + " " +
                        scenario.name;
  for (const auto& [name, size] : point) {
    command += " --" + name + " " + std::to_string(size);
  }
  command += " 2>&1";
  const auto close = [](std::FILE* file) { ::pclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> pipe(::popen(command.c_str(), "r"), close);
  std::string output;
  std::array<char, 4096> buffer;
  while (pipe && std::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr) {
    output += buffer.data();
  }
  return {number_after(output, "Collected : "), number_after(output, "events: ")};
}

}  // namespace

double instructions_per_event(const Scenario& scenario, const Point& point,
                              const std::string& contender, std::size_t events) {
  const auto longer = count(scenario, point, contender, std::min<std::size_t>(events, 6000));
  const auto shorter = count(scenario, point, contender, std::min<std::size_t>(events, 6000) / 3);
  return static_cast<double>(longer.instructions - shorter.instructions) /
         static_cast<double>(longer.events - shorter.events);
}

}  // namespace bench
