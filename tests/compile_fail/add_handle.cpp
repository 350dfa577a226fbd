// error: no matching (member )?function for call to .*\badd\b

#include <evq/evq.hpp>

auto check(const evq::Registry& registry, evq::native_handle_type handle);

#ifdef EVQ_MUST_FAIL
auto check(const evq::Registry& registry, evq::native_handle_type handle) {
  return registry.add(handle, evq::Token{1}, evq::Interest::readable);
}
#else
auto check(const evq::Registry& registry, evq::native_handle_type handle) {
  return registry.add(evq::RawSource{handle}, evq::Token{1}, evq::Interest::readable);
}
#endif
