// error: (use of|uses) deleted function|call to (implicitly-)?deleted

#include <evq/evq.hpp>
#include <utility>

evq::Poll check(evq::Poll& original);

#ifdef EVQ_MUST_FAIL
evq::Poll check(evq::Poll& original) {
  return evq::Poll(original);
}
#else
evq::Poll check(evq::Poll& original) {
  return evq::Poll(std::move(original));
}
#endif
