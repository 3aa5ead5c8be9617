"""Writes a directory into a repository with its manifest: a second hand, written apart from put.

Only what the format says is known here (an entry per line, in the order of a walk, octal escapes), so that a
restoring side is not tested against the writer it grew up with.
"""

import base64
import hashlib
import os
import re
import stat

from .git_repo import ENVIRONMENT
from .workspace import run

TYPES = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo",
         stat.S_IFCHR: "char", stat.S_IFBLK: "block"}
REFUSED = re.compile(
    rb"\.git|git~1|\.gitattributes|gitatt~[1-4]|gi7d29~[1-4]|\.gitmodules|gitmod~[1-4]|gi7eba~[1-4]")
LONGEST_PATH = 4095


def escape(name):
    return "".join(chr(byte) if 33 <= byte <= 126 and byte not in b"\\#=" else f"\\{byte:03o}"
                   for byte in name)


def is_displaced(path):
    """Whether git, or a server of it, refuses the path below rootfs/ or would act on the file."""
    if len(path) + len(b"rootfs/") > LONGEST_PATH:
        return True
    for part in re.split(rb"[/\\]", path):
        seen = part.decode(errors="surrogateescape").lower()
        seen = re.sub("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]", "", seen)
        seen = seen.split(":")[0].rstrip(". ").encode(errors="surrogateescape")
        if REFUSED.fullmatch(seen):
            return True
    return False


def walk(root, below=b""):
    for name in os.listdir(os.path.join(root, below)):
        path = os.path.join(below, name)
        yield path
        if stat.S_ISDIR(os.lstat(os.path.join(root, path)).st_mode):
            yield from walk(root, path)


class Image:
    """A directory as a manifest and as the files of a commit."""

    def __init__(self, root):
        self._root = os.fsencode(root)
        self._first_names = {}
        self.files = {}  # path in the repository -> (git's mode, content)
        self._occupied, self._directories = set(), []
        self.lines = ["#mtree v2.0", self._line(b"")]
        in_order = sorted(walk(self._root), key=lambda path: path.split(b"/"))
        self.lines += [self._line(path) for path in in_order]
        for path in self._directories:
            if path not in self._occupied:
                self._carry(path + b"/.keep" if path else b".keep", "100644", b"")

    @property
    def manifest(self):
        return "".join(line + "\n" for line in self.lines).encode()

    def publish(self, repository, hook, branch="main", more=(), parent=None):
        """Makes a commit of it; `more` are files that stand beside or in place of its own."""
        files = dict(self.files)
        files[b".gitattributes"] = ("100644", b"* -text -diff -merge\n")
        files[b"metadata.json"] = ("100644", b'{"env": []}')
        files[b".rootfs/manifest.mtree"] = ("100644", self.manifest)
        files[b".rootfs/hooks/post-checkout"] = ("100755", hook)
        files.update(more)
        stream = [b"feature done\ncommit refs/heads/%s\ncommitter A <a@example.com> 0 +0000\ndata 0\n"
                  % branch.encode()]
        if parent:
            stream.append(b"from %s\ndeleteall\n" % parent.encode())
        for path, (mode, content) in files.items():
            quoted = "".join(f"\\{byte:03o}" for byte in path)
            stream.append(b'M %s inline "%s"\ndata %d\n%s\n'
                          % (mode.encode(), quoted.encode(), len(content), content))
        run("git", "-c", "safe.directory=*", "-C", repository.path, "fast-import", "--quiet",
            "--force", env=ENVIRONMENT, input=b"".join(stream) + b"done\n")

    def _line(self, path):
        full = os.path.join(self._root, path) if path else self._root
        info = os.lstat(full)
        kind = TYPES[stat.S_IFMT(info.st_mode)]
        name = escape(b"./" + path if path else b".")
        words = [name, f"type={kind}", f"mode={stat.S_IMODE(info.st_mode):04o}",
                 f"uid={info.st_uid}", f"gid={info.st_gid}",
                 "time=%d.%09d" % divmod(info.st_mtime_ns, 10**9)]
        content = b""
        if kind == "file":
            with open(full, "rb") as file:
                content = file.read()
            words.append(f"size={len(content)}")
        elif kind == "link":
            content = os.readlink(full)
            words.append(f"link={escape(content)}")
        elif kind in ("char", "block"):
            words.append(f"device=native,{os.major(info.st_rdev)},{os.minor(info.st_rdev)}")
        first = self._first_names.setdefault((info.st_dev, info.st_ino), name)
        if kind != "dir" and first != name:
            words.append(f"hardlink={first}")
        words += self._store(path, kind, info, content, first != name)
        for attribute in sorted(os.listxattr(full, follow_symlinks=False)):
            value = os.getxattr(full, attribute, follow_symlinks=False)
            words.append(f"xattr.{escape(os.fsencode(attribute))}="
                         + base64.b64encode(value).decode())
        return " ".join(words)

    def _store(self, path, kind, info, content, is_link):
        """Puts an entry into the commit, if git can carry it; the words that say where it is."""
        is_aside = path.startswith(b"dev/") or is_displaced(path)
        if kind == "dir" and not is_aside:
            self._directories.append(path)
        elif kind in ("file", "link") and not is_aside:
            x_bit = kind == "file" and info.st_mode & 0o111
            mode = "120000" if kind == "link" else "100755" if x_bit else "100644"
            self._carry(path, mode, content)
        elif kind == "file" and not is_link:
            blob = "blobs/" + hashlib.sha256(content).hexdigest()
            self.files[b".rootfs/" + blob.encode()] = ("100644", content)
            return ["contents=" + blob]
        return []

    def _carry(self, path, mode, content):
        self.files[b"rootfs/" + path] = (mode, content)
        while path:
            path = path.rpartition(b"/")[0]
            self._occupied.add(path)
