#include <evq/token.hpp>

#include <cstdint>
#include <unordered_map>

#include "support/catch.hpp"

using evq::Token;

TEST_CASE("tokens are ordered and hashable") {
  STATIC_REQUIRE(Token{1} < Token{2});
  STATIC_REQUIRE(Token{2} == Token{2});
  STATIC_REQUIRE(Token{}.value == 0);
  std::unordered_map<Token, int> map;
  map[Token{UINTPTR_MAX}] = 1;
  map[Token{0}] = 2;
  CHECK(map.at(Token{UINTPTR_MAX}) == 1);
  CHECK(map.size() == 2);
}
