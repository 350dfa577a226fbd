// error: (use of|uses) deleted function|call to (implicitly-)?deleted

#include <evq/evq.hpp>
#include <utility>

evq::net::TcpStream check(evq::net::TcpStream& original);

#ifdef EVQ_MUST_FAIL
evq::net::TcpStream check(evq::net::TcpStream& original) {
  return evq::net::TcpStream(original);
}
#else
evq::net::TcpStream check(evq::net::TcpStream& original) {
  return evq::net::TcpStream(std::move(original));
}
#endif
