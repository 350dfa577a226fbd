#include "threads.hpp"

#include <array>
#include <atomic>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace evq::differential {

namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::size_t worker_count = 3;
constexpr std::size_t rounds = 40;
#ifdef _WIN32
constexpr std::array media{Medium::tcp, Medium::udp};
#else
constexpr std::array media{Medium::tcp, Medium::udp, Medium::local};
#endif
/// A token is a worker's number and that of the registration, or of the change of one.
constexpr std::uintptr_t generations = 1'000'000;
static_assert(worker_count * generations < 2'000'000'000);

/// What the thread that polls and one worker tell each other.
struct Board {
  std::atomic<std::uintptr_t> retired{0};  ///< No poll from now on reports up to this generation.
  std::atomic<std::size_t> readable{0};    ///< How many events have said so.
};

/// What they all share.
class Shared {
 public:
  explicit Shared(const Options& options) : options_(options) {}

  /// The first one counts.
  void fail(std::string text) {
    const std::scoped_lock lock(mutex_);
    if (failure_.empty()) {
      failure_ = std::move(text);
    }
    has_failed_ = true;
  }
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  [[nodiscard]] std::string failure() {
    const std::scoped_lock lock(mutex_);
    return failure_;
  }

  /// Whether `holds` within the patience that all have; a failure if not.
  template <class Holds>
  bool wait_for(Holds holds, const char* what) {
    const auto give_up = steady_clock::now() + options_.patience;
    while (!holds()) {
      if (has_failed()) {
        return false;
      }
      if (steady_clock::now() > give_up) {
        fail(what);
        return false;
      }
      std::this_thread::yield();
    }
    return true;
  }
  bool check(const Result<void>& result, const char* what) {
    if (!result) {
      fail(std::string(what) + " failed: " + result.error().message());
    }
    return result.has_value();
  }

  std::array<Board, worker_count> boards;
  std::atomic<std::size_t> running{worker_count};
  std::atomic<std::size_t> wakes_begun{0};
  std::atomic<std::size_t> wakes_done{0};
  std::atomic<std::size_t> waker_events{0};

 private:
  const Options& options_;
  std::mutex mutex_;
  std::string failure_;
  std::atomic<bool> has_failed_{false};
};

class Worker {
 public:
  Worker(std::size_t number, std::uint64_t seed, Queue& queue, Shared& shared)
      : number_(number),
        draw_(seed * worker_count + number),
        queue_(queue),
        shared_(shared),
        board_(shared.boards[number]) {}

  void run() {
    for (std::size_t round = 0; round < rounds && !shared_.has_failed(); ++round) {
      const Medium medium = one_of(media);
      if (auto channel = open_channel(medium)) {
        use(channel->first, channel->second, medium != Medium::udp);
      } else {
        shared_.fail("opening a channel failed: " + channel.error().message());
      }
      board_.retired = generation_;
    }
    wake(true);
    --shared_.running;
    wake(false);  // whose event ends the last wait
  }

 private:
  template <class T, std::size_t Size>
  T one_of(const std::array<T, Size>& values) {
    return values[draw_() % Size];
  }

  Step next() {
    Step step;
    step.where = Where::helper;
    step.mode = one_of(std::array{Mode::edge, Mode::level, Mode::oneshot});
    step.interest = one_of(std::array{Interest::readable, Interest::readable | Interest::writable});
    if (step.mode == Mode::oneshot) {
      step.interest = Interest::readable;  // or its one report is of room
    }
    step.token = {number_ * generations + ++generation_};
    return step;
  }

  void wake(bool waits) {
    const std::size_t before = shared_.waker_events;
    ++shared_.wakes_begun;
    shared_.check(queue_.wake(0), "wake");
    ++shared_.wakes_done;
    if (waits) {
      shared_.wait_for([&] { return shared_.waker_events != before; }, "a wake was lost");
    }
  }

  /// Writes to the peer and waits for the event.
  bool is_told(const End& peer) {
    const std::size_t before = board_.readable;
    const std::byte byte{};
    if (const auto written = peer.write({&byte, 1}); !written) {
      shared_.fail("a write failed: " + written.error().message());
    }
    return shared_.wait_for([&] { return board_.readable != before; }, "a wake-up was lost");
  }

  static void drain(const End& end) {
    std::array<std::byte, 64> buffer{};
    while (end.read(buffer)) {
    }
  }

  void use(End& end, const End& peer, bool is_stream) {
    Step step = next();
    if (!shared_.check(queue_.add(end, step), "add")) {
      return;
    }
    for (std::size_t turns = draw_() % 4; is_told(peer) && turns != 0; --turns) {
      drain(end);
      if (step.mode == Mode::oneshot || draw_() % 2 == 0) {
        step = next();
        shared_.check(queue_.modify(end, step), "modify");
        board_.retired = generation_ - 1;
      }
      if (draw_() % 4 == 0) {
        wake(draw_() % 2 == 0);
      }
    }
    if (draw_() % 2 == 0) {
      shared_.check(queue_.remove(end, step), "remove");
      return;
    }
    drain(end);
    end.close();
    if (std::byte byte{}; is_stream) {
      shared_.wait_for([&] { return peer.read({&byte, 1}).value_or(1) == 0; },
                       "the peer of a closed source does not see the end");
    }
  }

  std::size_t number_;
  std::mt19937_64 draw_;
  Queue& queue_;
  Shared& shared_;
  Board& board_;
  std::uintptr_t generation_ = 0;
};

class Poller {
 public:
  Poller(Queue& queue, Shared& shared, const Options& options)
      : queue_(queue), shared_(shared), options_(options) {}

  void run() {
    // The workers give up before it does.
    for (std::size_t turn = 0; shared_.running != 0 && !shared_.has_failed(); ++turn) {
      poll(1 + turn % 8, 2 * options_.patience);
    }
  }

 private:
  void poll(std::size_t capacity, nanoseconds timeout) {
    std::array<std::uintptr_t, worker_count> retired{};
    for (std::size_t i = 0; i < worker_count; ++i) {
      retired[i] = shared_.boards[i].retired;
    }
    const std::size_t done = shared_.wakes_done;
    const auto events = queue_.poll(capacity, timeout);
    if (!events || events->empty()) {
      shared_.fail(events ? "a poll waits in vain" : "poll failed: " + events.error().message());
      return;
    }
    for (const Seen& event : *events) {
      if (event.token == Model::waker_token(0, 0)) {
        // Each wake that was over when a poll began that reported one is covered by that report.
        if (shared_.wakes_begun == covered_) {
          shared_.fail("an event of a waker that nobody woke");
        }
        covered_ = done;
        ++shared_.waker_events;
        continue;
      }
      const std::size_t worker = event.token.value / generations;
      const std::uintptr_t generation = event.token.value % generations;
      if (worker >= worker_count || generation <= retired[worker]) {
        shared_.fail("an event of a registration that is over: " + describe(event));
      } else if (event.is_readable) {
        ++shared_.boards[worker].readable;
      }
    }
  }

  Queue& queue_;
  Shared& shared_;
  const Options& options_;
  std::size_t covered_ = 0;
};

}  // namespace

std::string run_threads(const BackendEntry& backend, std::uint64_t seed, const Options& options) {
  const auto queue = backend.open(0);
  if (!queue) {
    return "create failed: " + queue.error().message();
  }
  Shared shared(options);
  {
    std::vector<std::jthread> threads;
    for (std::size_t number = 0; number < worker_count; ++number) {
      threads.emplace_back([&, number] { Worker(number, seed, **queue, shared).run(); });
    }
    Poller(**queue, shared, options).run();
  }
  return shared.failure();
}

}  // namespace evq::differential
