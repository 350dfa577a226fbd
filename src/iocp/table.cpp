#include "table.hpp"

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

namespace evq::iocp {

namespace {

constexpr std::size_t first_buckets = 16;

}  // namespace

std::size_t Table::index(native_handle_type handle, std::size_t count) noexcept {
  // Handles are multiples of four that lie close together.
  return (handle >> 2) & (count - 1);
}

void Table::chain(Registration*& bucket, Registration& registration) noexcept {
  registration.chained = bucket;
  bucket = &registration;
}

Registration* Table::find(native_handle_type handle) const noexcept {
  if (bucket_count_ == 0) {
    return nullptr;
  }
  Registration* found = buckets_[index(handle, bucket_count_)];
  while (found != nullptr && found->handle != handle) {
    found = found->chained;
  }
  return found;
}

Result<void> Table::insert(Registration& registration) noexcept {
  if (size_ >= bucket_count_) {
    grow();
  }
  if (bucket_count_ == 0) {
    return detail::fail(std::errc::not_enough_memory);
  }
  chain(buckets_[index(registration.handle, bucket_count_)], registration);
  ++size_;
  return {};
}

void Table::erase(Registration& registration) noexcept {
  Registration** link = &buckets_[index(registration.handle, bucket_count_)];
  while (*link != &registration) {
    link = &(*link)->chained;
  }
  *link = registration.chained;
  registration.chained = nullptr;
  --size_;
}

Registration* Table::any() const noexcept {
  const auto* const end = buckets_.get() + bucket_count_;
  const auto* const found =
      std::find_if(static_cast<Registration* const*>(buckets_.get()), end,
                   [](const Registration* bucket) noexcept { return bucket != nullptr; });
  return found == end ? nullptr : *found;
}

void Table::grow() noexcept {
  const std::size_t count = bucket_count_ == 0 ? first_buckets : 2 * bucket_count_;
  Buckets buckets(new (std::nothrow) Registration*[count]());
  if (buckets == nullptr) {
    return;
  }
  for (std::size_t i = 0; i < bucket_count_; ++i) {
    Registration* next = buckets_[i];
    while (next != nullptr) {
      Registration& moving = *std::exchange(next, next->chained);
      chain(buckets[index(moving.handle, count)], moving);
    }
  }
  buckets_ = std::move(buckets);
  bucket_count_ = count;
}

}  // namespace evq::iocp
