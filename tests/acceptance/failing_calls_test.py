#!/usr/bin/python3
"""Whatever call of the system fails, a step is right or fails with one line that says why.

FAILING_CALLS=100 lets a hundred calls of each step fail in turn; FAILING_CALLS_SEED repeats a run.
"""

import errno
import fcntl
import json
import os
import random
import re
import subprocess
import unittest

from support import git_http, images, preload, programs, trees
from support.put_case import PutCase

SEED = int(os.environ.get("FAILING_CALLS_SEED", random.randrange(2**32)))
CALLS = int(os.environ.get("FAILING_CALLS", 12))


def image(number):
    chance = random.Random(number)
    layer = images.Layer().directory("etc").file("etc/own", "own", mode=0o640, uid=3)
    layer.hard_link("etc/again", "etc/own").symlink("link", "etc/own", uid=7).fifo("fifo")
    layer.directory("repo").directory("repo/.git").file("repo/.git/HEAD", "x").directory("empty")
    layer.file("etc/large", chance.randbytes(150_000)).directory("gone").file("gone/a", "a")
    return images.Image([layer, images.Layer().whiteout("gone").file("etc/new", f"{number}")])


def left_in(directory):
    """What a get leaves: rootfs exactly, all else without its times."""
    rootfs = directory / "rootfs"
    found = trees.listing(rootfs, exact=True) if rootfs.exists() else {}
    for path, entry in trees.listing(directory).items():
        if not path.startswith(b"rootfs/"):
            found[b"beside/" + path] = {name: value for name, value in entry.items()
                                        if name != "mtime"}
    return found


@unittest.skipIf(programs.in_image(), "the calls of what starts the image would fail, too")
class FailingCalls(PutCase):
    @classmethod
    def prepare(cls):
        print(f"FAILING_CALLS_SEED={SEED}")
        cls.chance = random.Random(SEED)
        cls.publish_images(old=image(1), new=image(2))
        cls.http = git_http.GitHttp(cls.work, cls.repositories, open_to_all=True)
        cls.published = cls.repository()
        for tag in ("old", "new"):
            outcome = programs.put(cls.source_of(tag, git={"uri": cls.published.file_uri}),
                                   cls.inputs, image=tag)
            if outcome.code != 0:
                raise RuntimeError(str(outcome))
        cls.commit, cls.parent = cls.published.history()
        cls.restored = {"git": {"uri": cls.http.uri(cls.published)}}

    def gets(self):
        """Name, source, version and params of each way to have the image."""
        for form in ("rootfs", "rootfs-tar", "oci", "oci-layout"):
            yield f"get of {form}", self.source_of("new"), self.versions["new"], {"format": form}
        for form in ("rootfs", "rootfs-tar"):
            yield (f"restore of {form}", self.restored, {"ref": self.commit}, {"format": form})

    def run_failing(self, name, request, directory, number, error=errno.EIO, call=None, path=None):
        """Runs a program in which one call fails. `number` counts all calls; 0 lets none fail."""
        temporary = self.work.directory("tmp")
        more = {"FAILING_CALL": call, "FAILING_NAME": path} if call else {}
        env = preload.environment(self.work, "failing_call", FAILING_AT=str(number),
                                  FAILING_ERRNO=str(error), TMPDIR=str(temporary), **more)
        outcome = programs.invoke(name, request, directory, env)
        self.assertEqual(os.listdir(temporary), [])
        return outcome

    def numbers(self, name, request, directory):
        """Which calls are to fail, of as many as the step makes when none does."""
        count = self.work.fresh("count")
        env = preload.environment(self.work, "failing_call", FAILING_COUNT=str(count))
        self.succeeded(programs.invoke(name, request, directory, env))
        there = range(1, int(count.read_text()) + 1)
        return sorted(self.chance.sample(there, min(CALLS, len(there))))

    def one_line(self, outcome, *words):
        log = re.sub("\x1b\\[[0-9]*m", "", self.failed(outcome))
        lines = [line for line in log.splitlines() if line.startswith("error: ")]
        self.assertEqual(lines, log.splitlines()[-1:], log)
        for word in words:
            self.assertIn(word, lines[0])

    def failed_get(self, outcome, directory, *words):
        self.one_line(outcome, *words)
        self.assertEqual(os.listdir(directory), [], str(outcome))

    def test_a_get_in_which_any_call_fails_is_whole_or_leaves_nothing(self):
        for name, source, version, params in self.gets():
            request = {"source": source, "version": version, "params": params}
            directory = self.work.directory("whole")
            numbers = self.numbers("in", request, directory)
            whole = left_in(directory)
            for number in numbers:
                with self.subTest(name, number=number):
                    directory = self.work.directory("get")
                    outcome = self.run_failing("in", request, directory, number)
                    if outcome.code != 0:
                        self.failed_get(outcome, directory)
                        self.succeeded(programs.invoke("in", request, directory))
                    self.assertEqual(trees.differences(whole, left_in(directory)), [])

    def test_a_put_in_which_any_call_fails_moves_the_branch_wholly_or_not_at_all(self):
        for uri in (self.http.uri, lambda repository: repository.file_uri):
            def request(repository, uri=uri):
                return {"source": self.source_of("new", git={"uri": uri(repository)}),
                        "params": {"image": "new"}}

            numbers = self.numbers("out", request(self.repository()), self.inputs)
            for number in numbers:
                repository = self.repository()
                with self.subTest(uri(repository), number=number):
                    outcome = self.run_failing("out", request(repository), self.inputs, number)
                    if outcome.code != 0:
                        self.one_line(outcome)
                    else:
                        self.assertIsNotNone(repository.tip())
                    if repository.tip():
                        self.assertEqual(repository.tree("main"), self.published.tree("main"))
                    self.assertEqual(repository.fsck(), [])

    def test_an_image_that_is_whole_is_taken_back_when_the_get_fails_all_the_same(self):
        for _, source, version, params in self.gets():
            if source is self.restored:
                directory = self.work.directory("get")
                request = {"source": source, "version": version, "params": params}
                outcome = self.run_failing("in", request, directory, 0, errno.EACCES, "open",
                                           "digest")
                self.failed_get(outcome, directory, f"{directory}/digest: Permission denied")

    def test_an_answer_that_cannot_be_written_leaves_no_image(self):
        for name, source, version, params in self.gets():
            with self.subTest(name), open("/dev/full", "wb") as full:
                directory = self.work.directory("get")
                done = subprocess.run(
                    [programs.program("in"), directory], stdout=full, stderr=subprocess.PIPE,
                    env=programs.environment(), input=json.dumps(
                        {"source": source, "version": version, "params": params}).encode())
                self.failed_get(programs.Outcome(done.returncode, b"", done.stderr), directory,
                                "standard output: No space left on device")

    def test_what_cannot_be_removed_after_a_get_is_an_error(self):
        for name, source, version, params in self.gets():
            left = ("large" if params["format"] == "rootfs" and source is self.restored else
                    "etc" if params["format"] == "rootfs-tar" else None)
            if left:
                with self.subTest(name):
                    directory = self.work.directory("get")
                    request = {"source": source, "version": version, "params": params}
                    outcome = self.run_failing("in", request, directory, 0, errno.EBUSY, "unlinkat",
                                               left)
                    self.failed_get(outcome, directory, f"{left}\": Device or resource busy")

    def test_a_hard_link_does_not_become_a_copy_without_a_word(self):
        for name, source, version, params in self.gets():
            # A commit's entries come in the order of their names.
            link = "own" if source is self.restored else "again"
            if params["format"].startswith("rootfs"):
                with self.subTest(name):
                    request = {"source": source, "version": version, "params": params}
                    outcome = self.run_failing("in", request, self.work.directory("get"), 0,
                                               errno.EMLINK, "linkat", link)
                    self.succeeded(outcome)
                    self.assertIn("warning: 1 hard link could not be made here", outcome.log)

    def test_descriptors_that_do_not_block(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        size = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        os.set_blocking(writer, False)
        os.write(writer, b" " * size)
        requests, request_writer = os.pipe()
        os.set_blocking(requests, False)
        running = subprocess.Popen([programs.program("check")], stdin=requests, stdout=writer,
                                   stderr=subprocess.DEVNULL, env=programs.environment())
        self.addCleanup(running.wait)
        self.addCleanup(running.kill)
        os.close(writer)
        os.close(requests)
        with os.fdopen(request_writer, "wb") as sink:
            for byte in json.dumps({"source": self.source_of("new")}).encode():
                sink.write(bytes([byte]))
                sink.flush()
        said = b""
        while part := os.read(reader, 65536):
            said += part
        self.assertEqual(running.wait(programs.LIMIT_SECONDS), 0, said)
        self.assertEqual(json.loads(said), [self.versions["new"]])

    def test_the_reason_is_the_systems_and_not_a_guess(self):
        directory, request = self.work.directory("get"), {"source": self.source_of("new"),
                                                          "version": self.versions["new"]}
        for call, path, words in (("openat", "..", ("directory", "Input/output error")),
                                  ("fstatat", "own", ("etc/own", "Input/output error")),
                                  ("stat", directory.name, (str(directory), "Input/output error"))):
            with self.subTest(call):
                outcome = self.run_failing("in", request, directory, 0, errno.EIO, call, path)
                self.failed_get(outcome, directory, *words)
        repository = self.repository()
        source = self.source_of("new", git={"uri": repository.file_uri})
        for call, path in (("stat", repository.path.name), ("lstat", "rootfs")):
            with self.subTest(call):
                request = {"source": source, "params": {"image": "new"}}
                outcome = self.run_failing("out", request, self.inputs, 0, errno.EACCES, call, path)
                self.one_line(outcome, path, "Permission denied")


if __name__ == "__main__":
    unittest.main()
