// Counts what is taken from the heap.
#pragma once

#include <cstddef>

namespace evq::test {

/// How often this process has called operator new, in any form, or on glibc malloc.
std::size_t allocations();

}  // namespace evq::test
