#include "ffi.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <limits>

namespace evq::kqueue::ffi {

namespace {

Result<void> done(int status) noexcept {
  if (status < 0) {
    return last_error();
  }
  return {};
}

}  // namespace

std::unexpected<std::error_code> last_error() noexcept {
  return std::unexpected(std::error_code(errno, std::generic_category()));
}

Result<int> create() noexcept {
  const int kqueue = ::kqueue();
  if (kqueue < 0) {
    return last_error();
  }
  return kqueue;
}

Result<void> close_on_exec(int fd) noexcept {
  return done(::fcntl(fd, F_SETFD, FD_CLOEXEC));
}

Result<bool> is_file(int fd) noexcept {
  struct stat status{};
  if (::fstat(fd, &status) != 0) {
    return last_error();
  }
  return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
}

Kevent change(std::uintptr_t ident, Filter filter, unsigned flags, unsigned filter_flags,
              std::uintptr_t user_data) noexcept {
  Kevent change{};
  change.ident = ident;
  change.filter = filter;
  change.flags = static_cast<decltype(change.flags)>(flags);
  change.fflags = filter_flags;
  change.udata = std::bit_cast<decltype(change.udata)>(user_data);
  return change;
}

std::uintptr_t user_data(const Kevent& event) noexcept {
  return std::bit_cast<std::uintptr_t>(event.udata);
}

int apply(int kqueue, Kevent* changes, std::size_t count) noexcept {
  const timespec no_time{};
  const auto native = static_cast<Count>(count);
  return ::kevent(kqueue, changes, native, changes, native, &no_time);
}

Result<void> apply(int kqueue, const Kevent& change) noexcept {
  const timespec no_time{};
  return done(::kevent(kqueue, &change, 1, nullptr, 0, &no_time));
}

int wait(int kqueue, Kevent* events, std::size_t capacity, const timespec* timeout) noexcept {
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<int>::max());
  return ::kevent(kqueue, nullptr, 0, events, static_cast<Count>(std::min(capacity, most)),
                  timeout);
}

Result<std::pair<int, int>> create_pipe() noexcept {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) {
    return last_error();
  }
  return std::pair(ends[0], ends[1]);
}

Result<void> unblock(int fd) noexcept {
  return done(::fcntl(fd, F_SETFL, O_NONBLOCK));
}

Result<void> write_byte(int fd) noexcept {
  const char byte = 0;
  if (::write(fd, &byte, 1) != 1) {
    return last_error();
  }
  return {};
}

void drain(int fd) noexcept {
  std::array<char, 4096> buffer;
  static_cast<void>(::read(fd, buffer.data(), buffer.size()) < 0);
}

void close(int fd) noexcept {
  ::close(fd);
}

}  // namespace evq::kqueue::ffi
