// What the io_uring backend keeps per registered source: in user space, since a poll request knows
// nothing but a number, and outlives for a moment what it was made for.
#pragma once

#include <evq/token.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "user_data.hpp"

namespace evq::io_uring {

/// An index into Registrations.
using Index = std::uint32_t;
inline constexpr Index no_index = ~Index{0};

struct Registration {
  Token token;
  int handle;
  std::uint32_t events;  ///< What the kernel is asked for, EPOLLET or EPOLLONESHOT for the mode.
  std::uint32_t ready;   ///< What has been completed and not been reported.
  std::uint32_t serial;  ///< Tells it from others that had its index. Never 0.
  std::uint32_t generation;  ///< Tells what is wanted of it from what was. Never 0.
  std::uint32_t armed;       ///< The generation that a poll request is pending for, or 0.
  Index next_changed;
  Index place;           ///< Where its event is, if it has one; in the list of the ready, the next.
  Index next_of_bucket;  ///< Or the next free one.
  std::uint16_t tenure;  ///< Whose the poll request is: each thread that polls has another number.
  bool is_raw : 1;       ///< A RawSource.
  bool is_ended : 1;     ///< Nothing is wanted of it any more.
  bool is_spent : 1;     ///< A oneshot that was reported.
  bool is_changed : 1;   ///< In the list of what the kernel is to be told.
  bool is_queued : 1;    ///< In the list of what may be ready.
  bool is_multishot : 1;  ///< What the poll request is.
};

/// A list of registrations through one of their members.
template <Index Registration::* Next>
class List {
 public:
  List() = default;
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  [[nodiscard]] bool is_empty() const noexcept { return first_ == no_index; }
  void push_back(Registration& registration, Index index) noexcept {
    registration.*Next = no_index;
    *end_ = index;
    end_ = &(registration.*Next);
  }
  template <class Registrations>
  Index pop_front(Registrations& registrations) noexcept {
    const Index index = std::exchange(first_, registrations[first_].*Next);
    if (is_empty()) {
      end_ = &first_;
    }
    return index;
  }

 private:
  Index first_ = no_index;
  Index* end_ = &first_;  ///< Registrations never move.
};

/// Registrations by index and by handle. None ever moves. Not thread-safe.
class Registrations {
 public:
  Registrations() = default;
  Registrations(const Registrations&) = delete;
  Registrations& operator=(const Registrations&) = delete;
  ~Registrations();

  /// A new one, with nothing but its handle and its numbers; `no_index` without memory.
  [[nodiscard]] Index insert(int handle) noexcept;
  /// Its handle does not find it any more.
  void hide(Index index) noexcept;
  /// Its handle finds it again.
  void show(Index index) noexcept;
  /// After `hide`: the index is free for another one.
  void erase(Index index) noexcept;

  [[nodiscard]] Registration& operator[](Index index) noexcept {
    return chunks_[index / chunk_size][index % chunk_size];
  }
  /// By handle, or `no_index`.
  [[nodiscard]] Index find(int handle) noexcept;
  /// Every index is below this; those that are free have nothing armed.
  [[nodiscard]] Index end() const noexcept { return end_; }

 private:
  // 64 bytes of heap memory per source are promised: 48 here, 4 to 8 of a bucket, and a share of
  // the pointer to the chunk.
  static_assert(sizeof(Registration) == 48);
  static constexpr Index chunk_size = 64;

  [[nodiscard]] bool grow() noexcept;
  void rehash(std::size_t bucket_count) noexcept;
  [[nodiscard]] Index& bucket(int handle) noexcept {
    return buckets_[static_cast<std::size_t>(handle) & (bucket_count_ - 1)];
  }

  std::unique_ptr<Registration*[]> chunks_;
  std::size_t chunk_capacity_ = 0;
  Index end_ = 0;
  Index free_ = no_index;
  std::size_t count_ = 0;
  /// Heads of lists, a power of two. Handles are small numbers, given out from below: they spread
  /// by themselves.
  std::unique_ptr<Index[]> buckets_;
  std::size_t bucket_count_ = 0;
};

/// The number after this one, and never 0.
[[nodiscard]] inline std::uint32_t next_number(std::uint32_t number) noexcept {
  return number == max_generation ? 1 : number + 1;
}

}  // namespace evq::io_uring
