// The ends of the channels: real sockets and pipes behind one face.
#pragma once

#include <evq/error.hpp>
#include <evq/net/tcp.hpp>
#include <evq/net/udp.hpp>
#include <evq/net/unix.hpp>
#ifndef _WIN32
#include <evq/pipe.hpp>
#endif

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <variant>

#include "steps.hpp"

namespace evq::differential {

/// One end. It stays when it is closed, as an object that was moved from.
class End {
 public:
#ifndef _WIN32
  using Source =
      std::variant<net::TcpStream, net::UdpSocket, net::UnixStream, PipeSender, PipeReceiver>;
#else
  using Source = std::variant<net::TcpStream, net::UdpSocket, net::UnixStream>;
#endif

  template <class S>
  explicit End(S source) : source_(std::make_unique<Source>(std::move(source))) {}

  /// Calls `use` with the source itself.
  template <class Use>
  auto visit(Use use) const {
    return std::visit(use, *source_);
  }

  void close();
  /// Gives the source another address.
  void move();
  [[nodiscard]] Result<std::size_t> write(std::span<const std::byte> bytes) const;
  [[nodiscard]] Result<std::size_t> read(std::span<std::byte> buffer) const;
  [[nodiscard]] Result<void> finish() const;
  [[nodiscard]] native_handle_type handle() const;

 private:
  std::unique_ptr<Source> source_;
};

/// Two connected ends; of a pipe, the one that is written to is the first.
Result<std::pair<End, End>> open_channel(Medium medium);

}  // namespace evq::differential
