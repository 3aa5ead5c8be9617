"""Random trees of names, attributes and links that git, servers or scripts trip over, the same for
the same seed.

Left out is what a get through the hook refuses or `git fsck` mentions: FIFOs and symbolic links with
names that git reads in a work tree.
"""

import random

from . import torture

PLAIN = [b"a", b"b", b"rootfs", b".rootfs", b"blobs", b"hooks", b"metadata.json"]
READ_BY_GIT = [b".keep", b".gitkeep", b".gitignore", b".lfsconfig", b".mailmap", *torture.REFUSED]
KINDS = ["file"] * 4 + ["directory"] * 4 + ["symlink", "fifo", "hard link"]
MODES = [0o644, 0o755, 0o600, 0o4755, 0o2711, 0o7777, 0o1644, 0o440, 0o111, 0]
CONTENTS = [b"", b"a\r\nb\n", b"$Id$\n", bytes(5000), b"ref: refs/heads/main\n", b"* text eol=crlf\n"]
TARGETS = [b"a", b"../../..", b"/\n", b"-n", b"\xff", b"x" * 4000]
IDS = [0, 0, 1000, 65534, 2**31, 2**32 - 3]
SECONDS = [0, 1, -1, 1_700_000_000, 2**31, 2**33]
MOST_ENTRIES = 60
DEEPEST = 8  # Names of 255 bytes in each other must not be longer than a path may be.


def build(root, seed):
    """Makes the tree at `root`."""
    chance, tree = random.Random(seed), torture.Builder(root)
    directories, leaves, taken = [b""], [], set()
    for _ in range(chance.randrange(1, MOST_ENTRIES)):
        kind = chance.choice(KINDS)
        path = b"/".join(filter(None, [chance.choice(directories), _name(chance, kind)]))
        if path in taken or path.count(b"/") > DEEPEST:
            continue
        if kind == "hard link":
            if not leaves:
                continue
            tree.hard_link(path, chance.choice(leaves))
        else:
            _make(tree, chance, kind, path)
            (directories if kind == "directory" else leaves).append(path)
        taken.add(path)
    tree.done()


def _name(chance, kind):
    if chance.randrange(6) == 0:
        name = bytes(byte for byte in chance.randbytes(chance.randrange(1, 6)) if byte not in b"/\0")
        return b"x" if name in (b"", b".", b"..") else name
    names = [PLAIN, PLAIN, torture.NAMES]
    return chance.choice(chance.choice([*names, READ_BY_GIT] if kind in ("file", "directory") else names))


def _make(tree, chance, kind, path):
    attributes = {"owner": (chance.choice(IDS), chance.choice(IDS)),
                  "time": chance.choice(SECONDS) * torture.SECOND
                  + chance.choice([0, 1, 500_000_000, 999_999_999])}
    if kind == "symlink":
        tree.link(path, chance.choice(TARGETS), **attributes)
        return
    attributes["mode"] = chance.choice([*MODES, chance.randrange(0o10000)])
    if kind == "file" and chance.randrange(4) == 0:
        attributes["xattrs"] = {"user.k": chance.randbytes(chance.randrange(40)),
                                "security.capability": torture.CAPABILITY}
    if kind == "directory":
        tree.directory(path, **attributes)
    elif kind == "fifo":
        tree.fifo(path, **attributes)
    else:
        tree.empty(path)
        with open(tree.path(path), "wb") as file:
            file.write(chance.choice(CONTENTS))
        tree.dress(path, **attributes)
