// What each half of the program offers. What one of them made is used with the other.
#pragma once

#include <evq/evq.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <typeinfo>

namespace evq::test {

/// What must be one and the same in both halves.
struct Identity {
  std::array<const std::type_info*, 10> types{};
  std::array<std::size_t, 20> sizes{};
  std::array<const void*, 6> objects{};
  Result<Poll> (*create)() = nullptr;
  Result<void> (Poll::*poll)(Events&, std::optional<std::chrono::nanoseconds>) = nullptr;
  Result<Registry> (Registry::*try_clone)() const = nullptr;
  bool (Event::*is_readable)() const noexcept = nullptr;
};

struct Half {
  bool asserts = false;
  Identity identity;
  Result<Poll> (*make_poll)();
  Events (*make_events)(std::size_t capacity);
  Result<Registry> (*clone)(const Poll&);
  Result<Waker> (*make_waker)(const Registry&, Token);
  Result<net::TcpStream> (*connect)(const net::SocketAddr&);
  Result<void> (*add)(const Registry&, net::TcpStream&, Token, Interest);
  Result<void> (*remove)(const Registry&, net::TcpStream&);
  Result<void> (*wait)(Poll&, Events&);
  Result<void> (*wake)(const Waker&);
  Event (*first)(const Events&);
  bool (*is_writable_only)(Event);
  void (*destroy)(net::TcpStream);
};

Half half_debug();
Half half_ndebug();

}  // namespace evq::test
