#include <evq/error.hpp>

namespace evq {

std::unexpected<std::error_code> detail::fail(std::errc condition) noexcept {
  return std::unexpected(std::make_error_code(condition));
}

}  // namespace evq
