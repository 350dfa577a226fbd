// error: ignoring return value.*nodiscard.*-Werror[=,]

#include <evq/evq.hpp>

void check();

#ifdef EVQ_MUST_FAIL
void check() {
  evq::net::TcpStream::connect(evq::net::SocketAddr());
}
#else
void check() {
  static_cast<void>(evq::net::TcpStream::connect(evq::net::SocketAddr()));
}
#endif
