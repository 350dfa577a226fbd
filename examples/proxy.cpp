// A port-forwarding TCP proxy. Each client gets a connection to the target, and bytes go both ways
// no faster than they are taken at the other end.

#include <evq/evq.hpp>

#include <chrono>
#include <expected>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "support/acceptor.hpp"
#include "support/cli.hpp"
#include "support/dial.hpp"
#include "support/relay.hpp"
#include "support/report.hpp"
#include "support/stop_signals.hpp"

namespace {

using Clock = evq::TimerQueue::Clock;

constexpr evq::Token stop{0};
constexpr evq::Token listening{1};
const auto both = evq::Interest::readable | evq::Interest::writable;

struct Options {
  evq::net::SocketAddr listen = evq::net::SocketAddr::loopback_v4(7008);
  std::string target;
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
};

/// A client and its connection to the target. Both streams are registered with the same token:
/// whichever of them is ready, both directions are tried.
struct Link {
  Link(evq::net::TcpStream accepted, examples::Dial dial)
      : client(std::move(accepted)), target(std::move(dial)) {}

  evq::net::TcpStream client;
  examples::Dial target;
  examples::Relay up;
  examples::Relay down;
  bool is_connected = false;
  evq::TimerKey timer;
};

class Proxy {
 public:
  Proxy(evq::Poll poll, examples::Acceptor acceptor, std::vector<evq::net::SocketAddr> targets,
        Options options)
      : poll_(std::move(poll)),
        acceptor_(std::move(acceptor)),
        targets_(std::move(targets)),
        options_(std::move(options)) {}

  evq::Result<void> run() {
    evq::Events events(1024);
    while (true) {
      if (auto polled = poll_.poll(events, timers_.next_timeout(Clock::now())); !polled) {
        return polled;
      }
      for (const auto& event : events) {
        if (event.token() == stop) {
          return {};
        }
        on_event(event.token());
      }
      while (const auto expired = timers_.pop_expired(Clock::now())) {
        on_timer(expired->token);
      }
    }
  }

 private:
  void on_event(evq::Token token) {
    if (token == listening) {
      accept();
    } else if (const auto found = links_.find(token); found != links_.end()) {
      proceed(token, found->second);
    }  // else it was closed earlier in this round
  }

  void on_timer(evq::Token token) {
    if (token == listening) {
      accept();
    } else {
      give_up(token, std::make_error_code(std::errc::timed_out));
    }
  }

  void accept() {
    acceptor_.accept(poll_.registry(), timers_, [this](evq::net::TcpStream client) {
      // No token is used twice, so that what is left of a closed link finds nothing.
      const evq::Token token{++last_token_.value};
      auto& link = links_.try_emplace(token, std::move(client), examples::Dial(targets_, token))
                       .first->second;
      link.timer = timers_.insert(Clock::now() + options_.connect_timeout, token);
      proceed(token, link);
    });
  }

  void proceed(evq::Token token, Link& link) {
    if (!link.is_connected) {
      const auto connected = link.target.proceed(poll_.registry());
      if (!connected) {
        give_up(token, connected.error());
        return;
      }
      if (!*connected) {
        return;
      }
      // Only now, and none too late: what the client has sent already is reported as well.
      if (const auto added = poll_.registry().add(link.client, token, both); !added) {
        give_up(token, added.error());
        return;
      }
      link.is_connected = true;
      timers_.cancel(link.timer);
    }
    pump(token, link);
  }

  void pump(evq::Token token, Link& link) {
    using enum examples::Relay::State;
    const auto up = link.up.pump(link.client, link.target.stream());
    const auto down = link.down.pump(link.target.stream(), link.client);
    // After one direction's end the other may go on for long. An error is the end of both.
    if (!up || !down || (*up == ended && *down == ended)) {
      links_.erase(token);  // which takes both streams out of the queue and closes them
    } else if (*up == interrupted || *down == interrupted) {
      // To modify a source reports it again if it is still ready.
      static_cast<void>(poll_.registry().modify(link.client, token, both));
      static_cast<void>(poll_.registry().modify(link.target.stream(), token, both));
    }
  }

  void give_up(evq::Token token, const std::error_code& error) {
    examples::fail("no connection to " + options_.target, error);
    const auto found = links_.find(token);
    timers_.cancel(found->second.timer);
    links_.erase(found);
  }

  evq::Poll poll_;
  examples::Acceptor acceptor_;
  std::vector<evq::net::SocketAddr> targets_;
  Options options_;
  evq::TimerQueue timers_;
  std::unordered_map<evq::Token, Link> links_;
  evq::Token last_token_ = listening;
};

int run(const Options& options) {
  auto targets = examples::lookup(options.target);
  if (!targets) {
    return examples::fail(options.target, targets.error());
  }
  auto poll = evq::Poll::create();
  if (!poll) {
    return examples::fail("cannot make a poll", poll.error());
  }
  const auto waker = evq::Waker::create(poll->registry(), stop);
  if (!waker) {
    return examples::fail("cannot make a waker", waker.error());
  }
  auto acceptor = examples::Acceptor::listen(options.listen, poll->registry(), listening);
  const auto address = acceptor ? acceptor->address() : std::unexpected(acceptor.error());
  if (!address) {
    return examples::fail("cannot listen on " + options.listen.to_string(), address.error());
  }
  const examples::StopSignals signals(*waker);
  examples::announce(*address);
  Proxy proxy(*std::move(poll), *std::move(acceptor), *std::move(targets), options);
  if (const auto served = proxy.run(); !served) {
    return examples::fail("poll", served.error());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return examples::run_program(
      argc, argv,
      "A port-forwarding TCP proxy: what is sent to --listen goes to --to, and back. It holds at\n"
      "most 64 KiB per direction of a connection: who sends faster than the other side takes has\n"
      "to wait. Ctrl-C or SIGTERM ends it.\n",
      [&](CLI::App& app) {
        examples::add_address(app, "--listen", options.listen,
                              "Where to listen. Port 0 takes a free one; the line `listening on "
                              "ADDR:PORT` on stdout says which");
        app.add_option(
               "--to", options.target,
               "Where to connect to, for example localhost:8080. A name is looked up once, at "
               "the start")
            ->required()
            ->check(CLI::Validator(examples::check_host_port, "", "HOST:PORT"))
            ->type_name("HOST:PORT");
        examples::add_duration(
            app, "--connect-timeout", options.connect_timeout, std::chrono::milliseconds(1),
            "How long connecting may take; then the client's connection is closed");
      },
      [&] { return run(options); });
}
