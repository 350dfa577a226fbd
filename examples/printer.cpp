#include <evq/evq.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <utility>

int main() {
  constexpr evq::Token listening{0};
  auto poll = evq::Poll::create();
  auto listener = evq::net::TcpListener::bind(evq::net::SocketAddr::loopback_v4(7000));
  if (!poll || !listener ||
      !poll->registry().add(*listener, listening, evq::Interest::readable, evq::Mode::level)) {
    std::fputs("cannot listen on port 7000\n", stderr);
    return 1;
  }

  std::map<evq::Token, evq::net::TcpStream> streams;
  std::uintptr_t connections = 0;
  evq::Events events(256);
  while (poll->poll(events)) {
    for (const auto& event : events) {
      if (event.token() == listening) {
        // A level: told again for as long as connections wait, whatever became of this accept.
        if (auto accepted = listener->accept()) {
          const evq::Token token{++connections};
          auto& stream = streams.emplace(token, std::move(accepted->first)).first->second;
          if (!poll->registry().add(stream, token, evq::Interest::readable)) {
            streams.erase(token);
          }
        }
        continue;
      }
      const auto connection = streams.find(event.token());
      std::array<std::byte, 4096> buffer{};
      // An edge, told once: read until the call would block.
      while (connection != streams.end()) {
        const auto count = connection->second.read(buffer);
        if (!count && evq::would_block(count.error())) {
          break;
        }
        if (!count || *count == 0) {
          streams.erase(connection);  // which takes it out of the queue and closes it
          break;
        }
        std::fwrite(buffer.data(), 1, *count, stdout);
        std::fflush(stdout);
      }
    }
  }
  return 1;
}
