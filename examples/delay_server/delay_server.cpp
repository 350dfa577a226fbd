#include "delay_server.hpp"

#include <array>
#include <cstddef>
#include <expected>
#include <span>
#include <string_view>
#include <utility>

#include "../support/http.hpp"

namespace examples {

namespace {

using Clock = evq::TimerQueue::Clock;

constexpr evq::Token stop{0};
constexpr evq::Token listening{1};

const auto both = evq::Interest::readable | evq::Interest::writable;

/// The longest head of a request, and so the most that is kept for one connection.
constexpr std::size_t max_head = 8192;
/// How long a client may take to close its end once it has its last answer.
constexpr std::chrono::milliseconds linger = std::chrono::seconds(2);
/// How many steps one connection may take before the others have their turn.
constexpr int turns = 5;

}  // namespace

evq::Result<DelayServer> DelayServer::create(const Options& options) {
  auto poll = evq::Poll::create();
  if (!poll) {
    return std::unexpected(poll.error());
  }
  auto stopper = evq::Waker::create(poll->registry(), stop);
  if (!stopper) {
    return std::unexpected(stopper.error());
  }
  auto acceptor = Acceptor::listen(options.listen, poll->registry(), listening);
  if (!acceptor) {
    return std::unexpected(acceptor.error());
  }
  return DelayServer(options, *std::move(poll), *std::move(stopper), *std::move(acceptor));
}

DelayServer::DelayServer(const Options& options, evq::Poll poll, evq::Waker stopper,
                         Acceptor acceptor)
    : options_(options),
      poll_(std::move(poll)),
      stopper_(std::move(stopper)),
      acceptor_(std::move(acceptor)),
      last_token_(listening) {}

evq::Result<void> DelayServer::run() {
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
    // One instant for all: a request for no delay is a timer too, and has its turn in the next
    // round, so that no client can keep this loop to itself.
    const auto now = Clock::now();
    while (const auto expired = timers_.pop_expired(now)) {
      on_timer(expired->token);
    }
  }
}

void DelayServer::accept() {
  acceptor_.accept(poll_.registry(), timers_, [this](evq::net::TcpStream stream) {
    // No token is used twice, so that what is left of a closed connection finds nothing.
    const evq::Token token{++last_token_.value};
    auto& connection = connections_.try_emplace(token, std::move(stream)).first->second;
    enter(token, connection, State::request, options_.request_timeout);
    if (!poll_.registry().add(connection.stream, token, both)) {
      close(token);
    }
  });
}

void DelayServer::on_event(evq::Token token) {
  if (token == listening) {
    accept();
  } else if (const auto found = connections_.find(token); found != connections_.end()) {
    // What the event says is not looked at: each state tries what it waits for, and finds out.
    proceed(token, found->second);
  }
}

void DelayServer::on_timer(evq::Token token) {
  if (token == listening) {
    accept();
    return;
  }
  // There is a connection: it cancels its timer when it goes.
  auto& connection = connections_.at(token);
  switch (connection.state) {
    case State::request:
      if (connection.is_reused && connection.input.empty()) {
        close(token);  // it has nothing more to ask, and that is no error
        return;
      }
      refuse(token, connection, {request_timeout, "the request took too long"});
      break;
    case State::delay:
      enter(token, connection, State::answer, options_.request_timeout);
      break;
    case State::answer:
    case State::closing:
      close(token);
      return;
  }
  proceed(token, connection);
}

/// Goes on until the connection has to wait, which is what an edge asks for.
void DelayServer::proceed(evq::Token token, Connection& connection) {
  for (int turn = 0; turn < turns; ++turn) {
    switch (step(token, connection)) {
      case Next::go_on:
        break;
      case Next::wait:
        return;
      case Next::close:
        close(token);
        return;
    }
  }
  // It is the others' turn. To modify a source reports it again if it is still ready.
  static_cast<void>(poll_.registry().modify(connection.stream, token, both));
}

DelayServer::Next DelayServer::step(evq::Token token, Connection& connection) {
  auto& input = connection.input;
  switch (connection.state) {
    case State::request:
      input.erase(0, input.find_first_not_of("\r\n"));  // as RFC 9112, section 2.2, asks for
      if (const auto size = head_size(input); size != 0) {
        take_request(token, connection, size);
        return Next::go_on;
      }
      if (input.size() == max_head) {
        refuse(token, connection, {bad_request, "the header is too long"});
        return Next::go_on;
      }
      return receive(connection);
    case State::delay:
      // Read on, so as to see the client go. It may also send its next request, or begin to.
      return input.size() == max_head ? Next::wait : receive(connection);
    case State::answer:
      return send_answer(token, connection);
    case State::closing:
      input.clear();
      return receive(connection);
  }
  return Next::close;
}

DelayServer::Next DelayServer::receive(Connection& connection) {
  std::array<std::byte, max_head> buffer{};
  const auto room = std::span(buffer).first(max_head - connection.input.size());
  const auto count = connection.stream.read(room);
  if (!count) {
    return evq::would_block(count.error()) ? Next::wait : Next::close;
  }
  if (*count == 0) {
    return Next::close;
  }
  connection.input.append(reinterpret_cast<const char*>(buffer.data()), *count);
  return Next::go_on;
}

DelayServer::Next DelayServer::send_answer(evq::Token token, Connection& connection) {
  const auto rest = std::string_view(connection.output).substr(connection.written);
  const auto count = connection.stream.write(std::as_bytes(std::span(rest)));
  if (!count) {
    return evq::would_block(count.error()) ? Next::wait : Next::close;
  }
  connection.written += *count;
  if (connection.written < connection.output.size()) {
    return Next::go_on;
  }
  if (connection.keep_alive) {
    connection.is_reused = true;
    enter(token, connection, State::request, options_.request_timeout);
  } else {
    static_cast<void>(connection.stream.shutdown(evq::net::Shutdown::write));
    enter(token, connection, State::closing, linger);
  }
  return Next::go_on;
}

void DelayServer::take_request(evq::Token token, Connection& connection, std::size_t size) {
  const auto head = std::string_view(connection.input).substr(0, size);
  const auto request = parse_request(head, options_.max_delay);
  connection.input.erase(0, size);
  if (!request) {
    refuse(token, connection, request.error());
    return;
  }
  connection.keep_alive = request->keep_alive;
  connection.output = answer(*request);
  connection.written = 0;
  enter(token, connection, State::delay, request->delay);
}

void DelayServer::refuse(evq::Token token, Connection& connection, const Refusal& refusal) {
  connection.keep_alive = false;
  connection.output = answer(refusal);
  connection.written = 0;
  enter(token, connection, State::answer, options_.request_timeout);
}

void DelayServer::enter(evq::Token token, Connection& connection, State state,
                        std::chrono::milliseconds at_most) {
  timers_.cancel(connection.timer);
  connection.timer = timers_.insert(Clock::now() + at_most, token);
  connection.state = state;
}

void DelayServer::close(evq::Token token) {
  const auto found = connections_.find(token);
  timers_.cancel(found->second.timer);
  connections_.erase(found);  // which takes the stream out of the queue and closes it
}

}  // namespace examples
