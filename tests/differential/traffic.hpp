// What is done to the ends of the channels, and counted by the model.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "channel.hpp"
#include "model.hpp"
#include "places.hpp"
#include "steps.hpp"
#include "support/scoped_handle.hpp"

namespace evq::differential {

/// Thrown where the contract, or the system, is not as it should be.
struct Failure {
  std::string text;
};

/// The value, or a Failure.
template <class T>
T must(Result<T> result, const char* what) {
  if (!result) {
    throw Failure{std::string(what) + " failed: " + result.error().message()};
  }
  if constexpr (!std::is_void_v<T>) {
    return *std::move(result);
  }
}

/// What is observed of a step that could not be done, or of which the system may make what it
/// likes.
inline const std::string passed_over = "-";

/// Each member that returns text does a step and returns what is observed of it.
class Traffic {
 public:
  Traffic(Model& model, Places& places, std::chrono::milliseconds patience)
      : model_(model), places_(places), patience_(patience) {}

  /// Nothing before the channel was opened for the first time.
  [[nodiscard]] std::optional<End>& end(std::size_t number) { return ends_[number]; }

  std::string open(const Step& step);
  std::string close(std::size_t end, bool keeps_duplicate, Where where);
  std::string finish(std::size_t end);
  std::string write(std::size_t end, std::size_t amount);
  std::string fill(std::size_t end);
  std::string read(std::size_t end, std::size_t amount);
  std::string drain(std::size_t end);

 private:
  std::string read_broken(std::size_t end);
  /// Reads once, waiting for what is known to come.
  Result<std::size_t> read_some(std::size_t end, std::size_t most);
  void wait_for_arrival(std::size_t end);
  /// The other end is closed: an io_uring may hold its file for some milliseconds.
  void wait_until_hung_up(std::size_t end);

  Model& model_;
  Places& places_;
  std::chrono::milliseconds patience_;
  std::array<std::optional<End>, end_count> ends_;
  /// Of ends that were closed.
  std::array<std::optional<test::ScopedHandle>, end_count> duplicates_;
};

}  // namespace evq::differential
