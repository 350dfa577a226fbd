#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "catch.hpp"
#include "handles.hpp"

namespace evq::test {

void close_handle(native_handle_type handle) {
  REQUIRE(::close(handle) == 0);
}

std::optional<std::size_t> open_handles() {
  std::error_code error;
  std::size_t count = 0;
  // macOS and the BSDs have /dev/fd; on Linux it leads to /proc/self/fd.
  for (std::filesystem::directory_iterator entry("/dev/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    ++count;
  }
  return error ? std::nullopt : std::optional(count);
}

bool allow_handles(std::size_t count) {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = std::max(limit.rlim_cur, static_cast<rlim_t>(count));
  return limit.rlim_cur <= limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

ScopedHandle temporary_file() {
  std::string path = (std::filesystem::temp_directory_path() / "evq-test-XXXXXX").string();
  const int fd = ::mkstemp(path.data());
  REQUIRE(fd >= 0);
  ::unlink(path.c_str());
  return ScopedHandle(fd);
}

void reset_on_close(const net::TcpStream& stream) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  REQUIRE(::setsockopt(stream.native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0);
}

void send_urgent(const net::TcpStream& stream, char byte) {
  REQUIRE(::send(stream.native_handle(), &byte, 1, MSG_OOB) == 1);
}

}  // namespace evq::test
