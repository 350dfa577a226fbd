// Everything, with the default backend.
#pragma once

#include <evq/net/net.hpp>
#include <evq/poll.hpp>
#include <evq/timer_queue.hpp>
#ifndef _WIN32
#include <evq/pipe.hpp>
#endif
