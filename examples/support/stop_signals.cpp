#include "stop_signals.hpp"

#include <atomic>
#include <csignal>

namespace examples {

namespace {

// A signal handler may use an atomic only if it takes no lock.
std::atomic<const evq::Waker*> target = nullptr;
static_assert(decltype(target)::is_always_lock_free);

extern "C" void on_stop_signal(int /*signal*/) {
  if (const evq::Waker* waker = target) {
    static_cast<void>(waker->wake());
  }
}

}  // namespace

StopSignals::StopSignals(const evq::Waker& waker) noexcept {
  target = &waker;
  std::signal(SIGINT, on_stop_signal);
  std::signal(SIGTERM, on_stop_signal);
#ifdef SIGBREAK
  std::signal(SIGBREAK,
              on_stop_signal);  // Windows: Ctrl-Break, and what one process may send another
#endif
}

StopSignals::~StopSignals() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
#ifdef SIGBREAK
  std::signal(SIGBREAK, SIG_DFL);
#endif
  target = nullptr;
}

}  // namespace examples
