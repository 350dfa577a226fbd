#include "half.hpp"

void take(evq::Poll&) {}
