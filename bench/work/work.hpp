// The vocabulary of a scenario's work and the loops that do it.
//
// A Work owns the sockets and says what is done when one is ready; a Loop is an event loop of one
// contender, and says when. A loop is a class template over the work, so that a hand-written loop
// is compiled as one that was written for this work alone, and a callback of a library is the one
// that its user would write.
#pragma once

#include <cerrno>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace bench {

/// What a source is watched for.
enum class Want : std::uint8_t { read, read_write };

/// What a loop says of a source. It may be untrue: the work's system calls decide.
struct Ready {
  bool readable;
  bool writable;
};

/// What was done, to be compared with what should have been.
struct Outcome {
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// One choice of a scenario's sizes, by name.
using Point = std::map<std::string, std::size_t, std::less<>>;

/// Nanoseconds from a cause to its effect.
using Latencies = std::vector<std::uint32_t>;

[[noreturn]] inline void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// What every work has:
///
///     static constexpr bool uses_wakes, uses_timers;   what it asks of a loop beside sources
///     std::size_t sources() const;                     indexes of sources, timers: below this
///     void open(Loop&);                                registers what is there from the start
///     void begin(Loop&, std::size_t events);           starts that much work, about
///     bool done() const;                               whether it is done; a loop runs until then
///     void ready(Loop&, std::size_t index, Ready);     and woken(Loop&), expired(Loop&, index)
///     void finish(Loop&);                              leaves everything as it was before `open`
///     Outcome outcome() const, expected() const;       since `begin`
///     const Latencies& latencies();                    since `begin`; empty where not measured
template <class W>
concept Work = requires(W& work, const W& constant) {
  { W::uses_wakes } -> std::convertible_to<bool>;
  { W::uses_timers } -> std::convertible_to<bool>;
  { constant.sources() } -> std::same_as<std::size_t>;
  { constant.done() } -> std::same_as<bool>;
  { constant.outcome() } -> std::same_as<Outcome>;
  { constant.expected() } -> std::same_as<Outcome>;
  { work.latencies() } -> std::same_as<const Latencies&>;
};

// What every loop has:
//
//     explicit Loop(Work&);
//     void add(int fd, std::size_t index, Want);      at the edge where it can, else by level
//     void modify(int fd, std::size_t index, Want);
//     void remove(int fd, std::size_t index);         the work closes fd, if it does, after this
//     void run();                                     until the work is done
//
// and where it can: enable_wakes() and a thread-safe wake(), after which the work's woken() is
// called; begin_timers(), add_timer(index, delay since then) and cancel_timer(index).

// What a work calls instead of add, modify and remove: a loop that takes evq's sources gets the
// source itself, others its handle.

template <class Loop, class Source>
void add(Loop& loop, Source& source, std::size_t index, Want want) {
  if constexpr (requires { loop.add(source, index, want); }) {
    loop.add(source, index, want);
  } else {
    loop.add(source.native_handle(), index, want);
  }
}
template <class Loop, class Source>
void modify(Loop& loop, Source& source, std::size_t index, Want want) {
  if constexpr (requires { loop.modify(source, index, want); }) {
    loop.modify(source, index, want);
  } else {
    loop.modify(source.native_handle(), index, want);
  }
}
template <class Loop, class Source>
void remove(Loop& loop, Source& source, std::size_t index) {
  if constexpr (requires { loop.remove(source, index); }) {
    loop.remove(source, index);
  } else {
    loop.remove(source.native_handle(), index);
  }
}

template <class L>
concept CanWake = requires(L& loop) {
  loop.enable_wakes();
  loop.wake();
};
template <class L>
concept CanTime = requires(L& loop, std::size_t index, std::chrono::nanoseconds delay) {
  loop.begin_timers();
  loop.add_timer(index, delay);
  loop.cancel_timer(index);
};

}  // namespace bench
