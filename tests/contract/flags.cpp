// Promise 7: what an event says.

#include <evq/net/udp.hpp>
#include <evq/net/unix.hpp>
#include <evq/pipe.hpp>

#include "harness.hpp"
#include "support/handles.hpp"

using namespace evq;
using namespace evq::test;
using net::Shutdown;
using net::SocketAddr;
using net::TcpListener;
using net::TcpStream;

EVQ_CONTRACT("data alone is readable and nothing else", "[flags]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable, mode));
  send_text(pair.theirs, "x");
  const auto event = t.event_of(Token{1});
  CHECK(event.is_readable());
  CHECK_FALSE(event.is_writable());
  CHECK_FALSE(event.is_read_closed());
  CHECK_FALSE(event.is_write_closed());
  CHECK_FALSE(event.is_error());
  CHECK_FALSE(event.is_priority());
}

EVQ_CONTRACT("a listener is readable when there is a connection to accept", "[flags]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  auto listener = must(TcpListener::bind(SocketAddr::loopback_v4(0)));
  must(t.registry().add(listener, Token{1}, readable, mode));
  CHECK(t.is_silent());
  const auto client = must(TcpStream::connect(must(listener.local_address())));
  CHECK(t.event_of(Token{1}).is_readable());
  CHECK(listener.accept().has_value());
}

EVQ_CONTRACT("a connect is writable when it stands", "[flags]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto listener = must(TcpListener::bind(SocketAddr::loopback_v4(0)));
  auto client = must(TcpStream::connect(must(listener.local_address())));
  must(t.registry().add(client, Token{1}, both));
  const auto event = t.event_of(Token{1});
  CHECK(event.is_writable());
  CHECK_FALSE(event.is_error());
  CHECK(must(client.take_error()) == std::error_code());
}

EVQ_CONTRACT("a refused connect is writable, and an error or closed both ways", "[flags]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  SocketAddr nobody;
  {
    const auto listener = must(TcpListener::bind(SocketAddr::loopback_v4(0)));
    nobody = must(listener.local_address());
  }
  auto client = TcpStream::connect(nobody);
  if (!client) {
    CHECK(client.error() == std::errc::connection_refused);
    return;
  }
  must(t.registry().add(*client, Token{1}, both, mode));
  const auto event = t.event_of(Token{1});
  CHECK(event.is_writable());
  CHECK((event.is_error() || (event.is_read_closed() && event.is_write_closed())));
  CHECK(must(client->take_error()) == std::errc::connection_refused);
}

EVQ_CONTRACT("the peer's end of stream is readable and read-closed", "[flags]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable, mode));
  must(pair.theirs.shutdown(Shutdown::write));
  const auto event = t.event_of(Token{1});
  CHECK(event.is_readable());
  CHECK(event.is_read_closed());
  CHECK_FALSE(event.is_write_closed());
  CHECK_FALSE(event.is_error());
  std::byte byte{};
  CHECK(pair.ours.read({&byte, 1}) == std::size_t{0});
  // The other direction still works.
  send_text(pair.ours, "x");
  CHECK(read_exactly(pair.theirs, 1) == "x");
}

EVQ_CONTRACT("the end of stream behind data is told once the data is read", "[flags]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable, Mode::level));
  send_text(pair.theirs, "xyz");
  must(pair.theirs.shutdown(Shutdown::write));
  CHECK(t.event_of(Token{1}).is_readable());
  CHECK(read_exactly(pair.ours, 3) == "xyz");
  // The end may need a moment to arrive, and is there at once afterwards.
  t.event_where(Token{1}, [](const auto& event) { return event.is_read_closed(); });
  CHECK(t.event_of(Token{1}).is_readable());
}

// libuv#3277, mio#933: a registration that did not ask to read must not be told of the peer's end
// for ever.
EVQ_CONTRACT("who waits to write is told neither of data nor of the end of stream", "[flags]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level);
  Harness<TestType> t;
  auto pair = tcp_pair();
  fill(pair.ours);
  must(t.registry().add(pair.ours, Token{1}, writable, mode));
  CHECK(t.is_silent());
  send_text(pair.theirs, "x");
  CHECK(t.is_silent());
  must(pair.theirs.shutdown(Shutdown::write));
  CHECK(t.is_silent());
}

EVQ_CONTRACT("a reset is readable and writable, and an error or closed both ways", "[flags]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  auto pair = tcp_pair();
  const std::size_t filled = fill(pair.ours);
  CHECK(filled > 0);
  must(t.registry().add(pair.ours, Token{1}, both, mode));
  CHECK(t.is_silent());
  reset_on_close(pair.theirs);
  {
    const auto closed = std::move(pair.theirs);
  }
  const auto event = t.event_of(Token{1});
  CHECK(event.is_readable());
  CHECK(event.is_writable());
  CHECK((event.is_error() || (event.is_read_closed() && event.is_write_closed())));
}

EVQ_CONTRACT("a reset is told to who waits for one direction alone", "[flags]") {
  EVQ_NEEDS_BACKEND();
  const Interest interest = GENERATE(readable, writable);
  Harness<TestType> t;
  auto pair = tcp_pair();
  fill(pair.ours);
  must(t.registry().add(pair.ours, Token{1}, interest));
  CHECK(t.is_silent());
  reset_on_close(pair.theirs);
  {
    const auto closed = std::move(pair.theirs);
  }
  const auto event = t.event_of(Token{1});
  CHECK((interest == readable ? event.is_readable() : event.is_writable()));
}

// mio#1317: urgent data that makes a level readable, and cannot be read, is a busy loop for anyone
// who sends one byte.
EVQ_CONTRACT("priority data alone is never readable", "[flags][priority]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level);
  Harness<TestType> t;
  auto pair = tcp_pair();
  must(t.registry().add(pair.ours, Token{1}, readable, mode));
  send_urgent(pair.theirs, '!');
  for (int i = 0; i < 3; ++i) {
    must(t.poll.poll(t.events, short_time));
    for (const auto& event : t.events) {
      CHECK_FALSE(event.is_readable());
    }
  }
  // Data behind it is.
  send_text(pair.theirs, "x");
  CHECK(t.event_of(Token{1}).is_readable());
}

EVQ_CONTRACT("priority data is told to who asked for it", "[flags][priority]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  auto pair = tcp_pair();
  // kqueue has no filter for it on FreeBSD and NetBSD.
  if (!t.registry().add(pair.ours, Token{1}, priority, mode)) {
    REQUIRE(TestType::name == "kqueue");
    EVQ_SKIP("this system's kqueue does not watch for priority data");
  }
  must(t.registry().remove(pair.ours));
  SECTION("alone") {
    must(t.registry().add(pair.ours, Token{1}, priority, mode));
    send_text(pair.theirs, "x");
    CHECK(t.is_silent());
    send_urgent(pair.theirs, '!');
    const auto event = t.event_of(Token{1});
    CHECK(event.is_priority());
    CHECK_FALSE(event.is_error());
  }
  SECTION("beside readable, which it is not") {
    must(t.registry().add(pair.ours, Token{1}, readable | priority, mode));
    send_urgent(pair.theirs, '!');
    const auto event = t.event_of(Token{1});
    CHECK(event.is_priority());
    CHECK_FALSE(event.is_readable());
  }
}

EVQ_CONTRACT("a datagram is readable", "[flags][udp]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level, Mode::oneshot);
  Harness<TestType> t;
  auto receiver = must(net::UdpSocket::bind(SocketAddr::loopback_v4(0)));
  auto sender = must(net::UdpSocket::bind(SocketAddr::loopback_v4(0)));
  must(t.registry().add(receiver, Token{1}, readable, mode));
  must(t.registry().add(sender, Token{2}, writable, mode));
  CHECK(t.event_of(Token{2}).is_writable());
  must(sender.send_to(bytes("hello"), must(receiver.local_address())));
  const auto event = t.event_of(Token{1});
  CHECK(event.is_readable());
  CHECK_FALSE(event.is_read_closed());
}

EVQ_CONTRACT("a regular file is operation_not_permitted", "[add]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  const auto file = temporary_file();
  CHECK(is_refused(t.registry().add(RawSource{file.get()}, Token{1}, readable),
                   std::errc::operation_not_permitted));
  CHECK(t.is_silent());
}

#ifndef _WIN32
EVQ_CONTRACT("the error of an unreachable datagram peer is readable and no end", "[flags][udp]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto socket = must(net::UdpSocket::bind(SocketAddr::loopback_v4(0)));
  {
    const auto nobody = must(net::UdpSocket::bind(SocketAddr::loopback_v4(0)));
    must(socket.connect(must(nobody.local_address())));
  }
  must(t.registry().add(socket, Token{1}, readable));
  CHECK(t.is_silent());
  must(socket.send(bytes("x")));
  const auto event = t.event_of(Token{1});
  CHECK(event.is_readable());
  CHECK_FALSE(event.is_read_closed());
  CHECK_FALSE(event.is_write_closed());
  std::byte byte{};
  CHECK(socket.recv({&byte, 1}).error() == std::errc::connection_refused);
}

EVQ_CONTRACT("a pipe tells its reader of data and of the last writer's end", "[flags][pipe]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level);
  Harness<TestType> t;
  auto [sender, receiver] = must(pipe());
  must(t.registry().add(receiver, Token{1}, readable, mode));
  CHECK(t.is_silent());
  send_text(sender, "x");
  auto event = t.event_of(Token{1});
  CHECK(event.is_readable());
  CHECK_FALSE(event.is_read_closed());
  CHECK(drain(receiver) == "x");
  CHECK(t.is_silent());
  {
    const auto closed = std::move(sender);
  }
  event = t.event_of(Token{1});
  CHECK(event.is_readable());
  CHECK(event.is_read_closed());
}

EVQ_CONTRACT("a pipe tells its writer of room and of the reader's end", "[flags][pipe]") {
  EVQ_NEEDS_BACKEND();
  const Mode mode = GENERATE(Mode::edge, Mode::level);
  Harness<TestType> t;
  auto [sender, receiver] = must(pipe());
  must(t.registry().add(sender, Token{1}, writable, mode));
  CHECK(t.event_of(Token{1}).is_writable());
  fill(sender);
  CHECK(t.is_silent());
  drain(receiver);
  CHECK(t.event_of(Token{1}).is_writable());
  fill(sender);
  CHECK(t.is_silent());
  {
    const auto closed = std::move(receiver);
  }
  const auto event = t.event_of(Token{1});
  CHECK(event.is_writable());
  CHECK((event.is_error() || event.is_write_closed()));
}

EVQ_CONTRACT("Unix-domain streams are told of data, room and end as TCP is", "[flags][unix]") {
  EVQ_NEEDS_BACKEND();
  Harness<TestType> t;
  auto [ours, theirs] = must(net::UnixStream::pair());
  must(t.registry().add(ours, Token{1}, both));
  CHECK(t.event_of(Token{1}).is_writable());
  send_text(theirs, "x");
  CHECK(t.event_of(Token{1}).is_readable());
  CHECK(drain(ours) == "x");
  const std::size_t filled = fill(ours);
  CHECK(t.is_silent());
  read_exactly(theirs, filled);
  CHECK(t.event_of(Token{1}).is_writable());
  must(theirs.shutdown(Shutdown::write));
  auto event = t.event_of(Token{1});
  CHECK(event.is_readable());
  CHECK(event.is_read_closed());
  CHECK_FALSE(event.is_write_closed());
  {
    const auto closed = std::move(theirs);
  }
  event = t.event_of(Token{1});
  CHECK(event.is_readable());
  CHECK(event.is_writable());
}
#endif
