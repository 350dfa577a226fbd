#include <evq/error.hpp>

#include <evq/detail/io.hpp>

#include <cerrno>

namespace evq {

std::error_code detail::last_error() noexcept {
  // The generic category, so that an error equals std::make_error_code(std::errc) too.
  return {errno, std::generic_category()};
}

bool would_block(const std::error_code& error) noexcept {
  if (error.category() != std::generic_category() && error.category() != std::system_category()) {
    return false;
  }
  return error.value() == EAGAIN || error.value() == EWOULDBLOCK || error.value() == EINPROGRESS;
}

}  // namespace evq
