// One half, with assertions: uses what the other half made, and gives it back.
#undef NDEBUG

#include <evq/backends/epoll.hpp>
#include <evq/evq.hpp>

#include <cstdio>

#include "halves.hpp"

namespace {

int failures = 0;

void check(bool holds, const char* what) {
  if (!holds) {
    std::printf("not so: %s\n", what);
    ++failures;
  }
}

}  // namespace

int main() {
  const View here = view_of_this_half();
  const View there = view_of_second_half();
  check(*here.poll == *there.poll, "Poll is one type");
  check(*here.event == *there.event, "Event is one type");
  check(here.size_of_event == there.size_of_event, "Event has one size");
  check(here.size_of_stream == there.size_of_stream, "TcpStream has one size");
  check(here.poll_function == there.poll_function, "Poll::poll is one function");
  check(typeid(evq::BasicPoll<evq::DefaultBackend>) == *there.poll, "the alias is the template");

  Parts parts = make_in_second_half();
  check(parts.poll.registry()
            .add(parts.streams.first, evq::Token{7}, evq::Interest::writable)
            .has_value(),
        "a source made there is added here");
  check(wait_in_second_half(parts).token() == evq::Token{7}, "and reported there");
  check(parts.waker.wake().has_value() && parts.poll.poll(parts.events).has_value() &&
            parts.events.size() == 1 && parts.events[0].token() == evq::Token{9},
        "a waker made there wakes here");
  const evq::net::UnixStream moved = std::move(parts.streams.first);
  check(parts.poll.registry().remove(parts.streams.first).error() ==
            std::errc::no_such_file_or_directory,
        "what was moved from is not registered");
  std::printf("%d passed, %d failed, 0 skipped\n", failures == 0 ? 1 : 0, failures == 0 ? 0 : 1);
  return failures == 0 ? 0 : 1;
}
