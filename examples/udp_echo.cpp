// A UDP echo server: each message goes back to where it came from.

#include <evq/evq.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "support/cli.hpp"
#include "support/report.hpp"
#include "support/stop_signals.hpp"

namespace {

constexpr evq::Token stop{0};
constexpr evq::Token messages{1};
const auto both = evq::Interest::readable | evq::Interest::writable;

class Echo {
 public:
  explicit Echo(const evq::net::UdpSocket& socket) : socket_(socket) {}

  enum class State : std::uint8_t {
    waiting,      ///< For the next event.
    interrupted,  ///< To let others run: there may be more to do at once.
  };

  /// Goes on until it met would-block, one way or the other.
  State proceed() {
    // A flood of messages could keep us here for ever.
    for (int turn = 0; turn < 64; ++turn) {
      if (!is_pending_ && !receive()) {
        return State::waiting;
      }
      if (is_pending_ && !send()) {
        return State::waiting;
      }
    }
    return State::interrupted;
  }

 private:
  /// False at would-block.
  bool receive() {
    const auto received = socket_.recv_from(buffer_);
    if (received) {
      size_ = received->first;
      peer_ = received->second;
      is_pending_ = true;
      return true;
    }
    // Anything else is about a message that was sent before, to somebody who is gone.
    return !evq::would_block(received.error());
  }

  /// False at would-block: the message is kept, and no other received, until it can be sent. What
  /// cannot be sent at all is dropped, as UDP may drop any message.
  bool send() {
    const auto sent = socket_.send_to(std::span(buffer_).first(size_), peer_);
    is_pending_ = !sent && evq::would_block(sent.error());
    return !is_pending_;
  }

  const evq::net::UdpSocket& socket_;
  std::array<std::byte, 65536> buffer_{};  // no message is longer
  std::size_t size_ = 0;
  evq::net::SocketAddr peer_;
  bool is_pending_ = false;
};

evq::Result<void> serve(evq::Poll& poll, evq::net::UdpSocket& socket) {
  Echo echo(socket);
  evq::Events events(16);
  while (true) {
    if (auto polled = poll.poll(events); !polled) {
      return polled;
    }
    for (const auto& event : events) {
      if (event.token() == stop) {
        return {};
      }
      if (echo.proceed() == Echo::State::interrupted) {
        // To modify a source reports it again if it is still ready.
        if (auto modified = poll.registry().modify(socket, messages, both); !modified) {
          return modified;
        }
      }
    }
  }
}

int run(const evq::net::SocketAddr& listen) {
  auto poll = evq::Poll::create();
  if (!poll) {
    return examples::fail("cannot make a poll", poll.error());
  }
  const auto waker = evq::Waker::create(poll->registry(), stop);
  if (!waker) {
    return examples::fail("cannot make a waker", waker.error());
  }
  auto socket = evq::net::UdpSocket::bind(listen);
  const auto address = socket ? socket->local_address() : std::unexpected(socket.error());
  if (!address) {
    return examples::fail("cannot listen on " + listen.to_string(), address.error());
  }
  if (const auto added = poll->registry().add(*socket, messages, both); !added) {
    return examples::fail("cannot register the socket", added.error());
  }
  const examples::StopSignals signals(*waker);
  examples::announce(*address);
  if (const auto served = serve(*poll, *socket); !served) {
    return examples::fail("poll", served.error());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  auto listen = evq::net::SocketAddr::loopback_v4(7007);
  return examples::run_program(
      argc, argv,
      "A UDP echo server: each message goes back to where it came from. Ctrl-C or SIGTERM ends\n"
      "the server.\n",
      [&](CLI::App& app) {
        examples::add_address(app, "--listen", listen,
                              "Where to listen. Port 0 takes a free one; the line `listening on "
                              "ADDR:PORT` on stdout says which");
      },
      [&] { return run(listen); });
}
