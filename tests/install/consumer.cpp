// A program of someone else's: the installed headers and library, and nothing of this tree.

#include <evq/evq.hpp>

#include <array>
#include <cstdio>
#include <span>

int main() {
  auto poll = evq::Poll::create();
  auto listener = evq::net::TcpListener::bind(evq::net::SocketAddr::loopback_v4(0));
  if (!poll || !listener ||
      !poll->registry().add(*listener, evq::Token{1}, evq::Interest::readable)) {
    return 1;
  }
  auto client = evq::net::TcpStream::connect(*listener->local_address());
  evq::Events events(4);
  if (!client || !poll->poll(events) || events.size() != 1) {
    return 2;
  }
  auto accepted = listener->accept();
  const std::array<std::byte, 2> bytes{std::byte{'o'}, std::byte{'k'}};
  if (!accepted || !accepted->first.write(bytes)) {
    return 3;
  }
  std::printf("evq %s on %s\n", EVQ_VERSION, evq::DefaultBackend::name.data());
  return 0;
}
