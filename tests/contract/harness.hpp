// What every test of the contract starts from: a queue of one backend and ways to ask what it
// reports.
#pragma once

#include <evq/basic_poll.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "built_backends.hpp"
#include "support/catch.hpp"
#include "support/sockets.hpp"

namespace evq::test {

inline constexpr Interest readable = Interest::readable;
inline constexpr Interest writable = Interest::writable;
inline constexpr Interest priority = Interest::priority;
inline constexpr Interest both = Interest::readable | Interest::writable;

/// Long enough for any event that is to come, on a machine that does other things too.
inline constexpr auto long_time = 20s;
/// Long enough for an event that should not come to be seen all the same.
inline constexpr auto short_time = 30ms;

template <class B>
class Harness {
 public:
  explicit Harness(std::size_t capacity = 64)
      : poll(must(BasicPoll<B>::create())), events(capacity) {}

  const BasicRegistry<B>& registry() const { return poll.registry(); }

  /// The first event with the token of which `holds` is true, waited for; others are passed over.
  template <class Holds>
  BasicEvent<B> event_where(Token token, Holds holds) {
    const auto deadline = std::chrono::steady_clock::now() + long_time;
    while (std::chrono::steady_clock::now() < deadline) {
      must(poll.poll(events, long_time));
      for (const auto& event : events) {
        if (event.token() == token && holds(event)) {
          return event;
        }
      }
    }
    FAIL("no such event with token " << token.value);
    return {};
  }

  BasicEvent<B> event_of(Token token) {
    return event_where(token, [](const auto&) { return true; });
  }

  /// How many events the next poll has, without waiting for any.
  std::size_t poll_now() {
    must(poll.poll(events, 0ns));
    return events.size();
  }

  /// Whether nothing is reported for a while.
  bool is_silent() {
    must(poll.poll(events, short_time));
    return events.empty();
  }

  /// What the next poll, without waiting, reports of a token.
  std::optional<BasicEvent<B>> now(Token token) {
    poll_now();
    for (const auto& event : events) {
      if (event.token() == token) {
        return event;
      }
    }
    return std::nullopt;
  }

  BasicPoll<B> poll;
  BasicEvents<B> events;
};

inline bool is_refused(const Result<void>& result, std::errc reason) {
  return !result && result.error() == reason;
}

}  // namespace evq::test

/// A test case that runs once for each backend, as TestType, that this machine lets it use.
#define EVQ_CONTRACT(NAME, ...) TEMPLATE_LIST_TEST_CASE(NAME, __VA_ARGS__, ::evq::BuiltBackends)
#define EVQ_NEEDS_BACKEND()                                                  \
  if (const auto usable = TestType::probe(); !usable) {                      \
    EVQ_SKIP(std::string(TestType::name) + ": " + usable.error().message()); \
  }
