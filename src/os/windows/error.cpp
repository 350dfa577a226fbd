#include <evq/error.hpp>

#include <cstddef>
#include <iterator>
#include <string>

#include "winsock.hpp"

namespace evq {

namespace os {

namespace {

struct Meaning {
  int error;
  std::errc condition;
};

// What Windows reports for the calls that this library makes, sockets and pipes.
constexpr Meaning meanings[] = {
    {ERROR_FILE_NOT_FOUND, std::errc::no_such_file_or_directory},
    {ERROR_PATH_NOT_FOUND, std::errc::no_such_file_or_directory},
    {ERROR_TOO_MANY_OPEN_FILES, std::errc::too_many_files_open},
    {ERROR_ACCESS_DENIED, std::errc::permission_denied},
    {ERROR_INVALID_HANDLE, std::errc::bad_file_descriptor},
    {ERROR_NOT_ENOUGH_MEMORY, std::errc::not_enough_memory},
    {ERROR_OUTOFMEMORY, std::errc::not_enough_memory},
    {ERROR_NOT_SUPPORTED, std::errc::not_supported},
    {ERROR_FILE_EXISTS, std::errc::file_exists},
    {ERROR_INVALID_PARAMETER, std::errc::invalid_argument},
    {ERROR_BROKEN_PIPE, std::errc::broken_pipe},
    {ERROR_CALL_NOT_IMPLEMENTED, std::errc::function_not_supported},
    {ERROR_INVALID_NAME, std::errc::invalid_argument},
    {ERROR_ALREADY_EXISTS, std::errc::file_exists},
    {ERROR_FILENAME_EXCED_RANGE, std::errc::filename_too_long},
    {ERROR_PIPE_BUSY, std::errc::device_or_resource_busy},
    {ERROR_NO_DATA, std::errc::broken_pipe},
    {ERROR_PIPE_NOT_CONNECTED, std::errc::not_connected},
    {ERROR_PIPE_LISTENING, std::errc::not_connected},
    {ERROR_OPERATION_ABORTED, std::errc::operation_canceled},
    {ERROR_NO_SYSTEM_RESOURCES, std::errc::no_buffer_space},
    {ERROR_COMMITMENT_LIMIT, std::errc::not_enough_memory},
    {WSAEINTR, std::errc::interrupted},
    {WSAEBADF, std::errc::bad_file_descriptor},
    {WSAEACCES, std::errc::permission_denied},
    {WSAEFAULT, std::errc::bad_address},
    {WSAEINVAL, std::errc::invalid_argument},
    {WSAEMFILE, std::errc::too_many_files_open},
    {WSAEWOULDBLOCK, std::errc::operation_would_block},
    {WSAEINPROGRESS, std::errc::operation_in_progress},
    {WSAEALREADY, std::errc::connection_already_in_progress},
    {WSAENOTSOCK, std::errc::not_a_socket},
    {WSAEDESTADDRREQ, std::errc::destination_address_required},
    {WSAEMSGSIZE, std::errc::message_size},
    {WSAEPROTOTYPE, std::errc::wrong_protocol_type},
    {WSAENOPROTOOPT, std::errc::no_protocol_option},
    {WSAEPROTONOSUPPORT, std::errc::protocol_not_supported},
    {WSAESOCKTNOSUPPORT, std::errc::protocol_not_supported},
    {WSAEOPNOTSUPP, std::errc::operation_not_supported},
    {WSAEAFNOSUPPORT, std::errc::address_family_not_supported},
    {WSAEADDRINUSE, std::errc::address_in_use},
    {WSAEADDRNOTAVAIL, std::errc::address_not_available},
    {WSAENETDOWN, std::errc::network_down},
    {WSAENETUNREACH, std::errc::network_unreachable},
    {WSAENETRESET, std::errc::network_reset},
    {WSAECONNABORTED, std::errc::connection_aborted},
    {WSAECONNRESET, std::errc::connection_reset},
    {WSAENOBUFS, std::errc::no_buffer_space},
    {WSAEISCONN, std::errc::already_connected},
    {WSAENOTCONN, std::errc::not_connected},
    {WSAESHUTDOWN, std::errc::broken_pipe},
    {WSAETIMEDOUT, std::errc::timed_out},
    {WSAECONNREFUSED, std::errc::connection_refused},
    {WSAELOOP, std::errc::too_many_symbolic_link_levels},
    {WSAENAMETOOLONG, std::errc::filename_too_long},
    {WSAEHOSTUNREACH, std::errc::host_unreachable},
    {WSAENOTEMPTY, std::errc::directory_not_empty},
};

class WindowsCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "evq.windows"; }

  [[nodiscard]] std::string message(int value) const override {
    wchar_t wide[512];
    const DWORD length = ::FormatMessageW(
        FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK,
        nullptr, static_cast<DWORD>(value), 0, wide, static_cast<DWORD>(std::size(wide)), nullptr);
    char text[1024];
    const int size =
        length == 0 ? 0
                    : ::WideCharToMultiByte(CP_UTF8, 0, wide, static_cast<int>(length), text,
                                            static_cast<int>(std::size(text)), nullptr, nullptr);
    std::string message(text, static_cast<std::size_t>(size));
    message.erase(message.find_last_not_of(" .\r\n") + 1);
    return message.empty() ? "error " + std::to_string(value) : message;
  }

  [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
    for (const Meaning& meaning : meanings) {
      if (meaning.error == value) {
        return meaning.condition;
      }
    }
    return {value, *this};
  }

  [[nodiscard]] bool equivalent(int value,
                                const std::error_condition& condition) const noexcept override {
    // Winsock does not tell a closed handle from one that is something else.
    if (value == WSAENOTSOCK && condition == std::errc::bad_file_descriptor) {
      return true;
    }
    return default_error_condition(value) == condition;
  }
};

}  // namespace

const std::error_category& windows_category() noexcept {
  static const WindowsCategory category;
  return category;
}

Result<void> start_sockets() noexcept {
  static const int status = [] {
    WSADATA data;
    return ::WSAStartup(MAKEWORD(2, 2), &data);
  }();
  if (status != 0) {
    return std::unexpected(std::error_code(status, windows_category()));
  }
  return {};
}

}  // namespace os

std::error_code detail::last_error() noexcept {
  return {static_cast<int>(::GetLastError()), os::windows_category()};
}

bool would_block(const std::error_code& error) noexcept {
  // Other libraries, asio among them, give Winsock's numbers in the system's category.
  if (error.category() == os::windows_category() || error.category() == std::system_category()) {
    return error.value() == WSAEWOULDBLOCK || error.value() == WSAEINPROGRESS ||
           error.value() == WSAEALREADY;
  }
  return error == std::errc::operation_would_block ||
         error == std::errc::resource_unavailable_try_again ||
         error == std::errc::operation_in_progress;
}

}  // namespace evq
