// SIGINT and SIGTERM as events.
#pragma once

#include <evq/poll.hpp>

namespace examples {

/// While it lives, SIGINT (Ctrl-C) and SIGTERM wake a Poll and do nothing else: the loop ends in
/// its own time, and every destructor runs. One at a time.
class StopSignals {
 public:
  /// `waker` stays where it is for as long as this lives.
  explicit StopSignals(const evq::Waker& waker) noexcept;
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();
};

}  // namespace examples
