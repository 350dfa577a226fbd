// What the delay server is asked, and what it answers.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

namespace examples {

/// `GET /{delay in ms}/{message}`.
struct DelayRequest {
  std::chrono::milliseconds delay;
  std::string message;
  bool head_only;   ///< HEAD: the answer without its message.
  bool keep_alive;  ///< The client may ask again on the same connection.
};

/// The status line's code and reason.
struct Status {
  int code;
  std::string_view reason;
};
inline constexpr Status ok{200, "OK"};
inline constexpr Status bad_request{400, "Bad Request"};
inline constexpr Status method_not_allowed{405, "Method Not Allowed"};
inline constexpr Status request_timeout{408, "Request Timeout"};

struct Refusal {
  Status status;
  std::string_view why;
};

/// Understands a whole request head, or says how to refuse it.
[[nodiscard]] std::expected<DelayRequest, Refusal> parse_request(
    std::string_view text, std::chrono::milliseconds max_delay);

[[nodiscard]] std::string answer(const DelayRequest& request);
/// Ends the connection: after a refusal nobody knows where the next request begins.
[[nodiscard]] std::string answer(const Refusal& refusal);

}  // namespace examples
