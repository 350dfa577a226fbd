// Polling sockets by the driver behind them, AFD: the handles it is asked through, and what is said
// in its terms.
#pragma once

#include <evq/error.hpp>
#include <evq/handle.hpp>
#include <evq/interest.hpp>

#include "ffi.hpp"
#include "list.hpp"

namespace evq::iocp {

/// Reported whatever was asked.
inline constexpr ULONG hang_up = ffi::poll_abort | ffi::poll_connect_fail;
/// What makes a read or an accept return at once, short of an error. An end is told apart from
/// data, so that one that comes behind data which nobody reads is news.
inline constexpr ULONG data = ffi::poll_receive | ffi::poll_accept;
inline constexpr ULONG readiness = data | ffi::poll_disconnect;

/// What AFD is asked for an interest, without what is asked always.
[[nodiscard]] ULONG poll_events(Interest interest) noexcept;

/// The socket that AFD knows: the one below those of layered providers. `bad_file_descriptor` if
/// the handle is not open, `operation_not_permitted` if it is no socket.
[[nodiscard]] Result<native_handle_type> base_socket(native_handle_type handle) noexcept;

/// A handle that sockets are polled through.
struct Afd : Linked<Afd> {
  HANDLE handle = nullptr;
  unsigned sockets = 0;
};

/// The handles of one queue. Each serves few sockets, since a cancel looks through all polls of its
/// handle (trio#1280 has what that costs with thousands).
class AfdPool {
 public:
  AfdPool() noexcept = default;
  AfdPool(const AfdPool&) = delete;
  AfdPool& operator=(const AfdPool&) = delete;
  ~AfdPool() { close(); }

  /// A place for one more socket.
  [[nodiscard]] Result<Afd*> take(HANDLE port) noexcept;
  void give_back(Afd& afd) noexcept;
  /// Closes all of them. No place may be taken.
  void close() noexcept;

 private:
  static constexpr unsigned sockets_per_handle = 32;

  void close(Afd& afd) noexcept;

  /// Those with room first.
  List<Afd> all_;
};

}  // namespace evq::iocp
