#include <evq/interest.hpp>

#include "support/catch.hpp"

using evq::Interest;

TEST_CASE("interests combine as sets") {
  STATIC_REQUIRE(Interest{}.is_empty());
  STATIC_REQUIRE_FALSE(Interest::readable.is_empty());
  constexpr Interest both = Interest::readable | Interest::writable;
  STATIC_REQUIRE(both.is_readable());
  STATIC_REQUIRE(both.is_writable());
  STATIC_REQUIRE_FALSE(both.is_priority());
  STATIC_REQUIRE(both.contains(Interest::writable));
  STATIC_REQUIRE_FALSE(both.contains(both | Interest::priority));
  STATIC_REQUIRE(both.contains(Interest{}));
  STATIC_REQUIRE(both - Interest::readable == Interest::writable);
  STATIC_REQUIRE(Interest::writable - Interest::readable == Interest::writable);
  STATIC_REQUIRE((both & Interest::priority).is_empty());

  Interest interest = Interest::priority;
  interest |= Interest::readable;
  CHECK(interest == (Interest::readable | Interest::priority));
  interest -= Interest::priority;
  CHECK(interest == Interest::readable);
  interest &= Interest::writable;
  CHECK(interest.is_empty());
}
