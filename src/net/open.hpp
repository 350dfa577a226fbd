// How every socket type is made: the steps they share.
#pragma once

#include <evq/error.hpp>
#include <evq/handle.hpp>
#include <evq/net/socket_addr.hpp>

#include <utility>

#include "../os/handle.hpp"
#include "../os/socket.hpp"
#include "../result.hpp"

namespace evq::net {

/// Closes a handle unless it has found its owner.
class NewHandle {
 public:
  explicit NewHandle(native_handle_type handle) noexcept : handle_(handle) {}
  NewHandle(NewHandle&& other) noexcept : handle_(std::exchange(other.handle_, invalid_handle)) {}
  NewHandle& operator=(NewHandle&&) = delete;
  ~NewHandle() {
    if (handle_ != invalid_handle) {
      os::close(handle_);
    }
  }

  [[nodiscard]] native_handle_type get() const noexcept { return handle_; }
  [[nodiscard]] native_handle_type take() noexcept {
    return std::exchange(handle_, invalid_handle);
  }

 private:
  native_handle_type handle_;
};

/// `address_family_not_supported` for an address of another domain than the type's.
[[nodiscard]] Result<NewHandle> open(os::Domain domain, const SocketAddr& addr,
                                     os::SocketType type) noexcept;
[[nodiscard]] Result<NewHandle> open_bound(os::Domain domain, const SocketAddr& addr,
                                           os::SocketType type) noexcept;
[[nodiscard]] Result<NewHandle> open_listening(os::Domain domain, const SocketAddr& addr) noexcept;
[[nodiscard]] Result<NewHandle> open_connecting(os::Domain domain, const SocketAddr& addr) noexcept;
/// On an error the handle stays the caller's.
[[nodiscard]] Result<NewHandle> take_over(native_handle_type handle, os::Domain domain,
                                          os::SocketType type) noexcept;

/// The time to live, or hop limit, by the option of the socket's family.
[[nodiscard]] Result<void> set_ttl(native_handle_type handle, std::uint32_t hops) noexcept;
[[nodiscard]] Result<std::uint32_t> ttl(native_handle_type handle) noexcept;

/// 0 and 1 as a bool.
[[nodiscard]] inline Result<bool> flag(native_handle_type handle, os::Option option) noexcept {
  return detail::transform(os::option(handle, option),
                           [](std::uint32_t value) noexcept { return value != 0; });
}

}  // namespace evq::net
