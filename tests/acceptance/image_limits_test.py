#!/usr/bin/python3
"""An image that costs more than it may is refused wherever it comes from, and nothing is left."""

import gzip
import os
import tarfile
import unittest

from support import images, programs
from support.put_case import PutCase

BOUNDS = {"entries": (9, 10), "bytes": ("2MB", "5MB"), "depth": (4, 5), "metadata": (3999, 4043)}


def image():
    """Ten entries, 3 MB unpacked, five names in one path, 4,000 bytes of names and texts, 43 of paths."""
    layer = images.Layer().directory("a").directory("a/b").directory("a/b/c")
    layer.directory("a/b/c/d").file("a/b/c/d/e", bytes(3_000_000))
    for name in "fghi":
        layer.file(name, name)
    return images.Image([layer.symlink("link", "t" * (4000 - 9 - 4))])


def large(compression):
    """3 MB unpacked; a layer that `format: oci` packs anew."""
    return images.Image([images.Layer(compression).file("large", bytes(3_000_000))])


class ImageLimits(PutCase):
    @classmethod
    def prepare(cls):
        cls.publish_images(box=image(), zstd=large("zstd"), plain=large("none"))
        cls.stored = cls.work.directory("stored")
        layout = images.Layout(cls.stored / "layout")
        layout.add("box", image())
        with tarfile.open(cls.stored / "image.tar", "w") as archive:
            archive.add(layout.path, ".")
        packed = gzip.compress((cls.stored / "image.tar").read_bytes())
        (cls.stored / "image.tar.gz").write_bytes(packed)
        # An archive whose layers are not compressed, in a compressed file.
        (cls.stored / "bomb.tar.gz").write_bytes(gzip.compress(bytes(8_000_000)))

    def bounded(self, run):
        """`run` takes a source; it must fail just below each need and succeed at it."""
        for key, (too_low, enough) in BOUNDS.items():
            with self.subTest(key=key):
                self.failed(run({"limits": {key: too_low}}), f"source.limits.{key}")
                self.succeeded(run({"limits": {key: enough}}))
        self.succeeded(run({"limits": {key: 0 for key in BOUNDS}}))

    def test_get_from_a_registry(self):
        for form in ("rootfs", "rootfs-tar"):
            def get(limits, form=form):
                self.destination = self.work.directory("get")
                outcome = programs.get(self.source_of("box", **limits), self.versions["box"],
                                       self.destination, format=form)
                if outcome.code:
                    self.assertEqual(os.listdir(self.destination), [])
                return outcome
            self.bounded(get)

    def test_a_layer_that_is_packed_anew_does_not_fill_the_disk(self):
        def get(tag, limit):
            self.destination = self.work.directory("get")
            return programs.get(self.source_of(tag, limits={"bytes": limit}), self.versions[tag],
                                self.destination, format="oci")
        for tag in ("zstd", "plain"):
            with self.subTest(tag=tag):
                self.failed(get(tag, "2MB"), "layer 1/1", "source.limits.bytes")
                self.assertEqual(os.listdir(self.destination), [])
                self.succeeded(get(tag, "5MB"))
        self.succeeded(get("box", "2MB"))  # gzip is kept as it is.

    def test_get_from_git(self):
        repository = self.repository()
        source = {"git": {"uri": repository.file_uri}}
        answer = self.succeeded(programs.put(source, self.inputs, image="box"))
        BOUNDS_OF_A_TREE = dict(BOUNDS, entries=(10, 11))  # With the root directory.

        def get(limits):
            destination = self.work.directory("get")
            outcome = programs.get(dict(source, **limits), answer["version"], destination)
            if outcome.code:
                self.assertEqual(os.listdir(destination), [])
            return outcome
        for key, (too_low, enough) in BOUNDS_OF_A_TREE.items():
            with self.subTest(key=key):
                self.failed(get({"limits": {key: too_low}}), f"source.limits.{key}")
                self.succeeded(get({"limits": {key: enough}}))

    def test_a_file_beside_the_image_in_git_does_not_fill_the_disk(self):
        for size in (4_000_000, 8_000_000):  # Kept in memory, and streamed to a file.
            repository = self.repository()
            source = {"git": {"uri": repository.file_uri}}
            self.succeeded(programs.put(source, self.inputs, image="box"))
            version = {"ref": repository.commit_by_hand(self.work, {"beside": "\0" * size})}
            destination = self.work.directory("get")
            outcome = programs.get(dict(source, limits={"bytes": "5MB"}), version, destination)
            self.failed(outcome, "source.limits.bytes", "5.0 MB")
            self.assertEqual(os.listdir(destination), [])
            self.succeeded(programs.get(dict(source, limits={"bytes": "12MB"}), version,
                                        destination))

    def put(self, limits, inputs=None, **params):
        repository = self.repository()
        source = dict(limits, git={"uri": repository.file_uri})
        if not params:
            source = self.source_of("box", **source)
        outcome = programs.put(source, inputs or self.inputs, **params)
        if outcome.code:
            self.assertEqual(repository.object_count(), 0)
        return outcome

    def test_put_from_a_registry(self):
        self.bounded(self.put)

    def test_put_of_a_layout(self):
        self.bounded(lambda limits: self.put(limits, self.stored, image="layout"))

    def test_put_of_an_archive(self):
        self.bounded(lambda limits: self.put(limits, self.stored, image="image.tar"))

    def test_put_of_a_compressed_archive(self):
        self.bounded(lambda limits: self.put(limits, self.stored, image="image.tar.gz"))
        self.failed(self.put({"limits": {"bytes": "5MB"}}, self.stored, image="bomb.tar.gz"),
                    "source.limits.bytes", "5.0 MB")


if __name__ == "__main__":
    unittest.main()
