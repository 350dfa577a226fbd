// What a sequence is made of. Each step means something whatever came before it, or is passed over,
// so that any part of a sequence is a sequence too.
#pragma once

#include <evq/interest.hpp>
#include <evq/token.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace evq::differential {

/// Channels have two ends each: the ends 2n and 2n + 1 are connected to one another.
inline constexpr std::size_t channel_count = 6;
inline constexpr std::size_t end_count = 2 * channel_count;
inline constexpr std::size_t queue_count = 2;
inline constexpr std::size_t waker_count = 2;  ///< of each queue

enum class Medium : std::uint8_t { tcp, udp, local, pipe };

enum class Action : std::uint8_t {
  open,     ///< Connects the ends of a channel, unless it has both.
  add,      ///< Registers an end, whether or not that is allowed.
  modify,   ///< Changes its registration, or that of an end that has none.
  remove,   ///< Ends it.
  close,    ///< Closes an end, registered or not.
  move,     ///< Moves the object to another place.
  write,    ///< Writes an amount.
  fill,     ///< Writes to would-block.
  read,     ///< Reads an amount, or what there is.
  drain,    ///< Reads to would-block or the end of the stream.
  finish,   ///< Shuts down for writing.
  poll,     ///< One poll; it waits if the model knows of something to come.
  settle,   ///< Polls until all is reported that must be.
  wake,     ///< Wakes a queue.
  clone,    ///< Replaces the registry that other threads use.
  restart,  ///< Ends a queue with all its owners, and begins a new one.
};

/// The thread that does a step.
enum class Where : std::uint8_t {
  here,     ///< The one that does most.
  helper,   ///< Another one, through its own clone of the registry.
  passing,  ///< One that exits at once.
};

struct Step {
  Action action = Action::poll;
  Where where = Where::here;
  Medium medium = Medium::tcp;
  Mode mode = Mode::edge;
  Interest interest;
  std::size_t end = 0;
  std::size_t queue = 0;
  std::size_t amount = 1;  ///< Bytes, a capacity, or which waker.
  Token token;

  /// Whether a duplicate of the handle stays open when the end is closed, until the next time.
  [[nodiscard]] bool keeps_duplicate() const { return amount % 4 == 0; }
};

/// The steps that a seed stands for, on every system the same.
std::vector<Step> make_steps(std::uint64_t seed, std::size_t count);

/// A step as a person reads it.
std::string describe(const Step& step);

}  // namespace evq::differential
