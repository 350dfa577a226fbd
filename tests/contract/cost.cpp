// Promise 12, as far as it can be seen from inside: what is allocated.

#include <vector>

#include "harness.hpp"
#include "support/allocations.hpp"

using namespace evq;
using namespace evq::test;

EVQ_CONTRACT("a poll allocates nothing", "[cost]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  const auto waker = must(BasicWaker<TestType>::create(t.registry(), Token{9}));
  must(t.registry().add(pair.ours, Token{1}, both, Mode::level));
  const auto round = [&] {
    must(t.poll.poll(t.events));
    must(waker.wake());
    must(t.poll.poll(t.events, 1s));
    must(t.poll.poll(t.events, 0ns));
    must(t.registry().modify(pair.ours, Token{1}, both, Mode::level));
  };
  round();
  const std::size_t before = allocations();
  for (int i = 0; i < 100; ++i) {
    round();
  }
  CHECK(allocations() == before);
}

EVQ_CONTRACT("a registration allocates nothing where the kernel keeps it", "[cost]") {
  EVQ_NEEDS_BACKEND();
  if (TestType::name != "epoll" && TestType::name != "kqueue") {
    EVQ_SKIP("only epoll and kqueue promise it");
  }
  Harness<TestType> t;
  std::vector<Pair<net::TcpStream>> pairs;
  for (int i = 0; i < 20; ++i) {
    pairs.push_back(tcp_pair());
  }
  const std::size_t before = allocations();
  for (auto& pair : pairs) {
    must(t.registry().add(pair.ours, Token{1}, both));
    must(t.registry().add(RawSource{pair.theirs.native_handle()}, Token{2}, both));
    must(t.registry().modify(pair.ours, Token{3}, readable, Mode::level));
    must(t.registry().remove(RawSource{pair.theirs.native_handle()}));
  }
  const auto clone = must(t.registry().try_clone());
  must(clone.remove(pairs.front().ours));
  CHECK(allocations() == before);
  pairs.clear();
}

TEST_CASE("allocations are counted") {
  const std::size_t before = allocations();
  // Through a volatile, or the compiler may leave the pair out.
  int* volatile memory = new int;
  delete memory;
  CHECK(allocations() > before);
}
