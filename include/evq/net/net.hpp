// All of evq::net.
#pragma once

#include <evq/net/resolve.hpp>
#include <evq/net/socket.hpp>
#include <evq/net/socket_addr.hpp>
#include <evq/net/tcp.hpp>
#include <evq/net/udp.hpp>
#include <evq/net/unix.hpp>
