// error: no matching (member )?function for call to .*\badd\b

#include <evq/evq.hpp>

auto check(const evq::Registry& registry, evq::net::TcpStream& stream);

#ifdef EVQ_MUST_FAIL
auto check(const evq::Registry& registry, evq::net::TcpStream& stream) {
  return registry.add(stream, 1, evq::Interest::readable);
}
#else
auto check(const evq::Registry& registry, evq::net::TcpStream& stream) {
  return registry.add(stream, evq::Token{1}, evq::Interest::readable);
}
#endif
