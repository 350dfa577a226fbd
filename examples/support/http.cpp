#include "http.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace examples {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Cuts the first line off `text` and returns it without its end.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace

std::size_t head_size(std::string_view text) {
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1)) {
    const auto rest = text.substr(end + 1);
    if (rest.starts_with('\n')) {
      return end + 2;
    }
    if (rest.starts_with("\r\n")) {
      return end + 3;
    }
  }
  return 0;
}

std::vector<std::string_view> HttpHead::values(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [field, value] : fields) {
    if (same_name(field, name)) {
      found.push_back(value);
    }
  }
  return found;
}

bool HttpHead::lists(std::string_view name, std::string_view word) const {
  for (auto list : values(name)) {
    while (!list.empty()) {
      const auto comma = list.find(',');
      if (same_name(trim(list.substr(0, comma)), word)) {
        return true;
      }
      list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
  }
  return false;
}

std::optional<HttpHead> parse_head(std::string_view text) {
  HttpHead head;
  head.first_line = take_line(text);
  for (auto line = take_line(text); !line.empty(); line = take_line(text)) {
    const auto colon = line.find(':');
    // A name has no blanks in it: what is before or around it is not to be guessed at.
    if (colon == std::string_view::npos || colon == 0 ||
        line.substr(0, colon).find_first_of(" \t") != std::string_view::npos) {
      return std::nullopt;
    }
    head.fields.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return head;
}

std::optional<std::size_t> parse_number(std::string_view text) {
  std::size_t number = 0;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error != std::errc() || stop != end) {
    return std::nullopt;
  }
  return number;
}

}  // namespace examples
