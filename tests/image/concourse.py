"""What Concourse's worker asks runc for when it runs a step that is not privileged."""

import platform

# Root inside is the last id outside; every other id is itself.
LAST_ID = 2**32 - 2
ID_MAP = [(0, LAST_ID, 1), (1, 1, LAST_ID - 1)]

CAPABILITIES = ["CAP_" + name for name in (
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP "
    "SETGID SETPCAP SETUID SYS_CHROOT").split()]

# What neither of Concourse's runtimes lets a step call, or only one of them does. The worker lists
# what is allowed; for our programs it comes to the same, and this list is short.
REFUSED = """
    acct add_key bpf clock_settime close_range delete_module fanotify_init fchmodat2 finit_module
    fsconfig fsmount fsopen fspick get_mempolicy init_module io_uring_enter io_uring_register
    io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind
    migrate_pages mount mount_setattr move_mount move_pages open_by_handle_at open_tree
    perf_event_open pidfd_getfd pivot_root process_madvise process_vm_readv process_vm_writev ptrace
    quotactl reboot request_key set_mempolicy setdomainname sethostname setns settimeofday swapoff
    swapon syslog umount2 unshare userfaultfd vhangup""".split()
NEW_NAMESPACES, ENOSYS = 0x7E020000, 38

ROOT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def seccomp():
    machine = platform.machine().upper()
    names = {"X86_64": ["X86_64", "X86", "X32"], "AARCH64": ["AARCH64", "ARM"]}
    masked = {"index": 0, "value": NEW_NAMESPACES, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}
    refused = {"action": "SCMP_ACT_ERRNO"}
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_" + name for name in names.get(machine, [machine])],
        "syscalls": [
            dict(refused, names=REFUSED),
            # The C library then takes clone, whose flags can be looked at.
            dict(refused, names=["clone3"], errnoRet=ENOSYS),
            *(dict(refused, names=["clone"], args=[dict(masked, value=bit, valueTwo=bit)])
              for bit in (1 << number for number in range(32)) if bit & NEW_NAMESPACES),
        ],
    }


def _mount(destination, kind, options, source=None):
    return {"destination": destination, "type": kind, "source": source or kind,
            "options": options.split(",")}


def mounts(init):
    """The mounts of every step. `init` is any file, in place of the worker's own init program."""
    return [
        _mount("/proc", "proc", "nosuid,noexec,nodev"),
        _mount("/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
        _mount("/dev/pts", "devpts",
               "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
        _mount("/dev/shm", "tmpfs", "nosuid,noexec,nodev,mode=1777", "shm"),
        _mount("/dev/mqueue", "mqueue", "nosuid,noexec,nodev"),
        # A new sysfs needs a network namespace of its own; the test's servers are in this one.
        _mount("/sys", "none", "rbind,nosuid,noexec,nodev,ro", "/sys"),
        _mount("/tmp/gdn-init", "bind", "bind,ro", init),
        *(_mount(path, "bind", "bind,ro", path)
          for path in ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")),
    ]


def specification(root, arguments, environment, init, volumes):
    """config.json of the container in which a step runs; `volumes` maps places outside to inside."""
    ids = [{"containerID": inside, "hostID": outside, "size": count}
           for inside, outside, count in ID_MAP]
    kinds = ("pid", "ipc", "uts", "mount", "user", "cgroup")
    sets = dict.fromkeys(("bounding", "effective", "permitted"), CAPABILITIES)
    return {
        "ociVersion": "1.0.2", "hostname": "step", "root": {"path": str(root)},
        "process": {"args": arguments, "cwd": "/", "user": {"uid": 0, "gid": 0}, "terminal": False,
                    "env": [f"{name}={value}" for name, value in environment.items()],
                    "capabilities": sets},
        "mounts": mounts(str(init)) + [_mount(inside, "bind", "rbind,rw", str(outside))
                                       for outside, inside in volumes.items()],
        "linux": {"namespaces": [{"type": kind} for kind in kinds],
                  "uidMappings": ids, "gidMappings": ids, "seccomp": seccomp(),
                  "maskedPaths": [], "readonlyPaths": []},
    }
