// Halves of a program that were compiled differently agree about everything in the public headers.

#include <evq/evq.hpp>

#include <cstddef>
#include <utility>

#include "half.hpp"
#include "support/catch.hpp"
#include "support/sockets.hpp"

using namespace evq;
using namespace evq::test;

TEST_CASE("the halves are compiled differently") {
  CHECK(half_debug().asserts);
  CHECK_FALSE(half_ndebug().asserts);
}

TEST_CASE("types, sizes, objects and functions are the same in both halves") {
  const Identity a = half_debug().identity;
  const Identity b = half_ndebug().identity;
  for (std::size_t i = 0; i < a.types.size(); ++i) {
    INFO(a.types[i]->name());
    CHECK(*a.types[i] == *b.types[i]);
  }
  CHECK(a.sizes == b.sizes);
  CHECK(a.objects == b.objects);
  CHECK((a.create == b.create));
  CHECK((a.poll == b.poll));
  CHECK((a.try_clone == b.try_clone));
  CHECK((a.is_readable == b.is_readable));
}

TEST_CASE("what one half makes the other can use") {
  const Half debug = half_debug();
  const Half ndebug = half_ndebug();
  const bool swapped = GENERATE(false, true);
  const Half& a = swapped ? ndebug : debug;
  const Half& b = swapped ? debug : ndebug;

  Poll poll = must(a.make_poll());
  Events events = b.make_events(8);
  const Registry registry = must(a.clone(poll));
  const Waker waker = must(b.make_waker(registry, Token{1}));
  const auto listener = must(net::TcpListener::bind(net::SocketAddr::loopback_v4(0)));
  auto first = must(a.connect(must(listener.local_address())));
  auto second = must(a.connect(must(listener.local_address())));

  must(a.wake(waker));
  must(b.wait(poll, events));
  REQUIRE(events.size() == 1);
  CHECK(a.first(events).token() == Token{1});

  must(b.add(registry, first, Token{2}, Interest::readable | Interest::writable));
  must(a.wait(poll, events));
  REQUIRE(events.size() == 1);
  const Event event = b.first(events);
  CHECK(event.token() == Token{2});
  CHECK(a.is_writable_only(event));

  must(a.remove(registry, first));
  must(b.add(registry, second, Token{3}, Interest::readable));
  // Moved while it is registered, and taken out by the half that did not register it.
  a.destroy(std::move(second));
  CHECK(poll.poll(events, 0ns));
  CHECK(events.empty());
}
