// error: (use of|uses) deleted function|call to (implicitly-)?deleted

#include <evq/evq.hpp>
#include <utility>

evq::Waker check(evq::Waker& original);

#ifdef EVQ_MUST_FAIL
evq::Waker check(evq::Waker& original) {
  return evq::Waker(original);
}
#else
evq::Waker check(evq::Waker& original) {
  return evq::Waker(std::move(original));
}
#endif
