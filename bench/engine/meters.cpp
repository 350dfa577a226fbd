#include "meters.hpp"

#include <malloc.h>
#include <time.h>

#if defined(__linux__)
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#endif

namespace bench {

std::ptrdiff_t heap_in_use() {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
  const auto info = ::mallinfo2();
  return static_cast<std::ptrdiff_t>(info.uordblks + info.hblkhd);
#else
  return 0;
#endif
}

std::chrono::nanoseconds thread_cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

#if defined(__linux__)

namespace {

int open_counter(std::uint32_t type, std::uint64_t config, bool user_only) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = type;
  attributes.config = config;
  attributes.disabled = 1;
  attributes.inherit = 1;  // with the threads of the work
  attributes.exclude_kernel = user_only ? 1 : 0;
  attributes.exclude_hv = 1;
  return static_cast<int>(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

int open_system_calls() {
  std::ifstream file("/sys/kernel/tracing/events/raw_syscalls/sys_enter/id");
  std::uint64_t id = 0;
  return file >> id ? open_counter(PERF_TYPE_TRACEPOINT, id, false) : -1;
}

void control(int fd, unsigned long request) {
  if (fd >= 0) {
    ::ioctl(fd, request, 0);
  }
}

}  // namespace

Counters::Counters()
    : system_calls_(open_system_calls()),
      instructions_(open_counter(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, true)) {}

Counters::~Counters() {
  for (const int fd : {system_calls_, instructions_}) {
    if (fd >= 0) {
      ::close(fd);
    }
  }
}

void Counters::start() {
  for (const int fd : {system_calls_, instructions_}) {
    control(fd, PERF_EVENT_IOC_RESET);
    control(fd, PERF_EVENT_IOC_ENABLE);
  }
}

void Counters::stop() {
  for (const int fd : {system_calls_, instructions_}) {
    control(fd, PERF_EVENT_IOC_DISABLE);
  }
}

std::optional<std::uint64_t> Counters::read(int fd) {
  std::uint64_t value = 0;
  if (fd < 0 || ::read(fd, &value, sizeof value) != sizeof value) {
    return std::nullopt;
  }
  return value;
}

#else

Counters::Counters() : system_calls_(-1), instructions_(-1) {}
Counters::~Counters() = default;
void Counters::start() {}
void Counters::stop() {}
std::optional<std::uint64_t> Counters::read(int) {
  return std::nullopt;
}

#endif

}  // namespace bench
