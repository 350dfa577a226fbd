#include "dial.hpp"

#include <utility>

namespace examples {

namespace {

/// Connected, not yet, or why not.
evq::Result<bool> is_connected(const evq::net::TcpStream& stream) {
  const auto failure = stream.take_error();
  if (!failure) {
    return std::unexpected(failure.error());
  }
  if (*failure) {
    return std::unexpected(*failure);
  }
  // An event may be spurious: only a connected socket has a peer.
  const auto peer = stream.peer_address();
  if (!peer && peer.error() != std::errc::not_connected) {
    return std::unexpected(peer.error());
  }
  return peer.has_value();
}

}  // namespace

evq::Result<std::vector<evq::net::SocketAddr>> lookup(const std::string& host_port) {
  if (const auto address = evq::net::SocketAddr::parse(host_port)) {
    return std::vector{*address};
  }
  const auto colon = host_port.rfind(':');
  if (colon == std::string::npos) {
    return std::unexpected(std::make_error_code(std::errc::invalid_argument));
  }
  return evq::net::resolve(host_port.substr(0, colon), host_port.substr(colon + 1));
}

std::string check_host_port(const std::string& text) {
  const auto colon = text.rfind(':');
  const bool complete = colon != std::string::npos && colon > 0 && colon + 1 < text.size();
  return complete ? "" : text + " is not like localhost:80, 127.0.0.1:80 or [::1]:80";
}

evq::Result<bool> Dial::proceed(const evq::Registry& registry) {
  if (stream_) {
    const auto connected = is_connected(*stream_);
    if (connected) {
      return *connected;
    }
    error_ = connected.error();
    stream_.reset();
  }
  while (!addresses_.empty()) {
    const auto address = addresses_.front();
    addresses_ = addresses_.subspan(1);
    error_ = begin(address, registry);
    if (!error_) {
      return false;  // in any case an event will tell
    }
  }
  return std::unexpected(error_);
}

std::error_code Dial::begin(const evq::net::SocketAddr& address, const evq::Registry& registry) {
  auto stream = evq::net::TcpStream::connect(address);
  if (!stream) {
    return stream.error();
  }
  // Small requests leave at once. If that cannot be had, they are only slower.
  static_cast<void>(stream->set_nodelay(true));
  // Moved first, then registered: either order works, since a source may move while registered.
  stream_ = *std::move(stream);
  const auto both = evq::Interest::readable | evq::Interest::writable;
  if (auto added = registry.add(*stream_, token_, both); !added) {
    stream_.reset();
    return added.error();
  }
  return {};
}

}  // namespace examples
