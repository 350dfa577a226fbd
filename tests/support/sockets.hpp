// Connected sockets and the bytes that go through them.
#pragma once

#include <evq/net/tcp.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"

namespace evq::test {

using namespace std::chrono_literals;

inline std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// The value, or a failed test with the error's message. No Catch2 check is made while all goes
/// well, so this and what follows may be used from any thread.
template <class T>
T must(Result<T> result) {
  if (!result) {
    FAIL(result.error().message());
  }
  return *std::move(result);
}

inline void must(Result<void> result) {
  if (!result) {
    FAIL(result.error().message());
  }
}

/// Tries a call again while it would block, for as long as no sane machine needs.
template <class Call>
auto eventually(Call call) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (true) {
    auto result = call();
    if (result || !would_block(result.error()) || std::chrono::steady_clock::now() > deadline) {
      return result;
    }
    std::this_thread::sleep_for(1ms);
  }
}

/// Two ends of one connection.
template <class Stream>
struct Pair {
  Stream ours;
  Stream theirs;
};

inline Pair<net::TcpStream> tcp_pair() {
  const auto listener = must(net::TcpListener::bind(net::SocketAddr::loopback_v4(0)));
  auto ours = must(net::TcpStream::connect(must(listener.local_address())));
  auto theirs = must(eventually([&] { return listener.accept(); })).first;
  // Connected for good, not only in the listener's queue.
  must(eventually([&] { return ours.write({}); }));
  must(ours.set_nodelay(true));
  must(theirs.set_nodelay(true));
  return {std::move(ours), std::move(theirs)};
}

/// All of `text`; the streams here always have room for it.
template <class Stream>
void send_text(const Stream& stream, std::string_view text) {
  const auto sent = must(stream.write(bytes(text)));
  if (sent != text.size()) {
    FAIL("sent " << sent << " of " << text.size() << " bytes");
  }
}

/// Returns when there is something to read, and leaves it.
template <class Stream>
void wait_for_data(const Stream& stream) {
  std::byte byte{};
  must(eventually([&] { return stream.peek({&byte, 1}); }));
}

/// Reads until would-block or the end, and returns what there was.
template <class Stream>
std::string drain(const Stream& stream) {
  std::string text;
  std::array<std::byte, 4096> buffer{};
  while (true) {
    const auto count = stream.read(buffer);
    if (!count || *count == 0) {
      return text;
    }
    text.append(reinterpret_cast<const char*>(buffer.data()), *count);
  }
}

/// Reads until `size` bytes have come, however long they take.
template <class Stream>
std::string read_exactly(const Stream& stream, std::size_t size) {
  std::string text;
  std::array<std::byte, 4096> buffer{};
  while (text.size() < size) {
    const auto count = must(eventually([&] { return stream.read(buffer); }));
    if (count == 0) {
      break;
    }
    text.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
  return text;
}

/// Writes until would-block and returns how much that was.
template <class Stream>
std::size_t fill(const Stream& stream) {
  const std::vector<std::byte> chunk(65536);
  std::size_t total = 0;
  while (true) {
    const auto count = stream.write(chunk);
    if (!count) {
      if (!would_block(count.error())) {
        FAIL(count.error().message());
      }
      return total;
    }
    total += *count;
  }
}

}  // namespace evq::test
