// A small model of docs/contract.md. It is told what is done to the ends and says what each call
// must return, which events may come and which must. It asks the system nothing: the bytes under
// way are counted.
//
// It is as strict as the contract and no stricter. These are free:
//  - hints may be missing, and directions be reported together or apart;
//  - what became ready again before the report, or was consumed before it, may bring an event to an
//    edge or a oneshot: `is_fresh` says that something happened that may;
//  - how much room makes a stream writable again is the system's: State::maybe.
#pragma once

#include <evq/interest.hpp>
#include <evq/token.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "steps.hpp"

namespace evq::differential {

/// What an event said, from whichever backend.
struct Seen {
  Token token;
  bool is_readable = false;
  bool is_writable = false;
  bool is_read_closed = false;
  bool is_write_closed = false;
  bool is_error = false;
  bool is_priority = false;
};

std::string describe(const Seen& seen);

/// What a source can be ready for; the last is an error or a full hang-up, which is told to all.
enum Direction : std::uint8_t { reading, writing, hanging_up };
inline constexpr std::array directions{reading, writing, hanging_up};

enum class State : std::uint8_t { no, maybe, yes };

/// Who hears of a hang-up.
enum class HangUp : std::uint8_t {
  whole,   ///< Whoever is registered, as one.
  parted,  ///< Who asked for a direction, as its end; and each direction tells of an error.
  unsaid,  ///< Nobody, unless it is an error: the peer's end of stream is the last that is told.
};

/// What a backend may do otherwise than the first (docs/contract.md, "Where backends differ").
struct Leeway {
  /// An edge that is still ready may be reported again after its queue was used by another thread
  /// than the one that polled.
  bool repeats_edges = false;
  /// An edge may say with what is new what held then, and holds no more.
  bool tells_what_was = false;
  /// An interest in priority may be refused.
  bool refuses_priority = false;
  HangUp hang_up = HangUp::whole;
  /// An edge is owed again once a call met would-block, also if it was consumed before its report.
  bool awaits_would_block = false;
};

class Model {
 public:
  explicit Model(const Leeway& leeway) : leeway_(leeway) {}

  // What is done to the ends.
  void opened(std::size_t channel, Medium medium);
  void closed(std::size_t end);
  /// Closed, but for a duplicate of the handle: `closed` is still to come.
  void kept(std::size_t end);
  void finished(std::size_t end);
  /// `end` wrote so many bytes (of datagrams: messages); `is_blocked` if the last try would block.
  void wrote(std::size_t end, std::size_t amount, bool is_blocked);
  /// A write after the peer was closed; `is_taken` if it succeeded all the same.
  void wrote_in_vain(std::size_t end, bool is_taken);
  void was_read(std::size_t end, std::size_t amount);
  /// A read met would-block.
  void read_blocked(std::size_t end);
  /// A read said that the stream is at its end.
  void read_end(std::size_t end);
  /// What was written to `end` may go on arriving for a while.
  void arrives_slowly(std::size_t end) { ends_[end].is_restless = true; }

  // What is to be expected of reads and writes.
  [[nodiscard]] bool is_open(std::size_t end) const { return ends_[end].is_open; }
  /// Open, or at least kept.
  [[nodiscard]] bool is_there(std::size_t end) const {
    return ends_[end].is_open || ends_[end].is_kept;
  }
  [[nodiscard]] bool can_read(std::size_t end) const;
  [[nodiscard]] bool can_write(std::size_t end) const;
  [[nodiscard]] Medium medium(std::size_t end) const { return ends_[end].medium; }
  [[nodiscard]] std::size_t incoming(std::size_t end) const { return ends_[end].incoming; }
  [[nodiscard]] bool is_at_end(std::size_t end) const { return ends_[end].is_at_end; }
  [[nodiscard]] bool is_finished(std::size_t end) const { return ends_[end].is_finished; }
  /// A reset, after which the system may throw away what it has.
  [[nodiscard]] bool is_broken(std::size_t end) const { return ends_[end].is_broken; }
  [[nodiscard]] State state(std::size_t end, Direction direction) const;

  // What the calls of a registry must return; `success` (a value of 0) is done to the model, too.
  static constexpr std::errc success{};
  std::errc add(const Step& step);
  std::errc modify(const Step& step);
  std::errc remove(const Step& step);
  void woken(std::size_t queue, std::size_t waker) { wakers_[queue][waker] = true; }
  void restarted(std::size_t queue);
  static Token waker_token(std::size_t queue, std::size_t waker);

  // What polls report.
  /// Edges may be reported again, if they are still ready.
  void repeats(std::size_t queue);
  /// Each level is owed its report again.
  void begin_round(std::size_t queue);
  void begin_poll(std::size_t queue);
  /// Nothing, or what is wrong with this event.
  std::string report(std::size_t queue, const Seen& seen);
  /// What must be reported and has not been.
  [[nodiscard]] std::vector<std::string> owed(std::size_t queue) const;
  [[nodiscard]] std::size_t registered(std::size_t queue) const;
  /// From here on backends may rightly differ in what they say of the registrations for which there
  /// is a choice: all of them if a poll need not report all there is.
  void allow_choice(std::size_t queue, bool is_partial);
  /// What a level's event says that every backend must say; nothing of any other event.
  [[nodiscard]] std::set<std::string> levels(std::size_t queue, const Seen& seen) const;

 private:
  struct Watch {
    bool is_armed = true;   ///< Readiness is owed a report.
    bool is_fresh = true;   ///< Something happened that may bring one.
    bool is_seen = false;   ///< In this poll.
    bool has_held = false;  ///< When something happened that has not been reported.
  };
  struct Registration {
    std::size_t queue;
    Token token;
    Interest interest;
    Mode mode;
    bool has_spoken = false;    ///< A oneshot.
    bool is_half_said = false;  ///< An error, by one of two directions.
    bool is_determined = true;
    std::array<Watch, directions.size()> watches;
  };
  struct EndState {
    Medium medium = Medium::tcp;
    bool is_open = false;
    bool is_kept = false;
    std::size_t incoming = 0;  ///< Written by the peer and not yet read.
    std::size_t writes = 0;    ///< In how many writes, about.
    bool is_full = false;      ///< A write met would-block, and the peer has not read it all.
    bool is_relieved = false;  ///< But a part.
    bool is_finished = false;  ///< Shut down for writing.
    bool is_at_end = false;    ///< The peer writes no more.
    bool is_broken = false;
    bool is_restless = false;  ///< What happened may still arrive, and be an edge then.
    State hung_up = State::no;
    std::optional<Registration> registration;
  };

  [[nodiscard]] bool is_watched(std::size_t end, Direction direction) const;
  [[nodiscard]] bool may_report(std::size_t end, Direction direction) const;
  [[nodiscard]] std::string untrue_flag(std::size_t end, const Seen& seen) const;
  [[nodiscard]] bool tells(std::size_t end, Direction direction, const Seen& seen) const;
  [[nodiscard]] std::size_t find(std::size_t queue, Token token) const;
  void arm(std::size_t end, const Step& step);
  void arm(std::size_t end, Direction direction);
  void freshen(std::size_t end, Direction direction);
  /// The connection changed, which wakes whoever waits for whatever.
  void stir(std::size_t end);
  void hang_up(std::size_t end, State state);
  void hang_up_if_finished(std::size_t end);

  const Leeway& leeway_;
  std::array<EndState, end_count> ends_;
  std::array<std::array<bool, waker_count>, queue_count> wakers_{};  ///< Which are owed an event.
};

}  // namespace evq::differential
