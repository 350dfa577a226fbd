// Callbacks that are called by code which does not know exceptions.
#pragma once

#include <exception>
#include <utility>

namespace bench {

class Guard {
 public:
  /// Does it, and keeps what it throws. False from then on.
  template <class Do>
  bool operator()(Do what) noexcept {
    if (!failure_) {
      try {
        what();
      } catch (...) {
        failure_ = std::current_exception();
      }
    }
    return !failure_;
  }

  /// Throws what was kept.
  void rethrow() {
    if (auto failure = std::exchange(failure_, nullptr)) {
      std::rethrow_exception(std::move(failure));
    }
  }

 private:
  std::exception_ptr failure_;
};

}  // namespace bench
