// error: discards qualifiers|has type 'const (evq::)?(Basic)?Poll

#include <evq/evq.hpp>

auto check(evq::Poll& poll, evq::Events& events);

#ifdef EVQ_MUST_FAIL
auto check(evq::Poll& poll, evq::Events& events) {
  return static_cast<const evq::Poll&>(poll).poll(events);
}
#else
auto check(evq::Poll& poll, evq::Events& events) {
  return poll.poll(events);
}
#endif
