#include <evq/net/udp.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "support/sockets.hpp"

using namespace evq;
using namespace evq::net;
using namespace evq::test;

namespace {

std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("datagrams carry their sender's address") {
  const SocketAddr local = GENERATE(SocketAddr::loopback_v4(0), SocketAddr::loopback_v6(0));
  const auto a = UdpSocket::bind(local);
  if (!a && local.is_v6()) {
    EVQ_SKIP("no IPv6 here: " + a.error().message());
  }
  const auto b = must(UdpSocket::bind(local));
  std::array<std::byte, 16> buffer{};
  CHECK(would_block(b.recv_from(buffer).error()));
  CHECK(must(a->send_to(bytes("hello"), must(b.local_address()))) == 5);
  const auto peeked = must(eventually([&] { return b.peek_from(buffer); }));
  CHECK(peeked.first == 5);
  CHECK(peeked.second == must(a->local_address()));
  const auto [size, from] = must(b.recv_from(buffer));
  CHECK(text(std::span(buffer).first(size)) == "hello");
  CHECK(from == must(a->local_address()));
  CHECK(would_block(b.recv_from(buffer).error()));
}

TEST_CASE("an empty datagram arrives, and a long one is cut") {
  const auto a = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
  const auto b = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
  const auto to = must(b.local_address());
  std::array<std::byte, 3> buffer{};
  must(a.send_to({}, to));
  CHECK(must(eventually([&] { return b.recv_from(buffer); })).first == 0);
  must(a.send_to(bytes("hello"), to));
  CHECK(must(eventually([&] { return b.recv_from(buffer); })).first == 3);
  CHECK(would_block(b.recv_from(buffer).error()));
}

TEST_CASE("a connected socket sends to its peer and takes from it alone") {
  const auto a = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
  const auto b = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
  const auto stranger = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
  CHECK(a.peer_address().error() == std::errc::not_connected);
#ifdef _WIN32
  CHECK_FALSE(a.send(bytes("x")));  // Windows says not_connected, Wine invalid_argument
#else
  CHECK(a.send(bytes("x")).error() == std::errc::destination_address_required);
#endif
  must(a.connect(must(b.local_address())));
  CHECK(must(a.peer_address()) == must(b.local_address()));
  must(stranger.send_to(bytes("no"), must(a.local_address())));
  must(b.send_to(bytes("yes"), must(a.local_address())));
  std::array<std::byte, 16> buffer{};
  CHECK(must(eventually([&] { return a.peek(buffer); })) == 3);
  CHECK(must(a.recv(buffer)) == 3);
  CHECK(would_block(a.recv(buffer).error()));
  CHECK(must(a.send(bytes("ok"))) == 2);
  CHECK(must(eventually([&] { return b.recv(buffer); })) == 2);
}

// connect(2) of AF_UNSPEC would take the peer away, and sendto(2) with it send to the peer.
TEST_CASE("an address of no family is refused") {
  const auto a = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
  const auto wrong = std::errc::address_family_not_supported;
  must(a.connect(must(a.local_address())));
  CHECK(a.connect(SocketAddr()).error() == wrong);
  CHECK(a.send_to(bytes("x"), SocketAddr()).error() == wrong);
  CHECK(a.peer_address().has_value());
}

TEST_CASE("a datagram that is too long is message_size") {
  const auto a = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
  const std::vector<std::byte> long_message(70000);
  CHECK(a.send_to(long_message, must(a.local_address())).error() == std::errc::message_size);
}

TEST_CASE("UDP options are set and read back") {
  const auto a = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
  for (const bool on : {true, false, true}) {
    must(a.set_broadcast(on));
    CHECK(must(a.broadcast()) == on);
    must(a.set_multicast_loop_v4(on));
    CHECK(must(a.multicast_loop_v4()) == on);
  }
  must(a.set_ttl(41));
  CHECK(must(a.ttl()) == 41);
  must(a.set_multicast_ttl_v4(5));
  CHECK(must(a.multicast_ttl_v4()) == 5);
  const auto v6 = UdpSocket::bind(SocketAddr::loopback_v6(0));
  if (!v6) {
    EVQ_SKIP("no IPv6 here: " + v6.error().message());
  }
  CHECK(must(v6->only_v6()));
  must(v6->set_ttl(43));
  CHECK(must(v6->ttl()) == 43);
  must(v6->set_multicast_loop_v6(false));
  CHECK_FALSE(must(v6->multicast_loop_v6()));
}

TEST_CASE("a broadcast needs the option") {
  const auto a = must(UdpSocket::bind(SocketAddr::any_v4(0)));
  const auto everyone = SocketAddr::v4({127, 255, 255, 255}, must(a.local_address()).port());
  CHECK(a.send_to(bytes("x"), everyone).error() == std::errc::permission_denied);
  must(a.set_broadcast(true));
  CHECK(must(a.send_to(bytes("x"), everyone)) == 1);
}

TEST_CASE("multicast groups are joined and left") {
  const auto receiver = must(UdpSocket::bind(SocketAddr::any_v4(0)));
  const auto group = SocketAddr::v4({239, 1, 2, 3}, 0);
  const auto loopback = SocketAddr::loopback_v4(0);
  must(receiver.join_multicast_v4(group, loopback));
  CHECK(receiver.join_multicast_v4(group, loopback).error() == std::errc::address_in_use);
  must(receiver.leave_multicast_v4(group, loopback));
  CHECK_FALSE(receiver.leave_multicast_v4(group, loopback).has_value());
  CHECK_FALSE(receiver.join_multicast_v4(loopback, loopback).has_value());
  CHECK(receiver.join_multicast_v4(SocketAddr::any_v6(0), loopback).error() ==
        std::errc::invalid_argument);
  CHECK(receiver.join_multicast_v6(group, 0).error() == std::errc::invalid_argument);

  const auto v6 = UdpSocket::bind(SocketAddr::any_v6(0));
  if (!v6) {
    EVQ_SKIP("no IPv6 here: " + v6.error().message());
  }
  const auto group_v6 = must(SocketAddr::parse("[ff01::1234]:0"));
#ifdef _WIN32
  const std::uint32_t interface_index = 1;  // the loopback interface's on every Windows
#else
  const std::uint32_t interface_index = must(SocketAddr::parse("[fe80::1%lo]:0")).scope_id();
#endif
  must(v6->join_multicast_v6(group_v6, interface_index));
  must(v6->leave_multicast_v6(group_v6, interface_index));
  CHECK_FALSE(v6->leave_multicast_v6(group_v6, interface_index).has_value());
}
