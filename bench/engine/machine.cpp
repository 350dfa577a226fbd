#include "machine.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <thread>

namespace bench {

namespace {

/// What follows the first colon of the first line that begins with `key`.
std::string field(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) {
      const auto colon = line.find_first_of(":=");
      const auto value =
          colon == std::string::npos ? colon : line.find_first_not_of(" \"", colon + 1);
      return value == std::string::npos
                 ? ""
                 : line.substr(value, line.find_last_not_of('"') + 1 - value);
    }
  }
  return "unknown";
}

std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
  return text;
}

std::string load() {
  double average[1] = {};
  return ::getloadavg(average, 1) == 1 ? std::to_string(average[0]).substr(0, 4) : "unknown";
}

}  // namespace

std::map<std::string, std::string> describe_machine() {
  utsname system{};
  ::uname(&system);
#if defined(__clang__)
  const std::string compiler = "Clang " __clang_version__;
#else
  const std::string compiler = "GCC " __VERSION__;
#endif
  return {
      {"system", field("/etc/os-release", "PRETTY_NAME")},
      {"kernel", std::string(system.sysname) + " " + system.release},
      {"architecture", system.machine},
      {"processor", field("/proc/cpuinfo", "model name")},
      {"processors", std::to_string(std::thread::hardware_concurrency())},
      {"load at the start", load()},
      {"compiler", compiler},
      {"compiler options", EVQ_BENCH_BUILD},
      {"evq", EVQ_BENCH_VERSION},
      {"time", now()},
  };
}

}  // namespace bench
