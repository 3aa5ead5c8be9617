"""Random stacks of layers that meet every rule of merging, the same for the same seed.

What tools are known to treat in different ways is left out: entries below a file of a lower layer, hard
links to what comes later, names that leave the root, AUFS names, devices in the place of something else
or in directories that no entry stands for, extended attributes without a value.
"""

import random

from .images import Image, Layer

DIRECTORIES, LEAVES, LINKS = "abc", ["f", "g", "h", "\u00e4 b"], ["l", "m"]
FILE_MODES = [0o644, 0o755, 0o600, 0o4755, 0o2711, 0o6755, 0o1644, 0o440, 0]
DIRECTORY_MODES = [0o755, 0o755, 0o700, 0o1777, 0o2775, 0o555, 0]
CAPABILITY = "\x01\x00\x00\x02\x00\x20\x00\x00" + "\x00" * 12
MOST_LINKS = 8


class Node:
    """What is under a name, as far as the next entries and the comparison need to know."""

    def __init__(self, kind, parent=None, target=None):
        self.kind, self.parent, self.target = kind, parent, target
        # Of a directory: what it holds, and what of it the layer at hand wrote, or wrote into.
        self.names, self.own, self.own_in = {}, set(), 0
        self.mtime_ns = 0    # Of a directory; 0 when no entry stands for it.
        self.is_implied = kind == "directory"


class Stack:
    """The layers of one image, and `implied` and `times` of its directories."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._root = Node("directory")
        self._layer = 0
        self._devices = 0
        layers = []
        for self._layer in range(1, 2 + self._random.randrange(1, 4)):
            layers.append(self._make_layer(6 + self._random.randrange(20)))
        self.image = Image(layers)

    def directories(self):
        """Path -> (time in nanoseconds, whether no entry stands for it) of each in the end."""
        found, waiting = {}, [("", self._root)]
        while waiting:
            path, node = waiting.pop()
            found[path.encode()] = (node.mtime_ns, node.is_implied)
            waiting += [(f"{path}/{name}".lstrip("/"), child) for name, child in node.names.items()
                        if child.kind == "directory"]
        return found

    def _one_in(self, count):
        return self._random.randrange(count) == 0

    def _make_layer(self, entries):
        tar = Layer(self._random.choice(["gzip", "none"]))
        for _ in range(entries):
            if self._one_in(20):
                self._add_root(tar)
            elif self._layer > 1 and self._one_in(4):
                self._hide(tar)
            else:
                self._add(tar)
        return tar

    def _path(self):
        parts = [self._random.choice(LINKS if self._one_in(5) else DIRECTORIES)
                 for _ in range(self._random.randrange(4))]
        leaf = self._random.choice([LEAVES, LEAVES, DIRECTORIES, LINKS])
        return [*parts, self._random.choice(leaf)]

    def _written(self, parts):
        """One of the ways to write a path."""
        return self._random.choice(["", "", "./", "/"]) + "/".join(parts)

    def _resolve(self, parts, make, links=0, start=None):
        """The directory the parts lead to, inside the root; None where tools go different ways."""
        node = start or self._root
        for index, part in enumerate(parts):
            if part in ("", "."):
                continue
            if part == "..":
                node = node.parent or node
                continue
            child = node.names.get(part)
            if child is None:
                if not make:
                    return None
                child = self._put(node, part, Node("directory", node))
            if child.kind == "symlink":
                if links == MOST_LINKS:
                    return None
                target = child.target.split("/")
                begin = self._root if child.target.startswith("/") else node
                return self._resolve(target + parts[index + 1:], make, links + 1, begin)
            if child.kind != "directory":
                return None
            node = child
        return node

    def _own(self, directory):
        """The names in it that the layer at hand wrote, or wrote below."""
        if directory.own_in != self._layer:
            directory.own, directory.own_in = set(), self._layer
        return directory.own

    def _put(self, directory, name, node):
        directory.names[name] = node
        self._mark(directory, name)
        return node

    def _mark(self, directory, name):
        self._own(directory).add(name)
        while directory.parent:
            above = directory.parent
            self._own(above).update(one for one, node in above.names.items() if node is directory)
            directory = above

    def _is_possible(self, parts):
        """Whether the path leads through directories, links to them, and names that are free."""
        node, links, waiting = self._root, 0, list(parts)
        while waiting:
            part = waiting.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                node = node.parent or node
                continue
            child = node.names.get(part)
            if child is None:
                # A link that leads nowhere is completed; ".." behind it differs from tool to tool.
                return ".." not in waiting
            if child.kind == "symlink":
                links += 1
                if links > MOST_LINKS:
                    return False
                waiting = child.target.split("/") + waiting
                node = self._root if child.target.startswith("/") else node
            elif child.kind == "directory":
                node = child
            else:
                return False
        return True

    def _attributes(self, kind):
        modes = DIRECTORY_MODES if kind == "directory" else FILE_MODES
        fraction = self._random.choice([0, 0.5, 0.25, 0.125])
        with_it = {"mode": self._random.choice(modes), "uid": self._random.choice([0, 1, 1000, 65534]),
                   "gid": self._random.choice([0, 5, 100000]),
                   "mtime": self._random.randrange(-10**6, self._random.choice([10**6, 10**9])) * 2
                   + 1 + fraction}
        if kind == "symlink":
            del with_it["mode"]
        if kind in ("file", "directory") and self._one_in(4):
            with_it["xattrs"] = {f"user.k{self._random.randrange(2)}": self._random.choice(
                ["v", "\x00=\n", "\u00e9", "x" * 300])}
            if kind == "file" and self._one_in(3):
                with_it["xattrs"]["security.capability"] = CAPABILITY
        return with_it

    def _add_root(self, tar):
        with_it = self._attributes("directory")
        with_it["mode"] |= 0o755  # One that shuts people out is not taken over.
        tar.directory(self._random.choice([".", "./."]), **with_it)
        self._enter(self._root, with_it)

    def _enter(self, node, with_it):
        seconds, fraction = divmod(with_it["mtime"], 1)
        node.mtime_ns = int(seconds) * 10**9 + int(fraction * 10**9)
        node.is_implied = False

    def _add(self, tar):
        parts = self._path()
        if not self._is_possible(parts[:-1]):
            return
        kind = self._random.choice(["file"] * 4 + ["directory"] * 3 + ["symlink"] * 2
                                   + ["hard link"] * 2 + ["fifo", "device"])
        if kind == "device":
            # Where devices are left out, they neither replace nor imply anything, nor save the
            # directory they are in from a whiteout of their own layer.
            if self._layer > 1 or self._resolve(parts[:-1], make=False) is None:
                return
            parts[-1] = f"device-{self._devices}"
            self._devices += 1
        target = None
        if kind == "hard link":
            target = self._link_target(parts)
            if target is None:
                return
        parent = self._resolve(parts[:-1], make=True)
        path, name, with_it = self._written(parts), parts[-1], self._attributes(kind)
        if kind == "directory":
            tar.directory(path, **with_it)
            node = parent.names.get(name)
            if node is None or node.kind != "directory":
                node = Node(kind, parent)
            self._put(parent, name, node)
            return self._enter(node, with_it)
        if kind == "hard link":
            tar.hard_link(path, self._written(target[0]), **with_it)
            self._put(parent, name, target[1])
            return
        text = self._link_text() if kind == "symlink" else None
        if kind == "file":
            content = self._random.choice([b"", b"x", bytes(5000), self._random.randbytes(3000)])
            tar.file(path, content, **with_it)
        elif kind == "symlink":
            tar.symlink(path, text, **with_it)
        elif kind == "fifo":
            tar.fifo(path, **with_it)
        else:
            tar.character_device(path, self._random.randrange(300), self._random.randrange(300),
                                 **with_it)
        self._put(parent, name, Node(kind, parent, text))

    def _link_text(self):
        parts = [self._random.choice([*DIRECTORIES, *LINKS, ".."])
                 for _ in range(self._random.randrange(1, 4))]
        return self._random.choice(["", "/", "/../", "./"]) + "/".join(parts)

    def _link_target(self, parts):
        """Something that is there and may get one more name: its parts and node."""
        # With nothing implied made yet, so that what is found stands before the link.
        place = self._resolve(parts[:-1], make=False)
        found, waiting = [], [([], self._root)]
        while waiting:
            path, node = waiting.pop()
            for name, child in node.names.items():
                here = [*path, name]
                if child.kind == "directory":
                    # A link in the place of a directory would take its target away.
                    if not (place is node and name == parts[-1]):
                        waiting.append((here, child))
                elif child.kind != "device" and not (place is node and name == parts[-1]):
                    found.append((here, child))
        found.sort(key=lambda one: one[0])
        return self._random.choice(found) if found else None

    def _hide(self, tar):
        parts = self._path()
        directory = self._resolve(parts[:-1], make=False)
        if directory is None:
            return
        with_it = {"mtime": self._random.randrange(10**9)}
        if self._one_in(3):
            tar.file(self._written([*parts[:-1], ".wh..wh..opq"]), **with_it)
            self._hide_lower(directory)
            return
        tar.file(self._written([*parts[:-1], ".wh." + parts[-1]]), **with_it)
        self._hide_name(directory, parts[-1])

    def _hide_name(self, directory, name):
        node = directory.names.get(name)
        if node is None:
            return
        if name not in self._own(directory):
            del directory.names[name]
        elif node.kind == "directory":
            self._hide_lower(node)

    def _hide_lower(self, directory):
        for name in list(directory.names):
            self._hide_name(directory, name)
