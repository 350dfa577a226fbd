// That the backend which runs is the one that was asked for.

#include <evq/evq.hpp>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <type_traits>

#include "harness.hpp"

using namespace evq;
using namespace evq::test;

TEST_CASE("the default backend is the one that the build was told") {
  CHECK(DefaultBackend::name == EVQ_EXPECTED_BACKEND);
  STATIC_REQUIRE(std::is_same_v<Poll, BasicPoll<DefaultBackend>>);
}

EVQ_CONTRACT("a backend has a name and can say whether it is usable", "[backend]") {
  CHECK_FALSE(TestType::name.empty());
  EVQ_NEEDS_BACKEND();
  CHECK(BasicPoll<TestType>::create().has_value());
}

#if defined(__linux__)
namespace {

/// What this process's descriptors lead to that are no files, sockets or pipes.
std::multiset<std::string> kernel_objects() {
  std::multiset<std::string> objects;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(entry.path(), error).string();
    if (target.starts_with("anon_inode:")) {
      objects.insert(target);
    }
  }
  return objects;
}

}  // namespace

EVQ_CONTRACT("a queue is a kernel object of its backend's kind", "[backend]") {
  EVQ_NEEDS_BACKEND();
  if (TestType::name == "kqueue") {
    EVQ_SKIP("kqueue is emulated here");
  }
  const std::string expected = std::string("anon_inode:[") +
                               (TestType::name == "epoll" ? "eventpoll" : TestType::name.data()) +
                               "]";
  const auto before = kernel_objects();
  const Harness<TestType> t;
  CHECK(kernel_objects().count(expected) == before.count(expected) + 1);
}
#endif
