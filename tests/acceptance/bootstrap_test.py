#!/usr/bin/python3
"""A Concourse that has nothing but git gets this resource type from a plain clone, and it works."""

import ctypes
import os
import subprocess
import unittest

from support import container, git_http, images, own_image, programs, trees
from support.case import AS_ROOT
from support.git_repo import stock_clone
from support.put_case import PutCase

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
BRANCH = "rootfs-git-resource"


def enter_root(root):
    """Makes the calling process root of a user namespace in `root`, with /dev as Concourse's."""
    libc = ctypes.CDLL(None, use_errno=True)

    def check(result):
        if result != 0:
            raise OSError(ctypes.get_errno(), "enter the image")

    check(libc.unshare(CLONE_NEWNS))
    check(libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None))
    for path in ("dev", "proc"):
        check(libc.mount(f"/{path}".encode(), bytes(root / path), None,
                         ctypes.c_ulong(MS_BIND | MS_REC), None))
    container.enter()
    os.chroot(root)
    os.chdir("/")


def own(directory, uid):
    """Gives a tree to root of the container, or back to root of this machine."""
    for path in (directory, *directory.rglob("*")):
        if path.lstat().st_uid in (0, container.LAST_ID):
            os.lchown(path, uid, uid)


@unittest.skipUnless(AS_ROOT and programs.may_mount() and container.can_enter(),
                     "needs root, mounts and user namespaces")
class Bootstrap(PutCase):
    @classmethod
    def prepare(cls):
        odd = images.Layer().file("bin/setuid", "x", mode=0o4755, uid=1000, gid=7)
        cls.publish_images(box=images.busybox([odd.directory("var/empty", mode=0o700)]))
        cls.http = git_http.GitHttp(cls.work, cls.repositories)
        cls.types = cls.repository()
        own_image.artifact(cls.inputs / "type")
        source = {"git": cls.http.source(cls.types, branch=BRANCH)}
        outcome = programs.put(source, cls.inputs, image="type")
        if outcome.code != 0:
            raise RuntimeError(str(outcome))
        cls.clone = stock_clone(cls.http.clone_uri(cls.types), cls.work.fresh("clone"), BRANCH,
                                depth=1)
        os.chmod(cls.work.path, 0o755)
        cls.root = cls.clone / "rootfs"
        cls.cloned = trees.contents(cls.root)  # Before any test works in it.
        for path in ("dev", "proc", "tmp/build/get", "tmp/build/put"):
            (cls.root / path).mkdir(parents=True, exist_ok=True)
        own(cls.root, container.LAST_ID)

    def step(self, name, request, *directory):
        """Runs a program of the clone in the clone."""
        running = subprocess.Popen(
            [f"/opt/resource/{name}", *directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={}, preexec_fn=lambda: enter_root(self.root))
        programs.send(running, request)
        return self.succeeded(programs.finish(running))

    def get(self, source, version):
        """A get by the clone; what it left, owned as outside a container."""
        inside = self.root / "tmp/build/get"
        own(inside, container.LAST_ID)
        answer = self.step("in", {"source": source, "version": version}, "/tmp/build/get")
        self.assertEqual(answer["version"], version)
        where = self.work.fresh("got")
        inside.rename(where)
        inside.mkdir()
        own(where, 0)
        return where

    def assert_same(self, found):
        self.assertEqual(trees.differences(
            trees.listing(self.inputs / "box/rootfs", exact=True),
            trees.listing(found / "rootfs", exact=True)), [])
        self.assertEqual((found / "metadata.json").read_text(),
                         (self.inputs / "box/metadata.json").read_text())

    def test_a_plain_clone_has_all_the_programs_need(self):
        expected = trees.contents(self.inputs / "type/rootfs")
        found = {path: entry for path, entry in self.cloned.items() if not path.endswith(b"/.keep")}
        self.assertEqual(trees.differences(expected, found), [])

    def test_from_a_registry_into_git_and_back_by_programs_of_the_clone(self):
        source = self.source_of("box")
        versions = self.step("check", {"source": source})
        self.assertEqual(versions, [self.versions["box"]])
        pulled = self.get(source, versions[-1])
        self.assert_same(pulled)

        repository, expected = self.repository(), self.repository()
        self.put("box", self.http.source(expected))
        inputs = self.root / "tmp/build/put"
        pulled.rename(inputs / "box")
        own(inputs, container.LAST_ID)
        git = self.http.source(repository)
        self.step("out", {"source": {**source, "git": git}, "params": {"image": "box"}},
                  "/tmp/build/put")
        self.assertEqual(repository.tree("main"), expected.tree("main"))

        version = self.step("check", {"source": {"git": git}})[-1]
        self.assert_same(self.get({"git": git}, version))


if __name__ == "__main__":
    unittest.main()
