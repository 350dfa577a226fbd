#include <evq/error.hpp>

#include <cerrno>
#include <system_error>

#include "support/catch.hpp"

using evq::would_block;

TEST_CASE("would_block knows the errors that mean later") {
  CHECK(would_block(std::make_error_code(std::errc::operation_would_block)));
  CHECK(would_block(std::make_error_code(std::errc::resource_unavailable_try_again)));
  CHECK(would_block(std::make_error_code(std::errc::operation_in_progress)));
#ifndef _WIN32
  CHECK(would_block(std::error_code(EAGAIN, std::system_category())));
#endif
  CHECK_FALSE(would_block(std::error_code()));
  CHECK_FALSE(would_block(std::make_error_code(std::errc::connection_refused)));
  CHECK_FALSE(would_block(std::make_error_code(std::errc::interrupted)));
  // The same number in another category is another error.
  CHECK_FALSE(would_block(std::error_code(EAGAIN, std::iostream_category())));
}
