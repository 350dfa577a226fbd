#include "../pipe.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "descriptor.hpp"
#include "errno.hpp"
#include "iovec.hpp"

namespace evq::os {

namespace {

#ifdef EVQ_HAVE_PWRITEV2
/// RWF_NOSIGNAL, Linux 6.18: pwritev2(2) without SIGPIPE. Older headers lack it.
constexpr int write_no_signal = 0x100;
std::atomic<bool> no_signal_refused{false};
#endif

/// Holds SIGPIPE back from this thread, and takes it away again if a write in between raised it.
class SigpipeGuard {
 public:
  SigpipeGuard() noexcept {
    sigset_t pending;
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    ::sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &previous_);
  }
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;
  ~SigpipeGuard() {
    const int written_errno = errno;
    sigset_t pending;
    ::sigpending(&pending);
    if (!was_pending_ && sigismember(&pending, SIGPIPE) == 1) {
      int signal = 0;
      ::sigwait(&sigpipe_, &signal);
    }
    ::pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
    errno = written_errno;
  }

 private:
  sigset_t sigpipe_;
  sigset_t previous_;
  bool was_pending_;
};

}  // namespace

Result<std::pair<native_handle_type, native_handle_type>> open_pipe() noexcept {
  std::array<int, 2> handles{};
#ifdef EVQ_HAVE_PIPE2
  if (::pipe2(handles.data(), O_NONBLOCK | O_CLOEXEC) != 0) {
    return last_error();
  }
#else
  if (::pipe(handles.data()) != 0) {
    return last_error();
  }
  if (auto adopted = adopt_or_close({handles[0], handles[1]}); !adopted) {
    return std::unexpected(adopted.error());
  }
#endif
  return std::pair(handles[1], handles[0]);
}

Result<void> check_pipe(native_handle_type handle, PipeEnd end) noexcept {
  struct stat status{};
  if (::fstat(handle, &status) != 0) {
    return last_error();
  }
  const int flags = ::fcntl(handle, F_GETFL);
  if (flags < 0) {
    return last_error();
  }
  const int refused = end == PipeEnd::read ? O_WRONLY : O_RDONLY;
  if (!S_ISFIFO(status.st_mode) || (flags & O_ACCMODE) == refused) {
    return detail::fail(std::errc::invalid_argument);
  }
  return {};
}

Result<std::size_t> read_pipe(native_handle_type handle, net::Buffers buffers) noexcept {
  const IoVectors vectors(buffers);
  return count_or_error(::readv(handle, vectors.data(), vectors.count()));
}

Result<std::size_t> write_pipe(native_handle_type handle, net::ConstBuffers buffers) noexcept {
  const IoVectors vectors(buffers);
#ifdef EVQ_HAVE_PWRITEV2
  if (!no_signal_refused.load(std::memory_order_relaxed)) {
    const auto written = ::pwritev2(handle, vectors.data(), vectors.count(), -1, write_no_signal);
    if (written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EPERM)) {
      return count_or_error(written);
    }
    no_signal_refused.store(true, std::memory_order_relaxed);
  }
#endif
  const SigpipeGuard guard;
  return count_or_error(::writev(handle, vectors.data(), vectors.count()));
}

}  // namespace evq::os
