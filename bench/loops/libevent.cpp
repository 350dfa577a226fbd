// libevent: persistent events, at the edge.
#include <event2/event.h>
#include <event2/thread.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <vector>

#include "contenders.hpp"
#include "guard.hpp"
#include "run.hpp"

namespace bench {

namespace {

struct Free {
  void operator()(event* what) const { event_free(what); }
  void operator()(event_base* base) const { event_base_free(base); }
};

void check(bool good, const char* what) {
  if (!good) {
    throw std::runtime_error(std::string("libevent: ") + what + " failed");
  }
}

timeval time_of(std::chrono::nanoseconds delay) {
  const auto whole =
      std::chrono::ceil<std::chrono::microseconds>(std::max(delay, std::chrono::nanoseconds(0)));
  timeval time{};
  time.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(whole).count();
  time.tv_usec = (whole % std::chrono::seconds(1)).count();
  return time;
}

template <class W>
class EventLoop {
 public:
  explicit EventLoop(W& work) : work_(work) {
    if constexpr (W::uses_wakes) {
      // Locks, which only a base that threads share needs.
      check(evthread_use_pthreads() == 0, "evthread_use_pthreads");
    }
    const std::unique_ptr<event_config, void (*)(event_config*)> config(event_config_new(),
                                                                        event_config_free);
    if constexpr (!W::uses_wakes) {
      event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
    }
    base_.reset(event_base_new_with_config(config.get()));
    check(base_ != nullptr, "event_base_new");
  }

  void add(int fd, std::size_t index, Want want) {
    if (index >= sources_.size()) {
      sources_.resize(index + 1);
    }
    sources_[index] = std::make_unique<Source>();
    Source& source = *sources_[index];
    source.loop = this;
    source.index = index;
    source.event.reset(event_new(base_.get(), fd, events(want), on_event, &source));
    check(source.event && event_add(source.event.get(), nullptr) == 0, "event_add");
  }
  void modify(int fd, std::size_t index, Want want) {
    event* what = sources_[index]->event.get();
    event_del(what);
    event_assign(what, base_.get(), fd, events(want), on_event, sources_[index].get());
    check(event_add(what, nullptr) == 0, "event_add");
  }
  void remove(int /*fd*/, std::size_t index) { sources_[index]->event.reset(); }

  void enable_wakes() {
    wake_.reset(event_new(
        base_.get(), -1, EV_PERSIST,
        [](evutil_socket_t, short, void* loop) {
          static_cast<EventLoop*>(loop)->call([](EventLoop& self) { self.work_.woken(self); });
        },
        this));
    check(wake_ && event_add(wake_.get(), nullptr) == 0, "event_add");
  }
  void wake() { event_active(wake_.get(), EV_READ, 0); }

  void begin_timers() { start_ = Clock::now(); }
  void add_timer(std::size_t index, std::chrono::nanoseconds delay) {
    if (index >= sources_.size()) {
      sources_.resize(index + 1);
    }
    if (!sources_[index]) {
      sources_[index] = std::make_unique<Source>();
      sources_[index]->loop = this;
      sources_[index]->index = index;
      sources_[index]->event.reset(evtimer_new(base_.get(), on_timer, sources_[index].get()));
    }
    const timeval time = time_of(start_ + delay - Clock::now());
    check(evtimer_add(sources_[index]->event.get(), &time) == 0, "evtimer_add");
  }
  void cancel_timer(std::size_t index) { evtimer_del(sources_[index]->event.get()); }

  void run() {
    if (!work_.done()) {
      event_base_loop(base_.get(), EVLOOP_NO_EXIT_ON_EMPTY);
    }
    guard_.rethrow();
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Event = std::unique_ptr<event, Free>;

  struct Source {
    EventLoop* loop;
    std::size_t index;
    Event event;
  };

  static short events(Want want) {
    return static_cast<short>(EV_PERSIST | EV_ET | EV_READ | (want == Want::read ? 0 : EV_WRITE));
  }

  static void on_event(evutil_socket_t, short what, void* argument) {
    const auto* source = static_cast<Source*>(argument);
    const std::size_t index = source->index;
    const Ready ready{(what & EV_READ) != 0, (what & EV_WRITE) != 0};
    source->loop->call([index, ready](EventLoop& self) { self.work_.ready(self, index, ready); });
  }
  static void on_timer(evutil_socket_t /*fd*/, short /*what*/, void* argument) {
    const auto* source = static_cast<Source*>(argument);
    const std::size_t index = source->index;
    source->loop->call([index](EventLoop& self) { self.work_.expired(self, index); });
  }

  template <class Do>
  void call(Do what) {
    if (!guard_([&] { what(*this); }) || work_.done()) {
      event_base_loopbreak(base_.get());
    }
  }

  W& work_;
  std::unique_ptr<event_base, Free> base_;
  std::vector<std::unique_ptr<Source>> sources_;
  Event wake_;
  Clock::time_point start_;
  Guard guard_;
};

}  // namespace

Contender libevent_contender() {
  return contender<EventLoop>("libevent", event_get_version(), "persistent events, edges");
}

}  // namespace bench
