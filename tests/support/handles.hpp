// What a test does to handles behind the library's back.
#pragma once

#include <evq/handle.hpp>
#include <evq/net/tcp.hpp>

#include <cstddef>
#include <optional>

#include "scoped_handle.hpp"

namespace evq::test {

void close_handle(native_handle_type handle);

/// How many handles this process has open, if the system tells.
std::optional<std::size_t> open_handles();

/// Raises this process's limit of open handles, if need be; false where that is forbidden.
bool allow_handles(std::size_t count);

/// A regular file, open for reading and writing and already removed from its folder.
ScopedHandle temporary_file();

/// Makes the next close of a TCP stream send a reset (SO_LINGER with no time).
void reset_on_close(const net::TcpStream& stream);
/// Sends one byte of out-of-band data.
void send_urgent(const net::TcpStream& stream, char byte);

}  // namespace evq::test
