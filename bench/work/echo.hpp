// echo: N TCP connections over loopback, each with P messages of S bytes under way, which the far
// end sends back. Both ends are in the one loop, so that no scheduler comes between them.
//
// The latency is from the sending of a message to the arrival of the last byte of its echo.
#pragma once

#include <evq/net/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sockets.hpp"
#include "work.hpp"

namespace bench {

class Echo {
 public:
  static constexpr bool uses_wakes = false;
  static constexpr bool uses_timers = false;
  /// The most bytes that one connection can have under way.
  static constexpr std::size_t most_in_flight = 65536;

  explicit Echo(const Point& point);

  /// First the clients' ends, then the servers'.
  [[nodiscard]] std::size_t sources() const { return 2 * clients_.size(); }

  template <class Loop>
  void open(Loop& loop) {
    for (std::size_t i = 0; i < sources(); ++i) {
      add(loop, stream(i), i, Want::read);
    }
  }

  template <class Loop>
  void begin(Loop& /*loop*/, std::size_t events) {
    start(events);
  }

  [[nodiscard]] bool done() const { return outcome_.events >= clients_.size() * quota_; }

  template <class Loop>
  void ready(Loop& /*loop*/, std::size_t index, Ready ready) {
    if (!ready.readable) {
      return;
    }
    if (index < clients_.size()) {
      take_echo(index);
    } else {
      send_back(index);
    }
  }

  template <class Loop>
  void finish(Loop& loop) {
    for (std::size_t i = 0; i < sources(); ++i) {
      remove(loop, stream(i), i);
    }
  }

  [[nodiscard]] Outcome outcome() const { return outcome_; }
  [[nodiscard]] Outcome expected() const;
  [[nodiscard]] const Latencies& latencies() const { return latencies_; }

 private:
  using Clock = std::chrono::steady_clock;

  struct Client {
    std::size_t sent = 0;      ///< Messages.
    std::size_t received = 0;  ///< Bytes.
    /// When each of the messages under way was sent, by its number modulo how many can be.
    std::vector<Clock::time_point> sent_at;
  };

  [[nodiscard]] evq::net::TcpStream& stream(std::size_t index) {
    return index < clients_.size() ? connections_.first[index]
                                   : connections_.second[index - clients_.size()];
  }
  void start(std::size_t events);
  [[gnu::noinline]] void take_echo(std::size_t index);
  [[gnu::noinline]] void send_back(std::size_t index);
  void send_message(std::size_t index, Clock::time_point now);

  Connections<evq::net::TcpStream> connections_;
  std::size_t size_;
  std::size_t depth_;
  std::size_t quota_ = 0;  ///< Messages of each client.
  std::vector<Client> clients_;
  std::vector<std::byte> message_;
  std::vector<std::byte> buffer_;
  Outcome outcome_;
  Latencies latencies_;
};

}  // namespace bench
