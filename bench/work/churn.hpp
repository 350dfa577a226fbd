// churn: N clients at a time connect over loopback, send a word, get an answer, and close; then
// each does it again. Listener, clients and servers are in the one loop.
#pragma once

#include <evq/net/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sockets.hpp"
#include "work.hpp"

namespace bench {

class Churn {
 public:
  static constexpr bool uses_wakes = false;
  static constexpr bool uses_timers = false;

  explicit Churn(const Point& point);

  /// The listener, then the clients, then the servers.
  [[nodiscard]] std::size_t sources() const { return 1 + clients_.size() + servers_.size(); }

  template <class Loop>
  void open(Loop& loop) {
    add(loop, listener_, 0, Want::read);
  }

  template <class Loop>
  void begin(Loop& loop, std::size_t events) {
    quota_ = events < clients_.size() ? 1 : events / clients_.size();
    outcome_ = {};
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      clients_[i].connections = 0;
      connect(loop, i);
    }
  }

  /// When the servers have seen the last client close.
  [[nodiscard]] bool done() const { return outcome_.events >= clients_.size() * quota_; }

  template <class Loop>
  void ready(Loop& loop, std::size_t index, Ready ready) {
    if (index == 0) {
      accept(loop);
    } else if (index <= clients_.size()) {
      serve_client(loop, index - 1, ready);
    } else if (ready.readable) {
      answer(loop, index - 1 - clients_.size());
    }
  }

  template <class Loop>
  void finish(Loop& loop) {
    remove(loop, listener_, 0);
  }

  [[nodiscard]] Outcome outcome() const { return outcome_; }
  [[nodiscard]] Outcome expected() const;
  [[nodiscard]] const Latencies& latencies() const { return latencies_; }

 private:
  using Word = std::uint32_t;

  struct Client {
    std::optional<evq::net::TcpStream> stream;
    std::size_t connections = 0;
    bool has_asked = false;
  };

  void dial(Client& client);
  /// The next connection that has arrived: its place, if there was one.
  std::optional<std::size_t> take_connection();
  /// Whether the answer has come.
  bool take_answer(std::size_t client);
  void ask(std::size_t client);
  /// Whether the client has gone.
  bool take_question(std::size_t server);

  template <class Loop>
  void connect(Loop& loop, std::size_t client) {
    dial(clients_[client]);
    add(loop, *clients_[client].stream, 1 + client, Want::read_write);
  }

  template <class Loop>
  void accept(Loop& loop) {
    while (const auto place = take_connection()) {
      add(loop, *servers_[*place], 1 + clients_.size() + *place, Want::read);
    }
  }

  template <class Loop>
  void serve_client(Loop& loop, std::size_t i, Ready ready) {
    Client& client = clients_[i];
    if (!client.stream) {
      return;  // told late
    }
    if (ready.writable && !client.has_asked) {
      ask(i);
      modify(loop, *client.stream, 1 + i, Want::read);
    } else if (ready.readable && client.has_asked && take_answer(i)) {
      remove(loop, *client.stream, 1 + i);
      client.stream.reset();
      if (++client.connections < quota_) {
        connect(loop, i);
      }
    }
  }

  template <class Loop>
  void answer(Loop& loop, std::size_t place) {
    if (servers_[place] && take_question(place)) {
      remove(loop, *servers_[place], 1 + clients_.size() + place);
      servers_[place].reset();
      free_.push_back(place);
      ++outcome_.events;
    }
  }

  evq::net::TcpListener listener_;
  std::vector<Client> clients_;
  std::vector<std::optional<evq::net::TcpStream>> servers_;
  std::vector<std::size_t> free_;  ///< Places of servers.
  std::size_t quota_ = 0;
  Outcome outcome_;
  Latencies latencies_;
};

}  // namespace bench
