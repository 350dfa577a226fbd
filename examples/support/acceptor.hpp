// Accepting connections at the edge.
#pragma once

#include <evq/evq.hpp>

#include <chrono>
#include <expected>
#include <iostream>
#include <system_error>
#include <utility>

namespace examples {

/// A registered listener. Its owner calls `accept` for each event and for each expired timer that
/// has the listener's token.
class Acceptor {
 public:
  [[nodiscard]] static evq::Result<Acceptor> listen(const evq::net::SocketAddr& address,
                                                    const evq::Registry& registry,
                                                    evq::Token token) {
    auto listener = evq::net::TcpListener::bind(address);
    if (!listener) {
      return std::unexpected(listener.error());
    }
    if (auto added = registry.add(*listener, token, evq::Interest::readable); !added) {
      return std::unexpected(added.error());
    }
    return Acceptor(*std::move(listener), token);
  }

  /// Where it listens: the port that was found, if 0 was asked for.
  [[nodiscard]] evq::Result<evq::net::SocketAddr> address() const {
    return listener_.local_address();
  }

  /// Gives each connection that has arrived to `take`, as an rvalue TcpStream.
  ///
  /// An edge is reported once, so this accepts until would-block. Where it stops before that, it
  /// sees to it that it is called again.
  template <class Take>
  void accept(const evq::Registry& registry, evq::TimerQueue& timers, Take take) {
    for (int turn = 0; turn < turns; ++turn) {
      auto accepted = listener_.accept();
      if (accepted) {
        resting_ = false;
        // Small answers leave at once. If that cannot be had, they are only slower.
        static_cast<void>(accepted->first.set_nodelay(true));
        take(std::move(accepted->first));
      } else if (evq::would_block(accepted.error())) {
        return;
      } else if (accepted.error() != std::errc::connection_aborted) {
        rest(timers, accepted.error());
        return;
      }
    }
    // It is the others' turn. To modify a source reports it again if it is still ready.
    static_cast<void>(registry.modify(listener_, token_, evq::Interest::readable));
  }

 private:
  Acceptor(evq::net::TcpListener listener, evq::Token token)
      : listener_(std::move(listener)), token_(token) {}

  /// Out of descriptors or memory, most likely: trying again at once would only spin, and no event
  /// tells when there are some again.
  void rest(evq::TimerQueue& timers, const std::error_code& error) {
    if (!std::exchange(resting_, true)) {
      std::cerr << "error: cannot accept for now: " << error.message() << '\n';
    }
    timers.cancel(retry_);
    retry_ = timers.insert(evq::TimerQueue::Clock::now() + std::chrono::milliseconds(100), token_);
  }

  static constexpr int turns = 256;

  evq::net::TcpListener listener_;
  evq::Token token_;
  evq::TimerKey retry_;
  bool resting_ = false;
};

}  // namespace examples
