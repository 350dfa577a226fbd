// The front end: Poll, Registry, Events and Waker over any backend. It only forwards.
#pragma once

#include <evq/backend.hpp>
#include <evq/error.hpp>
#include <evq/interest.hpp>
#include <evq/source.hpp>
#include <evq/token.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

namespace evq {

template <Backend B>
class BasicPoll;
template <Backend B>
class BasicWaker;

/// One readiness event: token() is_readable() is_writable() is_read_closed() is_write_closed()
/// is_error() is_priority(). What each flag promises is in docs/contract.md. A copy stays valid
/// when its `Events` is filled again.
template <Backend B>
using BasicEvent = typename B::Event;

/// The buffer that `poll` fills: a sized range of events. All memory is taken when it is made.
template <Backend B>
class BasicEvents {
 public:
  using value_type = BasicEvent<B>;
  using const_iterator = const value_type*;
  using iterator = const_iterator;

  /// Room for up to `capacity` events per poll; more ready sources are reported by later polls.
  /// Where there is no memory for it, `capacity()` is 0, which `poll` refuses.
  explicit BasicEvents(std::size_t capacity) noexcept
      : data_(capacity <= (std::numeric_limits<std::ptrdiff_t>::max)() / sizeof(value_type)
                  ? new(std::nothrow) value_type[capacity]
                  : nullptr),
        capacity_(data_ != nullptr ? capacity : 0) {}
  BasicEvents(BasicEvents&& other) noexcept
      : data_(std::move(other.data_)),
        capacity_(std::exchange(other.capacity_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  BasicEvents& operator=(BasicEvents&& other) noexcept {
    data_ = std::move(other.data_);
    capacity_ = std::exchange(other.capacity_, 0);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  void clear() noexcept { size_ = 0; }

  [[nodiscard]] const_iterator begin() const noexcept { return data_.get(); }
  [[nodiscard]] const_iterator end() const noexcept { return data_.get() + size_; }
  [[nodiscard]] const value_type* data() const noexcept { return data_.get(); }
  [[nodiscard]] const value_type& operator[](std::size_t index) const noexcept {
    return data_[index];
  }

 private:
  friend class BasicPoll<B>;

  std::unique_ptr<value_type[]> data_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

/// Registers sources with a queue. Every member is const and may be called from any thread, also
/// while another one blocks in `poll`: what is added then can end that wait.
///
/// Errors, the same on every backend and always from the call itself: `invalid_argument` for an
/// empty interest, `file_exists` for a source that is registered already, `bad_file_descriptor` for
/// a handle that is not open, `operation_not_permitted` for one that cannot be waited for,
/// `no_such_file_or_directory` for `modify` or `remove` of what is not registered here,
/// `bad_file_descriptor` on a registry that was moved from; and what the system says when it is out
/// of something (`no_space_on_device`, `not_enough_memory`).
template <Backend B>
class BasicRegistry {
 public:
  /// Reports `source` with `token` whenever it is ready for `interest`, as `mode` says. If it is
  /// ready now, the next `poll` says so. The source is closed or removed before it is added again.
  template <class S>
    requires Source<S&&>
  Result<void> add(S&& source, Token token, Interest interest, Mode mode = Mode::edge) const {
    const detail::SourceRef ref = detail::source_ref(source);
    if (auto checked = check(interest); !checked) {
      return checked;
    }
    if (ref.slot == nullptr) {
      return queue_.get()->add(ref, token, interest, mode);
    }
    if (auto claimed = ref.slot->claim(*queue_.get()); !claimed) {
      return claimed;
    }
    auto added = queue_.get()->add(ref, token, interest, mode);
    if (!added) {
      ref.slot->release();
    }
    return added;
  }

  /// Replaces token, interest and mode of a registration at once. If the source is ready now, the
  /// next `poll` says so: this re-arms a oneshot, and an edge.
  template <class S>
    requires Source<S&&>
  Result<void> modify(S&& source, Token token, Interest interest, Mode mode = Mode::edge) const {
    const detail::SourceRef ref = detail::source_ref(source);
    if (auto checked = check(interest); !checked) {
      return checked;
    }
    if (ref.slot != nullptr && !ref.slot->is_in(*queue_.get())) {
      return detail::fail(std::errc::no_such_file_or_directory);
    }
    return queue_.get()->modify(ref, token, interest, mode);
  }

  /// Ends a registration. No `poll` that starts later returns an event of it, and its token is
  /// free. An owned source can then join any queue, whatever this returns.
  template <class S>
    requires Source<S&&>
  Result<void> remove(S&& source) const {
    const detail::SourceRef ref = detail::source_ref(source);
    if (queue_.get() == nullptr) {
      return detail::fail(std::errc::bad_file_descriptor);
    }
    if (ref.slot == nullptr) {
      return queue_.get()->remove(ref);
    }
    if (!ref.slot->is_in(*queue_.get())) {
      return detail::fail(std::errc::no_such_file_or_directory);
    }
    auto removed = queue_.get()->remove(ref);
    ref.slot->removed();
    return removed;
  }

  /// A registry of the same queue for another thread to keep. It may outlive the Poll: its calls
  /// stay safe, and its sources stay registered, until the last registry is gone.
  [[nodiscard]] Result<BasicRegistry> try_clone() const {
    if (queue_.get() == nullptr) {
      return detail::fail(std::errc::bad_file_descriptor);
    }
    return BasicRegistry(queue_.share());
  }

 private:
  friend class BasicPoll<B>;
  friend class BasicWaker<B>;

  explicit BasicRegistry(detail::Owner<B> queue) noexcept : queue_(std::move(queue)) {}

  [[nodiscard]] Result<void> check(Interest interest) const noexcept {
    if (queue_.get() == nullptr) {
      return detail::fail(std::errc::bad_file_descriptor);
    }
    if (interest.is_empty()) {
      return detail::fail(std::errc::invalid_argument);
    }
    return {};
  }

  detail::Owner<B> queue_;
};

/// Waits for events. `poll` is exclusive, one thread at a time; the registry is shared.
template <Backend B>
class BasicPoll {
 public:
  /// A new, empty queue. Fails with what the system says, for example `too_many_files_open`.
  [[nodiscard]] static Result<BasicPoll> create() {
    auto queue = B::create();
    if (!queue) {
      return std::unexpected(queue.error());
    }
    return BasicPoll(BasicRegistry<B>(*std::move(queue)));
  }

  /// Valid as long as this Poll stays where it is; for another thread take a `try_clone` of it.
  [[nodiscard]] const BasicRegistry<B>& registry() const noexcept { return registry_; }

  /// Blocks until a source is ready or `timeout` has passed, and puts what is ready into `events`,
  /// replacing what was there; none after a time-out. Without a time-out it waits for ever; with
  /// zero, or less, it never blocks. It never returns early: a signal does not end the wait, and
  /// the time-out is rounded up to what the system can do (a nanosecond on Linux with
  /// epoll_pwait2(2) and on kqueue, else a millisecond). Expect events that are no longer true.
  ///
  /// Errors: `invalid_argument` if `events` has no capacity, `bad_file_descriptor` on a Poll that
  /// was moved from. Allocates nothing.
  Result<void> poll(BasicEvents<B>& events,
                    std::optional<std::chrono::nanoseconds> timeout = std::nullopt) {
    events.size_ = 0;
    B* queue = registry_.queue_.get();
    if (queue == nullptr || events.capacity_ == 0) [[unlikely]] {
      return detail::fail(queue == nullptr ? std::errc::bad_file_descriptor
                                           : std::errc::invalid_argument);
    }
    const auto ready = queue->wait(std::span(events.data_.get(), events.capacity_), timeout);
    if (!ready) [[unlikely]] {
      return std::unexpected(ready.error());
    }
    events.size_ = *ready;
    return {};
  }

 private:
  explicit BasicPoll(BasicRegistry<B> registry) noexcept : registry_(std::move(registry)) {}

  BasicRegistry<B> registry_;
};

/// Ends a wait from another thread or a signal handler.
template <Backend B>
class BasicWaker {
 public:
  /// A waker whose wakes are reported, as readable, with `token`. Several may share a queue. It
  /// does not keep the queue alive.
  [[nodiscard]] static Result<BasicWaker> create(const BasicRegistry<B>& registry, Token token) {
    if (registry.queue_.get() == nullptr) {
      return detail::fail(std::errc::bad_file_descriptor);
    }
    auto waker = B::Waker::create(*registry.queue_.get(), token);
    if (!waker) {
      return std::unexpected(waker.error());
    }
    return BasicWaker(*std::move(waker));
  }

  /// Makes the current or the next `poll` return an event with the waker's token. Wakes that come
  /// before it is returned are one event, and cost no further system call. Any thread;
  /// async-signal-safe on epoll, io_uring and kqueue, where it leaves errno alone. What was
  /// written before a wake is seen by whoever gets its event. After the queue's last owner is gone
  /// it does nothing and succeeds; `bad_file_descriptor` on a waker that was moved from.
  Result<void> wake() const noexcept { return waker_.wake(); }

 private:
  explicit BasicWaker(typename B::Waker waker) noexcept : waker_(std::move(waker)) {}

  typename B::Waker waker_;
};

}  // namespace evq
