#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <winsock2.h>

#include <array>

#include "catch.hpp"
#include "handles.hpp"

namespace evq::test {

void close_handle(native_handle_type handle) {
  REQUIRE(::closesocket(handle) == 0);
}

std::optional<std::size_t> open_handles() {
  DWORD count = 0;
  if (!::GetProcessHandleCount(::GetCurrentProcess(), &count)) {
    return std::nullopt;
  }
  return count;
}

bool allow_handles(std::size_t) {
  return true;  // Windows sets no limit that a process could raise
}

ScopedHandle temporary_file() {
  std::array<wchar_t, MAX_PATH + 1> folder{};
  std::array<wchar_t, MAX_PATH + 1> path{};
  REQUIRE(::GetTempPathW(static_cast<DWORD>(folder.size()), folder.data()) != 0);
  REQUIRE(::GetTempFileNameW(folder.data(), L"evq", 0, path.data()) != 0);
  const HANDLE file =
      ::CreateFileW(path.data(), GENERIC_READ | GENERIC_WRITE, 0, nullptr, CREATE_ALWAYS,
                    FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, nullptr);
  REQUIRE(file != INVALID_HANDLE_VALUE);
  return ScopedHandle(reinterpret_cast<native_handle_type>(file));
}

void reset_on_close(const net::TcpStream& stream) {
  linger now{};
  now.l_onoff = 1;
  REQUIRE(::setsockopt(stream.native_handle(), SOL_SOCKET, SO_LINGER,
                       reinterpret_cast<const char*>(&now), sizeof now) == 0);
}

void send_urgent(const net::TcpStream& stream, char byte) {
  REQUIRE(::send(stream.native_handle(), &byte, 1, MSG_OOB) == 1);
}

}  // namespace evq::test
