#include "half.hpp"

int main() {
  auto poll = evq::Poll::create();
  if (poll) {
    take(*poll);
  }
}
