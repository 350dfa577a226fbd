#include "built_backends.hpp"

#include <string_view>
#include <tuple>

#include "queue.hpp"

namespace evq::differential {

namespace {

Leeway leeway(std::string_view backend) {
  if (backend == "io_uring") {
    return {.repeats_edges = true, .tells_what_was = true};
  }
  if (backend == "kqueue") {
    return {.refuses_priority = true, .hang_up = HangUp::parted};
  }
  if (backend == "iocp") {
    return {.hang_up = HangUp::unsaid, .awaits_would_block = true};
  }
  return {};
}

template <class... B>
std::vector<BackendEntry> entries(std::tuple<B...>* /*types*/) {
  return {{std::string(B::name), B::probe, QueueOf<B>::open, leeway(B::name)}...};
}

}  // namespace

const std::vector<BackendEntry>& backends() {
  static const auto all = entries(static_cast<BuiltBackends*>(nullptr));
  return all;
}

}  // namespace evq::differential
