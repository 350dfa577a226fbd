// error: (use of|uses) deleted function|call to (implicitly-)?deleted

#include <evq/evq.hpp>
#include <utility>

evq::Events check(evq::Events& original);

#ifdef EVQ_MUST_FAIL
evq::Events check(evq::Events& original) {
  return evq::Events(original);
}
#else
evq::Events check(evq::Events& original) {
  return evq::Events(std::move(original));
}
#endif
