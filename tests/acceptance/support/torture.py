"""A tree of everything that a file system can hold and that a clone, or a script, trips over."""

import os
import struct

from .case import MAY_SET_TRUSTED

SECOND = 10**9
NAMES = [b"new\nline", b"\nfirst", b"last\n", b"\n", b"two\n\nlines", b"tab\t", b" lead", b"trail ",
         b"a 1", b"-rf", b"--reference=x", b"$(touch x)", b"`id`", b"'", b'"', b"*", b"?", b"[a]",
         b"%s%n", b"back\\slash", b"\\", b"\\101", b"\\n", b"#hash", b"equal=sign", b"~", b"!",
         b"caf\xe9", "\u00e9".encode(), "e\u0301".encode(), b"\x01\x02\x7f", b":(glob)x", b"CON",
         b"Readme", b"README", b"n" * 255, b"...", b"..a", b".hidden", b"@1", b"end"]
REFUSED = [b".git", b".GIT", b".git.", b"git~1", b".gitattributes", b".GitModules", b"x\\.git",
           ".g\u200cit".encode(), b".git::$INDEX_ALLOCATION"]
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)  # cap_net_raw+ep


def acl(*entries):
    """A POSIX ACL as the kernel keeps it: tag, permissions, id."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NOBODY = 0xffffffff
ACCESS = acl((1, 6, NOBODY), (2, 6, 1000), (4, 4, NOBODY), (16, 6, NOBODY), (32, 4, NOBODY))
DEFAULT = acl((1, 7, NOBODY), (2, 7, 1000), (4, 5, NOBODY), (16, 7, NOBODY), (32, 5, NOBODY))


class Builder:
    """Makes entries below a root; what is made last in a directory does not change its times."""

    def __init__(self, root):
        self._root, self._times = os.fsencode(root), {}
        os.makedirs(self._root)
        self.dress(b"", mode=0o755)

    def path(self, name):
        return os.path.join(self._root, name) if name else self._root

    def directory(self, name, **attributes):
        os.mkdir(self.path(name))
        return self.dress(name, **{"mode": 0o755, **attributes})

    def file(self, name, content=b"", **attributes):
        with open(self.path(name), "xb") as file:
            file.write(content or name)
        return self.dress(name, **{"mode": 0o644, **attributes})

    def empty(self, name):
        with open(self.path(name), "xb"):
            return self.dress(name, mode=0o644)

    def link(self, name, target, **attributes):
        os.symlink(target, self.path(name))
        return self.dress(name, **attributes)

    def fifo(self, name, **attributes):
        os.mkfifo(self.path(name))
        return self.dress(name, **{"mode": 0o644, **attributes})

    def hard_link(self, name, first):
        os.link(self.path(first), self.path(name), follow_symlinks=False)
        return self

    def dress(self, name, mode=None, owner=(0, 0), time=None, xattrs=()):
        path = self.path(name)
        os.lchown(path, *owner)
        if mode is not None:
            os.chmod(path, mode)
        for attribute, value in dict(xattrs).items():
            os.setxattr(path, attribute, value, follow_symlinks=False)
        self._times[path] = 1_500_000_000 * SECOND + len(self._times) if time is None else time
        return self

    def done(self):
        for path, time in self._times.items():
            os.utime(path, ns=(time, time), follow_symlinks=False)


def build(root, xattrs=True):
    """Everything at once, except devices; nothing that needs extended attributes on request."""
    tree = Builder(root)
    tree.directory(b"names").directory(b"names in dirs").directory(b"refused").directory(b"project")
    for name in NAMES:
        tree.file(b"names/" + name, owner=(7, 8), mode=0o640)
        tree.directory(b"names in dirs/" + name, mode=0o2711)
    tree.directory(b"names in dirs/new\nline/-in it", owner=(1, 2))
    for name in REFUSED:
        tree.file(b"refused/" + name, owner=(3, 4), mode=0o755)
    tree.directory(b"project/.git", mode=0o700).directory(b"project/.git/objects")
    tree.file(b"project/.git/HEAD", b"ref: refs/heads/main\n").file(b"project/kept")
    tree.link(b"project/.git/link", b"-n HEAD\n", time=-5 * SECOND).fifo(b"project/.git/fifo")
    tree.directory(b"only").directory(b"only/.git").file(b"only/.git/config", b"[core]\n")
    tree.hard_link(b"z first is displaced", b"project/.git/HEAD")
    tree.hard_link(b"a first of all", b"refused/.gitattributes")
    _links(tree)
    _modes_and_ids(tree)
    _times(tree)
    _keeps(tree)
    if xattrs:
        _xattrs(tree)
    tree.done()
    return root


def _links(tree):
    tree.directory(b"links").link(b"etc", b"/").link(b"links/up", b"../../../..")
    tree.link(b"links/dangling", b"/nowhere/\xff\n", owner=(5, 6)).link(b"links/loop", b"loop")
    tree.link(b"links/twice", b"target", owner=(9, 9), time=123456789).hard_link(
        b"links/twice again", b"links/twice")
    tree.file(b"links/1", mode=0o4755, owner=(1000, 1000)).hard_link(b"links/2 two", b"links/1")
    tree.hard_link(b"names/zz\nlinked", b"links/1").fifo(b"links/fifo", mode=0o666, owner=(1, 1))
    tree.hard_link(b"links/fifo too", b"links/fifo")
    tree.directory(b"dev", mode=0o755, time=42).file(b"dev/of all", mode=0o4711, owner=(6, 6))
    tree.hard_link(b"links/of all", b"dev/of all").link(b"dev/fd", b"/proc/self/fd")


def _modes_and_ids(tree):
    tree.directory(b"modes").directory(b"ids").directory(b"tmp", mode=0o1777)
    for mode in (0, 0o111, 0o601, 0o600, 0o4711, 0o2755, 0o6755, 0o1644, 0o7777, 0o664, 0o755):
        tree.file(b"modes/%o" % mode, mode=mode, owner=(mode, 0))
        tree.directory(b"modes/d%o" % mode, mode=mode)
    tree.directory(b"modes/shut", mode=0).file(b"modes/shut/in", mode=0)
    tree.directory(b"modes/group", mode=0o2775, owner=(0, 50)).file(b"modes/group/roots")
    for number in (1, 65534, 65536, 2**31, 2**32 - 3):
        tree.file(b"ids/%d" % number, owner=(number, number), mode=0o4755)


def _times(tree):
    tree.directory(b"times")
    for time in (0, 1, -1, -SECOND, -SECOND - 1, -5 * SECOND + 500_000_000, -SECOND // 2,
                 999_999_999, 2**31 * SECOND, 2**33 * SECOND + 123):
        tree.file(b"times/%d" % time, time=time).link(b"times/link%d" % time, b"x", time=time)
        tree.directory(b"times/dir%d" % time, time=time)


def _keeps(tree):
    tree.directory(b"empty").directory(b"var")
    tree.directory(b"var/empty", mode=0o700, owner=(33, 33), time=7).directory(b"own")
    tree.empty(b"own/.keep").directory(b"own too").file(b"own too/.keep", b"not empty")
    tree.directory(b"kept link").link(b"kept link/.keep", b"x").directory(b"fifos")
    tree.fifo(b"fifos/only", owner=(1, 1))


def _xattrs(tree):
    tree.directory(b"xattrs")
    tree.file(b"xattrs/ping", mode=0o755, xattrs={"security.capability": CAPABILITY})
    tree.file(b"xattrs/-acl\n", mode=0o664, xattrs={"system.posix_acl_access": ACCESS})
    tree.file(b"xattrs/user", xattrs={"user.a b=c#\\": b"\0\xff", "user.empty": b"",
                                      "user.text": b"plain"})
    tree.directory(b"xattrs/dir", mode=0o755, xattrs={"system.posix_acl_default": DEFAULT})
    tree.file(b"xattrs/dir/without")
    if MAY_SET_TRUSTED:
        tree.link(b"xattrs/link", b"ping", xattrs={"trusted.overlay.x": b"1"})
