// Named pipes. Windows only.
#pragma once

#include <evq/error.hpp>
#include <evq/source.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace evq {

namespace iocp {
class Pipe;
}

namespace windows {

/// One end of a named pipe: a stream of bytes both ways. Registered like any source.
///
/// Windows tells of a pipe only what has been done, not what can be done. So reading ahead, writing
/// and connecting go on in the background, through a buffer of 16 KiB each way, and this object
/// says when they have come to something. Members that are const may be called from several threads
/// at a time.
class NamedPipe final : public detail::OwnedSource {
 public:
  enum class Instance : std::uint8_t {
    any,
    first,  ///< `permission_denied` if the name is taken, by whomever.
  };

  /// The server's end, for one client at a time: `connect` waits for it. Each further call with the
  /// name makes a further instance, for one more client. The name is whole: `\\.\pipe\NAME`.
  /// Clients of other machines are refused. Not inherited by a new process.
  [[nodiscard]] static Result<NamedPipe> create(const std::filesystem::path& name,
                                                Instance instance = Instance::any);
  /// The client's end, connected. `no_such_file_or_directory` if there is no such pipe,
  /// `device_or_resource_busy` if all its instances have a client: try again later. The server
  /// may learn who the client is, and may not act in its name.
  [[nodiscard]] static Result<NamedPipe> open(const std::filesystem::path& name);

  NamedPipe(NamedPipe&& other) noexcept;
  NamedPipe& operator=(NamedPipe&& other) noexcept;
  /// What was written goes on to the peer; then the pipe is closed.
  ~NamedPipe();

  /// The server waits for a client: would-block until there is one, which is a writable event, and
  /// success from then on.
  Result<void> connect() const noexcept;
  /// The server lets its client go, and with it everything that was not read; `connect` waits for
  /// the next one. `not_connected` while there is none.
  Result<void> disconnect() const noexcept;

  /// Reads what is there, at least one byte. 0 once the peer is gone and all is read;
  /// `not_connected` before there was one.
  Result<std::size_t> read(std::span<std::byte> buffer) const noexcept;
  /// Takes up to 16 KiB, and would-block until the peer's side has room for what was taken before.
  /// `broken_pipe` when the peer is gone, which may be told a call late.
  Result<std::size_t> write(std::span<const std::byte> bytes) const noexcept;

  /// A pipe stays with its object: what goes on in the background needs it.
  native_handle_type release() = delete;

 private:
  explicit NamedPipe(iocp::Pipe& pipe) noexcept;

  static Result<NamedPipe> take_over(native_handle_type handle, bool is_connected) noexcept;

  iocp::Pipe* pipe_;
};

}  // namespace windows
}  // namespace evq
