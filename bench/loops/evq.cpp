// evq itself, on every backend that is compiled in.
#include <evq/basic_poll.hpp>
#include <evq/timer_queue.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

#include "../work/sockets.hpp"
#include "built_backends.hpp"
#include "contenders.hpp"
#include "run.hpp"

namespace bench {

namespace {

evq::Interest interest(Want want) {
  return want == Want::read ? evq::Interest::readable
                            : evq::Interest::readable | evq::Interest::writable;
}

template <class Backend>
struct Evq {
  template <class W>
  class Loop {
   public:
    explicit Loop(W& work)
        : work_(work), poll_(take(evq::BasicPoll<Backend>::create(), "evq: create")) {}

    template <class Source>
    void add(Source& source, std::size_t index, Want want) {
      take(poll_.registry().add(source, evq::Token{index}, interest(want)), "evq: add");
    }
    template <class Source>
    void modify(Source& source, std::size_t index, Want want) {
      take(poll_.registry().modify(source, evq::Token{index}, interest(want)), "evq: modify");
    }
    template <class Source>
    void remove(Source& source, std::size_t /*index*/) {
      take(poll_.registry().remove(source), "evq: remove");
    }

    void enable_wakes() {
      waker_ = take(evq::BasicWaker<Backend>::create(poll_.registry(), wake_token), "evq: waker");
    }
    void wake() { take(waker_->wake(), "evq: wake"); }

    void begin_timers() { start_ = evq::TimerQueue::Clock::now(); }
    void add_timer(std::size_t index, std::chrono::nanoseconds delay) {
      if (index >= keys_.size()) {
        keys_.resize(index + 1);
      }
      keys_[index] = timers_.insert(start_ + delay, evq::Token{index});
    }
    void cancel_timer(std::size_t index) { timers_.cancel(keys_[index]); }

    void run() {
      while (!work_.done()) {
        if constexpr (W::uses_timers) {
          poll(timers_.next_timeout(evq::TimerQueue::Clock::now()));
          const auto now = evq::TimerQueue::Clock::now();
          while (const auto expired = timers_.pop_expired(now)) {
            work_.expired(*this, expired->token.value);
          }
        } else {
          poll(std::nullopt);
        }
        for (const auto& event : events_) {
          if constexpr (W::uses_wakes) {
            if (event.token() == wake_token) {
              work_.woken(*this);
              continue;
            }
          }
          work_.ready(*this, event.token().value, {event.is_readable(), event.is_writable()});
        }
      }
    }

   private:
    void poll(std::optional<std::chrono::nanoseconds> timeout) {
      if (const auto polled = poll_.poll(events_, timeout); !polled) [[unlikely]] {
        throw std::system_error(polled.error(), "evq: poll");
      }
    }

    static constexpr evq::Token wake_token{~std::uintptr_t{0}};

    W& work_;
    evq::BasicPoll<Backend> poll_;
    evq::BasicEvents<Backend> events_{events_per_wait};
    std::optional<evq::BasicWaker<Backend>> waker_;
    evq::TimerQueue timers_;
    evq::TimerQueue::TimePoint start_;
    std::vector<evq::TimerKey> keys_;
  };
};

}  // namespace

std::vector<Contender> evq_contenders() {
  std::vector<Contender> contenders;
  const auto add = [&contenders]<class Backend>(const Backend*) {
    if (Backend::probe()) {
      contenders.push_back(contender<Evq<Backend>::template Loop>(
          "evq-" + std::string(Backend::name), EVQ_BENCH_VERSION, "Poll and net types, edges"));
    }
  };
  [&add]<class... Backend>(const std::tuple<Backend...>*) {
    (add(static_cast<const Backend*>(nullptr)), ...);
  }(static_cast<const evq::BuiltBackends*>(nullptr));
  return contenders;
}

}  // namespace bench
