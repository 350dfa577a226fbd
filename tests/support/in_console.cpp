// Runs a program in a console of its own, so that it can be ended as by its user: under Wine, which
// has none without a terminal. Letters on standard input say what to do with it: `c` presses
// Ctrl-C, `s` suspends it and says so in a line, `r` resumes it, and the end of the input ends it
// at once. The exit code is the program's.

// Consoles without a window are in Windows 10 since 1809.
#ifndef NTDDI_VERSION
#define NTDDI_VERSION 0x0A000006
#endif
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <winternl.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <thread>

// In ntdll, and in no header.
extern "C" NTSTATUS NTAPI NtSuspendProcess(HANDLE process);
extern "C" NTSTATUS NTAPI NtResumeProcess(HANDLE process);

namespace {

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "in_console: %s: error %lu\n", what, ::GetLastError());
  ::ExitProcess(1);
}

/// The command line behind this program's own name.
wchar_t* rest_of_command_line() {
  wchar_t* rest = ::GetCommandLineW();
  bool is_quoted = false;
  for (; *rest != 0 && (is_quoted || *rest != L' '); ++rest) {
    is_quoted = is_quoted != (*rest == L'"');
  }
  for (; *rest == L' '; ++rest) {
  }
  return rest;
}

HPCON create_console() {
  HANDLE input = nullptr;
  HANDLE typed = nullptr;  // stays open, as the console ends with its input
  const HANDLE output = ::CreateFileW(L"NUL", GENERIC_WRITE, 0, nullptr, OPEN_EXISTING, 0, nullptr);
  HPCON console = nullptr;
  if (!::CreatePipe(&input, &typed, nullptr, 0) || output == INVALID_HANDLE_VALUE ||
      ::CreatePseudoConsole({80, 25}, input, output, 0, &console) != S_OK) {
    fail("no console");
  }
  return console;
}

PROCESS_INFORMATION start(HPCON console, wchar_t* command_line) {
  alignas(std::max_align_t) std::array<std::byte, 256> attributes;
  SIZE_T size = attributes.size();
  STARTUPINFOEXW info{};
  info.StartupInfo.cb = sizeof info;
  info.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  info.StartupInfo.hStdOutput = ::GetStdHandle(STD_OUTPUT_HANDLE);
  info.StartupInfo.hStdError = ::GetStdHandle(STD_ERROR_HANDLE);
  info.lpAttributeList = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(attributes.data());
  PROCESS_INFORMATION program{};
  if (!::InitializeProcThreadAttributeList(info.lpAttributeList, 1, 0, &size) ||
      !::UpdateProcThreadAttribute(info.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE,
                                   console, sizeof console, nullptr, nullptr) ||
      !::CreateProcessW(nullptr, command_line, nullptr, nullptr, TRUE, EXTENDED_STARTUPINFO_PRESENT,
                        nullptr, nullptr, &info.StartupInfo, &program)) {
    fail("not started");
  }
  return program;
}

/// To everything in the program's console, which is joined for it.
bool press_ctrl_c(DWORD process) {
  ::FreeConsole();
  return ::AttachConsole(process) && ::SetConsoleCtrlHandler(nullptr, TRUE) &&
         ::GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
}

bool obey(char letter, const PROCESS_INFORMATION& program) {
  switch (letter) {
    case 'c':
      return press_ctrl_c(program.dwProcessId);
    case 's':
      if (::NtSuspendProcess(program.hProcess) != 0) {
        return false;
      }
      std::puts("suspended");
      return std::fflush(stdout) == 0;
    case 'r':
      return ::NtResumeProcess(program.hProcess) == 0;
    default:
      return false;
  }
}

}  // namespace

int main() {
  const PROCESS_INFORMATION program = start(create_console(), rest_of_command_line());
  std::thread([&program] {
    char letter = 0;
    DWORD size = 0;
    while (::ReadFile(::GetStdHandle(STD_INPUT_HANDLE), &letter, 1, &size, nullptr) && size == 1 &&
           obey(letter, program)) {
    }
    ::TerminateProcess(program.hProcess, 1);
  }).detach();
  DWORD code = 1;
  ::WaitForSingleObject(program.hProcess, INFINITE);
  ::GetExitCodeProcess(program.hProcess, &code);
  ::ExitProcess(code);
}
