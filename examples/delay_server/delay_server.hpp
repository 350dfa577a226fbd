// An HTTP/1.1 server that takes its time: GET /{delay in ms}/{message} is answered with the message
// after the delay. One thread, however many requests wait.
#pragma once

#include <evq/evq.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "../support/acceptor.hpp"
#include "request.hpp"

namespace examples {

class DelayServer {
 public:
  struct Options {
    evq::net::SocketAddr listen = evq::net::SocketAddr::loopback_v4(8080);
    /// How long a client may take to send a request, and to take its answer.
    std::chrono::milliseconds request_timeout = std::chrono::seconds(10);
    /// A request for a longer delay is refused.
    std::chrono::milliseconds max_delay = std::chrono::hours(1);
  };

  [[nodiscard]] static evq::Result<DelayServer> create(const Options& options);

  /// Where it listens.
  [[nodiscard]] evq::Result<evq::net::SocketAddr> address() const { return acceptor_.address(); }
  /// To wake this ends `run`: from any thread, or from a signal handler.
  [[nodiscard]] const evq::Waker& stopper() const { return stopper_; }

  /// Serves until it is stopped.
  evq::Result<void> run();

 private:
  /// What a connection waits for. It always has exactly one timer, which limits the wait; in
  /// `delay` it is what the connection waits for.
  enum class State : std::uint8_t {
    request,
    delay,
    answer,   ///< To be taken by the client.
    closing,  ///< Our end is shut; what still comes is read, lest a reset eat the answer.
  };
  struct Connection {
    explicit Connection(evq::net::TcpStream accepted) : stream(std::move(accepted)) {}

    evq::net::TcpStream stream;
    State state = State::request;
    bool is_reused = false;  ///< At least one request was answered.
    bool keep_alive = false;
    std::string input;   ///< What was received and is not dealt with: at most one head.
    std::string output;  ///< The answer, from the moment the request is understood.
    std::size_t written = 0;
    evq::TimerKey timer;
  };
  enum class Next : std::uint8_t { go_on, wait, close };

  DelayServer(const Options& options, evq::Poll poll, evq::Waker stopper, Acceptor acceptor);

  void accept();
  void on_event(evq::Token token);
  void on_timer(evq::Token token);

  void proceed(evq::Token token, Connection& connection);
  Next step(evq::Token token, Connection& connection);
  static Next receive(Connection& connection);
  Next send_answer(evq::Token token, Connection& connection);

  void take_request(evq::Token token, Connection& connection, std::size_t size);
  void refuse(evq::Token token, Connection& connection, const Refusal& refusal);
  /// Changes the state, and with it the timer.
  void enter(evq::Token token, Connection& connection, State state,
             std::chrono::milliseconds at_most);
  void close(evq::Token token);

  Options options_;
  evq::Poll poll_;
  evq::Waker stopper_;
  Acceptor acceptor_;
  evq::TimerQueue timers_;
  std::unordered_map<evq::Token, Connection> connections_;
  evq::Token last_token_;
};

}  // namespace examples
