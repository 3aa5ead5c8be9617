#include "base/clone3.hpp"

#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

#include "support/catch.hpp"
#include "support/forbidden_call.hpp"

namespace {

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

}  // namespace

TEST_CASE("a sandbox that forbids clone3 keeps no thread or child process from starting") {
  if (!can_forbid()) {
    WARN("skipped: no system call can be forbidden here");
    return;
  }
  CHECK(status_of([] {
          if (!forbid(SYS_clone3, EPERM)) return 1;  // As Guardian does.
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
