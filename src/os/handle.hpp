// What one system has exactly one answer to: handles.
#pragma once

#include <evq/error.hpp>
#include <evq/handle.hpp>

namespace evq::os {

/// Closes a handle of any source type of the library.
void close(native_handle_type handle) noexcept;

/// Makes a handle that came from elsewhere what ours are from birth: non-blocking, closed by exec.
Result<void> adopt(native_handle_type handle) noexcept;

}  // namespace evq::os
