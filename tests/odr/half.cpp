// One half of the program; compiled twice.
#include EVQ_ALL

#include <chrono>
#include <utility>

#include "half.hpp"

namespace evq::test {

namespace {

template <class... T>
void describe_types(Identity& identity) {
  identity.types = {&typeid(T)...};
  identity.sizes = {sizeof(T)..., alignof(T)...};
}

Identity identity() {
  Identity identity;
  describe_types<Poll, Registry, Events, Event, Waker, Token, net::TcpStream, net::SocketAddr,
                 TimerQueue, Result<void>>(identity);
  identity.objects = {&Interest::readable, &Interest::writable,   &Interest::priority,
                      &invalid_handle,     &DefaultBackend::name, &net::resolve_category()};
  identity.create = &Poll::create;
  identity.poll = &Poll::poll;
  identity.try_clone = &Registry::try_clone;
  identity.is_readable = &Event::is_readable;
  return identity;
}

}  // namespace

Half EVQ_HALF() {
  return {
#ifdef NDEBUG
      .asserts = false,
#else
      .asserts = true,
#endif
      .identity = identity(),
      .make_poll = [] { return Poll::create(); },
      .make_events = [](std::size_t capacity) { return Events(capacity); },
      .clone = [](const Poll& poll) { return poll.registry().try_clone(); },
      .make_waker = [](const Registry& registry,
                       Token token) { return Waker::create(registry, token); },
      .connect = [](const net::SocketAddr& addr) { return net::TcpStream::connect(addr); },
      .add = [](const Registry& registry, net::TcpStream& stream, Token token,
                Interest interest) { return registry.add(stream, token, interest); },
      .remove = [](const Registry& registry,
                   net::TcpStream& stream) { return registry.remove(stream); },
      .wait = [](Poll& poll,
                 Events& events) { return poll.poll(events, std::chrono::seconds(20)); },
      .wake = [](const Waker& waker) { return waker.wake(); },
      .first = [](const Events& events) { return *events.begin(); },
      .is_writable_only = [](Event event) { return event.is_writable() && !event.is_readable(); },
      .destroy = [](net::TcpStream stream) { static_cast<void>(stream); },
  };
}

}  // namespace evq::test
