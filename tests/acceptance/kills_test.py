#!/usr/bin/python3
"""Killed at any moment, no step leaves half an image where somebody takes it for a whole one.

KILLS=100 kills each step a hundred times with each signal; KILLS_SEED repeats a run's moments.
"""

import json
import os
import random
import shutil
import signal
import time
import unittest

from support import git_http, git_ssh, images, programs, trees
from support.lfs_server import LfsServer
from support.put_case import PutCase

SEED = int(os.environ.get("KILLS_SEED", random.randrange(2**32)))
KILLS = int(os.environ.get("KILLS", 3))
# Concourse itself kills a step ten seconds after asking it to stop.
SECONDS_TO_STOP = 8
LFS = {"lfs": {"threshold": "50kB"}}


def noise(number):
    """Files large and small, none of which compresses."""
    layer = images.Layer("none").directory("noise")
    chance = random.Random(number)
    for i in range(150):
        layer.file(f"noise/{i}", chance.randbytes(chance.choice((500, 3_000, 90_000))))
    return layer.file("noise/large", chance.randbytes(3_000_000))


def rootfs(directory):
    return trees.listing(directory / "rootfs", exact=True)


def all_files(directory):
    """All that is there, but for its times."""
    found = trees.listing(directory)
    for entry in found.values():
        del entry["mtime"]
    return found


class Kills(PutCase):
    large = set()  # What a whole put leaves with the LFS server.

    @classmethod
    def prepare(cls):
        print(f"KILLS_SEED={SEED}")
        cls.chance = random.Random(SEED)
        cls.publish_images(old=images.busybox(), new=images.busybox([noise(1), noise(2)]))
        cls.lfs = LfsServer()
        cls.http = git_http.GitHttp(cls.work, cls.repositories, open_to_all=True,
                                   streaming=True, lfs=cls.lfs)
        cls.template = cls.repository()
        for tag in ("old", "new"):
            outcome = programs.put(cls.source_of(tag, git={"uri": cls.template.file_uri}),
                                   cls.inputs, image=tag)
            if outcome.code != 0:
                raise RuntimeError(str(outcome))
        cls.new, cls.old = cls.template.history()
        cls.new_tree = cls.template.tree(cls.new)
        cls.slowest = 0

    @classmethod
    def tearDownClass(cls):
        print(f"slowest end after SIGTERM: {cls.slowest:.2f} s")
        super().tearDownClass()

    def killed(self, name, request, directory, kind, seconds):
        """Runs a program for so long and sends it the signal; its outcome."""
        temporary = self.work.directory("tmp")
        running = programs.start(name, request, directory,
                                 dict(programs.environment(), TMPDIR=str(temporary)))
        time.sleep(seconds)
        running.send_signal(kind)
        asked = time.monotonic()
        outcome = programs.finish(running, SECONDS_TO_STOP)
        if kind == signal.SIGTERM:
            type(self).slowest = max(self.slowest, time.monotonic() - asked)
            # The signal itself ends a program that has hardly begun.
            self.assertIn(outcome.code, (0, 128 + kind, -kind), str(outcome))
        else:
            self.assertIn(outcome.code, (0, -kind), str(outcome))
        if outcome.stdout:
            json.loads(outcome.stdout)  # Killed behind the answer, which is whole then.
        self.assertEqual(os.listdir(temporary), [])
        return outcome

    def moments(self, run):
        """Signal and moment of each kill; `run` takes as long as nobody interferes."""
        start = time.monotonic()
        run()
        whole = time.monotonic() - start
        for kind in (signal.SIGTERM, signal.SIGKILL):
            for _ in range(KILLS):
                yield kind, self.chance.uniform(0, 1.1 * whole)

    def kill_gets(self, source, version, content=rootfs, last="metadata.json", **params):
        """`content` gives what must be whole where the file `last` stands."""
        def get(directory):
            self.succeeded(programs.get(source, version, directory, **params))
            return content(directory)

        whole = get(self.work.directory("get"))
        for kind, seconds in self.moments(lambda: get(self.work.directory("get"))):
            with self.subTest(kind=kind.name, seconds=seconds, **params):
                directory = self.work.directory("get")
                outcome = self.killed("in", {"source": source, "version": version,
                                             "params": params}, directory, kind, seconds)
                if (directory / last).exists():
                    self.assertEqual(trees.differences(whole, content(directory)), [])
                else:
                    self.assertEqual(outcome.stdout, b"", str(outcome))
                    if kind == signal.SIGTERM:
                        self.assertEqual(os.listdir(directory), [], str(outcome))
                self.assertEqual(trees.differences(whole, get(directory)), [])
                shutil.rmtree(directory)

    def test_a_get_from_a_registry(self):
        self.kill_gets(self.source_of("new"), self.versions["new"])

    def test_a_get_from_git(self):
        self.kill_gets({"git": {"uri": self.http.uri(self.template)}}, {"ref": self.new})

    def test_a_get_from_git_and_an_lfs_server(self):
        repository = self.fresh()
        source = {"git": {"uri": self.http.uri(repository), **LFS}}
        self.succeeded(programs.put(self.source_of("new", **source), self.inputs, image="new"))
        self.kill_gets(source, {"ref": repository.tip()})

    def test_a_get_in_another_format(self):
        """Of a killed one nothing is left beside the next."""
        for form in ("oci", "oci-layout", "rootfs-tar"):
            self.kill_gets(self.source_of("new"), self.versions["new"], all_files, "digest",
                           format=form)

    def fresh(self):
        repository = self.repository()
        shutil.rmtree(repository.path)
        shutil.copytree(self.template.path, repository.path)
        repository.git("update-ref", "refs/heads/main", self.old)
        repository.git("prune", "--expire=now")
        repository.git("repack", "-adq")
        self.lfs.objects.clear()
        self.lfs.unverified.clear()
        return repository

    def wait_for_server(self, repository):
        """A server may go on with what it has been sent."""
        deadline = time.monotonic() + 30
        while self.works_in(repository.path):
            self.assertLess(time.monotonic(), deadline, "the server does not come to an end")
            time.sleep(0.02)

    @staticmethod
    def works_in(path):
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{process}/cwd") == str(path):
                    return True
            except OSError:
                pass
        return False

    def kill_puts(self, params, server=None, **git):
        def source_of(repository):
            uri = (server or self.http).uri(repository)
            return self.source_of("new", git={"uri": uri, **git})

        def put(repository):
            self.succeeded(programs.put(source_of(repository), self.inputs, **params))
            self.published(repository)

        for kind, seconds in self.moments(lambda: put(self.fresh())):
            with self.subTest(kind=kind.name, seconds=seconds):
                repository = self.fresh()
                outcome = self.killed("out", {"source": source_of(repository), "params": params},
                                      self.inputs, kind, seconds)
                self.wait_for_server(repository)
                self.assertEqual(repository.fsck(), [])
                if repository.tip() != self.old:
                    self.published(repository)
                else:
                    self.assertEqual(outcome.stdout, b"", str(outcome))
                if kind == signal.SIGTERM:
                    refs = repository.git("for-each-ref", "--format=%(refname)").split()
                    if server:  # A slow machine may leave no time for a new connection.
                        refs = [ref for ref in refs
                                if ref == "refs/heads/main" or ref not in outcome.log]
                    self.assertEqual(refs, ["refs/heads/main"], str(outcome))
                put(repository)
                shutil.rmtree(repository.path)

    def published(self, repository):
        self.assertEqual(repository.fsck(), [])
        self.assertEqual(repository.tree("main"), self.new_tree)
        self.assertEqual(repository.history()[1:], [self.old])
        self.assertEqual(self.lfs.objects.keys() - self.lfs.unverified, self.large)

    def test_a_put_of_a_directory(self):
        self.kill_puts({"image": "new"})

    def test_a_put_from_a_registry(self):
        self.kill_puts({})

    def test_a_put_in_parts(self):
        self.kill_puts({"image": "new"}, max_push_size="1MB")

    def test_a_put_in_parts_over_ssh(self):
        sshd = git_ssh.GitSsh(self.work)
        self.kill_puts({"image": "new"}, sshd, max_push_size="4MB", known_hosts=sshd.known_hosts,
                       private_key=sshd.key("ed25519"))

    def test_a_put_with_an_lfs_server(self):
        local = self.fresh()
        source = self.source_of("new", git={"uri": local.file_uri, **LFS})
        self.succeeded(programs.put(source, self.inputs, image="new"))
        self.new_tree = local.tree("main")
        self.large = {path.name for path in local.path.glob("lfs/objects/*/*/*")}
        self.assertTrue(self.large)
        self.kill_puts({"image": "new"}, **LFS)


if __name__ == "__main__":
    unittest.main()
