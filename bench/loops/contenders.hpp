// Every contender that can be compiled in; contenders.cpp, made by Meson, lists those that are.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "run.hpp"

namespace bench {

/// How many events a loop takes from one wait, where that is for the loop to say.
constexpr std::size_t events_per_wait = 1024;

std::vector<Contender> evq_contenders();
Contender epoll_contender();
Contender liburing_contender();
Contender libuv_contender();
Contender libevent_contender();
Contender libev_contender();
Contender asio_contender();
Contender mio_contender();
Contender polling_contender();

/// What is compiled in and works here, evq first.
std::vector<Contender> all_contenders();
/// Why others are not: one line each.
std::vector<std::string> missing_contenders();

}  // namespace bench
