"""What the container of a get takes away: other tools, and a user namespace."""

import ctypes
import os

from .workspace import run, tool

CLONE_NEWUSER = 0x10000000
LAST_ID = 2**32 - 2
CALLED = ["cat", "chmod", "chown", "cp", "id", "ln", "mkdir", "mkfifo", "mktemp", "rm", "rmdir",
          "sort", "touch", "uniq", "wc"]


def coreutils_only(directory):
    """A PATH with git, a shell, and those of the coreutils the hook may call."""
    for name in ["sh", "git", *CALLED]:
        os.symlink(tool(name), directory / name)
    return str(directory)


def busybox_only(directory):
    """A PATH with git, and busybox for all the rest."""
    for name in run("busybox", "--list").stdout.decode().split():
        os.symlink(tool("busybox"), directory / name)
    os.symlink(tool("git"), directory / "git")
    return str(directory)


def enter():
    """Puts the calling process into a user namespace with Concourse's ids, as its root.

    For preexec_fn. Root inside is the last id outside, and all others are themselves.
    """
    outer = os.getpid()
    begin, begun = os.pipe()
    writer = os.fork()
    if writer == 0:
        os.close(begun)
        os.read(begin, 1)
        for kind in ("uid", "gid"):
            with open(f"/proc/{outer}/{kind}_map", "w", encoding="ascii") as file:
                file.write(f"0 {LAST_ID} 1\n1 1 {LAST_ID - 1}\n")
        os._exit(0)
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    os.close(begun)
    os.waitpid(writer, 0)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    os.umask(0o022)


def can_enter():
    return run("unshare", "--user", "true", check=False).returncode == 0
