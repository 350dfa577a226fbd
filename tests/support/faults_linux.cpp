#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "faults.hpp"

namespace evq::test {

namespace {

constexpr int no_filter = 125;

// Each jump goes over the rest of its fault's instructions.
std::vector<sock_filter> filter_for(std::initializer_list<Fault> faults) {
  constexpr auto number = static_cast<std::uint32_t>(offsetof(seccomp_data, nr));
  constexpr auto second = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8);
  std::vector<sock_filter> filter;
  for (const Fault& fault : faults) {
    const auto refuse = SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(fault.error);
    const std::uint8_t rest = fault.second_argument ? 3 : 1;
    filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number));
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                              static_cast<std::uint32_t>(fault.system_call), 0, rest));
    if (fault.second_argument) {
      filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, second));
      filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, *fault.second_argument, 0, 1));
    }
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, refuse));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return filter;
}

bool install(std::initializer_list<Fault> faults) {
  std::vector<sock_filter> filter = filter_for(faults);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

std::optional<int> with_faults(std::initializer_list<Fault> faults,
                               const std::function<int()>& body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::_exit(install(faults) ? body() : no_filter);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  INFO("the child's wait status is " << status);
  REQUIRE(WIFEXITED(status));
  const int result = WEXITSTATUS(status);
  return result == no_filter ? std::nullopt : std::optional(result);
}

}  // namespace evq::test
