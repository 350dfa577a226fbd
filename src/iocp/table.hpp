// What is registered with a queue, by handle.
#pragma once

#include <evq/error.hpp>
#include <evq/handle.hpp>
#include <evq/interest.hpp>
#include <evq/token.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "afd.hpp"
#include "ffi.hpp"
#include "list.hpp"
#include "pipe.hpp"

namespace evq::iocp {

/// One registration. The system writes into it while a poll is under way, so it lives until the
/// poll's packet has come back, however long ago it was removed.
struct Registration : OVERLAPPED, Linked<Registration> {
  enum class Poll : std::uint8_t { idle, pending, cancelling };

  Registration() noexcept : OVERLAPPED{} {}

  native_handle_type handle = invalid_handle;
  native_handle_type base = invalid_handle;
  /// Where it is polled; null for a pipe, which says itself what it is ready for.
  Afd* afd = nullptr;
  Pipe* pipe = nullptr;
  Token token;
  Interest interest;
  Mode mode = Mode::edge;
  bool is_removed = false;
  Poll poll = Poll::idle;
  /// What is to be reported as soon as it holds: in AFD's terms, as are the next three.
  ULONG armed = 0;
  /// What the poll under way asks for.
  ULONG asked = 0;
  /// Directions in which a call met would-block since: what the poll says of them may be older.
  ULONG doubtful = 0;
  /// The wait before or in which the poll was begun.
  std::uint64_t asked_in = 0;
  ffi::PollInfo info{};
  /// The next one in its bucket of the table.
  Registration* chained = nullptr;
};

/// Registrations by handle. Linked through its elements, and still right where there is no memory
/// to grow: only slower.
class Table {
 public:
  [[nodiscard]] Registration* find(native_handle_type handle) const noexcept;
  /// One that is not in it. `not_enough_memory` if it is the first and there is no room for any.
  Result<void> insert(Registration& registration) noexcept;
  void erase(Registration& registration) noexcept;
  /// Any one of them, or null.
  [[nodiscard]] Registration* any() const noexcept;

 private:
  using Buckets = std::unique_ptr<Registration*[]>;

  static std::size_t index(native_handle_type handle, std::size_t count) noexcept;
  static void chain(Registration*& bucket, Registration& registration) noexcept;
  void grow() noexcept;

  Buckets buckets_;
  /// A power of two, or 0.
  std::size_t bucket_count_ = 0;
  std::size_t size_ = 0;
};

}  // namespace evq::iocp
