#include "echo.hpp"

#include <algorithm>
#include <numeric>
#include <span>

namespace bench {

namespace {

std::uint64_t sum(std::span<const std::byte> bytes) {
  return std::accumulate(
      bytes.begin(), bytes.end(), std::uint64_t{0},
      [](std::uint64_t sum, std::byte byte) { return sum + std::to_integer<std::uint64_t>(byte); });
}

}  // namespace

Echo::Echo(const Point& point)
    : connections_(make_connections(point.at("connections"), point.at("size") * point.at("depth"))),
      size_(point.at("size")),
      depth_(point.at("depth")),
      clients_(point.at("connections")),
      message_(size_),
      buffer_(most_in_flight) {
  for (std::size_t i = 0; i < size_; ++i) {
    message_[i] = static_cast<std::byte>(i * 7 + 1);
  }
  for (auto& client : clients_) {
    client.sent_at.resize(depth_);
  }
}

void Echo::start(std::size_t events) {
  quota_ = std::max<std::size_t>(events / clients_.size(), 1);
  outcome_ = {};
  latencies_.clear();
  latencies_.reserve(clients_.size() * quota_);
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    clients_[i].sent = 0;
    clients_[i].received = 0;
    for (std::size_t j = 0; j < std::min(depth_, quota_); ++j) {
      send_message(i, Clock::now());
    }
  }
}

void Echo::send_message(std::size_t index, Clock::time_point now) {
  auto& client = clients_[index];
  client.sent_at[client.sent % depth_] = now;
  ++client.sent;
  send_all(connections_.first[index].native_handle(), message_);
}

void Echo::take_echo(std::size_t index) {
  auto& client = clients_[index];
  std::size_t received = 0;
  do {
    received = receive(connections_.first[index].native_handle(), buffer_);
    outcome_.bytes += received;
    outcome_.checksum += sum({buffer_.data(), received});
    const std::size_t whole = client.received / size_;
    client.received += received;
    for (std::size_t i = whole; i < client.received / size_; ++i) {
      const auto now = Clock::now();
      latencies_.push_back(static_cast<std::uint32_t>((now - client.sent_at[i % depth_]).count()));
      ++outcome_.events;
      if (client.sent < quota_) {
        send_message(index, now);
      }
    }
  } while (received == buffer_.size());
}

void Echo::send_back(std::size_t index) {
  const int fd = stream(index).native_handle();
  std::size_t received = 0;
  do {
    received = receive(fd, buffer_);
    if (received != 0) {
      send_all(fd, {buffer_.data(), received});
    }
  } while (received == buffer_.size());
}

Outcome Echo::expected() const {
  const std::size_t messages = clients_.size() * quota_;
  return {.events = messages, .bytes = messages * size_, .checksum = messages * sum(message_)};
}

}  // namespace bench
