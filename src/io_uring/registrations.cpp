#include "registrations.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace evq::io_uring {

Registrations::~Registrations() {
  for (std::size_t i = 0; i < end_ / chunk_size; ++i) {
    delete[] chunks_[i];
  }
}

Index Registrations::insert(int handle) noexcept {
  if (free_ == no_index && !grow()) {
    return no_index;
  }
  if (count_ >= bucket_count_) {
    rehash(std::max<std::size_t>(chunk_size, 2 * bucket_count_));
    if (bucket_count_ == 0) {
      return no_index;
    }
  }
  const Index index = free_;
  Registration& fresh = (*this)[index];
  free_ = fresh.next_of_bucket;
  const Registration last = std::exchange(fresh, {});
  fresh.handle = handle;
  fresh.serial = last.serial;
  fresh.generation = last.generation;
  fresh.next_of_bucket = std::exchange(bucket(handle), index);
  ++count_;
  return index;
}

void Registrations::hide(Index index) noexcept {
  const Registration& hidden = (*this)[index];
  Index* link = &bucket(hidden.handle);
  while (*link != index) {
    link = &(*this)[*link].next_of_bucket;
  }
  *link = hidden.next_of_bucket;
  --count_;
}

void Registrations::erase(Index index) noexcept {
  Registration& erased = (*this)[index];
  erased.serial = next_number(erased.serial);
  erased.generation = next_number(erased.generation);
  erased.armed = 0;
  erased.next_of_bucket = std::exchange(free_, index);
}

Index Registrations::find(int handle) noexcept {
  if (bucket_count_ == 0) {
    return no_index;
  }
  Index index = bucket(handle);
  while (index != no_index && (*this)[index].handle != handle) {
    index = (*this)[index].next_of_bucket;
  }
  return index;
}

bool Registrations::grow() noexcept {
  const std::size_t chunk_count = end_ / chunk_size;
  if (chunk_count == chunk_capacity_) {
    const std::size_t capacity = std::max<std::size_t>(4, 2 * chunk_capacity_);
    std::unique_ptr<Registration*[]> chunks(new (std::nothrow) Registration*[capacity]);
    if (chunks == nullptr) {
      return false;
    }
    std::copy_n(chunks_.get(), chunk_count, chunks.get());
    chunks_ = std::move(chunks);
    chunk_capacity_ = capacity;
  }
  auto* chunk = new (std::nothrow) Registration[chunk_size]{};
  if (chunk == nullptr) {
    return false;
  }
  chunks_[chunk_count] = chunk;
  end_ += chunk_size;
  // The lowest index first.
  for (Index i = chunk_size; i-- != 0;) {
    chunk[i].serial = 1;
    chunk[i].generation = 1;
    chunk[i].next_of_bucket = std::exchange(free_, end_ - chunk_size + i);
  }
  return true;
}

void Registrations::rehash(std::size_t bucket_count) noexcept {
  std::unique_ptr<Index[]> buckets(new (std::nothrow) Index[bucket_count]);
  if (buckets == nullptr) {
    return;  // longer lists will do
  }
  std::fill_n(buckets.get(), bucket_count, no_index);
  std::swap(buckets_, buckets);
  std::swap(bucket_count_, bucket_count);
  for (std::size_t i = 0; i < bucket_count; ++i) {
    for (Index index = buckets[i]; index != no_index;) {
      Registration& moved = (*this)[index];
      const Index next = std::exchange(moved.next_of_bucket, bucket(moved.handle));
      bucket(moved.handle) = std::exchange(index, next);
    }
  }
}

}  // namespace evq::io_uring
