// Asio without Boost: an async_wait for each direction, asked again after each event.
#include <asio.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contenders.hpp"
#include "run.hpp"

namespace bench {

namespace {

using asio::posix::stream_descriptor;

template <class W>
class AsioLoop {
 public:
  explicit AsioLoop(W& work) : work_(work) {}
  AsioLoop(const AsioLoop&) = delete;
  AsioLoop& operator=(const AsioLoop&) = delete;
  ~AsioLoop() {
    // The descriptors are the work's.
    for (auto& source : sources_) {
      if (source) {
        source->descriptor.release();
      }
    }
  }

  void add(int fd, std::size_t index, Want want) {
    if (index >= sources_.size()) {
      sources_.resize(index + 1);
    }
    sources_[index] = std::make_shared<Source>(Source{stream_descriptor(io_, fd), index, want});
    ask(sources_[index], stream_descriptor::wait_read);
    if (want == Want::read_write) {
      ask(sources_[index], stream_descriptor::wait_write);
    }
  }
  void modify(int /*fd*/, std::size_t index, Want want) {
    // To want no more is not to ask again.
    auto& source = sources_[index];
    if (std::exchange(source->want, want) == Want::read && want == Want::read_write) {
      ask(source, stream_descriptor::wait_write);
    }
  }
  void remove(int /*fd*/, std::size_t index) {
    sources_[index]->descriptor.release();
    sources_[index].reset();
  }

  void enable_wakes() { guard_.emplace(io_.get_executor()); }
  void wake() {
    asio::post(io_, [this] {
      work_.woken(*this);
      stop_if_done();
    });
  }

  void begin_timers() { start_ = asio::steady_timer::clock_type::now(); }
  void add_timer(std::size_t index, std::chrono::nanoseconds delay) {
    if (index >= timers_.size()) {
      timers_.resize(index + 1);
    }
    if (!timers_[index]) {
      timers_[index] = std::make_unique<asio::steady_timer>(io_);
    }
    timers_[index]->expires_at(start_ + delay);
    timers_[index]->async_wait([this, index](const asio::error_code& error) {
      if (!error) {
        work_.expired(*this, index);
        stop_if_done();
      }
    });
  }
  void cancel_timer(std::size_t index) { timers_[index]->cancel(); }

  void run() {
    if (!work_.done()) {
      io_.restart();
      io_.run();
    }
  }

 private:
  struct Source {
    stream_descriptor descriptor;
    std::size_t index;
    Want want;
  };

  void ask(const std::shared_ptr<Source>& source, stream_descriptor::wait_type direction) {
    source->descriptor.async_wait(
        direction, [this, source, direction](const asio::error_code& error) {
          if (error) {
            return;  // removed
          }
          const bool reads = direction == stream_descriptor::wait_read;
          work_.ready(*this, source->index, {reads, !reads});
          if (source->descriptor.is_open() && (reads || source->want == Want::read_write)) {
            ask(source, direction);
          }
          stop_if_done();
        });
  }

  void stop_if_done() {
    if (work_.done()) {
      io_.stop();
    }
  }

  W& work_;
  asio::io_context io_{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> guard_;
  std::vector<std::shared_ptr<Source>> sources_;
  std::vector<std::unique_ptr<asio::steady_timer>> timers_;
  asio::steady_timer::time_point start_;
};

}  // namespace

Contender asio_contender() {
  return contender<AsioLoop>("asio",
                             std::to_string(ASIO_VERSION / 100000) + "." +
                                 std::to_string(ASIO_VERSION / 100 % 1000) + "." +
                                 std::to_string(ASIO_VERSION % 100),
                             "async_wait, asked again after each event");
}

}  // namespace bench
