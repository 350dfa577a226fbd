#include "model.hpp"

#include <algorithm>

namespace evq::differential {

namespace {

constexpr std::size_t peer_of(std::size_t end) {
  return end ^ 1;
}

/// So much is under way that a system may call the sender not writable, though it has room.
constexpr std::size_t crowded_bytes = 16'000;
constexpr std::size_t crowded_writes = 8;

}  // namespace

void Model::opened(std::size_t channel, Medium medium) {
  for (const std::size_t end : {2 * channel, 2 * channel + 1}) {
    ends_[end] = {};
    ends_[end].medium = medium;
    ends_[end].is_open = true;
  }
}

void Model::closed(std::size_t end) {
  EndState& self = ends_[end];
  EndState& peer = ends_[peer_of(end)];
  self.registration.reset();
  self.is_open = false;
  self.is_kept = false;
  if (!is_there(peer_of(end)) || self.medium == Medium::udp) {
    return;
  }
  peer.is_at_end = true;
  // Closed with something unread, a socket tells its peer that it was lost.
  const bool is_reset = self.incoming != 0 && self.medium != Medium::pipe;
  peer.is_broken = peer.is_broken || is_reset;
  stir(peer_of(end));
  if (is_reset || self.medium != Medium::tcp) {
    hang_up(peer_of(end), State::yes);
  } else {
    hang_up_if_finished(peer_of(end));
  }
}

void Model::kept(std::size_t end) {
  ends_[end].registration.reset();
  ends_[end].is_open = false;
  ends_[end].is_kept = true;
}

void Model::finished(std::size_t end) {
  ends_[end].is_finished = true;
  ends_[peer_of(end)].is_at_end = true;
  for (const std::size_t one : {end, peer_of(end)}) {
    stir(one);
    hang_up_if_finished(one);
  }
}

void Model::wrote(std::size_t end, std::size_t amount, bool is_blocked) {
  EndState& self = ends_[end];
  EndState& peer = ends_[peer_of(end)];
  peer.incoming += amount;
  ++peer.writes;
  freshen(peer_of(end), reading);
  if (self.medium == Medium::udp) {
    freshen(end, writing);  // room that is taken and given back at once
  }
  if (is_blocked) {
    self.is_full = true;
    self.is_relieved = false;
    arrives_slowly(peer_of(end));
    arm(end, writing);
  }
}

void Model::wrote_in_vain(std::size_t end, bool is_taken) {
  EndState& self = ends_[end];
  if (is_taken && !self.is_broken) {
    self.is_broken = true;
    stir(end);
    hang_up(end, self.hung_up == State::no ? State::maybe : self.hung_up);
  }
}

void Model::was_read(std::size_t end, std::size_t amount) {
  EndState& self = ends_[end];
  EndState& peer = ends_[peer_of(end)];
  if (amount == 0) {
    return;
  }
  self.incoming -= amount;
  if (self.is_restless) {
    freshen(end, reading);  // what arrived meanwhile
  }
  peer.is_relieved = true;
  if (self.incoming == 0) {
    self.writes = 0;
    peer.is_full = false;
    self.is_restless = self.is_restless && (self.is_at_end || self.is_finished);
    hang_up_if_finished(end);
  }
  freshen(peer_of(end), writing);
}

void Model::read_blocked(std::size_t end) {
  arm(end, reading);
}

void Model::read_end(std::size_t end) {
  // That its own end has arrived at the peer is news too, and late.
  EndState& self = ends_[end];
  self.is_restless = self.is_restless && (self.is_broken || self.is_finished);
}

bool Model::can_read(std::size_t end) const {
  return ends_[end].is_open && (ends_[end].medium != Medium::pipe || end % 2 == 1);
}

bool Model::can_write(std::size_t end) const {
  return ends_[end].is_open && (ends_[end].medium != Medium::pipe || end % 2 == 0);
}

State Model::state(std::size_t end, Direction direction) const {
  const EndState& self = ends_[end];
  const EndState& peer = ends_[peer_of(end)];
  if (direction == hanging_up || self.hung_up == State::yes) {
    return self.hung_up;
  }
  if (direction == reading && (self.incoming != 0 || self.is_at_end)) {
    return State::yes;
  }
  if (self.hung_up == State::maybe) {
    return State::maybe;
  }
  if (direction == reading || !can_write(end)) {
    return State::no;
  }
  if (self.is_full) {
    return self.is_relieved || self.is_finished ? State::maybe : State::no;
  }
  const bool is_crowded = peer.incoming > crowded_bytes || peer.writes > crowded_writes;
  return is_crowded && self.medium != Medium::udp ? State::maybe : State::yes;
}

std::errc Model::add(const Step& step) {
  EndState& self = ends_[step.end];
  if (step.interest.is_empty()) {
    return std::errc::invalid_argument;
  }
  if (self.registration) {
    return std::errc::file_exists;
  }
  if (!self.is_open) {
    return std::errc::bad_file_descriptor;
  }
  arm(step.end, step);
  return success;
}

std::errc Model::modify(const Step& step) {
  EndState& self = ends_[step.end];
  if (step.interest.is_empty()) {
    return std::errc::invalid_argument;
  }
  if (!self.registration || self.registration->queue != step.queue) {
    return std::errc::no_such_file_or_directory;
  }
  arm(step.end, step);
  return success;
}

std::errc Model::remove(const Step& step) {
  EndState& self = ends_[step.end];
  if (!self.registration || self.registration->queue != step.queue) {
    return std::errc::no_such_file_or_directory;
  }
  self.registration.reset();
  return success;
}

void Model::restarted(std::size_t queue) {
  for (EndState& self : ends_) {
    if (self.registration && self.registration->queue == queue) {
      self.registration.reset();
    }
  }
  wakers_[queue] = {};
}

void Model::arm(std::size_t end, const Step& step) {
  Registration registration{.queue = step.queue,
                            .token = step.token,
                            .interest = step.interest,
                            .mode = step.mode,
                            .watches = {}};
  for (const Direction direction : directions) {
    // A change of the connection that is under way may come after its first report.
    registration.watches[direction].is_fresh =
        state(end, direction) != State::no || ends_[end].is_restless;
  }
  ends_[end].registration = registration;
}

void Model::arm(std::size_t end, Direction direction) {
  if (auto& registration = ends_[end].registration) {
    registration->watches[direction].is_armed = true;
  }
}

void Model::freshen(std::size_t end, Direction direction) {
  if (auto& registration = ends_[end].registration) {
    registration->watches[direction].is_fresh = true;
    for (const Direction each : directions) {
      Watch& watch = registration->watches[each];
      watch.has_held = watch.has_held || state(end, each) != State::no;
    }
  }
}

void Model::stir(std::size_t end) {
  for (const Direction direction : directions) {
    freshen(end, direction);
  }
  ends_[end].is_restless = ends_[end].medium == Medium::tcp;
}

void Model::hang_up(std::size_t end, State state) {
  if (ends_[end].hung_up != state) {
    ends_[end].hung_up = state;
    arm(end, hanging_up);
  }
}

void Model::hang_up_if_finished(std::size_t end) {
  const EndState& self = ends_[end];
  if (self.is_finished && self.is_at_end && !self.is_broken) {
    // The peer's end may be waiting behind what there is no room for.
    const bool is_held_up = self.medium == Medium::tcp && ends_[peer_of(end)].is_full;
    hang_up(end, is_held_up ? State::maybe : State::yes);
  }
}

}  // namespace evq::differential
