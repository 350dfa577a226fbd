// The other half, without assertions, and with the headers in another order.
#define NDEBUG 1

#include <evq/backends/epoll.hpp>
#include <evq/net/tcp.hpp>
#include <evq/net/unix.hpp>
#include <evq/pipe.hpp>
#include <evq/poll.hpp>
#include <evq/timer_queue.hpp>

#include <utility>

#include "halves.hpp"

View view_of_second_half() {
  return view_of_this_half();
}

Parts make_in_second_half() {
  auto poll = evq::Poll::create();
  auto waker = evq::Waker::create(poll->registry(), evq::Token{9});
  return {*std::move(poll), *std::move(waker), evq::Events(8), *evq::net::UnixStream::pair()};
}

evq::Event wait_in_second_half(Parts& parts) {
  const auto polled = parts.poll.poll(parts.events);
  return polled && parts.events.size() == 1 ? parts.events[0] : evq::Event();
}
