// The epoll backend: Linux. The reference that the others are read against. Including it is all
// that BasicPoll<EpollBackend> needs.
#pragma once

#include <evq/backend.hpp>
#include <evq/basic_poll.hpp>
#include <evq/detail/io.hpp>
#include <evq/detail/poll_flags.hpp>
#include <evq/detail/wake_rounds.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

namespace evq {

class EpollBackend final : public detail::Queue {
 public:
  static constexpr std::string_view name = "epoll";

  class Event;
  class Waker;

  /// Whether this system has epoll and lets this process use it.
  [[nodiscard]] static Result<void> probe() noexcept;

  // What follows is what BasicPoll and its friends forward to: see backend.hpp.
  [[nodiscard]] static Result<detail::Owner<EpollBackend>> create() noexcept;
  Result<std::size_t> wait(std::span<Event> events,
                           std::optional<std::chrono::nanoseconds> timeout);
  Result<void> add(detail::SourceRef source, Token token, Interest interest, Mode mode) noexcept;
  Result<void> modify(detail::SourceRef source, Token token, Interest interest, Mode mode) noexcept;
  Result<void> remove(detail::SourceRef source) noexcept;

 private:
  explicit EpollBackend(int epoll) noexcept;

  static constexpr int not_tried = -2;

  // The kernel's values; backend.cpp asserts that they are.
  static constexpr int ctl_add = 1;
  static constexpr int ctl_remove = 2;
  static constexpr int ctl_modify = 3;

  Result<void> control(int operation, int fd, Token token, std::uint32_t flags) noexcept;
  /// epoll_ctl(2) itself. Leaves errno.
  static int control_once(int epoll, int operation, int fd, Event* event) noexcept;
  /// epoll_wait(2) itself: for ever with a timeout of -1, not at all with 0. Leaves errno.
  static int wait_once(int epoll, Event* events, int capacity, int timeout);
  /// What is left to do when `wait_once` was not tried or did not just bring events: waits that
  /// need the clock, interrupted ones, errors and wakes.
  Result<std::size_t> finish_wait(std::span<Event> events,
                                  std::optional<std::chrono::nanoseconds> timeout,
                                  int ready) noexcept;
  Result<std::size_t> wait_timed(std::span<Event> events,
                                 std::chrono::nanoseconds timeout) noexcept;

  static const Hooks hooks_table;

  struct WakerState;

  int epoll_;
  detail::WakeRounds wakes_;
};

#if defined(__x86_64__)
#pragma pack(push, 4)  // the kernel's struct epoll_event has no padding on x86-64
#endif
/// A `struct epoll_event` as the kernel writes it, so that nothing is copied after a wait.
class EpollBackend::Event : public detail::PollFlags<Event> {
 public:
  [[nodiscard]] Token token() const noexcept { return {static_cast<std::uintptr_t>(data_)}; }

 private:
  friend class EpollBackend;
  friend class detail::PollFlags<Event>;

  std::uint32_t flags_;
  std::uint64_t data_;
};
#if defined(__x86_64__)
#pragma pack(pop)
#endif

// Inline, since programs mostly say interest and mode as constants, and the flags then are one too;
// and since control_once is a jump to epoll_ctl(2): there is one return after the kernel's, not
// two, which processors cannot predict there.
inline Result<void> EpollBackend::control(int operation, int fd, Token token,
                                          std::uint32_t flags) noexcept {
  Event event;
  event.flags_ = flags;
  event.data_ = token.value;
  if (control_once(epoll_, operation, fd, &event) != 0) [[unlikely]] {
    return std::unexpected(detail::last_error());
  }
  return {};
}

inline Result<void> EpollBackend::add(detail::SourceRef source, Token token, Interest interest,
                                      Mode mode) noexcept {
  return control(ctl_add, source.handle, token, Event::asked_for(interest, mode));
}

inline Result<void> EpollBackend::modify(detail::SourceRef source, Token token, Interest interest,
                                         Mode mode) noexcept {
  return control(ctl_modify, source.handle, token, Event::asked_for(interest, mode));
}

inline Result<void> EpollBackend::remove(detail::SourceRef source) noexcept {
  return control(ctl_remove, source.handle, {}, 0);
}

// Inline as far as the usual case goes, so that a poll costs what epoll_wait(2) costs, and no
// further, so that compilers do inline it. Not noexcept for the same reason: epoll_wait(2) is not,
// and Clang counts the call of std::terminate.
inline Result<std::size_t> EpollBackend::wait(std::span<Event> events,
                                              std::optional<std::chrono::nanoseconds> timeout) {
  int ready = not_tried;
  // The kernel refuses more capacity than it takes, and finish_wait asks again with less.
  if ((!timeout || timeout->count() <= 0) && wakes_.is_idle()) {
    ready = wait_once(epoll_, events.data(), static_cast<int>(events.size()), timeout ? 0 : -1);
    if (ready > 0 && wakes_.is_idle()) {
      return static_cast<std::size_t>(ready);
    }
  }
  return finish_wait(events, timeout, ready);
}

/// An eventfd, registered for edges and never read.
class EpollBackend::Waker {
 public:
  [[nodiscard]] static Result<Waker> create(EpollBackend& queue, Token token) noexcept;
  Waker(Waker&& other) noexcept;
  Waker& operator=(Waker&& other) noexcept;
  ~Waker();

  Result<void> wake() const noexcept;

 private:
  Waker(EpollBackend& queue, WakerState* state) noexcept;

  EpollBackend* queue_;
  WakerState* state_;
};

static_assert(Backend<EpollBackend>);

}  // namespace evq
