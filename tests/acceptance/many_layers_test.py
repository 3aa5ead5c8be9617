#!/usr/bin/python3
"""Layers are fetched several at a time, and what comes out is the same as one after the other."""

import json
import random
import unittest

from support import images, programs, registry
from support.case import Case
from support.waiting_registry import WaitingRegistry

AT_ONCE = 3


def layer(number):
    """Each replaces what the one before has said, and adds a file of its own."""
    return (images.Layer("none" if number % 3 else "gzip").file("last", f"layer {number}")
            .file(f"own-{number}", random.Random(number).randbytes(1000 * number)))


class ManyLayers(Case):
    @classmethod
    def prepare(cls):
        cls.layout = images.Layout(cls.work.fresh("layout"))
        cls.registry = registry.Registry(cls.work)

    def publish(self, tag, layers):
        """Source, version and the digests of the layers."""
        digest = self.layout.add(tag, images.Image(layers))
        self.registry.push(self.layout, "team/image", tag)
        manifest = json.loads(self.registry.blob_file(digest).read_text())
        source = {"repository": f"{self.registry.host}/team/image", "tag": tag}
        return source, {"tag": tag, "digest": digest}, [one["digest"] for one in manifest["layers"]]

    def waiting(self, source, layers):
        server = WaitingRegistry(self.registry, layers, AT_ONCE)
        self.addCleanup(server.close)
        return server, dict(source, repository=f"{server.host}/team/image")

    def check_files(self, rootfs, count):
        self.assertEqual((rootfs / "last").read_text(), f"layer {count - 1}")
        for number in range(count):
            self.assertEqual((rootfs / f"own-{number}").stat().st_size, 1000 * number)

    def test_some_are_fetched_at_the_same_time_but_not_all(self):
        source, version, layers = self.publish("twelve", [layer(i) for i in range(12)])
        for form in ("rootfs", "oci", "oci-layout"):
            with self.subTest(form):
                server, slow = self.waiting(source, layers)
                directory = self.get(slow, version, format=form)
                self.assertEqual(server.most, AT_ONCE)
                self.assertEqual(server.asked.count("/v2/"), 1, "one greeting serves all")
                for one in layers:
                    asked = [path for path in server.asked if path.endswith(one)]
                    self.assertEqual(len(asked), 1, one)
                if form == "rootfs":
                    self.check_files(directory / "rootfs", 12)

    def test_so_are_large_ones_of_which_little_is_held(self):
        source, version, layers = self.publish("large", [
            images.Layer("none").file(f"large-{i}", random.Random(i).randbytes(5_000_000))
            for i in range(4)])
        server, slow = self.waiting(source, layers)
        self.get(slow, version)
        self.assertEqual(server.most, AT_ONCE)

    def test_forty_layers_take_effect_in_their_order(self):
        source, version, _ = self.publish("forty", [layer(i) for i in range(40)])
        self.check_files(self.get(source, version) / "rootfs", 40)

    def test_a_layer_that_occurs_again_takes_effect_again(self):
        source, version, _ = self.publish("again", [
            layer(1), layer(2), images.Layer().whiteout("own-1"), layer(1)])
        rootfs = self.get(source, version) / "rootfs"
        self.assertEqual((rootfs / "last").read_text(), "layer 1")
        self.assertTrue((rootfs / "own-1").exists())

    def test_of_several_broken_layers_the_first_is_named_and_nothing_left(self):
        source, version, layers = self.publish("broken", [layer(i) for i in range(50, 60)])
        for number in (7, 4, 8):
            self.registry.blob_file(layers[number]).unlink()
        for form in ("rootfs", "oci"):
            with self.subTest(form):
                destination = self.work.directory("get")
                self.failed(programs.get(source, version, destination, format=form),
                            "layer 5/10", layers[4][:19])
                self.assertEqual([], list(destination.iterdir()))

    def test_a_broken_blob_leaves_no_layout(self):
        source, version, layers = self.publish("layout", [layer(i) for i in range(70, 80)])
        self.registry.blob_file(layers[6]).unlink()
        destination = self.work.directory("get")
        self.failed(programs.get(source, version, destination, format="oci-layout"),
                    layers[6][:19])
        self.assertEqual([], list(destination.iterdir()))


if __name__ == "__main__":
    unittest.main()
