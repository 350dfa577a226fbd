#include <evq/timer_queue.hpp>

#include <algorithm>

namespace evq {

namespace {

/// Children per node: four share a cache line or two, and halve the depth of a binary heap.
constexpr std::size_t arity = 4;

}  // namespace

TimerKey TimerQueue::insert(TimePoint deadline, Token token) {
  std::uint32_t index = free_;
  if (index == none) {
    index = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back({token, 1, none});
  } else {
    free_ = slots_[index].link;
    slots_[index].token = token;
  }
  const Node node{deadline, sequence_++, index};
  heap_.push_back(node);
  sift_up(heap_.size() - 1, node);
  return {index, slots_[index].generation};
}

bool TimerQueue::cancel(TimerKey key) noexcept {
  // A free slot has the generation of its next timer already, which nobody has a key for.
  if (key.slot >= slots_.size() || slots_[key.slot].generation != key.generation) {
    return false;
  }
  const std::size_t position = slots_[key.slot].link;
  if (position >= heap_.size() || heap_[position].slot != key.slot) {
    return false;
  }
  take(position);
  return true;
}

std::optional<std::chrono::nanoseconds> TimerQueue::next_timeout(TimePoint now) const noexcept {
  if (heap_.empty()) {
    return std::nullopt;
  }
  const TimePoint deadline = heap_.front().deadline;
  if (deadline <= now) {
    return std::chrono::nanoseconds::zero();
  }
  // The difference of two far ends of the clock does not fit.
  constexpr auto most = std::chrono::nanoseconds::max();
  return now < TimePoint() && deadline > now + most ? most : deadline - now;
}

std::optional<TimerQueue::Expired> TimerQueue::pop_expired(TimePoint now) noexcept {
  if (heap_.empty() || heap_.front().deadline > now) {
    return std::nullopt;
  }
  return take(0);
}

void TimerQueue::reserve(std::size_t timers) {
  heap_.reserve(timers);
  slots_.reserve(timers);
}

void TimerQueue::clear() noexcept {
  while (!heap_.empty()) {
    take(heap_.size() - 1);
  }
}

void TimerQueue::place(std::size_t position, const Node& node) noexcept {
  heap_[position] = node;
  slots_[node.slot].link = static_cast<std::uint32_t>(position);
}

void TimerQueue::sift_up(std::size_t position, const Node& node) noexcept {
  while (position > 0) {
    const std::size_t parent = (position - 1) / arity;
    if (!node.before(heap_[parent])) {
      break;
    }
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, node);
}

void TimerQueue::sift_down(std::size_t position, const Node& node) noexcept {
  while (true) {
    const std::size_t first = position * arity + 1;
    if (first >= heap_.size()) {
      break;
    }
    const std::size_t end = std::min(first + arity, heap_.size());
    std::size_t least = first;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (heap_[child].before(heap_[least])) {
        least = child;
      }
    }
    if (!heap_[least].before(node)) {
      break;
    }
    place(position, heap_[least]);
    position = least;
  }
  place(position, node);
}

TimerQueue::Expired TimerQueue::take(std::size_t position) noexcept {
  const Node taken = heap_[position];
  Slot& slot = slots_[taken.slot];
  const Expired expired{{taken.slot, slot.generation}, slot.token, taken.deadline};
  // Generation 0 names no timer.
  slot.generation = std::max<std::uint32_t>(slot.generation + 1, 1);
  slot.link = free_;
  free_ = taken.slot;

  const Node last = heap_.back();
  heap_.pop_back();
  if (position < heap_.size()) {
    if (position > 0 && last.before(heap_[(position - 1) / arity])) {
      sift_up(position, last);
    } else {
      sift_down(position, last);
    }
  }
  return expired;
}

}  // namespace evq
