// Bytes from one stream to another.
#pragma once

#include <evq/evq.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace examples {

/// One direction of a connection: what is read from one stream is written to another, or to the
/// same, through a buffer of fixed size.
///
/// The buffer is what gives back-pressure. While it is full nothing is read, so the system's own
/// buffers fill up as well, and in the end the sender has to wait for the receiver.
class Relay {
 public:
  enum class State : std::uint8_t {
    waiting,      ///< For the next event of either stream.
    interrupted,  ///< To let others run: there may be more to do at once.
    ended,        ///< All was passed on, and the end too; or nobody takes it any more.
  };

  /// Moves what can be moved now. It goes on until neither stream lets it, and that is what an edge
  /// asks for: whichever way it is stuck, a new event will come. An error of `from` is returned; if
  /// `to` takes no more, the relay has ended.
  [[nodiscard]] evq::Result<State> pump(const evq::net::TcpStream& from,
                                        const evq::net::TcpStream& to);

 private:
  static constexpr std::size_t capacity = std::size_t{64} * 1024;

  [[nodiscard]] evq::Result<bool> fill(const evq::net::TcpStream& from);
  [[nodiscard]] bool drain(const evq::net::TcpStream& to);

  // Not cleared, so that an idle connection costs address space and no memory.
  std::unique_ptr<std::byte[]> buffer_ = std::make_unique_for_overwrite<std::byte[]>(capacity);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
  bool ended_ = false;
};

}  // namespace examples
