#include <evq/detail/wake_rounds.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace evq;
using detail::WakeRounds;

namespace {

struct Bell : WakeRounds::Line {
  std::atomic<int> rung = 0;
  bool is_broken = false;

  static Result<void> ring(Line& line) noexcept {
    auto& bell = static_cast<Bell&>(line);
    errno = EAGAIN;
    if (bell.is_broken) {
      return std::unexpected(std::make_error_code(std::errc::io_error));
    }
    ++bell.rung;
    return {};
  }
};

/// Two wakers of one queue.
struct Two {
  WakeRounds wakes{Bell::ring};
  Bell first;
  Bell second;

  Two() {
    wakes.add(first);
    wakes.add(second);
  }
};

void wake(WakeRounds& wakes, Bell& bell) {
  REQUIRE(wakes.wake(bell));
}

/// A wait that returns at once.
void wait(WakeRounds& wakes) {
  wakes.begin_wait();
  wakes.end_wait();
}

}  // namespace

TEST_CASE("wakes of one round signal once for each waker") {
  Two two;
  auto& [wakes, first, second] = two;
  CHECK(wakes.is_idle());
  for (int i = 0; i < 3; ++i) {
    wake(wakes, first);
    CHECK(first.rung == 1);
  }
  CHECK_FALSE(wakes.is_idle());
  CHECK(second.rung == 0);
  wake(wakes, second);
  CHECK(second.rung == 1);
}

TEST_CASE("between waits wakes are noted, and the next wait signals once for each waker") {
  Two two;
  auto& [wakes, first, second] = two;
  wake(wakes, first);
  wake(wakes, second);
  wait(wakes);
  for (int round = 0; round < 3; ++round) {
    const int before = first.rung;
    wake(wakes, first);
    wake(wakes, first);
    CHECK(first.rung == before);
    wakes.begin_wait();
    CHECK(first.rung == before + 1);
    // Until the wait ends it has signalled.
    wake(wakes, first);
    CHECK(first.rung == before + 1);
    wakes.end_wait();
  }
  CHECK(second.rung == 1);
}

TEST_CASE("a wait without wakes ends the time of notes") {
  WakeRounds wakes(Bell::ring);
  Bell bell;
  wakes.add(bell);
  wake(wakes, bell);
  wait(wakes);
  CHECK_FALSE(wakes.is_idle());
  wait(wakes);
  CHECK(wakes.is_idle());
  CHECK(bell.rung == 1);
  wake(wakes, bell);
  CHECK(bell.rung == 2);
}

TEST_CASE("a note is not heard twice") {
  Two two;
  auto& [wakes, noted, other] = two;
  wake(wakes, noted);
  wait(wakes);
  wake(wakes, noted);
  wait(wakes);
  CHECK(noted.rung == 2);
  wake(wakes, other);
  wait(wakes);
  CHECK(noted.rung == 2);
  CHECK(other.rung == 1);
}

TEST_CASE("a removed waker is not signalled, and one added later is") {
  WakeRounds wakes(Bell::ring);
  Bell kept;
  Bell gone;
  wakes.add(gone);
  wakes.add(kept);
  wake(wakes, gone);
  wait(wakes);
  wake(wakes, gone);
  wake(wakes, kept);
  wakes.remove(gone);
  Bell late;
  wakes.add(late);
  wake(wakes, late);
  wait(wakes);
  CHECK(gone.rung == 1);
  CHECK(kept.rung == 1);
  CHECK(late.rung == 1);
}

TEST_CASE("a wake whose signal failed says so, and the next one tries again") {
  WakeRounds wakes(Bell::ring);
  Bell bell;
  wakes.add(bell);
  bell.is_broken = true;
  const auto failed = wakes.wake(bell);
  REQUIRE_FALSE(failed);
  CHECK(failed.error() == std::errc::io_error);
  bell.is_broken = false;
  wake(wakes, bell);
  CHECK(bell.rung == 1);
}

TEST_CASE("a wake leaves errno alone") {
  WakeRounds wakes(Bell::ring);
  Bell bell;
  wakes.add(bell);
  errno = EINTR;
  const auto woken = wakes.wake(bell);
  const int after = errno;
  CHECK(woken);
  CHECK(after == EINTR);
}

namespace {

/// Threads that wake, and a poller that comes and goes. It sleeps while nothing has been signalled
/// that it has not heard: for ever after a wake that was neither signalled nor found noted.
/// Each thread waits after `together` wakes until they have been seen.
bool all_are_heard(std::size_t threads, std::size_t together, std::size_t count) {
  WakeRounds wakes(Bell::ring);
  Bell bell;
  wakes.add(bell);
  std::vector<std::atomic<std::size_t>> sent(threads);
  std::vector<std::atomic<std::size_t>> seen(threads);
  std::vector<std::jthread> workers;
  for (std::size_t i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] {
      for (std::size_t n = 1; n <= count; ++n) {
        sent[i].store(n, std::memory_order_relaxed);
        if (!wakes.wake(bell)) {
          std::terminate();
        }
        while (n % together == 0 && seen[i].load(std::memory_order_relaxed) < n) {
          std::this_thread::yield();
        }
      }
    });
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  int heard = 0;
  bool is_done = false;
  for (std::size_t round = 0; !is_done; ++round) {
    wakes.begin_wait();
    while (bell.rung.load() == heard && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    if (bell.rung.load() == heard) {
      break;
    }
    heard = bell.rung.load();
    wakes.end_wait();
    is_done = true;
    for (std::size_t i = 0; i < threads; ++i) {
      const std::size_t last = sent[i].load(std::memory_order_relaxed);
      seen[i].store(last, std::memory_order_relaxed);
      is_done = is_done && last == count;
    }
    // Away for a moment, longer and shorter, so that the next wait meets the next wake.
    for (std::size_t i = 0; i < round % 64; ++i) {
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
  }
  for (auto& each : seen) {
    each.store(count);
  }
  return is_done;
}

}  // namespace

TEST_CASE("no wake of several threads is lost to a poller that comes and goes") {
  CHECK(all_are_heard(3, 16, 20000));
}

TEST_CASE("no wake is lost that meets the beginning of a wait") {
  CHECK(all_are_heard(1, 1, 200000));
}
