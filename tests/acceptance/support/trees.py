"""Lists a directory tree entry by entry, so that two trees can be compared in every attribute."""

import hashlib
import os
import stat

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink",
         stat.S_IFIFO: "fifo", stat.S_IFCHR: "device", stat.S_IFBLK: "device",
         stat.S_IFSOCK: "socket"}


def listing(root, owners=True, exact=False):
    """Maps each path (bytes) below `root` to its attributes; hard links show their first path.

    `exact` adds the root itself, nanoseconds, and hard links of symbolic links.
    """
    root = os.fsencode(root)
    found, first_names = {}, {}
    for path in sorted([*_walk(root), *([b""] if exact else [])]):
        full = os.path.join(root, path)
        info = os.lstat(full)
        kind = KINDS[stat.S_IFMT(info.st_mode)]
        entry = {"kind": kind, "mode": oct(stat.S_IMODE(info.st_mode)),
                 "mtime": info.st_mtime_ns if exact else int(info.st_mtime), "xattrs": _xattrs(full)}
        if owners:
            entry["owner"] = (info.st_uid, info.st_gid)
        if kind == "symlink":
            entry["target"] = os.readlink(full)
        if kind == "file":
            entry["content"] = digest(full)
        if kind != "directory" and (exact or kind != "symlink"):
            entry["same as"] = first_names.setdefault((info.st_dev, info.st_ino), path)
        found[path] = entry
    return found


def contents(root):
    """What git can carry of a tree: files with their x bit and content, and symbolic links."""
    carried = {}
    for path, entry in listing(root, owners=False).items():
        if entry["kind"] == "file":
            carried[path] = ("file", bool(int(entry["mode"], 8) & 0o100), entry["content"])
        elif entry["kind"] == "symlink":
            carried[path] = ("symlink", entry["target"])
    return carried


def differences(left, right):
    """Lines that say what differs between two listings."""
    lines = [f"only left: {path!r}" for path in sorted(left.keys() - right.keys())]
    lines += [f"only right: {path!r}" for path in sorted(right.keys() - left.keys())]
    lines += [f"{path!r}: {left[path]} != {right[path]}"
              for path in sorted(left.keys() & right.keys()) if left[path] != right[path]]
    return lines


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _walk(root, below=b""):
    for entry in os.scandir(os.path.join(root, below)):
        path = os.path.join(below, entry.name)
        yield path
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root, path)


def _xattrs(path):
    names = os.listxattr(path, follow_symlinks=False)
    return {name: os.getxattr(path, name, follow_symlinks=False) for name in sorted(names)}
