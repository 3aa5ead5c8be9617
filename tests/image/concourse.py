"""What Concourse's worker asks runc for when it runs a step that is not privileged."""

import seccomp

# Root inside is the last id outside; every other id is itself.
LAST_ID = 2**32 - 2
ID_MAP = [(0, LAST_ID, 1), (1, 1, LAST_ID - 1)]

CAPABILITIES = ["CAP_" + name for name in (
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP "
    "SETGID SETPCAP SETUID SYS_CHROOT").split()]

ROOT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


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


def specification(root, runtime, arguments, environment, init, volumes):
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
                  "uidMappings": ids, "gidMappings": ids, "seccomp": seccomp.profile(runtime),
                  "maskedPaths": [], "readonlyPaths": []},
    }
