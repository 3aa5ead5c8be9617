#include "base/clone3.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <thread>

#include "support/catch.hpp"

namespace {

/// What Guardian does to clone3.
bool forbid_clone3() {
  std::array<sock_filter, 4> steps = {{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_clone3},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  }};
  const sock_fprog program = {steps.size(), steps.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// An emulator of another processor, as images for it are built in, has none.
bool has_filters() {
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr) == -1 && errno == EFAULT;
}

bool thread_starts() {
  try {
    std::thread([] {}).join();
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

bool child_starts() {
  pid_t child = 0;
  std::array<char*, 1> none = {nullptr};
  if (::posix_spawn(&child, "/bin/true", nullptr, nullptr, none.data(), none.data()) != 0) {
    return false;
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

/// The exit status of a process of its own: a filter cannot be taken back.
template <class Action>
int status_of(const Action& action) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(action());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a sandbox that forbids clone3 keeps no thread or child process from starting") {
  if (!has_filters()) {
    WARN("skipped: no system call can be forbidden here");
    return;
  }
  CHECK(status_of([] {
          if (!forbid_clone3()) return 1;
          base::replace_forbidden_clone3();
          if (!thread_starts()) return 2;
          return child_starts() ? 0 : 3;
        }) == 0);
}

TEST_CASE("without such a sandbox no filter is added") {
  CHECK(status_of([] {
          const int before = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
          base::replace_forbidden_clone3();
          return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == before ? 0 : 1;
        }) == 0);
}
