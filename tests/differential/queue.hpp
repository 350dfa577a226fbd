// A queue of any backend behind one face, so that what runs the steps is compiled once.
#pragma once

#include <evq/basic_poll.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "channel.hpp"
#include "model.hpp"
#include "steps.hpp"

namespace evq::differential {

/// A queue and all that holds it: a Poll, a clone of its registry and wakers.
class Queue {
 public:
  Queue() = default;
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  virtual ~Queue() = default;

  // By the Poll's registry, or by the clone if the step is for another thread. These and wake are
  // thread-safe.
  virtual Result<void> add(End& end, const Step& step) = 0;
  virtual Result<void> modify(End& end, const Step& step) = 0;
  virtual Result<void> remove(End& end, const Step& step) = 0;

  virtual Result<std::vector<Seen>> poll(std::size_t capacity,
                                         std::chrono::nanoseconds timeout) = 0;
  virtual Result<void> wake(std::size_t waker) = 0;
  virtual Result<void> clone() = 0;
};

template <evq::Backend B>
Seen seen(const BasicEvent<B>& event) {
  return {event.token(),           event.is_readable(), event.is_writable(), event.is_read_closed(),
          event.is_write_closed(), event.is_error(),    event.is_priority()};
}

template <evq::Backend B>
class QueueOf final : public Queue {
 public:
  static Result<std::unique_ptr<Queue>> open(std::size_t number) {
    auto poll = BasicPoll<B>::create();
    if (!poll) {
      return std::unexpected(poll.error());
    }
    std::unique_ptr<QueueOf> queue(new QueueOf(*std::move(poll)));
    for (std::size_t waker = 0; waker < waker_count; ++waker) {
      auto made = BasicWaker<B>::create(queue->poll_.registry(), Model::waker_token(number, waker));
      if (!made) {
        return std::unexpected(made.error());
      }
      queue->wakers_[waker] = *std::move(made);
    }
    if (auto cloned = queue->clone(); !cloned) {
      return std::unexpected(cloned.error());
    }
    return queue;
  }

  Result<void> add(End& end, const Step& step) override {
    return end.visit([&](auto& source) {
      return registry(step).add(source, step.token, step.interest, step.mode);
    });
  }
  Result<void> modify(End& end, const Step& step) override {
    return end.visit([&](auto& source) {
      return registry(step).modify(source, step.token, step.interest, step.mode);
    });
  }
  Result<void> remove(End& end, const Step& step) override {
    return end.visit([&](auto& source) { return registry(step).remove(source); });
  }

  Result<std::vector<Seen>> poll(std::size_t capacity, std::chrono::nanoseconds timeout) override {
    BasicEvents<B> events(capacity);
    if (auto polled = poll_.poll(events, timeout); !polled) {
      return std::unexpected(polled.error());
    }
    std::vector<Seen> all;
    for (const auto& event : events) {
      all.push_back(seen<B>(event));
    }
    return all;
  }
  Result<void> wake(std::size_t waker) override { return wakers_[waker]->wake(); }
  Result<void> clone() override {
    auto cloned = poll_.registry().try_clone();
    if (!cloned) {
      return std::unexpected(cloned.error());
    }
    clone_ = *std::move(cloned);
    return {};
  }

 private:
  explicit QueueOf(BasicPoll<B> poll) : poll_(std::move(poll)) {}

  const BasicRegistry<B>& registry(const Step& step) const {
    return step.where == Where::here ? poll_.registry() : *clone_;
  }

  // Wakers refer to a queue that is closed when they go.
  std::array<std::optional<BasicWaker<B>>, waker_count> wakers_;
  BasicPoll<B> poll_;
  std::optional<BasicRegistry<B>> clone_;
};

/// A backend that is compiled in.
struct BackendEntry {
  std::string name;
  Result<void> (*probe)();
  Result<std::unique_ptr<Queue>> (*open)(std::size_t number);
  Leeway leeway;
};

/// All of them; the first is what the others are compared with.
const std::vector<BackendEntry>& backends();

}  // namespace evq::differential
