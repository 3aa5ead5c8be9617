"""The system calls a worker allows a step that is not privileged, for each of its runtimes.

Names are those of 64-bit machines. Concourse also lists the calls of 32-bit programs.
"""

import platform

NEW_NAMESPACES, ENOSYS = 0x7C020000, 38

# Both runtimes allow these.
COMMON = """
    open openat openat2 creat close read readv pread64 preadv
    write writev pwrite64 pwritev lseek dup dup2 dup3 fcntl flock ioctl fsync fdatasync sync syncfs
    sync_file_range truncate ftruncate fallocate fadvise64 readahead copy_file_range sendfile splice
    tee vmsplice pipe pipe2 memfd_create

    stat lstat fstat newfstatat statx statfs fstatfs access faccessat getdents getdents64 getcwd
    chdir fchdir chroot mkdir mkdirat rmdir link linkat symlink symlinkat unlink unlinkat rename
    renameat renameat2 readlink readlinkat mknod mknodat umask chmod fchmod fchmodat chown fchown
    fchownat lchown utime utimes utimensat futimesat getxattr lgetxattr fgetxattr setxattr lsetxattr
    fsetxattr listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr
    inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark

    select pselect6 poll ppoll epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait
    epoll_wait_old epoll_pwait eventfd eventfd2 signalfd signalfd4
    io_setup io_destroy io_submit io_cancel io_getevents
    socket socketpair bind listen connect accept accept4 shutdown getsockname getpeername getsockopt
    setsockopt sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg

    brk mmap munmap mremap mprotect madvise mincore msync mlock mlock2 mlockall munlock munlockall
    remap_file_pages futex get_robust_list set_robust_list set_tid_address
    shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl
    mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr

    fork vfork execve execveat exit exit_group wait4 waitid kill tkill tgkill pause restart_syscall
    rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
    rt_sigtimedwait rt_tgsigqueueinfo sigaltstack
    getpid getppid gettid getpgid getpgrp setpgid getsid setsid getuid geteuid getgid getegid
    getgroups getresuid getresgid setuid setgid setreuid setregid setresuid setresgid setgroups
    setfsuid setfsgid capget capset prctl arch_prctl modify_ldt get_thread_area set_thread_area
    seccomp syslog uname sysinfo getcpu getrandom getrusage getrlimit setrlimit prlimit64 times
    getpriority setpriority ioprio_get ioprio_set sched_getaffinity sched_setaffinity sched_getattr
    sched_setattr sched_getparam sched_setparam sched_getscheduler sched_setscheduler
    sched_get_priority_max sched_get_priority_min sched_rr_get_interval sched_yield

    time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep alarm getitimer setitimer
    timer_create timer_delete timer_settime timer_gettime timer_getoverrun timerfd_create
    timerfd_settime timerfd_gettime""".split()

# Beyond those, what worker/runtime/spec/seccomp.go of Concourse allows, for containerd.
CONTAINERD = """
    adjtimex cachestat clock_adjtime close_range epoll_pwait2 faccessat2 fchmodat2 futex_requeue
    futex_wait futex_waitv futex_wake io_pgetevents landlock_add_rule landlock_create_ruleset
    landlock_restrict_self map_shadow_stack membarrier memfd_secret name_to_handle_at open_tree
    pidfd_open pidfd_send_signal pkey_alloc pkey_free pkey_mprotect preadv2 process_mrelease pwritev2
    rseq""".split()
# Beyond those, what guardiancmd/seccomp_linux.go of Guardian allows.
GUARDIAN = ["ptrace"]


def profile(runtime):
    """What runc is told. A call newer than all those named gets ENOSYS from runc, not EPERM."""
    machine = platform.machine().upper()
    names = {"X86_64": ["X86_64", "X86", "X32"], "AARCH64": ["AARCH64", "ARM"]}
    allowed = {"action": "SCMP_ACT_ALLOW"}
    argument = {"index": 0, "valueTwo": 0}
    calls = [
        dict(allowed, names=COMMON + {"containerd": CONTAINERD, "guardian": GUARDIAN}[runtime]),
        *(dict(allowed, names=["personality"],
               args=[dict(argument, value=value, op="SCMP_CMP_EQ")])
          for value in (0, 8, 0xFFFFFFFF)),
        dict(allowed, names=["clone"],
             args=[dict(argument, value=NEW_NAMESPACES, op="SCMP_CMP_MASKED_EQ")]),
    ]
    if runtime == "containerd":
        # The C library then takes clone, whose flags can be looked at.
        calls.append({"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS})
    return {"defaultAction": "SCMP_ACT_ERRNO",
            "architectures": ["SCMP_ARCH_" + name for name in names.get(machine, [machine])],
            "syscalls": calls}
