// error: cannot convert 'int' to|no viable conversion from 'int'

#include <chrono>
#include <evq/evq.hpp>

auto check(evq::Poll& poll, evq::Events& events);

#ifdef EVQ_MUST_FAIL
auto check(evq::Poll& poll, evq::Events& events) {
  return poll.poll(events, 100);
}
#else
auto check(evq::Poll& poll, evq::Events& events) {
  return poll.poll(events, std::chrono::milliseconds(100));
}
#endif
