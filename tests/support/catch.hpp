// Catch2 2.13 (Debian 12) or 3.x, whichever is installed, and a way to skip that both have.
#pragma once

#include <new>  // which Catch2 2.13 uses without, and newer libc++ does not bring by chance

#if __has_include(<catch2/catch_test_macros.hpp>)
#define EVQ_CATCH_3 1
#include <catch2/catch_session.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string_view>

namespace evq::test {

/// Notes that the running test case could not be run, and why.
void note_skip(std::string_view reason);

}  // namespace evq::test

/// Leaves the test case, which then counts as skipped: neither passed nor failed. Before any check.
#define EVQ_SKIP(reason)            \
  do {                              \
    ::evq::test::note_skip(reason); \
    return;                         \
  } while (false)
