// One thread blocks in poll while another registers sources with the same queue: it owns a clone of
// the registry. What it adds ends the wait as soon as it is ready, which may be at once.

#include <evq/evq.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <iostream>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "support/cli.hpp"
#include "support/report.hpp"

namespace {

constexpr evq::Token finished{~std::uintptr_t{0}};

/// What both threads use.
class Shared {
 public:
  void say(std::string_view who, std::string_view what) {
    const std::scoped_lock lock(mutex_);
    std::cout << clock_.read() << "  " << who << ": " << what << '\n' << std::flush;
  }
  /// Keeps a stream, and does not move it again. Its number is its token.
  evq::Token keep(evq::net::TcpStream stream) {
    const std::scoped_lock lock(mutex_);
    streams_.push_back(std::move(stream));
    return evq::Token{streams_.size() - 1};
  }
  evq::net::TcpStream& stream(evq::Token token) {
    const std::scoped_lock lock(mutex_);
    return streams_[token.value];
  }

 private:
  std::mutex mutex_;
  std::deque<evq::net::TcpStream> streams_;
  examples::Stopwatch clock_;
};

/// Two ends of one connection.
evq::Result<std::pair<evq::net::TcpStream, evq::net::TcpStream>> connect_pair() {
  using evq::net::TcpListener;
  const auto listener = TcpListener::bind(evq::net::SocketAddr::loopback_v4(0));
  const auto address = listener ? listener->local_address() : std::unexpected(listener.error());
  if (!address) {
    return std::unexpected(address.error());
  }
  auto near = evq::net::TcpStream::connect(*address);
  if (!near) {
    return std::unexpected(near.error());
  }
  while (true) {
    auto far = listener->accept();
    if (far) {
      return std::pair(*std::move(near), std::move(far->first));
    }
    if (!evq::would_block(far.error())) {
      return std::unexpected(far.error());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// The second thread: makes connections, registers one end of each and writes to the other.
class Worker {
 public:
  Worker(Shared& shared, evq::Registry registry, std::chrono::milliseconds interval)
      : shared_(shared), registry_(std::move(registry)), interval_(interval) {}

  evq::Result<void> run(std::size_t connections) {
    for (std::size_t i = 0; i < connections; ++i) {
      std::this_thread::sleep_for(interval_);
      // By turns: a source that is ready when it is added, and one that becomes ready later.
      if (auto made = make_connection(i % 2 == 0); !made) {
        return made;
      }
    }
    return {};
  }

 private:
  evq::Result<void> make_connection(bool write_first) {
    auto pair = connect_pair();
    if (!pair) {
      return std::unexpected(pair.error());
    }
    const auto token = shared_.keep(std::move(pair->first));
    const auto& far = far_ends_.emplace_back(std::move(pair->second));
    const auto number = std::to_string(token.value);
    const auto write = [&]() -> evq::Result<void> {
      shared_.say("worker", "writes to connection " + number);
      const auto message = "hello from " + number;
      const auto written = far.write(std::as_bytes(std::span(message)));
      return written ? evq::Result<void>() : std::unexpected(written.error());
    };
    const auto add = [&] {
      shared_.say("worker", "registers connection " + number);
      return registry_.add(shared_.stream(token), token, evq::Interest::readable);
    };

    auto first = write_first ? write() : add();
    if (!first) {
      return first;
    }
    std::this_thread::sleep_for(interval_);
    return write_first ? add() : write();
  }

  Shared& shared_;
  evq::Registry registry_;
  std::chrono::milliseconds interval_;
  std::deque<evq::net::TcpStream> far_ends_;
};

/// What is there to read, until would-block, the end or an error.
std::string drain(const evq::net::TcpStream& stream) {
  std::string text;
  std::array<std::byte, 256> buffer{};
  while (true) {
    const auto count = stream.read(buffer);
    if (!count || *count == 0) {
      return text;
    }
    text.append(reinterpret_cast<const char*>(buffer.data()), *count);
  }
}

/// The first thread: blocks until the worker has finished; returns how many connections spoke.
evq::Result<std::size_t> wait_for_all(evq::Poll& poll, Shared& shared, std::size_t connections) {
  evq::Events events(16);
  std::size_t heard = 0;
  bool is_finished = false;
  while (true) {
    shared.say("main", "blocks in poll");
    // What was written before the worker's wake may come after it: sources have no order.
    const auto timeout = is_finished ? std::optional(std::chrono::seconds(5)) : std::nullopt;
    if (auto polled = poll.poll(events, timeout); !polled) {
      return std::unexpected(polled.error());
    }
    for (const auto& event : events) {
      if (event.token() == finished) {
        is_finished = true;
        continue;
      }
      // Empty if the event came for nothing.
      const auto text = drain(shared.stream(event.token()));
      if (!text.empty()) {
        ++heard;
        shared.say("main", "connection " + std::to_string(event.token().value) + " is ready: \"" +
                               text + "\"");
      }
    }
    if (is_finished && (heard == connections || events.empty())) {
      shared.say("main", "the worker has finished");
      return heard;
    }
  }
}

int run(std::size_t connections, std::chrono::milliseconds interval) {
  auto poll = evq::Poll::create();
  auto registry = poll ? poll->registry().try_clone() : std::unexpected(poll.error());
  if (!registry) {
    return examples::fail("cannot make a poll and a clone of its registry", registry.error());
  }
  const auto waker = evq::Waker::create(poll->registry(), finished);
  if (!waker) {
    return examples::fail("cannot make a waker", waker.error());
  }

  Shared shared;
  Worker worker(shared, *std::move(registry), interval);
  evq::Result<void> worked;
  std::thread thread([&] {
    worked = worker.run(connections);
    static_cast<void>(waker->wake());
  });
  const auto heard = wait_for_all(*poll, shared, connections);
  thread.join();
  if (!worked) {
    return examples::fail("the second thread", worked.error());
  }
  if (!heard) {
    return examples::fail("poll", heard.error());
  }
  if (*heard != connections) {
    return examples::fail("heard of " + std::to_string(*heard) + " connections only");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t connections = 4;
  std::chrono::milliseconds interval(250);
  return examples::run_program(
      argc, argv,
      "One thread blocks in poll. A second one owns a clone of its registry and registers\n"
      "connections meanwhile, by turns one that has something to read already and one that gets\n"
      "it later. Both say what they do, and when. Exit code 0 if the first heard of all.\n",
      [&](CLI::App& app) {
        app.add_option("-n,--connections", connections, "How many connections to register")
            ->check(CLI::Range(1, 1000))
            ->capture_default_str()
            ->type_name("N");
        examples::add_duration(app, "--interval", interval, std::chrono::milliseconds(0),
                               "The time between two steps of the second thread");
      },
      [&] { return run(connections, interval); });
}
