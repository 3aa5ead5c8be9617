#include "base/clone3.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace base {
namespace {

bool clone3_is_forbidden() {
  // No kernel takes arguments of size 0, so that nothing is ever started.
  return ::syscall(SYS_clone3, nullptr, 0) == -1 && errno == EPERM;
}

}  // namespace

void replace_forbidden_clone3() {
  if (!clone3_is_forbidden()) return;
  // Of several filters that refuse a call, the one added last says with which error. The number is
  // the same for programs of all kinds, so that the filter need not tell them apart.
  std::array<sock_filter, 4> steps = {{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_clone3},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  }};
  const sock_fprog program = {steps.size(), steps.data()};
  // The kernel takes filters only from those who can no longer gain privileges. When it does not,
  // whoever starts a thread says so.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
    ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
  }
}

}  // namespace base
