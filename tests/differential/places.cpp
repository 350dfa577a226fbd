#include "places.hpp"

namespace evq::differential {

void Places::run(Where where, const std::function<void()>& task) {
  if (where == Where::here) {
    task();
    return;
  }
  std::exception_ptr thrown;
  const std::function<void()> guarded = [&] {
    try {
      task();
    } catch (...) {
      thrown = std::current_exception();
    }
  };
  if (where == Where::helper) {
    give(&guarded);
  } else {
    std::jthread(guarded).join();
  }
  if (thrown) {
    std::rethrow_exception(thrown);
  }
}

void Places::give(const std::function<void()>* task) {
  std::unique_lock lock(mutex_);
  task_ = task;
  is_given_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !is_given_; });
}

void Places::help() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_given_; });
    const auto* task = task_;
    if (task != nullptr) {
      (*task)();
    }
    is_given_ = false;
    changed_.notify_all();
    if (task == nullptr) {
      return;
    }
  }
}

}  // namespace evq::differential
