// The loops of bench/peers, which is Rust: the C interface, and a loop over it.
#pragma once

#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "contenders.hpp"
#include "guard.hpp"
#include "run.hpp"

namespace bench {

/// What a loop calls, with `work`. `ready` and `woken` return whether the work is done.
struct PeerCallbacks {
  void* work;
  bool (*ready)(void* work, std::size_t index, bool readable, bool writable);
  /// Null for work without wakes.
  bool (*woken)(void* work);
};

/// Functions of one peer. Those that return a number return 0, or an errno as a negative one.
template <class Handle>
struct PeerApi {
  void (*version)(char* buffer, std::size_t size);
  Handle* (*create)();
  void (*destroy)(Handle* loop);
  int (*add)(Handle* loop, int fd, std::size_t index, bool writes);
  int (*modify)(Handle* loop, int fd, std::size_t index, bool writes);
  int (*remove)(Handle* loop, int fd);
  int (*enable_wakes)(Handle* loop);
  int (*wake)(const Handle* loop);
  int (*run)(Handle* loop, std::size_t capacity, PeerCallbacks callbacks);
};

template <const auto& Api>
struct Peer {
  template <class W>
  class Loop {
   public:
    explicit Loop(W& work) : work_(work), loop_(Api.create()) {
      if (loop_ == nullptr) {
        throw std::runtime_error("the peer cannot make its loop");
      }
    }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() { Api.destroy(loop_); }

    void add(int fd, std::size_t index, Want want) {
      check(Api.add(loop_, fd, index, want == Want::read_write), "add");
    }
    void modify(int fd, std::size_t index, Want want) {
      check(Api.modify(loop_, fd, index, want == Want::read_write), "modify");
    }
    void remove(int fd, std::size_t /*index*/) { check(Api.remove(loop_, fd), "remove"); }

    void enable_wakes() { check(Api.enable_wakes(loop_), "enable_wakes"); }
    void wake() { check(Api.wake(loop_), "wake"); }

    void run() {
      if (!work_.done()) {
        check(Api.run(loop_, events_per_wait, {this, on_ready, W::uses_wakes ? on_woken : nullptr}),
              "run");
      }
      guard_.rethrow();
    }

   private:
    static void check(int result, const char* what) {
      if (result < 0) {
        errno = -result;
        fail(what);
      }
    }

    static bool on_ready(void* loop, std::size_t index, bool readable, bool writable) {
      auto& self = *static_cast<Loop*>(loop);
      const bool good = self.guard_([&] { self.work_.ready(self, index, {readable, writable}); });
      return !good || self.work_.done();
    }
    static bool on_woken(void* loop) {
      auto& self = *static_cast<Loop*>(loop);
      if constexpr (W::uses_wakes) {
        self.work_.woken(self);
      }
      return self.work_.done();
    }

    W& work_;
    decltype(Api.create()) loop_;
    Guard guard_;
  };

  static std::string version() {
    char buffer[32] = {};
    Api.version(buffer, sizeof buffer);
    return buffer;
  }
};

}  // namespace bench
