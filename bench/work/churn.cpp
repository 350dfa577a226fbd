#include "churn.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <span>
#include <stdexcept>
#include <system_error>

namespace bench {

using evq::net::SocketAddr;
using evq::net::TcpListener;
using evq::net::TcpStream;

Churn::Churn(const Point& point)
    : listener_(take(TcpListener::bind(SocketAddr::loopback_v4(0)), "bind")),
      clients_(point.at("clients")),
      // A client can come again before the server of its last connection has seen it go.
      servers_(2 * clients_.size()),
      free_(servers_.size()) {
  for (std::size_t i = 0; i < free_.size(); ++i) {
    free_[i] = free_.size() - 1 - i;
  }
}

void Churn::dial(Client& client) {
  client.stream =
      take(TcpStream::connect(take(listener_.local_address(), "getsockname")), "connect");
  client.has_asked = false;
  // To close with a reset leaves no port waiting, of which there are only so many.
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (::setsockopt(client.stream->native_handle(), SOL_SOCKET, SO_LINGER, &at_once,
                   sizeof at_once) != 0) {
    fail("setsockopt");
  }
}

std::optional<std::size_t> Churn::take_connection() {
  auto accepted = listener_.accept();
  if (!accepted) {
    if (evq::would_block(accepted.error())) {
      return std::nullopt;
    }
    throw std::system_error(accepted.error(), "accept");
  }
  if (free_.empty()) {
    free_.push_back(servers_.size());
    servers_.emplace_back();
  }
  const std::size_t place = free_.back();
  free_.pop_back();
  servers_[place] = std::move(accepted->first);
  return place;
}

void Churn::ask(std::size_t client) {
  const auto word = static_cast<Word>(client * quota_ + clients_[client].connections);
  send_all(clients_[client].stream->native_handle(), std::as_bytes(std::span(&word, 1)));
  clients_[client].has_asked = true;
}

bool Churn::take_answer(std::size_t client) {
  Word word = 0;
  const auto received = receive(clients_[client].stream->native_handle(),
                                std::as_writable_bytes(std::span(&word, 1)));
  outcome_.bytes += received;
  outcome_.checksum += word;
  return received != 0;
}

bool Churn::take_question(std::size_t server) {
  const int fd = servers_[server]->native_handle();
  Word word = 0;
  const auto count = ::recv(fd, &word, sizeof word, 0);
  if (count < 0 && errno != ECONNRESET) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return false;
    }
    fail("recv");
  }
  if (count <= 0) {
    return true;
  }
  word += 1;
  send_all(fd, std::as_bytes(std::span(&word, 1)));
  return false;
}

Outcome Churn::expected() const {
  const std::size_t connections = clients_.size() * quota_;
  return {.events = connections,
          .bytes = connections * sizeof(Word),
          .checksum = connections * (connections + 1) / 2};
}

}  // namespace bench
