// The threads that steps are done by.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "steps.hpp"

namespace evq::differential {

class Places {
 public:
  Places() : helper_([this] { help(); }) {}
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;
  ~Places() { give(nullptr); }

  /// Does `task` in a thread and returns when it is done, also with what it throws.
  void run(Where where, const std::function<void()>& task);

 private:
  void help();
  /// Hands the helper a task and waits for it; no task ends it.
  void give(const std::function<void()>* task);

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* task_ = nullptr;
  bool is_given_ = false;
  std::jthread helper_;
};

}  // namespace evq::differential
