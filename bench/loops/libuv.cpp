// libuv: uv_poll_t, which reports by level.
#include <uv.h>

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

void check(int result, const char* what) {
  if (result < 0) {
    throw std::runtime_error(std::string(what) + ": " + uv_strerror(result));
  }
}

template <class W>
class UvLoop {
 public:
  explicit UvLoop(W& work) : work_(work) {
    check(uv_loop_init(&loop_), "uv_loop_init");
    loop_.data = this;
  }
  UvLoop(const UvLoop&) = delete;
  UvLoop& operator=(const UvLoop&) = delete;
  ~UvLoop() {
    uv_walk(
        &loop_,
        [](uv_handle_t* handle, void*) {
          if (uv_is_closing(handle) == 0) {
            uv_close(handle, nullptr);
          }
        },
        nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
  }

  void add(int fd, std::size_t index, Want want) {
    if (index >= sources_.size()) {
      sources_.resize(index + 1);
    }
    sources_[index] = new Source{{}, index};
    check(uv_poll_init(&loop_, &sources_[index]->poll, fd), "uv_poll_init");
    sources_[index]->poll.data = sources_[index];
    modify(fd, index, want);
  }
  void modify(int /*fd*/, std::size_t index, Want want) {
    const int events = want == Want::read ? UV_READABLE : UV_READABLE | UV_WRITABLE;
    check(uv_poll_start(&sources_[index]->poll, events, on_poll), "uv_poll_start");
  }
  void remove(int /*fd*/, std::size_t index) {
    uv_close(reinterpret_cast<uv_handle_t*>(&sources_[index]->poll),
             [](uv_handle_t* handle) { delete static_cast<Source*>(handle->data); });
    sources_[index] = nullptr;
  }

  void enable_wakes() {
    check(uv_async_init(&loop_, &async_,
                        [](uv_async_t* async) {
                          self(async->loop).call([](UvLoop& loop) { loop.work_.woken(loop); });
                        }),
          "uv_async_init");
  }
  void wake() { check(uv_async_send(&async_), "uv_async_send"); }

  void begin_timers() {
    uv_update_time(&loop_);
    start_ = uv_now(&loop_);
  }
  void add_timer(std::size_t index, std::chrono::nanoseconds delay) {
    if (index >= timers_.size()) {
      timers_.resize(index + 1);
    }
    if (!timers_[index]) {
      timers_[index] = std::make_unique<uv_timer_t>();
      uv_timer_init(&loop_, timers_[index].get());
      // NOLINTNEXTLINE(performance-no-int-to-ptr): libuv has no other place for a number
      timers_[index]->data = reinterpret_cast<void*>(index);
    }
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(delay).count();
    const auto deadline = start_ + static_cast<std::uint64_t>(whole);
    const auto now = uv_now(&loop_);
    uv_timer_start(
        timers_[index].get(),
        [](uv_timer_t* timer) {
          const auto expired = reinterpret_cast<std::size_t>(timer->data);
          self(timer->loop).call([expired](UvLoop& loop) { loop.work_.expired(loop, expired); });
        },
        deadline > now ? deadline - now : 0, 0);
  }
  void cancel_timer(std::size_t index) { uv_timer_stop(timers_[index].get()); }

  void run() {
    if (!work_.done()) {
      uv_run(&loop_, UV_RUN_DEFAULT);
    }
    guard_.rethrow();
  }

 private:
  struct Source {
    uv_poll_t poll;
    std::size_t index;
  };

  static UvLoop& self(uv_loop_t* loop) { return *static_cast<UvLoop*>(loop->data); }

  static void on_poll(uv_poll_t* poll, int status, int events) {
    const std::size_t index = static_cast<Source*>(poll->data)->index;
    // What libuv reports as a failure is one of the source, which the next call on it tells.
    const Ready ready{status < 0 || (events & UV_READABLE) != 0,
                      status < 0 || (events & UV_WRITABLE) != 0};
    self(poll->loop).call([index, ready](UvLoop& loop) { loop.work_.ready(loop, index, ready); });
  }

  template <class Do>
  void call(Do what) {
    if (!guard_([&] { what(*this); }) || work_.done()) {
      uv_stop(&loop_);
    }
  }

  W& work_;
  uv_loop_t loop_{};
  uv_async_t async_{};
  std::uint64_t start_ = 0;
  std::vector<Source*> sources_;
  std::vector<std::unique_ptr<uv_timer_t>> timers_;
  Guard guard_;
};

}  // namespace

Contender libuv_contender() {
  return contender<UvLoop>("libuv", uv_version_string(), "uv_poll_t, level");
}

}  // namespace bench
