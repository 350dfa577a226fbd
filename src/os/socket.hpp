// What one system has exactly one answer to: sockets. One function, one job; the types in
// evq::net are written once on top of these.
#pragma once

#include <evq/error.hpp>
#include <evq/handle.hpp>
#include <evq/net/socket.hpp>
#include <evq/net/socket_addr.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace evq::os {

using net::SocketAddr;

/// The longest Unix-domain name of this system. A path that fills it has no NUL after it.
extern const std::size_t max_local_name;

enum class SocketType : std::uint8_t { stream, datagram };

/// Of the family and the type, or refused: what a handle must be to be taken over.
enum class Domain : std::uint8_t { internet, local };

/// Options with a whole number (or 0 and 1) for a value.
enum class Option : std::uint8_t {
  broadcast,
  multicast_loop_v4,
  multicast_loop_v6,
  multicast_ttl_v4,
  nodelay,
  only_v6,
  reuse_address,
  ttl_v4,
  ttl_v6,
};

enum class Membership : std::uint8_t { join, leave };
enum class Take : std::uint8_t { remove, peek };

/// Non-blocking, closed by exec, and never a cause of SIGPIPE.
Result<native_handle_type> open_socket(SocketAddr::Family family, SocketType type) noexcept;
Result<std::pair<native_handle_type, native_handle_type>> local_pair(SocketType type) noexcept;
/// `wrong_protocol_type` if the handle is a socket of another kind.
Result<void> check_socket(native_handle_type handle, Domain domain, SocketType type) noexcept;

Result<void> bind(native_handle_type handle, const SocketAddr& addr) noexcept;
Result<void> listen(native_handle_type handle) noexcept;
/// Success also while the connection is being made.
Result<void> connect(native_handle_type handle, const SocketAddr& addr) noexcept;
Result<std::pair<native_handle_type, SocketAddr>> accept(native_handle_type listener) noexcept;
Result<void> shutdown(native_handle_type handle, net::Shutdown how) noexcept;

Result<SocketAddr> local_address(native_handle_type handle) noexcept;
Result<SocketAddr> peer_address(native_handle_type handle) noexcept;
Result<std::error_code> take_error(native_handle_type handle) noexcept;

Result<std::size_t> receive_vectored(native_handle_type handle, net::Buffers buffers) noexcept;
Result<std::pair<std::size_t, SocketAddr>> receive_from(native_handle_type handle,
                                                        std::span<std::byte> buffer,
                                                        Take take) noexcept;
Result<std::size_t> send_vectored(native_handle_type handle, net::ConstBuffers buffers) noexcept;
Result<std::size_t> send_to(native_handle_type handle, std::span<const std::byte> bytes,
                            const SocketAddr& to) noexcept;

Result<void> set_option(native_handle_type handle, Option option, std::uint32_t value) noexcept;
Result<std::uint32_t> option(native_handle_type handle, Option option) noexcept;
Result<void> membership_v4(native_handle_type handle, Membership change, const SocketAddr& group,
                           const SocketAddr& interface_address) noexcept;
Result<void> membership_v6(native_handle_type handle, Membership change, const SocketAddr& group,
                           std::uint32_t interface_index) noexcept;

/// An IPv4 or IPv6 address without brackets, port and scope, into 4 or 16 octets.
bool parse_ip(std::string_view text, std::span<std::uint8_t> octets) noexcept;
std::string format_ip(std::span<const std::uint8_t> octets);

/// The index of a network interface, or 0.
std::uint32_t interface_index(std::string_view name) noexcept;

}  // namespace evq::os
