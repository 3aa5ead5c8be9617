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

from support import git_http, images, programs, trees
from support.put_case import PutCase

SEED = int(os.environ.get("KILLS_SEED", random.randrange(2**32)))
KILLS = int(os.environ.get("KILLS", 3))
# Concourse itself kills a step ten seconds after asking it to stop.
SECONDS_TO_STOP = 8


def noise(number):
    """Files large and small, none of which compresses."""
    layer = images.Layer("none").directory("noise")
    chance = random.Random(number)
    for i in range(150):
        layer.file(f"noise/{i}", chance.randbytes(chance.choice((500, 3_000, 90_000))))
    return layer.file("noise/large", chance.randbytes(3_000_000))


class Kills(PutCase):
    @classmethod
    def prepare(cls):
        print(f"KILLS_SEED={SEED}")
        cls.chance = random.Random(SEED)
        cls.publish_images(old=images.busybox(), new=images.busybox([noise(1), noise(2)]))
        cls.http = git_http.GitHttp(cls.work, cls.repositories, open_to_all=True,
                                   streaming=True)
        cls.template = cls.repository()
        for tag in ("old", "new"):
            outcome = programs.put(cls.source_of(tag, git={"uri": cls.template.file_uri}),
                                   cls.inputs, image=tag)
            if outcome.code != 0:
                raise RuntimeError(str(outcome))
        cls.new, cls.old = cls.template.history()
        cls.new_tree = cls.template.tree(cls.new)
        cls.whole = trees.listing(cls.inputs / "new/rootfs", exact=True)
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

    def kill_gets(self, source, version, reference):
        def get(directory):
            self.succeeded(programs.get(source, version, directory))
            self.assertEqual(trees.differences(
                reference, trees.listing(directory / "rootfs", exact=True)), [])

        for kind, seconds in self.moments(lambda: get(self.work.directory("get"))):
            with self.subTest(kind=kind.name, seconds=seconds):
                directory = self.work.directory("get")
                outcome = self.killed("in", {"source": source, "version": version}, directory,
                                      kind, seconds)
                if (directory / "metadata.json").exists():
                    self.assertEqual(trees.differences(
                        reference, trees.listing(directory / "rootfs", exact=True)), [])
                else:
                    self.assertEqual(outcome.stdout, b"", str(outcome))
                    if kind == signal.SIGTERM:
                        self.assertEqual(os.listdir(directory), [], str(outcome))
                get(directory)
                shutil.rmtree(directory)

    def test_a_get_from_a_registry(self):
        self.kill_gets(self.source_of("new"), self.versions["new"], self.whole)

    def test_a_get_from_git(self):
        source = {"git": {"uri": self.http.uri(self.template)}}
        first = self.get(source, {"ref": self.new})
        self.kill_gets(source, {"ref": self.new}, trees.listing(first / "rootfs", exact=True))

    def test_a_get_of_an_archive(self):
        """Of a killed one nothing is left beside the next."""
        source, version = self.source_of("new"), self.versions["new"]

        def get(directory):
            self.succeeded(programs.get(source, version, directory, format="oci"))
            self.assertEqual(sorted(os.listdir(directory)),
                             ["digest", "image.tar", "labels.json", "repository", "tag"])

        for kind, seconds in self.moments(lambda: get(self.work.directory("get"))):
            with self.subTest(kind=kind.name, seconds=seconds):
                directory = self.work.directory("get")
                self.killed("in", {"source": source, "version": version,
                                   "params": {"format": "oci"}}, directory, kind, seconds)
                if kind == signal.SIGTERM and not (directory / "digest").exists():
                    self.assertEqual(os.listdir(directory), [])
                get(directory)
                shutil.rmtree(directory)

    def fresh(self):
        repository = self.repository()
        shutil.rmtree(repository.path)
        shutil.copytree(self.template.path, repository.path)
        repository.git("update-ref", "refs/heads/main", self.old)
        repository.git("prune", "--expire=now")
        repository.git("repack", "-adq")
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

    def kill_puts(self, params, **git):
        def put(repository):
            source = self.source_of("new", git={"uri": self.http.uri(repository), **git})
            self.succeeded(programs.put(source, self.inputs, **params))
            self.published(repository)

        for kind, seconds in self.moments(lambda: put(self.fresh())):
            with self.subTest(kind=kind.name, seconds=seconds):
                repository = self.fresh()
                source = self.source_of("new", git={"uri": self.http.uri(repository), **git})
                outcome = self.killed("out", {"source": source, "params": params}, self.inputs,
                                      kind, seconds)
                self.wait_for_server(repository)
                self.assertEqual(repository.fsck(), [])
                if repository.tip() != self.old:
                    self.published(repository)
                else:
                    self.assertEqual(outcome.stdout, b"", str(outcome))
                if kind == signal.SIGTERM:
                    self.assertEqual(repository.git("for-each-ref", "--format=%(refname)"),
                                     "refs/heads/main", str(outcome))
                put(repository)
                shutil.rmtree(repository.path)

    def published(self, repository):
        self.assertEqual(repository.fsck(), [])
        self.assertEqual(repository.tree("main"), self.new_tree)
        self.assertEqual(repository.history()[1:], [self.old])

    def test_a_put_of_a_directory(self):
        self.kill_puts({"image": "new"})

    def test_a_put_from_a_registry(self):
        self.kill_puts({})

    def test_a_put_in_parts(self):
        self.kill_puts({"image": "new"}, max_push_size="1MB")


if __name__ == "__main__":
    unittest.main()
