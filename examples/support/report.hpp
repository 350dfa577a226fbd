// What a program says on its way: errors, addresses, times.
#pragma once

#include <evq/error.hpp>
#include <evq/net/socket_addr.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

namespace examples {

/// Says on stderr, in one line, what went wrong, and returns the exit code for it.
int fail(std::string_view what, const std::error_code& error);
int fail(std::string_view what);

/// Prints `listening on ADDR:PORT` at once, for people and for scripts that wait for it.
void announce(const evq::net::SocketAddr& address);

/// The time since it was made, as a column of a report: `   1.234 s`.
class Stopwatch {
 public:
  [[nodiscard]] std::string read() const;

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace examples
