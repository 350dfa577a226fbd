// Promise 6: closing, moving and releasing what is registered.

#include <evq/net/unix.hpp>

#include <optional>
#include <utility>
#include <vector>

#include "harness.hpp"
#include "support/handles.hpp"

using namespace evq;
using namespace evq::test;
using net::TcpStream;

// liburing#363: a pending poll holds the file, and the peer waits for an end that does not come.
EVQ_CONTRACT("the peer of a source that is closed while registered sees the end", "[close]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable, mode));
  CHECK(t.is_silent());
  {
    const auto closed = std::move(pair.ours);
  }
  // Without a poll in between.
  std::byte byte{};
  const auto end = eventually([&] { return pair.theirs.read({&byte, 1}); });
  REQUIRE(end.has_value());
  CHECK(*end == 0);
  CHECK(t.is_silent());
}

EVQ_CONTRACT("no event of a closed source is delivered", "[close]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  auto pair = tcp_pair();
  send_text(pair.theirs, "x");
  wait_for_data(pair.ours);
  must(t.registry().add(pair.ours, Token{1}, both, mode));
  {
    const auto closed = std::move(pair.ours);
  }
  CHECK(t.is_silent());
}

// libuv#4323, polling#262: what was meant for the old owner of a number hits the new one.
EVQ_CONTRACT("a new source with the same handle number starts fresh", "[close]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  std::optional<Pair<TcpStream>> pair = tcp_pair();
  must(t.registry().add(pair->ours, Token{1}, both, Mode::level));
  CHECK(t.event_of(Token{1}).is_writable());
  const auto number = pair->ours.native_handle();
  std::vector<Pair<TcpStream>> others;
  pair.reset();
  // The system gives the lowest free number first.
  while (others.empty() || (others.back().ours.native_handle() != number &&
                            others.back().theirs.native_handle() != number && others.size() < 64)) {
    others.push_back(tcp_pair());
  }
  auto& last = others.back();
  auto& fresh = last.ours.native_handle() == number ? last.ours : last.theirs;
  auto& peer = last.ours.native_handle() == number ? last.theirs : last.ours;
#ifndef _WIN32
  REQUIRE(fresh.native_handle() == number);
#endif
  CHECK(
      is_refused(t.registry().modify(fresh, Token{2}, both), std::errc::no_such_file_or_directory));
  CHECK(t.is_silent());
  must(t.registry().add(fresh, Token{2}, readable));
  CHECK(t.is_silent());
  send_text(peer, "x");
  CHECK(t.event_of(Token{2}).is_readable());
}

EVQ_CONTRACT("a duplicate of a closed source's handle keeps nothing registered", "[close]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  const auto duplicate = duplicate_handle(pair.ours.native_handle());
  if (!duplicate) {
    EVQ_SKIP("this system cannot duplicate a socket's handle");
  }
  must(t.registry().add(pair.ours, Token{1}, both, Mode::level));
  CHECK(t.event_of(Token{1}).is_writable());
  {
    const auto closed = std::move(pair.ours);
  }
  CHECK(t.is_silent());
  send_text(pair.theirs, "x");
  CHECK(t.is_silent());
}

EVQ_CONTRACT("a source may move while it is registered", "[close]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));

  TcpStream moved(std::move(pair.ours));
  send_text(pair.theirs, "x");
  CHECK(t.event_of(Token{1}).is_readable());
  CHECK(drain(moved) == "x");
  CHECK(is_refused(t.registry().add(moved, Token{2}, readable), std::errc::file_exists));
  must(t.registry().modify(moved, Token{2}, readable));

  SECTION("onto another that is registered, which is closed") {
    auto other = tcp_pair();
    must(t.registry().add(other.ours, Token{3}, both, Mode::level));
    other.ours = std::move(moved);
    std::byte byte{};
    CHECK(eventually([&] { return other.theirs.read({&byte, 1}); }) == std::size_t{0});
    CHECK(t.is_silent());
    send_text(pair.theirs, "y");
    CHECK(t.event_of(Token{2}).is_readable());
    must(t.registry().remove(other.ours));
  }
  SECTION("onto itself") {
    auto& same = moved;
    moved = std::move(same);
    send_text(pair.theirs, "y");
    CHECK(t.event_of(Token{2}).is_readable());
  }
}

EVQ_CONTRACT("a source that is moved from can be given a new socket and added", "[close]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));
  const TcpStream moved(std::move(pair.ours));
  auto other = tcp_pair();
  pair.ours = std::move(other.ours);
  must(t.registry().add(pair.ours, Token{2}, writable));
  CHECK(t.event_of(Token{2}).is_writable());
}

EVQ_CONTRACT("release takes the source out of its queue and leaves it open", "[close]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, both, Mode::level));
  const auto handle = pair.ours.release();
  CHECK(pair.ours.native_handle() == invalid_handle);
  CHECK(t.is_silent());
  auto again = must(TcpStream::from_native(handle));
  must(t.registry().add(again, Token{2}, writable));
  CHECK(t.event_of(Token{2}).is_writable());
  send_text(again, "x");
  CHECK(read_exactly(pair.theirs, 1) == "x");
}

EVQ_CONTRACT("a handle that is closed behind the library's back gives errors and no crash",
             "[close]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  auto kept = tcp_pair();
  must(t.registry().add(kept.ours, Token{2}, readable));
  must(t.registry().add(pair.ours, Token{1}, readable));
  close_handle(pair.ours.native_handle());
  // io_uring relies on a net type's handle, and asks the kernel only when it waits.
  const bool is_asked = TestType::name != "io_uring";
  CHECK(t.registry().modify(pair.ours, Token{1}, both).has_value() == !is_asked);
  CHECK(t.registry().remove(pair.ours).has_value() == !is_asked);
  CHECK(is_refused(t.registry().remove(pair.ours), std::errc::no_such_file_or_directory));
  CHECK(t.is_silent());
  send_text(kept.theirs, "x");
  CHECK(t.event_of(Token{2}).is_readable());
  static_cast<void>(pair.ours.release());
}

EVQ_CONTRACT("sources and queue may go in any order", "[close]") {
  EVQ_NEEDS_BACKEND();
  auto pair = tcp_pair();
  auto second = tcp_pair();
  {
    Harness<TestType> t;
    must(t.registry().add(pair.ours, Token{1}, both));
    must(t.registry().add(second.ours, Token{2}, both));
    CHECK(t.poll_now() > 0);
  }
  {
    const auto closed = std::move(second.ours);
  }
  Harness<TestType> t;
  must(t.registry().add(pair.ours, Token{3}, both));
  CHECK(t.event_of(Token{3}).is_writable());
}

EVQ_CONTRACT("queues, wakers and sources leave no handle open", "[close]") {
  EVQ_NEEDS_BACKEND();
  const auto use = [] {
    must(TestType::probe());
    Harness<TestType> t;
    const auto waker = must(BasicWaker<TestType>::create(t.registry(), Token{9}));
    const auto clone = must(t.registry().try_clone());
    std::vector<Pair<TcpStream>> pairs;
    for (std::uintptr_t i = 0; i < 8; ++i) {
      pairs.push_back(tcp_pair());
      must(clone.add(pairs.back().ours, Token{i}, both));
    }
    must(waker.wake());
    CHECK(t.poll_now() > 0);
    must(t.registry().remove(pairs[3].ours));
    pairs.erase(pairs.begin() + 5, pairs.end());
  };
  use();
  const auto before = open_handles();
  if (!before) {
    EVQ_SKIP("this system does not tell how many handles are open");
  }
  for (int i = 0; i < 5; ++i) {
    use();
  }
  CHECK(open_handles() == before);
}
