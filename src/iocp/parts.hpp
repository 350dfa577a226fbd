// What a queue of the IOCP backend consists of.
#pragma once

#include <evq/backends/iocp.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

#include "afd.hpp"
#include "ffi.hpp"
#include "list.hpp"
#include "pipe.hpp"
#include "table.hpp"

namespace evq {

namespace iocp {

/// A port packet's key: what its pointer is.
inline constexpr ULONG_PTR poll_key = 0;
inline constexpr ULONG_PTR waker_key = 1;

}  // namespace iocp

struct IocpBackend::Waker::Mark {
  Token token;
  /// Whether a packet is on its way.
  std::atomic<bool> is_posted{false};
  /// Whether its waker is gone, and the packet is all that is left.
  bool is_orphan = false;
};

struct IocpBackend::Parts {
  explicit Parts(HANDLE new_port) noexcept : port(new_port) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() { close(); }

  /// A new registration in the table, armed for nothing yet.
  Result<iocp::Registration*> make(native_handle_type handle, native_handle_type base,
                                   iocp::Pipe* pipe) noexcept;
  /// Makes a registration what it is to be, and arms it for all of that.
  Result<void> set(iocp::Registration& registration, Token token, Interest interest,
                   Mode mode) noexcept;
  /// Has it asked what it is armed for: now if a thread waits, else by the next wait.
  Result<void> arm(iocp::Registration& registration) noexcept;
  Result<void> arm_all() noexcept;
  /// Ends a registration and its poll.
  void drop(iocp::Registration& registration) noexcept;
  std::size_t take(std::span<const OVERLAPPED_ENTRY> packets, std::span<Event> events) noexcept;
  void close() noexcept;

  std::mutex mutex;
  HANDLE port;
  iocp::AfdPool afds;
  iocp::Table table;
  /// Those whose poll does not ask yet for all that they are armed for.
  iocp::List<iocp::Registration> outdated;
  /// Polls whose packet has not come back.
  std::size_t polls = 0;
  bool is_waiting = false;
  /// How many waits have begun.
  std::uint64_t waits = 0;

 private:
  Result<void> ask(iocp::Registration& registration) noexcept;
  Result<void> begin_poll(iocp::Registration& registration) noexcept;
  void free(iocp::Registration& registration) noexcept;
  bool take_poll(iocp::Registration& registration, Event& event) noexcept;
  bool report(iocp::Registration& registration, ULONG happened, Event& event) noexcept;
  static bool take_wake(Waker::Mark& mark, Event& event) noexcept;
};

}  // namespace evq
