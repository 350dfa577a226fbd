#include <evq/net/resolve.hpp>
#include <evq/net/socket_addr.hpp>

#include <algorithm>
#include <string>
#include <unordered_set>

#include "support/sockets.hpp"

using namespace evq;
using namespace evq::net;
using evq::test::must;
using Family = SocketAddr::Family;

TEST_CASE("addresses are read from text and written back") {
  struct Case {
    const char* text;
    const char* canonical;
  };
  const Case c = GENERATE(
      Case{"127.0.0.1:80", "127.0.0.1:80"}, Case{"0.0.0.0:0", "0.0.0.0:0"},
      Case{"255.255.255.255:65535", "255.255.255.255:65535"}, Case{"[::1]:80", "[::1]:80"},
      Case{"[::]:0", "[::]:0"}, Case{"[2001:DB8:0:0:0:0:0:1]:443", "[2001:db8::1]:443"},
      Case{"[::ffff:1.2.3.4]:9", "[::ffff:1.2.3.4]:9"}, Case{"[fe80::1%7]:9", "[fe80::1%7]:9"});
  INFO(c.text);
  const auto addr = SocketAddr::parse(c.text);
  REQUIRE(addr.has_value());
  CHECK(addr->to_string() == c.canonical);
  CHECK(SocketAddr::parse(addr->to_string()) == addr);
}

TEST_CASE("text that is no address is invalid_argument") {
  const std::string text = GENERATE(
      "", ":", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
      "127.0.0.1:80 ", " 127.0.0.1:80", "127.0.0:80", "127.0.0.1.1:80", "256.0.0.1:80",
      "0x7f.0.0.1:80", "::1", "::1:80", "[::1]", "[::1]80", "[::1:80", "[]:80", "[:::1]:80",
      "[1:2:3:4:5:6:7:8:9]:80", "[12345::]:80", "[::1%]:80", "[::1%no-such-interface-here]:80",
      "[127.0.0.1]:80", "localhost:80", "127.0.0.1:http");
  INFO(text);
  const auto addr = SocketAddr::parse(text);
  REQUIRE_FALSE(addr.has_value());
  CHECK(addr.error() == std::errc::invalid_argument);
}

TEST_CASE("text with a NUL byte in it is no address") {
  CHECK_FALSE(SocketAddr::parse(std::string_view("127.0.0.1\0:80", 13)).has_value());
  CHECK_FALSE(SocketAddr::parse(std::string_view("127.0.0.1:80\0", 13)).has_value());
  CHECK_FALSE(SocketAddr::parse(std::string_view("[fe80::1%lo\0x]:80", 17)).has_value());
  CHECK(resolve(std::string_view("127.0.0.1\0x", 11), "80").error() == std::errc::invalid_argument);
  CHECK(resolve("127.0.0.1", std::string_view("80\0x", 4)).error() == std::errc::invalid_argument);
}

TEST_CASE("addresses are values") {
  constexpr SocketAddr addr = SocketAddr::loopback_v4(80);
  STATIC_REQUIRE(addr.is_v4());
  STATIC_REQUIRE(addr.port() == 80);
  STATIC_REQUIRE(addr.octets().size() == 4);
  STATIC_REQUIRE(addr.with_port(81).port() == 81);
  STATIC_REQUIRE(addr.with_port(81).with_port(80) == addr);
  STATIC_REQUIRE(addr != SocketAddr::any_v4(80));
  STATIC_REQUIRE(SocketAddr::loopback_v6(80).is_v6());
  STATIC_REQUIRE(SocketAddr::any_v6(1) < SocketAddr::any_v6(2));
  STATIC_REQUIRE(SocketAddr::v6({}, 1, 7, 9).scope_id() == 7);
  STATIC_REQUIRE(SocketAddr::v6({}, 1, 7, 9).flow_info() == 9);
  STATIC_REQUIRE(SocketAddr().family() == Family::none);
  CHECK(addr == must(SocketAddr::parse("127.0.0.1:80")));
  CHECK(SocketAddr::loopback_v6(80) == must(SocketAddr::parse("[::1]:80")));
  CHECK(SocketAddr().to_string() == "(none)");

  const std::unordered_set<SocketAddr> set{addr, addr.with_port(1), SocketAddr::loopback_v6(80),
                                           addr};
  CHECK(set.size() == 3);
  CHECK(set.contains(SocketAddr::loopback_v4(1)));
}

TEST_CASE("Unix-domain addresses are paths, names or nothing") {
  const auto path = must(SocketAddr::local("/tmp/some.sock"));
  CHECK(path.is_local());
  CHECK(path.to_string() == "/tmp/some.sock");
  CHECK(path.port() == 0);
  CHECK(path.with_port(80) == path);
  CHECK(must(SocketAddr::local_name(std::string_view("\0evq", 4))).to_string() == "@evq");
  CHECK(must(SocketAddr::local_name("")).to_string() == "(unnamed)");

  CHECK(SocketAddr::local("").error() == std::errc::invalid_argument);
  CHECK(SocketAddr::local_name(std::string_view("a\0b", 3)).error() == std::errc::invalid_argument);
  CHECK(SocketAddr::local(std::string(4096, 'x')).error() == std::errc::filename_too_long);
#if defined(__linux__)
  CHECK(SocketAddr::local(std::string(108, 'x')).has_value());
  CHECK(SocketAddr::local(std::string(109, 'x')).error() == std::errc::filename_too_long);
  CHECK(SocketAddr::local_name(std::string(108, '\0')).has_value());
#endif
}

TEST_CASE("names are resolved, each address once") {
  const auto numeric = must(resolve("127.0.0.1", "80"));
  REQUIRE(numeric.size() == 1);
  CHECK(numeric[0] == SocketAddr::loopback_v4(80));
  CHECK(must(resolve("::1", "80")) == std::vector{SocketAddr::loopback_v6(80)});
  CHECK(must(resolve("127.0.0.1", "")) == std::vector{SocketAddr::loopback_v4(0)});

  for (const auto& addresses : {must(resolve("localhost", "80")), must(resolve("", "80"))}) {
    CHECK_FALSE(addresses.empty());
    for (const auto& addr : addresses) {
      CHECK(addr.port() == 80);
      CHECK(std::ranges::count(addresses, addr) == 1);
    }
  }
}

TEST_CASE("names that cannot be resolved say why") {
  const auto service = resolve("127.0.0.1", "no-such-service-here");
  REQUIRE_FALSE(service.has_value());
  CHECK(service.error().category() == resolve_category());
  CHECK_FALSE(service.error().message().empty());
  CHECK_FALSE(would_block(service.error()));
  CHECK_FALSE(resolve("256.256.256.256.", "80").has_value());
}
