#pragma once

#include <evq/poll.hpp>

void take(evq::Poll& poll);
