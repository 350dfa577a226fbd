#include <evq/net/tcp.hpp>
#include <evq/net/unix.hpp>
#include <evq/pipe.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>

#include "support/faults.hpp"
#include "support/handles.hpp"
#include "support/sockets.hpp"

using namespace evq;
using namespace evq::net;
using namespace evq::test;

namespace {

/// A folder of its own for each test, removed with it.
class Folder {
 public:
  Folder() {
    std::string path = (std::filesystem::temp_directory_path() / "evq-XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

bool is_ours_from_birth(native_handle_type handle) {
  return (::fcntl(handle, F_GETFL) & O_NONBLOCK) != 0 &&
         (::fcntl(handle, F_GETFD) & FD_CLOEXEC) != 0;
}

}  // namespace

TEST_CASE("Unix streams connect by path") {
  const Folder folder;
  const auto path = folder / "stream";
  const auto listener = must(UnixListener::bind(path));
  CHECK(must(listener.local_address()).to_string() == path.string());
  CHECK(would_block(listener.accept().error()));
  const auto client = must(UnixStream::connect(path));
  const auto [server, peer] = must(listener.accept());
  CHECK(peer.is_local());
  CHECK(peer.to_string() == "(unnamed)");
  CHECK(must(client.peer_address()).to_string() == path.string());
  send_text(client, "hello");
  CHECK(drain(server) == "hello");
  CHECK_FALSE(must(client.take_error()));

  CHECK(UnixListener::bind(path).error() == std::errc::address_in_use);
  CHECK(UnixStream::connect(folder / "nobody").error() == std::errc::no_such_file_or_directory);
  CHECK(UnixStream::connect("").error() == std::errc::invalid_argument);
  CHECK(UnixStream::connect(SocketAddr::loopback_v4(1)).error() ==
        std::errc::address_family_not_supported);
}

#if defined(__linux__)
// unix(7): a path that fills sun_path has no NUL, and the length says one more than there is.
TEST_CASE("a path of full length is read back whole") {
  const Folder folder;
  std::string path = (folder / "x").string();
  path.append(108 - path.size(), 'x');
  const auto listener = must(UnixListener::bind(path));
  CHECK(must(listener.local_address()).to_string() == path);
  const auto client = must(UnixStream::connect(path));
  CHECK(must(client.peer_address()).to_string() == path);
  const auto a = must(UnixDatagram::bind(path.substr(0, 107) + "y"));
  const auto b = must(UnixDatagram::bind(path.substr(0, 107) + "z"));
  must(a.send_to(bytes("hi"), must(b.local_address())));
  std::array<std::byte, 8> buffer{};
  CHECK(must(b.recv_from(buffer)).second == must(a.local_address()));
}
#endif

TEST_CASE("Unix streams come in pairs") {
  const auto [a, b] = must(UnixStream::pair());
  send_text(a, "x");
  CHECK(drain(b) == "x");
  must(a.shutdown(Shutdown::write));
  std::byte byte{};
  CHECK(must(b.read({&byte, 1})) == 0);
  must(b.shutdown(Shutdown::read));
  CHECK(a.write(bytes("x")).error() == std::errc::broken_pipe);
}

TEST_CASE("Unix datagrams go by path, between pairs and from the unbound") {
  const Folder folder;
  const auto receiver = must(UnixDatagram::bind(folder / "a"));
  const auto sender = must(UnixDatagram::bind(folder / "b"));
  std::array<std::byte, 16> buffer{};
  must(sender.send_to(bytes("hello"), folder / "a"));
  const auto [size, from] = must(receiver.recv_from(buffer));
  CHECK(size == 5);
  CHECK(from == must(sender.local_address()));

  const auto unbound = must(UnixDatagram::unbound());
  must(unbound.connect(folder / "a"));
  must(unbound.send(bytes("hi")));
  CHECK(must(receiver.recv(buffer)) == 2);
  CHECK(unbound.connect(folder / "nobody").error() == std::errc::no_such_file_or_directory);
  CHECK(unbound.send_to(bytes("x"), "").error() == std::errc::invalid_argument);

  const auto [a, b] = must(UnixDatagram::pair());
  must(a.send(bytes("pair")));
  CHECK(must(b.recv(buffer)) == 4);
  must(a.shutdown(Shutdown::both));
  CHECK(a.send(bytes("x")).error() == std::errc::broken_pipe);
}

TEST_CASE("a pipe carries bytes one way") {
  const auto [sender, receiver] = must(evq::pipe());
  std::array<std::byte, 16> buffer{};
  CHECK(would_block(receiver.read(buffer).error()));
  const std::array<std::span<const std::byte>, 2> out{bytes("hello "), bytes("world")};
  CHECK(must(sender.write_vectored(out)) == 11);
  std::array<std::byte, 5> first{};
  const std::array<std::span<std::byte>, 2> in{first, buffer};
  CHECK(must(receiver.read_vectored(in)) == 11);
  CHECK(fill(sender) > 0);
}

TEST_CASE("writing to a pipe without a reader is broken_pipe and no signal") {
  const auto try_it = [] {
    auto ends = evq::pipe();
    {
      const auto closed = std::move(ends->second);
    }
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    const auto written = ends->first.write(bytes("x"));
    if (written || written.error() != std::errc::broken_pipe) {
      return 1;
    }
    sigset_t after;
    sigset_t pending;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
    ::sigpending(&pending);
    if (sigismember(&after, SIGPIPE) != sigismember(&mask, SIGPIPE)) {
      return 2;
    }
    return sigismember(&pending, SIGPIPE) == 0 ? 0 : 3;
  };
  SECTION("as this kernel does it") {
    CHECK(try_it() == 0);
  }
#if defined(__linux__)
  SECTION("as kernels before 6.18 do it") {
    const int error = GENERATE(EOPNOTSUPP, ENOSYS);
    const auto result = with_faults({{SYS_pwritev2, error, {}}}, try_it);
    if (!result) {
      EVQ_SKIP("seccomp filters are not allowed here");
    }
    CHECK(*result == 0);
  }
#endif
}

TEST_CASE("every handle is non-blocking and closed by exec from birth") {
  const Folder folder;
  const auto listener = must(UnixListener::bind(folder / "x"));
  const auto client = must(UnixStream::connect(folder / "x"));
  const auto accepted = must(listener.accept()).first;
  const auto [a, b] = must(UnixStream::pair());
  const auto [c, d] = must(UnixDatagram::pair());
  const auto [sender, receiver] = must(evq::pipe());
  const auto tcp = tcp_pair();
  for (const auto handle :
       {listener.native_handle(), client.native_handle(), accepted.native_handle(),
        a.native_handle(), b.native_handle(), c.native_handle(), d.native_handle(),
        sender.native_handle(), receiver.native_handle(), tcp.ours.native_handle(),
        tcp.theirs.native_handle()}) {
    CHECK(is_ours_from_birth(handle));
  }
}

TEST_CASE("from_native makes a handle non-blocking and closed by exec, if it fits") {
  std::array<int, 2> sockets{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()) == 0);
  const ScopedHandle other(sockets[1]);
  CHECK(UnixDatagram::from_native(sockets[0]).error() == std::errc::wrong_protocol_type);
  CHECK(TcpStream::from_native(sockets[0]).error() == std::errc::wrong_protocol_type);
  const auto stream = must(UnixStream::from_native(sockets[0]));
  CHECK(is_ours_from_birth(stream.native_handle()));

  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  CHECK(PipeSender::from_native(ends[0]).error() == std::errc::invalid_argument);
  CHECK(PipeReceiver::from_native(ends[1]).error() == std::errc::invalid_argument);
  const auto receiver = must(PipeReceiver::from_native(ends[0]));
  const auto sender = must(PipeSender::from_native(ends[1]));
  CHECK(is_ours_from_birth(receiver.native_handle()));
  send_text(sender, "x");
  CHECK(drain(receiver) == "x");

  const auto file = temporary_file();
  CHECK(PipeSender::from_native(file.get()).error() == std::errc::invalid_argument);
  CHECK(PipeSender::from_native(invalid_handle).error() == std::errc::bad_file_descriptor);
}
