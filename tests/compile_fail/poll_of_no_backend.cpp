// error: constraint(s not satisfied| failure)

#include <evq/basic_poll.hpp>
#include <evq/evq.hpp>
#include <optional>

#ifdef EVQ_MUST_FAIL
struct Queue {};
#else
using Queue = evq::DefaultBackend;
#endif

std::optional<evq::BasicPoll<Queue>> check();

std::optional<evq::BasicPoll<Queue>> check() {
  return std::nullopt;
}
