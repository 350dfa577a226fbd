#include "request.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

#include "../support/http.hpp"

namespace examples {

namespace {

std::unexpected<Refusal> refuse(std::string_view why) {
  return std::unexpected(Refusal{bad_request, why});
}

/// With each %XX as the byte it stands for; nothing if it stands for none.
std::optional<std::string> decode_percent(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    if (text.front() != '%') {
      decoded += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto digits = text.substr(1, 2);
    unsigned char byte = 0;
    const char* const begin = digits.data();
    const char* const end = begin + digits.size();
    if (digits.size() != 2 || std::from_chars(begin, end, byte, 16).ptr != end) {
      return std::nullopt;
    }
    decoded += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  return decoded;
}

std::string head(Status status, std::size_t length, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(status.code) + " ";
  text += status.reason;
  text += "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ";
  text += std::to_string(length);
  text += keep_alive ? "\r\nConnection: keep-alive\r\n" : "\r\nConnection: close\r\n";
  return text;
}

}  // namespace

std::expected<DelayRequest, Refusal> parse_request(std::string_view text,
                                                   std::chrono::milliseconds max_delay) {
  const auto head = parse_head(text);
  if (!head) {
    return refuse("a header line is not `name: value`");
  }
  const auto line = head->first_line;
  const auto method = line.substr(0, line.find(' '));
  const auto version = line.substr(line.rfind(' ') + 1);
  const bool is_line = std::ranges::count(line, ' ') == 2 && !method.empty() &&
                       std::ranges::all_of(line, [](char c) { return c >= ' ' && c != '\x7f'; });
  if (!is_line || (version != "HTTP/1.1" && version != "HTTP/1.0")) {
    return refuse("the first line is not like `GET /1000/hello HTTP/1.1`");
  }
  if (method != "GET" && method != "HEAD") {
    return std::unexpected(Refusal{method_not_allowed, "only GET and HEAD"});
  }
  if (version == "HTTP/1.1" && head->values("Host").size() != 1) {
    return refuse("HTTP/1.1 needs one Host header");
  }
  const auto lengths = head->values("Content-Length");
  if (!head->values("Transfer-Encoding").empty() ||
      !std::ranges::all_of(lengths, [](std::string_view length) { return length == "0"; })) {
    return refuse("a body is not expected");
  }

  auto path = line.substr(method.size() + 1);
  path.remove_suffix(version.size() + 1);
  const auto slash = path.find('/', 1);
  if (!path.starts_with('/') || slash == std::string_view::npos) {
    return refuse("the path is not /{delay in ms}/{message}");
  }
  const auto delay = parse_number(path.substr(1, slash - 1));
  if (!delay || *delay > static_cast<std::size_t>(max_delay.count())) {
    return refuse("the delay is not a number of milliseconds, or it is too large");
  }
  auto message = decode_percent(path.substr(slash + 1));
  if (!message) {
    return refuse("a % without two hexadecimal digits");
  }
  const bool keep_alive = version == "HTTP/1.1" ? !head->lists("Connection", "close")
                                                : head->lists("Connection", "keep-alive");
  return DelayRequest{std::chrono::milliseconds(*delay), *std::move(message), method == "HEAD",
                      keep_alive};
}

std::string answer(const DelayRequest& request) {
  auto text = head(ok, request.message.size(), request.keep_alive) + "\r\n";
  return request.head_only ? text : text + request.message;
}

std::string answer(const Refusal& refusal) {
  auto text = head(refusal.status, refusal.why.size() + 1, false);
  if (refusal.status.code == method_not_allowed.code) {
    text += "Allow: GET, HEAD\r\n";
  }
  text += "\r\n";
  text += refusal.why;
  return text + "\n";
}

}  // namespace examples
