#include <evq/detail/queue.hpp>

namespace evq::detail {

bool Queue::try_pin() noexcept {
  std::uint64_t holders = holders_.load(std::memory_order_relaxed);
  while (is_owned(holders)) {
    if (holders_.compare_exchange_weak(holders, holders + one_pin, std::memory_order_acquire,
                                       std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void Queue::let_go(std::uint64_t share) noexcept {
  if (holders_.fetch_sub(share, std::memory_order_acq_rel) == share) {
    hooks_.close(*this);
    unrefer();
  }
}

void Queue::unrefer() noexcept {
  if (referrers_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    hooks_.destroy(this);
  }
}

}  // namespace evq::detail
