#include "results.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

using nlohmann::json;

constexpr int format = 1;

template <class T>
void put(json& object, const char* key, const std::optional<T>& value) {
  if (value) {
    object[key] = *value;
  }
}

template <class T>
void get(const json& object, const char* key, std::optional<T>& value) {
  if (object.contains(key)) {
    value = object.at(key).get<T>();
  }
}

}  // namespace

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Percentiles, p50, p90, p99, p999, max)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ContenderInfo, name, version, how)

// In this namespace, where the library looks for it.
// NOLINTNEXTLINE(misc-use-anonymous-namespace)
static void to_json(json& object, const Result& result) {
  object = {{"contender", result.contender}};
  if (!result.error.empty()) {
    object["error"] = result.error;
    return;
  }
  object["wall_ns"] = result.wall_ns;
  object["cpu_ns"] = result.cpu_ns;
  put(object, "heap_per_source", result.heap_per_source);
  put(object, "system_calls", result.system_calls);
  put(object, "instructions", result.instructions);
  put(object, "latency_ns", result.latency);
}

// NOLINTNEXTLINE(misc-use-anonymous-namespace)
static void from_json(const json& object, Result& result) {
  object.at("contender").get_to(result.contender);
  if (object.contains("error")) {
    object.at("error").get_to(result.error);
    return;
  }
  object.at("wall_ns").get_to(result.wall_ns);
  object.at("cpu_ns").get_to(result.cpu_ns);
  get(object, "heap_per_source", result.heap_per_source);
  get(object, "system_calls", result.system_calls);
  get(object, "instructions", result.instructions);
  get(object, "latency_ns", result.latency);
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Series, scenario, event, point, axis, wall, results)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Results, machine, command, rounds, contenders, missing, series)

Results load(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw std::runtime_error("cannot read " + path);
  }
  try {
    const json document = json::parse(file);
    if (document.at("format") != format) {
      throw std::runtime_error("written by another version of evq-bench");
    }
    return document.get<Results>();
  } catch (const std::exception& error) {
    throw std::runtime_error(path + " is no result of evq-bench: " + error.what());
  }
}

void save(const Results& results, const std::string& path) {
  json document = results;
  document["format"] = format;
  std::ofstream file(path);
  file << document.dump(1) << '\n';
  if (!file.flush()) {
    throw std::runtime_error("cannot write " + path);
  }
}

}  // namespace bench
