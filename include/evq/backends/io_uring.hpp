// The io_uring backend: Linux, since 6.1. Including it is all that BasicPoll<IoUringBackend> needs.
#pragma once

#include <evq/backend.hpp>
#include <evq/basic_poll.hpp>
#include <evq/detail/poll_flags.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>

namespace evq {

/// Why this process cannot have io_uring, as the errors of `probe` and `create` say it. Each equals
/// the `std::errc` condition beside it.
enum class IoUringError : std::uint8_t {
  missing = 1,         ///< Not in this kernel. `function_not_supported`
  too_old,             ///< In it, but before Linux 6.1. `function_not_supported`
  disabled_by_sysctl,  ///< kernel.io_uring_disabled is set. `operation_not_permitted`
  forbidden,           ///< By a seccomp filter or a security module. `operation_not_permitted`
};
[[nodiscard]] const std::error_category& io_uring_category() noexcept;

/// A poll request per source, sent to the kernel together with the next wait: registering, changing
/// and removing cost no system call on the thread that polls. It is made for one polling thread;
/// when the Poll moves to another, or a source is closed by another while none polls, it goes over
/// to a kind of ring that any thread may use, and edges that are still ready are told once more.
class IoUringBackend final : public detail::Queue {
 public:
  static constexpr std::string_view name = "io_uring";

  class Event;
  class Waker;

  /// Whether this system has io_uring, recent enough, and lets this process use it. An error says
  /// which of it is missing: see IoUringError.
  [[nodiscard]] static Result<void> probe() noexcept;

  // What follows is what BasicPoll and its friends forward to: see backend.hpp.
  [[nodiscard]] static Result<detail::Owner<IoUringBackend>> create() noexcept;
  Result<std::size_t> wait(std::span<Event> events,
                           std::optional<std::chrono::nanoseconds> timeout) noexcept;
  Result<void> add(detail::SourceRef source, Token token, Interest interest, Mode mode) noexcept;
  Result<void> modify(detail::SourceRef source, Token token, Interest interest, Mode mode) noexcept;
  Result<void> remove(detail::SourceRef source) noexcept;

 private:
  class Core;
  struct WakerState;

  explicit IoUringBackend(Core* core) noexcept;
  ~IoUringBackend();

  static const Hooks hooks_table;

  std::unique_ptr<Core> core_;
};

class IoUringBackend::Event : public detail::PollFlags<Event> {
 public:
  [[nodiscard]] Token token() const noexcept { return token_; }

 private:
  friend class IoUringBackend;
  friend class detail::PollFlags<Event>;

  Token token_;
  std::uint32_t flags_;
  std::uint32_t source_;  ///< The registration's index, to find what a poll has of it already.
};

/// A flag, and a write to the queue's eventfd if somebody waits.
class IoUringBackend::Waker {
 public:
  [[nodiscard]] static Result<Waker> create(IoUringBackend& queue, Token token) noexcept;
  Waker(Waker&& other) noexcept;
  Waker& operator=(Waker&& other) noexcept;
  ~Waker();

  Result<void> wake() const noexcept;

 private:
  Waker(IoUringBackend& queue, WakerState* state) noexcept;

  IoUringBackend* queue_;
  WakerState* state_;
};

static_assert(Backend<IoUringBackend>);

}  // namespace evq

template <>
struct std::is_error_code_enum<evq::IoUringError> : std::true_type {};

namespace evq {

[[nodiscard]] inline std::error_code make_error_code(IoUringError error) noexcept {
  return {static_cast<int>(error), io_uring_category()};
}

}  // namespace evq
