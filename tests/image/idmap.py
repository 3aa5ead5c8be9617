"""Mounts a directory so that a container's user namespace sees the owners the disk has."""

import ctypes
import os
import platform
import struct

AT_FDCWD, AT_EMPTY_PATH, AT_RECURSIVE = -100, 0x1000, 0x8000
OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH = 1, 4
MOUNT_ATTR_IDMAP = 0x00100000
CLONE_NEWUSER = 0x10000000
# The same on every architecture (asm-generic/unistd.h).
OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442

_libc = ctypes.CDLL(None, use_errno=True)


def _syscall(what, number, *arguments):
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = _libc.syscall(ctypes.c_long(number), *words)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)} (Linux {platform.release()})")
    return result


def _user_namespace(id_map):
    """A descriptor of a user namespace with this map, which no process is in."""
    begun, begin = os.pipe()
    done, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(begin, b"1" if _libc.unshare(CLONE_NEWUSER) == 0 else b"0")
        os.close(end)
        os.read(done, 1)
        os._exit(0)
    os.close(done)
    if os.read(begun, 1) != b"1":
        raise OSError("user namespaces are not allowed here")
    for kind in ("uid", "gid"):
        with open(f"/proc/{child}/{kind}_map", "w", encoding="ascii") as file:
            file.write("".join(f"{inside} {outside} {count}\n"
                               for inside, outside, count in id_map))
    namespace = os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    for descriptor in (begun, begin, end):
        os.close(descriptor)
    os.waitpid(child, 0)
    return namespace


def bind(source, target, id_map):
    """Binds `source`, with what is mounted below it, to `target`; an id of a disk becomes what the
    map makes of it outside."""
    tree = _syscall(f"open {source}", OPEN_TREE, AT_FDCWD, os.fsencode(source),
                    OPEN_TREE_CLONE | AT_RECURSIVE | os.O_CLOEXEC)
    namespace = _user_namespace(id_map)
    attributes = struct.pack("=QQQQ", MOUNT_ATTR_IDMAP, 0, 0, namespace)
    _syscall(f"map the owners of {source}", MOUNT_SETATTR, tree, b"",
             AT_EMPTY_PATH | AT_RECURSIVE, ctypes.c_char_p(attributes), len(attributes))
    _syscall(f"mount on {target}", MOVE_MOUNT, tree, b"", AT_FDCWD, os.fsencode(target),
             MOVE_MOUNT_F_EMPTY_PATH)
    os.close(tree)
    os.close(namespace)
