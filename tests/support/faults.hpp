// The kernel made to refuse: a child process under a seccomp filter in which one system call fails
// with a chosen error. Needs no privilege. Linux only.
#pragma once

#include <functional>
#include <optional>

namespace evq::test {

struct Fault {
  long system_call;  ///< SYS_epoll_ctl and so on
  int error;         ///< an errno value
  /// Only calls whose second argument is this.
  std::optional<unsigned> second_argument;
};

/// Runs `body` in a child process in which the faults hold. What `body` returns comes back: 0 for
/// success, else a number that says what went wrong; nothing if the system allows no filters. No
/// Catch2 check may be made in it.
std::optional<int> with_faults(std::initializer_list<Fault> faults,
                               const std::function<int()>& body);

}  // namespace evq::test
