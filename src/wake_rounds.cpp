#include <evq/detail/wake_rounds.hpp>

#include <cerrno>
#include <utility>

namespace evq::detail {

// wake is async-signal-safe.
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

void WakeRounds::add(Line& line) noexcept {
  const std::lock_guard lock(mutex_);
  line.next = std::exchange(first_, &line);
}

void WakeRounds::remove(Line& line) noexcept {
  const std::lock_guard lock(mutex_);
  Line** link = &first_;
  while (*link != &line) {
    link = &(*link)->next;
  }
  *link = line.next;
}

Result<void> WakeRounds::wake(Line& line) noexcept {
  const std::uint64_t word = word_.fetch_or(woken) | woken;
  if ((word & busy) != 0) {
    std::uint64_t noted = line.noted.load();
    while (noted < round(word) && !line.noted.compare_exchange_weak(noted, round(word))) {
    }
    // Unless the poller waits since, and may have looked for notes before this one.
    if ((word_.load() | woken) == word) {
      return {};
    }
  } else if (line.signalled.load(std::memory_order_acquire) == round(word)) {
    return {};
  }
  const int interrupted_errno = errno;
  auto signalled = signal_(line);
  errno = interrupted_errno;
  // Only now: a wake that relies on this one returns with the event on its way.
  if (signalled) {
    line.signalled.store(round(word), std::memory_order_release);
  }
  return signalled;
}

void WakeRounds::begin_wait() noexcept {
  if (is_idle()) {
    return;
  }
  const std::uint64_t word = word_.fetch_and(~busy);
  if ((word & busy) == 0 || (word & woken) == 0) {
    return;
  }
  const std::lock_guard lock(mutex_);
  for (Line* line = first_; line != nullptr; line = line->next) {
    if (line->noted.load() == round(word) && signal_(*line)) {
      line->signalled.store(round(word), std::memory_order_release);
    }
  }
}

void WakeRounds::end_wait() noexcept {
  const std::uint64_t word = word_.load(std::memory_order_relaxed);
  if ((word & woken) != 0) {
    // Nobody else changes what is overwritten here: a wake finds `woken` set.
    word_.exchange((round(word) + 1) | busy, std::memory_order_acq_rel);
  }
}

}  // namespace evq::detail
