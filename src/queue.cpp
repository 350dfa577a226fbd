#include <evq/detail/queue.hpp>

namespace evq::detail {

bool Queue::try_own() noexcept {
  std::uint32_t owners = owners_.load(std::memory_order_relaxed);
  while (owners != 0) {
    if (owners_.compare_exchange_weak(owners, owners + 1, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void Queue::disown() noexcept {
  if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
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
