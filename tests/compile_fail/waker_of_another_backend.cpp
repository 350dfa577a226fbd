// error: no matching function for call to|could not convert|cannot convert|no viable

#include <chrono>
#include <cstddef>
#include <evq/evq.hpp>
#include <optional>
#include <span>
#include <string_view>

// A backend that does nothing but satisfy the concept.
class OtherBackend final : public evq::detail::Queue {
 public:
  static constexpr std::string_view name = "other";
  using Event = evq::Event;
  class Waker {
   public:
    static evq::Result<Waker> create(OtherBackend&, evq::Token);
    evq::Result<void> wake() const noexcept;
  };

  static evq::Result<void> probe() noexcept;
  static evq::Result<evq::detail::Owner<OtherBackend>> create() noexcept;
  evq::Result<std::size_t> wait(std::span<Event>, std::optional<std::chrono::nanoseconds>) noexcept;
  evq::Result<void> add(evq::detail::SourceRef, evq::Token, evq::Interest, evq::Mode) noexcept;
  evq::Result<void> modify(evq::detail::SourceRef, evq::Token, evq::Interest, evq::Mode) noexcept;
  evq::Result<void> remove(evq::detail::SourceRef) noexcept;
};
static_assert(evq::Backend<OtherBackend>);

#ifdef EVQ_MUST_FAIL
using Registry = evq::BasicRegistry<OtherBackend>;
#else
using Registry = evq::Registry;
#endif

evq::Result<evq::Waker> check(const Registry& registry);

evq::Result<evq::Waker> check(const Registry& registry) {
  return evq::Waker::create(registry, evq::Token{1});
}
