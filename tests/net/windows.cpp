// What Windows alone does with sockets, and what it has of Unix-domain ones.

#include <evq/net/net.hpp>

#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <winsock2.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "support/handles.hpp"
#include "support/sockets.hpp"

using namespace evq;
using namespace evq::net;
using namespace evq::test;

namespace {

bool is_inherited(native_handle_type handle) {
  DWORD flags = 0;
  REQUIRE(::GetHandleInformation(reinterpret_cast<HANDLE>(handle), &flags));
  return (flags & HANDLE_FLAG_INHERIT) != 0;
}

/// A path that nothing has, removed again.
class FreePath {
 public:
  FreePath()
      : path_(std::filesystem::temp_directory_path() /
              ("evq-" + std::to_string(::GetCurrentProcessId()))) {
    std::filesystem::remove(path_);
  }
  FreePath(const FreePath&) = delete;
  FreePath& operator=(const FreePath&) = delete;
  ~FreePath() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& get() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("sockets are not inherited, whichever way they were made") {
  const auto listener = must(TcpListener::bind(SocketAddr::loopback_v4(0)));
  CHECK_FALSE(is_inherited(listener.native_handle()));
  const auto client = must(TcpStream::connect(must(listener.local_address())));
  CHECK_FALSE(is_inherited(client.native_handle()));
  const auto server = must(eventually([&] { return listener.accept(); })).first;
  CHECK_FALSE(is_inherited(server.native_handle()));

  const SOCKET made = ::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  const auto taken = must(TcpStream::from_native(made));
  CHECK_FALSE(is_inherited(taken.native_handle()));
}

TEST_CASE("Winsock's errors have the conditions of std::errc and keep their text") {
  const auto listener = must(TcpListener::bind(SocketAddr::loopback_v4(0)));
  const auto taken = TcpListener::bind(must(listener.local_address())).error();
  CHECK(taken.value() == WSAEADDRINUSE);
  CHECK(taken == std::errc::address_in_use);
  CHECK(taken != std::errc::connection_refused);
  CHECK(std::string(taken.category().name()) == "evq.windows");
  CHECK_FALSE(taken.message().empty());
  CHECK(std::error_code(WSAECONNREFUSED, taken.category()) == std::errc::connection_refused);
  CHECK(std::error_code(ERROR_BROKEN_PIPE, taken.category()) == std::errc::broken_pipe);
  // An error that no condition stands for is only itself.
  const std::error_code unknown(ERROR_BAD_UNIT, taken.category());
  CHECK(unknown.default_error_condition().category() == taken.category());
  CHECK(would_block(std::error_code(WSAEWOULDBLOCK, taken.category())));
  CHECK(would_block(std::error_code(WSAEWOULDBLOCK, std::system_category())));
  CHECK_FALSE(would_block(std::error_code(WSAECONNRESET, taken.category())));
}

TEST_CASE("a datagram to nobody is no error of a socket without a peer") {
  const auto socket = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
  SocketAddr nobody;
  {
    const auto gone = must(UdpSocket::bind(SocketAddr::loopback_v4(0)));
    nobody = must(gone.local_address());
  }
  must(socket.send_to(bytes("x"), nobody));
  std::this_thread::sleep_for(30ms);
  std::byte buffer{};
  CHECK(would_block(socket.recv_from({&buffer, 1}).error()));
}

TEST_CASE("Unix streams connect by path where Windows has them") {
  const FreePath path;
  const auto listener = UnixListener::bind(path.get());
  if (!listener && listener.error() == std::errc::address_family_not_supported) {
    EVQ_SKIP("no AF_UNIX here: " + listener.error().message());
  }
  CHECK(would_block(listener->accept().error()));
  const auto client = must(UnixStream::connect(path.get()));
  const auto server = must(eventually([&] { return listener->accept(); })).first;
  send_text(client, "hello");
  CHECK(read_exactly(server, 5) == "hello");
}

TEST_CASE("pairs and datagrams of the Unix domain are refused") {
  const auto none = std::errc::address_family_not_supported;
  CHECK(UnixStream::pair().error() == none);
  CHECK(UnixDatagram::pair().error() == none);
  CHECK_FALSE(UnixDatagram::unbound().has_value());
}
