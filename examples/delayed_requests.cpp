// Sends requests with falling delays to a delay server, all at once, and handles the answers in the
// order in which they become ready: the last request is answered first. One thread, one poll.

#include <evq/evq.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "delay_server/delay_server.hpp"
#include "support/cli.hpp"
#include "support/dial.hpp"
#include "support/http.hpp"
#include "support/report.hpp"

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Addresses = std::vector<evq::net::SocketAddr>;

struct Options {
  int requests = 5;
  milliseconds unit = std::chrono::seconds(1);
  milliseconds patience = std::chrono::seconds(10);
  std::string server;
};

/// A delay server on a thread of its own.
class LocalServer {
 public:
  explicit LocalServer(examples::DelayServer server)
      : server_(std::move(server)), thread_([this] { static_cast<void>(server_.run()); }) {}
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;
  ~LocalServer() {
    static_cast<void>(server_.stopper().wake());
    thread_.join();
  }

 private:
  examples::DelayServer server_;
  std::thread thread_;
};

struct Request {
  enum class State : std::uint8_t { connecting, sending, receiving, done };

  Request(std::string its_name, examples::Dial dial, std::string request)
      : name(std::move(its_name)), connection(std::move(dial)), text(std::move(request)) {}

  std::string name;
  examples::Dial connection;
  std::string text;
  std::size_t sent = 0;
  std::string answer;
  State state = State::connecting;
};

/// The body of a complete answer with status 200, or what is wrong with it.
std::expected<std::string_view, std::string> judge(std::string_view answer) {
  const auto size = examples::head_size(answer);
  const auto head = examples::parse_head(answer.substr(0, size));
  if (size == 0 || !head || !head->first_line.starts_with("HTTP/1.")) {
    return std::unexpected("the answer is not HTTP, or not complete");
  }
  const auto status = head->first_line.substr(head->first_line.find(' ') + 1);
  if (!status.starts_with("200")) {
    return std::unexpected(std::string(status));
  }
  if (!head->values("Transfer-Encoding").empty()) {
    return std::unexpected("the answer has a transfer encoding, which was not asked for");
  }
  // Without a length, the end of the stream is the end of the body.
  const auto body = answer.substr(size);
  for (const auto length : head->values("Content-Length")) {
    if (examples::parse_number(length) != body.size()) {
      return std::unexpected("the answer is cut off");
    }
  }
  return body;
}

class Client {
 public:
  Client(evq::Poll poll, const Addresses& addresses, const std::string& host,
         const Options& options)
      : poll_(std::move(poll)), options_(options) {
    const auto fields = " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
    for (int i = 0; i < options.requests; ++i) {
      const milliseconds delay = options.unit * (options.requests - i);
      const auto name = "request-" + std::to_string(i);
      const evq::Token token{requests_.size()};
      auto text = "GET /" + std::to_string(delay.count()) + "/";
      text += name;
      text += fields;
      requests_.emplace_back(name, examples::Dial(addresses, token), std::move(text));
    }
  }

  /// The number of requests that got a good answer.
  evq::Result<int> run() {
    // Registers each stream with its number as the token, and does not wait for any.
    for (auto& request : requests_) {
      proceed(request);
    }
    const auto deadline = Clock::now() + options_.unit * options_.requests + options_.patience;
    evq::Events events(256);
    while (done_ < requests_.size()) {
      const auto now = Clock::now();
      if (now >= deadline) {
        report("gave up waiting for the rest");
        break;
      }
      if (auto polled = poll_.poll(events, deadline - now); !polled) {
        return std::unexpected(polled.error());
      }
      for (const auto& event : events) {
        proceed(requests_[event.token().value]);
      }
    }
    return good_;
  }

 private:
  /// Goes on with a request until it has to wait. An event is only a reason to look: it may have
  /// come for nothing, or twice.
  void proceed(Request& request) {
    using enum Request::State;
    if (request.state == connecting) {
      const auto connected = request.connection.proceed(poll_.registry());
      if (!connected) {
        finish(request, std::unexpected("cannot connect: " + connected.error().message()));
      } else if (*connected) {
        request.state = sending;
      }
    }
    if (request.state == sending) {
      send(request);
    }
    if (request.state == receiving) {
      receive(request);
    }
  }

  void send(Request& request) {
    while (request.sent < request.text.size()) {
      const auto rest = std::string_view(request.text).substr(request.sent);
      const auto count = request.connection.stream().write(std::as_bytes(std::span(rest)));
      if (!count) {
        fail_unless_blocked(request, count.error());
        return;
      }
      request.sent += *count;
    }
    request.state = Request::State::receiving;
  }

  // An edge: nothing new is reported before all there was is read.
  void receive(Request& request) {
    std::array<std::byte, 4096> buffer{};
    while (true) {
      const auto count = request.connection.stream().read(buffer);
      if (!count) {
        fail_unless_blocked(request, count.error());
        return;
      }
      if (*count == 0) {
        finish(request, judge(request.answer));
        return;
      }
      request.answer.append(reinterpret_cast<const char*>(buffer.data()), *count);
    }
  }

  void fail_unless_blocked(Request& request, const std::error_code& error) {
    if (!evq::would_block(error)) {
      finish(request, std::unexpected(error.message()));
    }
  }

  void finish(Request& request, const std::expected<std::string_view, std::string>& outcome) {
    request.state = Request::State::done;
    ++done_;
    good_ += outcome ? 1 : 0;
    report(request.name +
           (outcome ? ": 200, \"" + std::string(*outcome) + "\"" : " failed: " + outcome.error()));
  }

  void report(std::string_view text) const {
    std::cout << clock_.read() << "  " << text << '\n' << std::flush;
  }

  evq::Poll poll_;
  Options options_;
  std::vector<Request> requests_;
  std::size_t done_ = 0;
  int good_ = 0;
  examples::Stopwatch clock_;
};

int run(const Options& options) {
  std::optional<LocalServer> local;
  Addresses addresses;
  auto host = options.server;
  if (options.server.empty()) {
    auto server = examples::DelayServer::create({
        .listen = evq::net::SocketAddr::loopback_v4(0),
        .max_delay = options.unit * options.requests,
    });
    const auto address = server ? server->address() : std::unexpected(server.error());
    if (!address) {
      return examples::fail("cannot start a delay server", address.error());
    }
    addresses = {*address};
    host = address->to_string();
    local.emplace(*std::move(server));
  } else if (auto found = examples::lookup(options.server); found) {
    addresses = *std::move(found);
  } else {
    return examples::fail(options.server, found.error());
  }

  auto poll = evq::Poll::create();
  if (!poll) {
    return examples::fail("cannot make a poll", poll.error());
  }
  std::cout << options.requests << " requests to "
            << (local ? "a delay server in this process, " : "") << host << '\n'
            << std::flush;
  const auto good = Client(*std::move(poll), addresses, host, options).run();
  if (!good) {
    return examples::fail("poll", good.error());
  }
  if (*good < options.requests) {
    return examples::fail(std::to_string(options.requests - *good) + " of " +
                          std::to_string(options.requests) + " requests had no good answer");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return examples::run_program(
      argc, argv,
      "Sends N requests at once to a delay server: request-0 asks for an answer after N units of\n"
      "time, the last one after one unit. The answers are printed in the order in which they\n"
      "become ready. Exit code 0 if all came complete and with status 200.\n",
      [&](CLI::App& app) {
        app.add_option("-n,--requests", options.requests, "How many requests, each on a connection")
            ->check(CLI::Range(1, 10000))
            ->capture_default_str()
            ->type_name("N");
        examples::add_duration(app, "--unit", options.unit, milliseconds(1),
                               "The unit of the delays, which are N units to 1 unit");
        app.add_option(
               "--server", options.server,
               "The delay server to ask, for example localhost:8080. Without it, one is started "
               "within this process, on a free port of 127.0.0.1")
            ->check(CLI::Validator(examples::check_host_port, "", "HOST:PORT"))
            ->type_name("HOST:PORT");
        examples::add_duration(app, "--patience", options.patience, milliseconds(0),
                               "How long to wait for answers after the longest delay");
      },
      [&] { return run(options); });
}
