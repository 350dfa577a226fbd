// The head of an HTTP/1 message (RFC 9112): a first line, fields, an empty line.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace examples {

/// How many bytes at the beginning of `text` are a head, with its empty line; 0 if it is not
/// complete. A lone LF ends a line as well, as RFC 9112 lets it.
[[nodiscard]] std::size_t head_size(std::string_view text);

/// A head, taken apart. It refers to the text it was parsed from.
struct HttpHead {
  std::string_view first_line;
  std::vector<std::pair<std::string_view, std::string_view>> fields;

  /// The values of all fields of one name, which is compared without regard to case.
  [[nodiscard]] std::vector<std::string_view> values(std::string_view name) const;
  /// Whether a word is in a field that is a list, such as `close` in `Connection: TE, close`.
  [[nodiscard]] bool lists(std::string_view name, std::string_view word) const;
};

/// `text` as head_size found it. Nothing if a line is not a field.
[[nodiscard]] std::optional<HttpHead> parse_head(std::string_view text);

/// A number of digits only, such as a length; nothing if there is anything else, or too much.
[[nodiscard]] std::optional<std::size_t> parse_number(std::string_view text);

}  // namespace examples
