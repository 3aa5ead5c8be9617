#!/usr/bin/python3
"""Disks that are full or may not be written to, here and on the server, are named as the cause."""

import fcntl
import json
import os
import random
import re
import resource
import shutil
import struct
import subprocess
import unittest

from support import git_http, images, programs
from support.put_case import PutCase
from support.small_disk import SmallDisk

GET_FLAGS, SET_FLAGS, APPEND_ONLY = 0x80086601, 0x40086602, 0x20  # linux/fs.h


class FullDisk(PutCase):
    @classmethod
    def prepare(cls):
        layer = images.Layer("none").directory("d")
        for i in range(60):
            layer.file(f"d/{i}", random.Random(i).randbytes(50_000))
        cls.publish_images(box=images.busybox([layer]))
        cls.http = git_http.GitHttp(cls.work, cls.repositories, open_to_all=True)
        cls.published = cls.repository()
        outcome = programs.put(cls.source_of("box", git={"uri": cls.published.file_uri}),
                               cls.inputs, image="box")
        if outcome.code != 0:
            raise RuntimeError(str(outcome))

    def disk(self, size, **options):
        return SmallDisk(self, self.work.directory("disk"), size, **options)

    def sources(self):
        yield "registry", self.source_of("box"), self.versions["box"]
        yield "git", {"git": {"uri": self.published.file_uri}}, {"ref": self.published.tip()}
        yield "http", {"git": {"uri": self.http.uri(self.published)}}, {
            "ref": self.published.tip()}

    def cause(self, outcome, *words):
        log = re.sub("\x1b\\[[0-9]*m", "", self.failed(outcome))
        last = log.rstrip("\n").split("\n")[-1]
        for word in ("error: ", *words):
            self.assertIn(word.lower(), last.lower(), log)

    def test_a_get_onto_a_full_disk(self):
        for name, source, version in self.sources():
            for form in ("rootfs", "rootfs-tar", "oci", "oci-layout"):
                if name != "registry" and form.startswith("oci"):
                    continue
                for disk in [self.disk("1m")] + ([self.disk("100m", nr_inodes=30)]
                                                 if form == "rootfs" else []):
                    with self.subTest(name, form=form):
                        self.cause(programs.get(source, version, disk.path, format=form),
                                   "No space left on device")
                        self.assertEqual(os.listdir(disk.path), [])
                        disk.remount("size=100m,nr_inodes=10000")
                        self.succeeded(programs.get(source, version, disk.path, format=form))

    def test_a_get_onto_a_disk_that_may_not_be_written_to(self):
        for name, source, version in self.sources():
            with self.subTest(name):
                disk = self.disk("100m")
                disk.remount("ro")
                self.cause(programs.get(source, version, disk.path), "Read-only file system",
                           str(disk.path))
                disk.remount("rw")
                self.succeeded(programs.get(source, version, disk.path))

    def let_grow_only(self, directory):
        """Nothing in it can be renamed or removed any more, not even by root."""
        fd = os.open(directory, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        try:
            flags, = struct.unpack("l", fcntl.ioctl(fd, GET_FLAGS, bytes(8)))
            fcntl.ioctl(fd, SET_FLAGS, struct.pack("l", flags | APPEND_ONLY))
        except OSError as error:
            raise unittest.SkipTest("this file system knows no such directory") from error
        self.addCleanup(fcntl.ioctl, fd, SET_FLAGS, struct.pack("l", flags))

    def test_what_cannot_be_removed_does_not_hide_the_failure(self):
        for name, source, version in self.sources():
            with self.subTest(name):
                destination = self.work.directory("get")
                self.let_grow_only(destination)
                outcome = programs.get(source, version, destination)
                self.cause(outcome, f"write {destination}/labels.json", "Operation not permitted")
                self.assertIn("stays: remove ", outcome.log)
                self.assertFalse((destination / "metadata.json").exists())

    @unittest.skipIf(programs.in_image(), "the limit would hold for what starts the image, too")
    def test_a_limit_on_the_size_of_files(self):
        for name, source, version in self.sources():
            with self.subTest(name):
                destination = self.work.directory("get")
                done = subprocess.run(
                    [programs.program("in"), destination], stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE, env=programs.environment(),
                    input=json.dumps({"source": source, "version": version}).encode(),
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10**5, 10**5)))
                self.cause(programs.Outcome(done.returncode, done.stdout, done.stderr),
                           "File too large")
                self.assertFalse((destination / "metadata.json").exists())

    def test_a_place_for_temporary_files_that_is_full(self):
        disk = self.disk("100k")
        for name, source, version in self.sources():
            with self.subTest(name):
                destination = self.work.directory("get")
                outcome = programs.invoke("in", {"source": source, "version": version},
                                          destination, dict(programs.environment(),
                                                            TMPDIR=str(disk.path)))
                if outcome.code != 0:
                    self.cause(outcome, "No space left on device")
                    self.assertEqual(os.listdir(destination), [])
                self.assertEqual(os.listdir(disk.path), [])

    def test_a_put_without_room_to_spool(self):
        disk = self.disk("100k")
        repository = self.repository()
        source = self.source_of("box", git={"uri": repository.file_uri})
        for inputs, temporary in ((disk.path, self.work.directory("tmp")),
                                  (self.work.directory("in"), disk.path)):
            outcome = programs.invoke("out", {"source": source, "params": {}}, inputs,
                                      dict(programs.environment(), TMPDIR=str(temporary)))
            self.assertEqual(os.listdir(disk.path), [])
            if outcome.code == 0:
                continue
            self.cause(outcome, "No space left on device")
            self.assertEqual(repository.object_count(), 0)

    def test_a_put_does_not_write_to_its_inputs(self):
        disk = self.disk("100m")
        shutil.copytree(self.inputs / "box", disk.path / "box", symlinks=True)
        disk.remount("ro")
        repository = self.repository()
        self.succeeded(programs.put(self.source_of("box", git={"uri": repository.file_uri}),
                                    disk.path, image="box"))
        self.assertEqual(repository.fsck(), [])

    def test_a_servers_disk_that_is_full(self):
        for over_http in (False, True):
            for git in ({}, {"max_push_size": "1MB"}):
                repository = self.repository()
                kept = self.work.fresh("kept")
                shutil.move(repository.path, kept)
                repository.path.mkdir()
                disk = SmallDisk(self, repository.path, "2m")
                shutil.copytree(kept, repository.path, dirs_exist_ok=True)
                uri = self.http.uri(repository) if over_http else repository.file_uri
                source = self.source_of("box", git={"uri": uri, **git})
                # Without git beside it, the program writes to the repository itself.
                where = "No space left" if programs.in_image() and not over_http else "the server"
                with self.subTest(uri, **git):
                    self.cause(programs.put(source, self.inputs, image="box"), where)
                    self.assertIsNone(repository.tip())
                    disk.remount("size=100m")
                    self.succeeded(programs.put(source, self.inputs, image="box"))
                    self.assertEqual(repository.fsck(), [])


if __name__ == "__main__":
    unittest.main()
