// error: no matching (member )?function for call to .*\badd\b

#include <evq/evq.hpp>

#ifdef EVQ_MUST_FAIL
using Stream = const evq::net::TcpStream;
#else
using Stream = evq::net::TcpStream;
#endif

auto check(const evq::Registry& registry, Stream& stream);

auto check(const evq::Registry& registry, Stream& stream) {
  return registry.add(stream, evq::Token{1}, evq::Interest::readable);
}
