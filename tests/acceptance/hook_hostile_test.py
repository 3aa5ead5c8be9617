#!/usr/bin/python3
"""A repository that somebody changed: its manifest must not reach out of rootfs/."""

import re
import unittest

from support import exact, torture, trees
from support.case import AS_ROOT, Case
from support.git_repo import git_config, stock_clone
from support.hook import HOOK, hooked


@unittest.skipUnless(AS_ROOT, "only root can restore owners")
class HostileManifest(Case):
    """A repository that somebody changed must not reach out of rootfs/, and fails the get."""

    LINE = "type={} mode=0777 uid=1 gid=1 time=1.000000000"

    @classmethod
    def prepare(cls):
        cls.canary = torture.Builder(cls.work.fresh("canary"))
        cls.canary.directory(b"dir").file(b"file").file(b".keep").empty(b"dir/.keep").done()
        cls.outside = cls.canary.path(b"").decode()
        cls.before = trees.listing(cls.outside, exact=True)
        root = torture.Builder(cls.work.fresh("tree"))
        root.directory(b"a").file(b"a/file").link(b"out", cls.outside.encode()).directory(b"dir")
        root.link(b"to-file", cls.outside.encode() + b"/file").file(b".gitattributes").done()
        cls.tree = root.path(b"").decode()

    def assert_refused(self, *said, lines=(), more=(), change=None, hook=HOOK.read_bytes()):
        repository = self.repository()
        image = exact.Image(self.tree)
        image.lines = [change(line) if change else line for line in image.lines] + list(lines)
        image.publish(repository, hook, more=more)
        with self.assertRaises(RuntimeError) as failure:
            stock_clone(repository.file_uri, self.work.fresh("clone"), env=hooked())
        for words in (*said, "NOT restored"):
            self.assertIn(words, str(failure.exception))
        after = trees.listing(self.outside, exact=True)
        self.assertEqual(trees.differences(self.before, after), [])

    def test_paths_that_lead_outside(self):
        levels = "../" * 12 + self.outside[1:]
        for path in (f"./{levels}/file", f"./{levels.replace('.', chr(92) + '056')}/file", "./..",
                     f"{self.outside}/file", "../file", "./a/../../../../README.md", "file"):
            with self.subTest(path):
                self.assert_refused(lines=[f"{path} {self.LINE.format('file')} size=1"])

    def test_paths_through_symbolic_links(self):
        for kind, path in (("file", "./out/file"), ("dir", "./out/dir"), ("dir", "./out/new"),
                           ("fifo", "./out/new"), ("file", "./out/dir/.keep")):
            with self.subTest(path):
                self.assert_refused("out", lines=[f"{path} {self.LINE.format(kind)}"])

    def test_a_link_where_the_manifest_has_something_else(self):
        for kind, path in (("file", "./to-file"), ("dir", "./out"), ("fifo", "./to-file")):
            with self.subTest(kind):
                self.assert_refused(path[2:], change=lambda line: (
                    f"{path} {self.LINE.format(kind)}" if line.startswith(path + " ") else line))

    def test_an_entry_that_is_listed_twice(self):
        self.assert_refused(
            "has become a link", change=lambda line: line.replace("mode=0644", "mode=0666"),
            lines=[f"./a/file {self.LINE.format('link')} link=x hardlink=./to-file"])

    def test_hard_links_to_files_outside(self):
        for first in (f"./{'../' * 12}{self.outside[1:]}/file", f"{self.outside}/file",
                      "./out/file", "./a", "./missing"):
            with self.subTest(first):
                self.assert_refused(lines=[f"./new {self.LINE.format('file')} hardlink={first}"])

    def test_contents_from_elsewhere(self):
        for name in ("blobs/../../metadata.json", "hooks/../../metadata.json", "/etc/shadow",
                     "blobs/" + "0" * 64, ""):
            with self.subTest(name):
                self.assert_refused(lines=[f"./new {self.LINE.format('file')} contents={name}"])
        blob = "blobs/" + "1" * 64
        link = ("120000", self.outside.encode() + b"/file")
        self.assert_refused("is missing", more={f".rootfs/{blob}".encode(): link}, lines=[
            f"./new {self.LINE.format('file')} contents={blob}"])

    def test_options_in_the_place_of_values(self):
        for old, new in (("mode=0644", "mode=--reference=/etc/shadow"), ("uid=0", "uid=--help"),
                         ("time=", "time=now-"), ("type=file", "type=door")):
            with self.subTest(new):
                self.assert_refused(change=lambda line: (
                    line.replace(old, new) if line.startswith("./a/file") else line))

    def test_commands_in_the_place_of_numbers(self):
        ran = self.work.fresh("ran")
        command = f"IFS[$(touch\t{ran})]"
        for key, value in (("time", f"-1.1,{command}"), ("time", f"-{command}.000000001"),
                           ("size", f"{command} lfs={'0' * 64}")):
            for shell in ("bash", "sh"):
                with self.subTest(key, value=value, shell=shell):
                    self.assert_refused(
                        "is not allowed",
                        hook=f"#!/bin/{shell}\n".encode() + HOOK.read_bytes(),
                        change=lambda line: (re.sub(f" {key}=[^ ]*", lambda _: f" {key}={value}", line)
                                             if line.startswith("./a/file") else line))
                    self.assertFalse(ran.exists())

    def test_fifos_at_which_git_would_wait_for_ever(self):
        fifo = self.LINE.format("fifo")
        for line in (f"./a/.gitignore {fifo}", f"./dir/.keep {fifo}", f"./new/.gitattributes {fifo}",
                     f"./new/\\056gitattributes {fifo}", f"./new/.gitignore {fifo} hardlink=./new/x"):
            with self.subTest(line):
                lines = [f"./new {self.LINE.format('dir')}", f"./new/x {fifo}", line]
                self.assert_refused("would wait for ever", lines=lines)

    def test_a_manifest_that_is_none(self):
        for text in (b"", b"#mtree\n", b"#mtree v2.0\n./a type=dir\n"):
            with self.subTest(text):
                self.assert_refused("anifest", more={b".rootfs/manifest.mtree": ("100644", text)})

    def test_a_large_file_that_is_still_a_pointer(self):
        self.assert_refused("rootfs/a/file: git-lfs did not fetch it", change=lambda line: (
            line.replace("size=6", f"size=7 lfs={'0' * 64}")))

    def test_a_file_that_is_missing(self):
        self.assert_refused("rootfs/gone: missing",
                            lines=[f"./gone {self.LINE.format('file')} size=1"])

    def test_links_that_git_was_told_to_check_out_as_files(self):
        repository = self.repository()
        exact.Image(self.tree).publish(repository, HOOK.read_bytes())
        settings = {"core.hooksPath": ".rootfs/hooks", "core.symlinks": "false"}
        with self.assertRaisesRegex(RuntimeError, "is core.symlinks off"):
            stock_clone(repository.file_uri, self.work.fresh("clone"), env=git_config(settings))


if __name__ == "__main__":
    unittest.main()
