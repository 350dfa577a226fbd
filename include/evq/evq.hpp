// Everything, with the default backend.
#pragma once

#include <evq/net/net.hpp>
#include <evq/pipe.hpp>
#include <evq/poll.hpp>
#include <evq/timer_queue.hpp>
