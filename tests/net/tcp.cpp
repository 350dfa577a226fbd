#include <evq/net/tcp.hpp>
#include <evq/net/udp.hpp>
#include <evq/poll.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/handles.hpp"
#include "support/sockets.hpp"

using namespace evq;
using namespace evq::net;
using namespace evq::test;

TEST_CASE("net types move and do not copy") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<TcpStream>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<TcpStream>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<TcpStream>);
  STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<TcpListener>);
  STATIC_REQUIRE_FALSE(std::is_default_constructible_v<TcpStream>);
}

TEST_CASE("a connection carries bytes both ways and knows its addresses") {
  const SocketAddr local = GENERATE(SocketAddr::loopback_v4(0), SocketAddr::loopback_v6(0));
  const auto listener = TcpListener::bind(local);
  if (!listener && local.is_v6()) {
    EVQ_SKIP("no IPv6 here: " + listener.error().message());
  }
  const auto addr = must(listener->local_address());
  CHECK(addr.port() != 0);
  CHECK(listener->peer_address().error() == std::errc::not_connected);
  CHECK(would_block(listener->accept().error()));

  const auto client = must(TcpStream::connect(addr));
  const auto [server, peer] = must(eventually([&] { return listener->accept(); }));
  CHECK(must(client.peer_address()) == addr);
  CHECK(must(client.local_address()) == peer);
  CHECK(must(server.peer_address()) == peer);
  CHECK(must(server.local_address()) == addr);

  send_text(client, "ping");
  CHECK(read_exactly(server, 4) == "ping");
  send_text(server, "pong");
  CHECK(read_exactly(client, 4) == "pong");
}

TEST_CASE("a read of nothing would block, and of an end is 0") {
  auto pair = tcp_pair();
  std::array<std::byte, 8> buffer{};
  CHECK(would_block(pair.ours.read(buffer).error()));
  CHECK(would_block(pair.ours.peek(buffer).error()));
  send_text(pair.theirs, "abc");
  wait_for_data(pair.ours);
  CHECK(must(pair.ours.peek(buffer)) == 3);
  CHECK(must(pair.ours.read(std::span(buffer).first(2))) == 2);
  CHECK(drain(pair.ours) == "c");
  must(pair.theirs.shutdown(Shutdown::write));
  CHECK(must(eventually([&] { return pair.ours.read(buffer); })) == 0);
  CHECK(must(pair.ours.read(buffer)) == 0);
}

TEST_CASE("vectored calls fill and send buffers in order") {
  auto pair = tcp_pair();
  const std::string hello = "hello ";
  const std::string world = "world";
  const std::array<std::span<const std::byte>, 3> out{bytes(hello), bytes(""), bytes(world)};
  CHECK(must(pair.ours.write_vectored(out)) == 11);
  wait_for_data(pair.theirs);
  std::array<std::byte, 4> first{};
  std::array<std::byte, 20> second{};
  const std::array<std::span<std::byte>, 2> in{first, second};
  REQUIRE(must(pair.theirs.read_vectored(in)) == 11);
  CHECK(static_cast<char>(first[3]) == 'l');
  CHECK(static_cast<char>(second[0]) == 'o');
  CHECK(static_cast<char>(second[6]) == 'd');
  CHECK(would_block(pair.theirs.read_vectored(in).error()));
}

TEST_CASE("a vectored call takes 64 buffers and leaves the rest") {
  auto pair = tcp_pair();
  const std::vector<std::span<const std::byte>> out(1000, bytes("x"));
  CHECK(must(pair.ours.write_vectored(out)) == 64);
  CHECK(read_exactly(pair.theirs, 64).size() == 64);
}

TEST_CASE("writing to a peer that is gone is an error and no signal") {
  auto pair = tcp_pair();
  {
    const auto closed = std::move(pair.theirs);
  }
  Result<std::size_t> result = 0;
  for (int i = 0; i < 1000 && result; ++i) {
    result = eventually([&] { return pair.ours.write(bytes("x")); });
  }
  REQUIRE_FALSE(result.has_value());
  CHECK(
      (result.error() == std::errc::broken_pipe || result.error() == std::errc::connection_reset));
  const std::array<std::span<const std::byte>, 1> out{bytes("x")};
  CHECK_FALSE(pair.ours.write_vectored(out).has_value());
}

TEST_CASE("a refused connect is said by take_error, once") {
  SocketAddr nobody;
  {
    const auto listener = must(TcpListener::bind(SocketAddr::loopback_v4(0)));
    nobody = must(listener.local_address());
  }
  auto stream = TcpStream::connect(nobody);
  if (!stream) {
    CHECK(stream.error() == std::errc::connection_refused);
    return;
  }
  auto poll = must(Poll::create());
  Events events(4);
  must(poll.registry().add(*stream, Token{1}, Interest::writable));
  must(poll.poll(events));
  CHECK(must(stream->take_error()) == std::errc::connection_refused);
#ifndef _WIN32
  CHECK_FALSE(must(stream->take_error()));  // Wine says it again
#endif
}

TEST_CASE("options are set and read back") {
  auto pair = tcp_pair();
  must(pair.ours.set_nodelay(false));
  CHECK_FALSE(must(pair.ours.nodelay()));
  must(pair.ours.set_nodelay(true));
  CHECK(must(pair.ours.nodelay()));
  must(pair.ours.set_ttl(42));
  CHECK(must(pair.ours.ttl()) == 42);
  CHECK(pair.ours.set_ttl(100000).error() == std::errc::invalid_argument);

  const auto listener = must(TcpListener::bind(SocketAddr::loopback_v4(0)));
  must(listener.set_ttl(43));
  CHECK(must(listener.ttl()) == 43);
  if (const auto v6 = TcpListener::bind(SocketAddr::loopback_v6(0))) {
    must(v6->set_ttl(44));
    CHECK(must(v6->ttl()) == 44);
  }
}

TEST_CASE("an IPv6 listener leaves the port free for IPv4") {
  const auto v6 = TcpListener::bind(SocketAddr::any_v6(0));
  if (!v6) {
    EVQ_SKIP("no IPv6 here: " + v6.error().message());
  }
  const auto v4 = TcpListener::bind(SocketAddr::any_v4(must(v6->local_address()).port()));
  CHECK(v4.has_value());
}

TEST_CASE("addresses of the wrong kind or that are taken are refused") {
  const auto listener = must(TcpListener::bind(SocketAddr::loopback_v4(0)));
  CHECK(TcpListener::bind(must(listener.local_address())).error() == std::errc::address_in_use);
  const auto wrong = std::errc::address_family_not_supported;
  const auto local = must(SocketAddr::local("x"));
  CHECK(TcpListener::bind(SocketAddr()).error() == wrong);
  CHECK(TcpStream::connect(SocketAddr()).error() == wrong);
  CHECK(TcpListener::bind(local).error() == wrong);
  CHECK(TcpStream::connect(local).error() == wrong);
  CHECK(UdpSocket::bind(local).error() == wrong);
}

TEST_CASE("a port can be bound again while old connections linger") {
  SocketAddr addr;
  {
    const auto listener = must(TcpListener::bind(SocketAddr::loopback_v4(0)));
    addr = must(listener.local_address());
    const auto client = must(TcpStream::connect(addr));
    const auto server = must(eventually([&] { return listener.accept(); })).first;
    must(server.shutdown(Shutdown::both));  // the server closes first: TIME_WAIT is its own
  }
  CHECK(TcpListener::bind(addr).has_value());
}

TEST_CASE("from_native takes over what fits, and leaves the rest with its owner") {
  auto pair = tcp_pair();
  auto again = must(TcpStream::from_native(pair.ours.release()));
  send_text(again, "x");
  CHECK(read_exactly(pair.theirs, 1) == "x");

  CHECK(TcpStream::from_native(invalid_handle).error() == std::errc::bad_file_descriptor);
  const auto udp = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
  CHECK(TcpStream::from_native(udp.native_handle()).error() == std::errc::wrong_protocol_type);
  CHECK(udp.local_address().has_value());
#ifndef _WIN32
  const auto file = temporary_file();
  CHECK(TcpStream::from_native(file.get()).error() == std::errc::not_a_socket);
#endif
}

TEST_CASE("every call on a stream that was moved from is bad_file_descriptor") {
  auto pair = tcp_pair();
  const auto moved = std::move(pair.ours);
  const auto bad = std::errc::bad_file_descriptor;
  std::byte byte{};
  CHECK(pair.ours.read({&byte, 1}).error() == bad);
  CHECK(pair.ours.write({&byte, 1}).error() == bad);
  CHECK(pair.ours.peer_address().error() == bad);
  CHECK(pair.ours.shutdown(Shutdown::both).error() == bad);
  CHECK(pair.ours.take_error().error() == bad);
  CHECK(pair.ours.nodelay().error() == bad);
  CHECK(pair.ours.release() == invalid_handle);
}

TEST_CASE("try_io gives the call's result and its error") {
  const auto pair = tcp_pair();
  CHECK(must(pair.ours.try_io(Interest::readable, [](native_handle_type handle) -> Result<bool> {
    return handle != invalid_handle;
  })));
  const auto blocked = pair.ours.try_io(Interest::readable, [](native_handle_type) -> Result<int> {
    return std::unexpected(std::make_error_code(std::errc::operation_would_block));
  });
  CHECK(would_block(blocked.error()));
}
