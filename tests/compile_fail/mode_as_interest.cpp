// error: no match for 'operator\||invalid operands

#include <evq/evq.hpp>

auto check(const evq::Registry& registry, evq::net::TcpStream& stream);

#ifdef EVQ_MUST_FAIL
auto check(const evq::Registry& registry, evq::net::TcpStream& stream) {
  return registry.add(stream, evq::Token{1}, evq::Interest::readable | evq::Mode::level);
}
#else
auto check(const evq::Registry& registry, evq::net::TcpStream& stream) {
  return registry.add(stream, evq::Token{1}, evq::Interest::readable | evq::Interest::writable);
}
#endif
