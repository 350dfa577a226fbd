// error: (use of|uses) deleted function|call to (implicitly-)?deleted

#include <evq/evq.hpp>
#include <utility>

evq::Registry check(evq::Registry& original);

#ifdef EVQ_MUST_FAIL
evq::Registry check(evq::Registry& original) {
  return evq::Registry(original);
}
#else
evq::Registry check(evq::Registry& original) {
  return evq::Registry(std::move(original));
}
#endif
