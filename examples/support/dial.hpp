// Connecting without waiting.
#pragma once

#include <evq/evq.hpp>

#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace examples {

/// The addresses that `HOST:PORT` stands for, in the order in which to try them. Blocks if HOST is
/// a name.
[[nodiscard]] evq::Result<std::vector<evq::net::SocketAddr>> lookup(const std::string& host_port);

/// Whether a text can be given to `lookup`: empty, or what is wrong with it.
[[nodiscard]] std::string check_host_port(const std::string& text);

/// A connection to the first of several addresses that takes it: `localhost` is `[::1]` and
/// `127.0.0.1`, and most servers listen at one of them only.
class Dial {
 public:
  /// The stream is registered with `token`, as readable and writable at the edge. `addresses` are
  /// kept by the caller.
  Dial(std::span<const evq::net::SocketAddr> addresses, evq::Token token)
      : addresses_(addresses), token_(token) {}

  /// Begins, and is to be called again for each event: true when connected, false while it takes
  /// its time, the last address's error when none has worked.
  [[nodiscard]] evq::Result<bool> proceed(const evq::Registry& registry);

  /// Once connected.
  [[nodiscard]] evq::net::TcpStream& stream() { return *stream_; }

 private:
  std::error_code begin(const evq::net::SocketAddr& address, const evq::Registry& registry);

  std::span<const evq::net::SocketAddr> addresses_;
  evq::Token token_;
  std::optional<evq::net::TcpStream> stream_;
  std::error_code error_ = std::make_error_code(std::errc::address_not_available);
};

}  // namespace examples
