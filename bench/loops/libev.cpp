// libev: ev_io watchers, which report by level.
#include <ev.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "contenders.hpp"
#include "guard.hpp"
#include "run.hpp"

namespace bench {

namespace {

// ev.h begins its watchers with flags of a C that has no strict aliasing; the macros that set them
// up are its interface all the same.
template <class W>
class EvLoop {
 public:
  explicit EvLoop(W& work) : work_(work), loop_(ev_loop_new(EVFLAG_AUTO)) {
    if (loop_ == nullptr) {
      throw std::runtime_error("ev_loop_new failed");
    }
    ev_set_userdata(loop_, this);
  }
  EvLoop(const EvLoop&) = delete;
  EvLoop& operator=(const EvLoop&) = delete;
  ~EvLoop() { ev_loop_destroy(loop_); }

  void add(int fd, std::size_t index, Want want) {
    if (index >= sources_.size()) {
      sources_.resize(index + 1);
    }
    sources_[index] = std::make_unique<ev_io>();
    ev_io* io = sources_[index].get();
    ev_io_init(io, on_io, fd, events(want));
    io->data = to_data(index);
    ev_io_start(loop_, io);
  }
  void modify(int fd, std::size_t index, Want want) {
    ev_io* io = sources_[index].get();
    ev_io_stop(loop_, io);
    ev_io_set(io, fd, events(want));
    ev_io_start(loop_, io);
  }
  void remove(int /*fd*/, std::size_t index) {
    ev_io_stop(loop_, sources_[index].get());
    sources_[index].reset();
  }

  void enable_wakes() {
    ev_async_init(&async_, on_async);
    ev_async_start(loop_, &async_);
  }
  void wake() { ev_async_send(loop_, &async_); }

  void begin_timers() {
    ev_now_update(loop_);
    start_ = ev_now(loop_);
  }
  void add_timer(std::size_t index, std::chrono::nanoseconds delay) {
    if (index >= timers_.size()) {
      timers_.resize(index + 1);
    }
    if (!timers_[index]) {
      timers_[index] = std::make_unique<ev_timer>();
    }
    ev_timer* timer = timers_[index].get();
    const double seconds = std::chrono::duration<double>(delay).count();
    ev_timer_init(timer, on_timer, start_ + seconds - ev_now(loop_), 0.);
    timer->data = to_data(index);
    ev_timer_start(loop_, timer);
  }
  void cancel_timer(std::size_t index) { ev_timer_stop(loop_, timers_[index].get()); }

  void run() {
    if (!work_.done()) {
      ev_run(loop_, 0);
    }
    guard_.rethrow();
  }

 private:
  /// libev has no other place for a number.
  static void* to_data(std::size_t index) {
    return reinterpret_cast<void*>(index);  // NOLINT(performance-no-int-to-ptr)
  }
  static int events(Want want) { return want == Want::read ? EV_READ : EV_READ | EV_WRITE; }

  static EvLoop& self(struct ev_loop* loop) { return *static_cast<EvLoop*>(ev_userdata(loop)); }

  static void on_io(struct ev_loop* loop, ev_io* io, int what) {
    const auto index = reinterpret_cast<std::size_t>(io->data);
    const Ready ready{(what & EV_READ) != 0, (what & EV_WRITE) != 0};
    self(loop).call([index, ready](EvLoop& all) { all.work_.ready(all, index, ready); });
  }
  static void on_async(struct ev_loop* loop, ev_async* /*async*/, int /*what*/) {
    self(loop).call([](EvLoop& all) { all.work_.woken(all); });
  }
  static void on_timer(struct ev_loop* loop, ev_timer* timer, int /*what*/) {
    const auto index = reinterpret_cast<std::size_t>(timer->data);
    self(loop).call([index](EvLoop& all) { all.work_.expired(all, index); });
  }

  template <class Do>
  void call(Do what) {
    if (!guard_([&] { what(*this); }) || work_.done()) {
      ev_break(loop_, EVBREAK_ALL);
    }
  }

  W& work_;
  struct ev_loop* loop_;
  ev_async async_{};
  ev_tstamp start_ = 0;
  std::vector<std::unique_ptr<ev_io>> sources_;
  std::vector<std::unique_ptr<ev_timer>> timers_;
  Guard guard_;
};

}  // namespace

Contender libev_contender() {
  return contender<EvLoop>(
      "libev", std::to_string(ev_version_major()) + "." + std::to_string(ev_version_minor()),
      "ev_io, level");
}

}  // namespace bench
