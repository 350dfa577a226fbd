// The part of the model that judges events.

#include <algorithm>
#include <utility>

#include "model.hpp"

namespace evq::differential {

namespace {

constexpr std::array names{" is readable", " is writable", " is hung up"};

}  // namespace

std::string describe(const Seen& seen) {
  std::string text = std::to_string(seen.token.value) + ":";
  for (const auto& [holds, name] : {
           std::pair(seen.is_readable, " readable"),
           std::pair(seen.is_writable, " writable"),
           std::pair(seen.is_read_closed, " read-closed"),
           std::pair(seen.is_write_closed, " write-closed"),
           std::pair(seen.is_error, " error"),
           std::pair(seen.is_priority, " priority"),
       }) {
    text += holds ? name : "";
  }
  return text;
}

Token Model::waker_token(std::size_t queue, std::size_t waker) {
  return {2'000'000 + queue * waker_count + waker};
}

std::size_t Model::find(std::size_t queue, Token token) const {
  for (std::size_t end = 0; end < end_count; ++end) {
    const auto& registration = ends_[end].registration;
    if (registration && registration->queue == queue && registration->token == token) {
      return end;
    }
  }
  return end_count;
}

bool Model::is_watched(std::size_t end, Direction direction) const {
  const Interest interest = ends_[end].registration->interest;
  switch (direction) {
    case reading:
      return interest.is_readable();
    case writing:
      return interest.is_writable();
    case hanging_up:
      switch (leeway_.hang_up) {
        case HangUp::whole:
          return true;
        case HangUp::parted:
          return interest.is_readable() || interest.is_writable();
        case HangUp::unsaid:
          return ends_[end].is_broken;
      }
  }
  std::unreachable();
}

bool Model::may_report(std::size_t end, Direction direction) const {
  const Registration& registration = *ends_[end].registration;
  const State now = state(end, direction);
  if (registration.mode == Mode::level) {
    return now != State::no;
  }
  return registration.watches[direction].is_fresh || now == State::maybe;
}

std::string Model::untrue_flag(std::size_t end, const Seen& seen) const {
  const EndState& self = ends_[end];
  const bool may_hang = self.hung_up != State::no;
  const auto may_be = [&](Direction direction) {
    const bool has_held = leeway_.tells_what_was && self.registration->watches[direction].has_held;
    return may_hang || (is_watched(end, direction) && (state(end, direction) != State::no ||
                                                       has_held || may_report(end, direction)));
  };
  const bool is_peer_closed = !is_there(end ^ 1);
  for (const auto& [holds, may_hold, name] : {
           std::tuple(seen.is_readable, may_be(reading), "readable"),
           std::tuple(seen.is_writable, may_be(writing), "writable"),
           std::tuple(seen.is_read_closed, may_hang || self.is_at_end, "read-closed"),
           std::tuple(seen.is_write_closed, may_hang || self.is_finished || is_peer_closed,
                      "write-closed"),
           std::tuple(seen.is_error, may_hang, "an error"),
           std::tuple(seen.is_priority, false, "priority"),
       }) {
    if (holds && !may_hold) {
      return std::string("it is not ") + name;
    }
  }
  return seen.is_readable || seen.is_writable ? "" : "it says nothing";
}

bool Model::tells(std::size_t end, Direction direction, const Seen& seen) const {
  switch (direction) {
    case reading:
      return seen.is_readable;
    case writing:
      return seen.is_writable;
    case hanging_up:
      return seen.is_error || (seen.is_read_closed && seen.is_write_closed) ||
             (seen.is_readable && seen.is_writable) || ends_[end].medium == Medium::pipe ||
             (leeway_.hang_up == HangUp::parted && ends_[end].hung_up != State::no);
  }
  std::unreachable();
}

void Model::repeats(std::size_t queue) {
  for (std::size_t end = 0; end < end_count; ++end) {
    auto& registration = ends_[end].registration;
    if (registration && registration->queue == queue) {
      for (const Direction direction : directions) {
        Watch& watch = registration->watches[direction];
        watch.is_fresh = watch.is_fresh || state(end, direction) != State::no;
      }
    }
  }
}

void Model::begin_round(std::size_t queue) {
  for (EndState& self : ends_) {
    if (self.registration && self.registration->queue == queue &&
        self.registration->mode == Mode::level) {
      for (Watch& watch : self.registration->watches) {
        watch.is_armed = true;
      }
    }
  }
}

void Model::begin_poll(std::size_t queue) {
  for (EndState& self : ends_) {
    if (self.registration && self.registration->queue == queue) {
      for (Watch& watch : self.registration->watches) {
        watch.is_seen = false;
      }
    }
  }
}

std::string Model::report(std::size_t queue, const Seen& seen) {
  const std::string event = "the event " + describe(seen) + ": ";
  for (std::size_t waker = 0; waker < waker_count; ++waker) {
    if (seen.token == waker_token(queue, waker)) {
      return std::exchange(wakers_[queue][waker], false) ? "" : event + "nobody woke";
    }
  }
  const std::size_t end = find(queue, seen.token);
  if (end == end_count) {
    return event + "nothing is registered with this token";
  }
  const std::string of_end = event + "end " + std::to_string(end) + ": ";
  Registration& registration = *ends_[end].registration;
  if (registration.has_spoken) {
    return of_end + "a oneshot has been reported already";
  }
  const auto may_come = [&](Direction direction) {
    return is_watched(end, direction) && may_report(end, direction);
  };
  if (!std::ranges::any_of(directions, may_come)) {
    return of_end + "nothing has happened since its last report";
  }
  if (std::string untrue = untrue_flag(end, seen); !untrue.empty()) {
    return of_end + untrue;
  }
  const bool is_of_two = leeway_.hang_up == HangUp::parted && seen.is_error &&
                         registration.interest.contains(Interest::readable | Interest::writable);
  registration.is_half_said = is_of_two && !registration.is_half_said;
  for (const Direction direction : directions) {
    if (!tells(end, direction, seen)) {
      continue;
    }
    Watch& watch = registration.watches[direction];
    if (std::exchange(watch.is_seen, true) && ends_[end].hung_up == State::no &&
        registration.mode == Mode::level) {
      return of_end + "it is in this poll twice";
    }
    watch.is_fresh = ends_[end].is_restless || registration.is_half_said;
    watch.has_held = false;
    // Was it consumed before it was reported, then the next one is owed all the same.
    watch.is_armed =
        watch.is_armed && state(end, direction) == State::no && !leeway_.awaits_would_block;
  }
  registration.has_spoken = registration.mode == Mode::oneshot;
  return "";
}

std::vector<std::string> Model::owed(std::size_t queue) const {
  std::vector<std::string> list;
  for (std::size_t end = 0; end < end_count; ++end) {
    const auto& registration = ends_[end].registration;
    if (!registration || registration->queue != queue || registration->has_spoken) {
      continue;
    }
    for (const Direction direction : directions) {
      const bool is_armed =
          registration->mode == Mode::oneshot || registration->watches[direction].is_armed;
      if (is_watched(end, direction) && is_armed && state(end, direction) == State::yes) {
        list.push_back("end " + std::to_string(end) + " with token " +
                       std::to_string(registration->token.value) + names[direction]);
      }
    }
  }
  for (std::size_t waker = 0; waker < waker_count; ++waker) {
    if (wakers_[queue][waker]) {
      list.push_back("waker " + std::to_string(waker) + " was woken");
    }
  }
  return list;
}

std::size_t Model::registered(std::size_t queue) const {
  return static_cast<std::size_t>(std::ranges::count_if(ends_, [queue](const EndState& self) {
    return self.registration && self.registration->queue == queue;
  }));
}

void Model::allow_choice(std::size_t queue, bool is_partial) {
  for (std::size_t end = 0; end < end_count; ++end) {
    auto& registration = ends_[end].registration;
    if (!registration || registration->queue != queue) {
      continue;
    }
    for (const Direction direction : directions) {
      const State now = state(end, direction);
      const bool is_fresh =
          registration->mode != Mode::level && registration->watches[direction].is_fresh;
      if (is_watched(end, direction) &&
          (now == State::maybe || (is_fresh && (is_partial || now == State::no)))) {
        registration->is_determined = false;
      }
    }
  }
}

std::set<std::string> Model::levels(std::size_t queue, const Seen& seen) const {
  const std::size_t end = find(queue, seen.token);
  std::set<std::string> list;
  if (end == end_count) {
    return list;
  }
  const Registration& registration = *ends_[end].registration;
  if (registration.mode == Mode::level && registration.is_determined) {
    for (const Direction direction : {reading, writing}) {
      if (is_watched(end, direction) && tells(end, direction, seen) &&
          state(end, direction) == State::yes) {
        list.insert(std::to_string(seen.token.value) + names[direction]);
      }
    }
  }
  return list;
}

}  // namespace evq::differential
