// The system's own headers for sockets, and the names that differ in them.
#pragma once

#ifdef _WIN32
#include "windows/winsock.hpp"
#else
#include "posix/sockets.hpp"
#endif
