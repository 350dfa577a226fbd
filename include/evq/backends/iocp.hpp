// The IOCP backend: Windows 8 and newer. Including it is all that BasicPoll<IocpBackend> needs.
#pragma once

#include <evq/backend.hpp>
#include <evq/basic_poll.hpp>
#include <evq/handle.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace evq {

namespace iocp {
class Pipe;
}

class IocpBackend final : public detail::Queue {
 public:
  static constexpr std::string_view name = "iocp";

  class Event;
  class Waker;

  /// Whether this system has completion ports and the driver behind sockets, AFD.
  [[nodiscard]] static Result<void> probe() noexcept;

  // What follows is what BasicPoll and its friends forward to: see backend.hpp.
  [[nodiscard]] static Result<detail::Owner<IocpBackend>> create() noexcept;
  Result<std::size_t> wait(std::span<Event> events,
                           std::optional<std::chrono::nanoseconds> timeout) noexcept;
  Result<void> add(detail::SourceRef source, Token token, Interest interest, Mode mode) noexcept;
  Result<void> modify(detail::SourceRef source, Token token, Interest interest, Mode mode) noexcept;
  Result<void> remove(detail::SourceRef source) noexcept;

 private:
  /// Everything else, behind the system's headers: the port and what is registered.
  struct Parts;

  explicit IocpBackend(std::unique_ptr<Parts> parts) noexcept;
  ~IocpBackend();

  friend class iocp::Pipe;
  /// A pipe may have become ready.
  void notify(native_handle_type handle) noexcept;

  static const Hooks hooks_table;

  std::unique_ptr<Parts> parts_;
};

class IocpBackend::Event {
 public:
  [[nodiscard]] Token token() const noexcept { return token_; }
  [[nodiscard]] bool is_readable() const noexcept { return has(readable); }
  [[nodiscard]] bool is_writable() const noexcept { return has(writable); }
  [[nodiscard]] bool is_read_closed() const noexcept { return has(read_closed); }
  [[nodiscard]] bool is_write_closed() const noexcept { return has(write_closed); }
  [[nodiscard]] bool is_error() const noexcept { return has(error); }
  [[nodiscard]] bool is_priority() const noexcept { return has(priority); }

 private:
  friend class IocpBackend;

  static constexpr std::uint8_t readable = 0x01;
  static constexpr std::uint8_t writable = 0x02;
  static constexpr std::uint8_t read_closed = 0x04;
  static constexpr std::uint8_t write_closed = 0x08;
  static constexpr std::uint8_t error = 0x10;
  static constexpr std::uint8_t priority = 0x20;

  [[nodiscard]] bool has(std::uint8_t flag) const noexcept { return (flags_ & flag) != 0; }

  Token token_;
  std::uint8_t flags_;
};

/// A packet posted to the port, at most one at a time.
class IocpBackend::Waker {
 public:
  [[nodiscard]] static Result<Waker> create(IocpBackend& queue, Token token) noexcept;
  Waker(Waker&& other) noexcept;
  Waker& operator=(Waker&& other) noexcept;
  ~Waker();

  Result<void> wake() const noexcept;

 private:
  friend class IocpBackend;

  /// What a packet leads to; lives until the last one has come back.
  struct Mark;

  Waker(IocpBackend& queue, Mark* mark) noexcept;

  IocpBackend* queue_;
  Mark* mark_;
};

static_assert(Backend<IocpBackend>);

}  // namespace evq
