// What the two halves of the program give each other.
#pragma once

#include <evq/evq.hpp>

#include <typeinfo>
#include <utility>

struct Parts {
  evq::Poll poll;
  evq::Waker waker;
  evq::Events events;
  std::pair<evq::net::UnixStream, evq::net::UnixStream> streams;
};

/// What one half thinks of the types and functions that both see.
struct View {
  const std::type_info* poll;
  const std::type_info* event;
  std::size_t size_of_event;
  std::size_t size_of_stream;
  evq::Result<void> (evq::Poll::*poll_function)(evq::Events&,
                                                std::optional<std::chrono::nanoseconds>);
};

inline View view_of_this_half() {
  return {&typeid(evq::Poll), &typeid(evq::Event), sizeof(evq::Event), sizeof(evq::net::TcpStream),
          &evq::Poll::poll};
}

View view_of_second_half();
Parts make_in_second_half();
evq::Event wait_in_second_half(Parts& parts);
