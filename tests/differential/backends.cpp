#include "backends.hpp"  // tests/contract's

#include <tuple>

#include "queue.hpp"

namespace evq::differential {

namespace {

template <class... B>
std::vector<BackendEntry> entries(std::tuple<B...>* /*types*/) {
  return {{std::string(B::name), B::probe, QueueOf<B>::open, B::name == "io_uring"}...};
}

}  // namespace

const std::vector<BackendEntry>& backends() {
  static const auto all = entries(static_cast<test::Backends*>(nullptr));
  return all;
}

}  // namespace evq::differential
