// The kqueue backend: macOS and the BSDs. Including it is all that BasicPoll<KqueueBackend> needs.
#pragma once

#include <evq/backend.hpp>
#include <evq/basic_poll.hpp>
#include <evq/detail/wake_rounds.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

namespace evq {

class KqueueBackend final : public detail::Queue {
 public:
  static constexpr std::string_view name = "kqueue";

  class Event;
  class Waker;

  /// Whether this system has kqueue and lets this process use it.
  [[nodiscard]] static Result<void> probe() noexcept;

  // What follows is what BasicPoll and its friends forward to: see backend.hpp. An interest in
  // priority is `operation_not_supported` where kqueue has no filter for it: FreeBSD and NetBSD.
  [[nodiscard]] static Result<detail::Owner<KqueueBackend>> create() noexcept;
  Result<std::size_t> wait(std::span<Event> events,
                           std::optional<std::chrono::nanoseconds> timeout) noexcept;
  Result<void> add(detail::SourceRef source, Token token, Interest interest, Mode mode) noexcept;
  Result<void> modify(detail::SourceRef source, Token token, Interest interest, Mode mode) noexcept;
  Result<void> remove(detail::SourceRef source) noexcept;

 private:
  struct Registration;
  struct Previous;
  struct WakerState;

  explicit KqueueBackend(int kqueue) noexcept;

  Result<void> put(detail::SourceRef source, Token token, Registration next,
                   Previous previous) noexcept;
  /// How many filters were taken out.
  Result<std::size_t> take_out(native_handle_type handle, Previous previous) noexcept;
  /// The queue of paired oneshots, made when it is first needed.
  Result<int> open_oneshots() noexcept;
  /// Puts the oneshots that are ready in the place of their queue's own event, and returns how many
  /// of the system's events there are then.
  std::size_t take_oneshots(std::span<Event> events, std::size_t ready) noexcept;
  /// Makes the event of a waker, whose state the line is part of.
  static Result<void> signal(detail::WakeRounds::Line& line) noexcept;

  static const Hooks hooks_table;

  int kqueue_;
  /// A kqueue inside the other, or none.
  std::atomic<int> oneshots_{invalid_handle};
  std::mutex oneshots_mutex_;
  detail::WakeRounds wakes_;
  /// How many wakers there have been.
  std::atomic<std::uintptr_t> wakers_{0};
};

/// What the filters of one source have said, and room for the system to say it.
class KqueueBackend::Event {
 public:
  [[nodiscard]] Token token() const noexcept { return {token_}; }
  // An error ends every wait on the source.
  [[nodiscard]] bool is_readable() const noexcept { return any(in | err); }
  [[nodiscard]] bool is_writable() const noexcept { return any(out | err); }
  [[nodiscard]] bool is_read_closed() const noexcept { return any(read_eof); }
  [[nodiscard]] bool is_write_closed() const noexcept { return any(write_eof); }
  [[nodiscard]] bool is_error() const noexcept { return any(err); }
  [[nodiscard]] bool is_priority() const noexcept { return any(pri); }

 private:
  friend class KqueueBackend;

  /// Makes the first `ready` of the system's events ours; returns how many those are.
  static std::size_t translate(std::span<Event> events, std::size_t ready) noexcept;

  static constexpr std::uint32_t in = 0x01;
  static constexpr std::uint32_t out = 0x02;
  static constexpr std::uint32_t pri = 0x04;
  static constexpr std::uint32_t err = 0x08;
  static constexpr std::uint32_t read_eof = 0x10;
  static constexpr std::uint32_t write_eof = 0x20;

  [[nodiscard]] bool any(std::uint32_t flags) const noexcept { return (flags_ & flags) != 0; }

  std::uintptr_t token_;
  std::uint32_t flags_;
  // The system writes its struct kevent into the array of events, where each then becomes one of
  // these; backend.cpp asserts that it fits. Those of FreeBSD and NetBSD have extensions.
#if defined(__FreeBSD__) || defined(__NetBSD__)
  std::uint64_t room_[7];
#else
  std::uint64_t room_[2];
#endif
};

/// An EVFILT_USER of its own number, or where there is none a pipe.
class KqueueBackend::Waker {
 public:
  [[nodiscard]] static Result<Waker> create(KqueueBackend& queue, Token token) noexcept;
  Waker(Waker&& other) noexcept;
  Waker& operator=(Waker&& other) noexcept;
  ~Waker();

  Result<void> wake() const noexcept;

 private:
  Waker(KqueueBackend& queue, WakerState* state) noexcept;

  KqueueBackend* queue_;
  WakerState* state_;
};

static_assert(Backend<KqueueBackend>);

}  // namespace evq
