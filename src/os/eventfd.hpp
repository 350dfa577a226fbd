// eventfd(2): what wakes a wait on Linux.
#pragma once

#include <evq/error.hpp>

namespace evq::os {

/// With a count of 0, non-blocking, closed by exec.
Result<int> create_eventfd() noexcept;
/// Adds 1. Async-signal-safe, but for errno.
Result<void> signal_eventfd(int eventfd) noexcept;

}  // namespace evq::os
