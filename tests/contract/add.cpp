// Promise 1: what add, modify and remove accept and refuse.

#include "harness.hpp"

using namespace evq;
using namespace evq::test;

EVQ_CONTRACT("a source that is ready when it is added is in the next poll", "[add]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  auto pair = tcp_pair();
  send_text(pair.theirs, "x");
  wait_for_data(pair.ours);
  must(t.registry().add(pair.ours, Token{1}, both, mode));
  const auto event = t.event_of(Token{1});
  CHECK(event.is_writable());
  CHECK(event.is_readable());
}

EVQ_CONTRACT("a source that is ready when it is modified is in the next poll", "[add]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable, mode));
  CHECK(t.is_silent());
  must(t.registry().modify(pair.ours, Token{2}, writable, mode));
  CHECK(t.event_of(Token{2}).is_writable());
}

EVQ_CONTRACT("adding a source twice is file_exists and changes nothing", "[add]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable));
  CHECK(is_refused(t.registry().add(pair.ours, Token{2}, both), std::errc::file_exists));
  CHECK(t.is_silent());
  send_text(pair.theirs, "x");
  CHECK(t.event_of(Token{1}).is_readable());

  SECTION("nor can it join a second queue") {
    Harness<TestType> other;
    CHECK(is_refused(other.registry().add(pair.ours, Token{3}, both), std::errc::file_exists));
    CHECK(other.is_silent());
    must(t.registry().remove(pair.ours));
    must(other.registry().add(pair.ours, Token{3}, both));
    CHECK(other.event_of(Token{3}).is_readable());
  }
}

EVQ_CONTRACT("a raw source is added once, and by any number of RawSource objects", "[add][raw]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  const RawSource raw{pair.ours.native_handle()};
  must(t.registry().add(raw, Token{1}, readable));
  // kqueue does not tell: a second add acts as modify there.
  if (TestType::name != "kqueue") {
    CHECK(is_refused(t.registry().add(RawSource{raw.handle}, Token{2}, readable),
                     std::errc::file_exists));
    CHECK(is_refused(t.registry().add(pair.ours, Token{2}, readable), std::errc::file_exists));
  }
  must(t.registry().modify(RawSource{raw.handle}, Token{3}, both));
  CHECK(t.event_of(Token{3}).is_writable());
  must(t.registry().remove(RawSource{raw.handle}));
  CHECK(is_refused(t.registry().remove(raw), std::errc::no_such_file_or_directory));
  // The refused add of the net type has left it free.
  must(t.registry().add(pair.ours, Token{4}, writable));
  CHECK(t.event_of(Token{4}).is_writable());
}

EVQ_CONTRACT("a handle that is not open is bad_file_descriptor", "[add]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  native_handle_type closed = invalid_handle;
  {
    auto gone = tcp_pair();
    closed = gone.ours.native_handle();
  }
  const auto moved = std::move(pair.ours);
  for (const RawSource raw : {RawSource{}, RawSource{closed}}) {
    CHECK(is_refused(t.registry().add(raw, Token{1}, readable), std::errc::bad_file_descriptor));
    CHECK(is_refused(t.registry().modify(raw, Token{1}, readable), std::errc::bad_file_descriptor));
    CHECK(is_refused(t.registry().remove(raw), std::errc::bad_file_descriptor));
  }
  CHECK(
      is_refused(t.registry().add(pair.ours, Token{1}, readable), std::errc::bad_file_descriptor));
  CHECK(t.is_silent());
}

EVQ_CONTRACT("an empty interest is invalid_argument", "[add]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  CHECK(is_refused(t.registry().add(pair.ours, Token{1}, Interest{}), std::errc::invalid_argument));
  must(t.registry().add(pair.ours, Token{1}, readable));
  CHECK(is_refused(t.registry().modify(pair.ours, Token{2}, Interest{}),
                   std::errc::invalid_argument));
  send_text(pair.theirs, "x");
  CHECK(t.event_of(Token{1}).is_readable());
}

EVQ_CONTRACT("what is not registered is no_such_file_or_directory", "[add]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  Harness<TestType> other;
  auto pair = tcp_pair();
  const auto refused_by = [&](const BasicRegistry<TestType>& registry) {
    return is_refused(registry.modify(pair.ours, Token{9}, both),
                      std::errc::no_such_file_or_directory) &&
           is_refused(registry.remove(pair.ours), std::errc::no_such_file_or_directory);
  };
  CHECK(refused_by(t.registry()));
  must(t.registry().add(pair.ours, Token{1}, readable));
  CHECK(refused_by(other.registry()));
  must(t.registry().modify(pair.ours, Token{2}, writable));
  CHECK(t.event_of(Token{2}).is_writable());
  must(t.registry().remove(pair.ours));
  CHECK(refused_by(t.registry()));
}

EVQ_CONTRACT("a registry that was moved from refuses every call", "[add]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  auto registry = must(t.registry().try_clone());
  const auto taken = std::move(registry);
  const auto bad = std::errc::bad_file_descriptor;
  CHECK(is_refused(registry.add(pair.ours, Token{1}, readable), bad));
  CHECK(is_refused(registry.modify(pair.ours, Token{1}, readable), bad));
  CHECK(is_refused(registry.remove(pair.ours), bad));
  CHECK(registry.try_clone().error() == bad);
  CHECK(BasicWaker<TestType>::create(registry, Token{1}).error() == bad);
  must(taken.add(pair.ours, Token{1}, writable));
  CHECK(t.event_of(Token{1}).is_writable());
}

EVQ_CONTRACT("every token value comes back as it was", "[add]") {
  EVQ_NEEDS_BACKEND();
  const auto value =
      GENERATE(std::uintptr_t{0}, std::uintptr_t{1}, UINTPTR_MAX, UINTPTR_MAX / 2 + 1);
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{value}, writable));
  CHECK(t.event_of(Token{value}).is_writable());
}
