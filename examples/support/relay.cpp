#include "relay.hpp"

#include <expected>
#include <span>

namespace examples {

evq::Result<Relay::State> Relay::pump(const evq::net::TcpStream& from,
                                      const evq::net::TcpStream& to) {
  // Two fast peers could keep one connection busy for ever.
  constexpr int turns = 16;
  for (int turn = 0; turn < turns && !ended_; ++turn) {
    const auto filled = fill(from);
    if (!filled) {
      return std::unexpected(filled.error());
    }
    const bool drained = drain(to);
    if (!ended_ && !*filled && !drained) {
      return State::waiting;
    }
  }
  return ended_ ? State::ended : State::interrupted;
}

/// Whether it went on; false at would-block, and while there is no room or no more to come.
evq::Result<bool> Relay::fill(const evq::net::TcpStream& from) {
  if (at_end_ || end_ == capacity) {
    return false;
  }
  const auto count = from.read(std::span(buffer_.get() + end_, capacity - end_));
  if (!count) {
    if (evq::would_block(count.error())) {
      return false;
    }
    return std::unexpected(count.error());
  }
  at_end_ = *count == 0;
  end_ += *count;
  return true;
}

/// Whether it went on; false at would-block, and while there is nothing to write.
bool Relay::drain(const evq::net::TcpStream& to) {
  bool went_on = false;
  if (begin_ < end_) {
    const auto count = to.write(std::span(buffer_.get() + begin_, end_ - begin_));
    if (!count) {
      // The peer may have gone after an answer that is still to be passed on the other way, so
      // this is the end of one direction only.
      ended_ = !evq::would_block(count.error());
      return false;
    }
    begin_ += *count;
    went_on = true;
  }
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (at_end_) {
      static_cast<void>(to.shutdown(evq::net::Shutdown::write));  // fails if the peer is gone
      ended_ = true;
    }
  }
  return went_on;
}

}  // namespace examples
