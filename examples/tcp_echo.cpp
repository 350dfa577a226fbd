// A TCP echo server: each client gets back what it sends, as fast as it takes it.

#include <evq/evq.hpp>

#include <expected>
#include <string>
#include <unordered_map>
#include <utility>

#include "support/acceptor.hpp"
#include "support/cli.hpp"
#include "support/relay.hpp"
#include "support/report.hpp"
#include "support/stop_signals.hpp"

namespace {

constexpr evq::Token stop{0};
constexpr evq::Token listening{1};
const auto both = evq::Interest::readable | evq::Interest::writable;

struct Client {
  evq::net::TcpStream stream;
  examples::Relay echo;
};

class Server {
 public:
  Server(evq::Poll poll, examples::Acceptor acceptor)
      : poll_(std::move(poll)), acceptor_(std::move(acceptor)) {}

  evq::Result<void> run() {
    evq::Events events(1024);
    while (true) {
      const auto timeout = timers_.next_timeout(evq::TimerQueue::Clock::now());
      if (auto polled = poll_.poll(events, timeout); !polled) {
        return polled;
      }
      for (const auto& event : events) {
        if (event.token() == stop) {
          return {};
        }
        if (event.token() == listening) {
          accept();
        } else {
          echo(event.token());
        }
      }
      // The only timers are the acceptor's, for when the system is out of descriptors.
      while (timers_.pop_expired(evq::TimerQueue::Clock::now())) {
        accept();
      }
    }
  }

 private:
  void accept() {
    acceptor_.accept(poll_.registry(), timers_, [this](evq::net::TcpStream stream) {
      // No token is used twice, so that what is left of a closed connection finds nothing.
      const evq::Token token{++last_token_.value};
      auto& client = clients_.emplace(token, Client{std::move(stream), {}}).first->second;
      if (!poll_.registry().add(client.stream, token, both)) {
        clients_.erase(token);
      }
    });
  }

  void echo(evq::Token token) {
    const auto found = clients_.find(token);
    if (found == clients_.end()) {
      return;  // closed earlier in this round
    }
    auto& client = found->second;
    const auto state = client.echo.pump(client.stream, client.stream);
    if (!state || *state == examples::Relay::State::ended) {
      clients_.erase(found);  // which takes the stream out of the queue and closes it
    } else if (*state == examples::Relay::State::interrupted) {
      // To modify a source reports it again if it is still ready.
      static_cast<void>(poll_.registry().modify(client.stream, token, both));
    }
  }

  evq::Poll poll_;
  examples::Acceptor acceptor_;
  evq::TimerQueue timers_;
  std::unordered_map<evq::Token, Client> clients_;
  evq::Token last_token_ = listening;
};

int run(const evq::net::SocketAddr& listen) {
  auto poll = evq::Poll::create();
  if (!poll) {
    return examples::fail("cannot make a poll", poll.error());
  }
  const auto waker = evq::Waker::create(poll->registry(), stop);
  if (!waker) {
    return examples::fail("cannot make a waker", waker.error());
  }
  auto acceptor = examples::Acceptor::listen(listen, poll->registry(), listening);
  const auto address = acceptor ? acceptor->address() : std::unexpected(acceptor.error());
  if (!address) {
    return examples::fail("cannot listen on " + listen.to_string(), address.error());
  }
  const examples::StopSignals signals(*waker);
  examples::announce(*address);
  if (const auto served = Server(*std::move(poll), *std::move(acceptor)).run(); !served) {
    return examples::fail("poll", served.error());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  auto listen = evq::net::SocketAddr::loopback_v4(7007);
  return examples::run_program(
      argc, argv,
      "A TCP echo server: each client gets back what it sends. A client that does not take its\n"
      "echo is not read from. Ctrl-C or SIGTERM ends the server.\n",
      [&](CLI::App& app) {
        examples::add_address(app, "--listen", listen,
                              "Where to listen. Port 0 takes a free one; the line `listening on "
                              "ADDR:PORT` on stdout says which");
      },
      [&] { return run(listen); });
}
