// Everything, with the default backend.
#pragma once

#include <evq/net/net.hpp>
#include <evq/poll.hpp>
#include <evq/timer_queue.hpp>
#ifdef _WIN32
#include <evq/windows/named_pipe.hpp>
#else
#include <evq/pipe.hpp>
#endif
