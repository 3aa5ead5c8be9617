#!/usr/bin/python3
"""A get that cannot end well leaves nothing a pipeline could mistake for an image."""

import array
import fcntl
import json
import os
import random
import select
import signal
import subprocess
import termios
import time
import unittest

from support import images, preload, programs, registry
from support.case import Case
from support.cutting_registry import CuttingRegistry
from support.stalling_registry import StallingRegistry

# Concourse itself kills a step ten seconds after asking it to stop.
SECONDS_TO_STOP = 8


def incompressible(size):
    return random.Random(1).randbytes(size)


class GetFailures(Case):
    @classmethod
    def prepare(cls):
        cls.layout = images.Layout(cls.work.fresh("layout"))
        cls.registry = registry.Registry(cls.work)

    def publish(self, tag, image):
        digest = self.layout.add(tag, image)
        self.registry.push(self.layout, "team/image", tag)
        source = {"repository": f"{self.registry.host}/team/image", "tag": tag}
        return source, {"tag": tag, "digest": digest}

    def layer_files(self, version):
        """The registry's own files of an image's layers."""
        manifest = json.loads(self.registry.blob_file(version["digest"]).read_text())
        return [self.registry.blob_file(layer["digest"]) for layer in manifest["layers"]]

    def leaves_nothing(self, source, version, *words, env=None):
        destination = self.work.directory("get")
        request = {"source": source, "version": version}
        self.failed(programs.invoke("in", request, destination, env=env), *words)
        left = {one.name for one in destination.iterdir()}
        self.assertFalse(left & {"rootfs", "metadata.json"}, left)

    def test_a_layer_with_other_bytes(self):
        source, version = self.publish("swapped", images.Image([
            images.Layer().file("a", "1"), images.Layer("none").file("b", "2" * 1000)]))
        file = self.layer_files(version)[1]
        file.write_bytes(file.read_bytes().replace(b"222", b"333"))
        self.leaves_nothing(source, version, "sha256:", "digest")

    def test_the_last_line_alone_says_which_image_it_is_about_and_says_it_once(self):
        swapped = self.publish("named", images.Image([images.Layer("none").file("n", "6" * 1000)]))
        file = self.layer_files(swapped[1])[0]
        file.write_bytes(file.read_bytes().replace(b"666", b"777"))
        deleted = self.publish("gone", images.Image([images.Layer().file("g", "7")]))
        self.registry.delete("team/image", deleted[1]["digest"])
        foreign = self.publish("foreign", [images.Image([images.Layer().file("f", "8")])])
        foreign[0]["platform"] = {"architecture": "s390x"}
        for source, version in (swapped, deleted, foreign):
            with self.subTest(tag=source["tag"]):
                outcome = programs.get(source, version, self.work.directory("get"))
                self.failed(outcome)
                self.assertEqual(self.last_line(outcome).count(source["repository"]), 1)

    def test_a_layer_that_is_too_short(self):
        source, version = self.publish("short", images.Image([
            images.Layer("none").file("short", "3" * 5000)]))
        file = self.layer_files(version)[0]
        file.write_bytes(file.read_bytes()[:4000])
        self.leaves_nothing(source, version, "sha256:")

    def test_a_layer_that_is_missing(self):
        source, version = self.publish("missing", images.Image([
            images.Layer().file("missing", "4")]))
        self.layer_files(version)[0].unlink()
        self.leaves_nothing(source, version, "sha256:")

    def test_an_image_that_was_deleted(self):
        source, version = self.publish("deleted", images.Image([images.Layer().file("d", "5")]))
        self.registry.delete("team/image", version["digest"])
        self.leaves_nothing(source, version, version["digest"], "check the resource again")

    def test_a_line_that_breaks_every_three_megabytes(self):
        data = [incompressible(size) for size in (10_000_000, 3_000_000, 7_000_000)]
        source, version = self.publish("broken-line", images.Image([
            images.Layer(compression).file(f"file-{number}", data[number])
            for number, compression in enumerate(("gzip", "none", "zstd"))]))
        stored = sum(file.stat().st_size for file in self.layer_files(version))
        line = CuttingRegistry(self.registry, 3_000_000)
        self.addCleanup(line.close)
        source["repository"] = f"{line.host}/team/image"
        got = self.get(source, version)
        for number, expected in enumerate(data):
            self.assertEqual((got / "rootfs" / f"file-{number}").read_bytes(), expected)
        self.assertGreaterEqual(line.cuts, 6)
        # Beside the layers there is the configuration.
        self.assertLess(line.sent, stored + 10_000, "bytes were fetched more than once")

    def test_a_volume_that_takes_two_names_of_an_image_for_one(self):
        env = preload.environment(self.work, "folds_case")
        layer = images.Layer
        for name, path, layers in (
                ("files", "a/README", [layer().file("a/Readme").file("a/README")]),
                ("directories", "A", [layer().directory("a").file("a/x").directory("A")]),
                ("parents", "b/A", [layer().file("b/a/x").file("b/A/y")]),
                ("layers", "A", [layer().file("a/x"), layer().file("A/x/y")]),
                ("whiteouts", "a", [layer().file("a/x"),
                                    layer().whiteout("a").directory("A").file("a/x")])):
            with self.subTest(name):
                source, version = self.publish(name, images.Image(layers))
                self.leaves_nothing(source, version, f'takes "{path}" for another entry', env=env)
        source, version = self.publish("one-by-one", images.Image([
            layer().file("a/Readme").file("b/x"),
            layer().whiteout("a/README").whiteout("b").file("B/x")]))
        destination = self.work.directory("get")
        self.succeeded(programs.invoke("in", {"source": source, "version": version}, destination,
                                       env=env))
        rootfs = destination / "rootfs"
        self.assertEqual({"a/Readme", "B/x"},
                         {str(one.relative_to(rootfs)) for one in rootfs.glob("*/*")})

    def test_a_build_that_is_aborted_in_the_middle_of_a_layer(self):
        source, version = self.publish("large", images.Image([
            images.Layer().file("small", "6"),
            images.Layer("none").file("large", incompressible(400_000))]))
        slow = StallingRegistry(self.registry)
        self.addCleanup(slow.close)
        source["repository"] = f"{slow.host}/team/image"
        destination = self.work.directory("get")
        running = programs.start("in", {"source": source, "version": version}, destination)
        self.assertTrue(slow.stalled.wait(30), "the layer was never asked for")
        running.send_signal(signal.SIGTERM)
        outcome = programs.finish(running, SECONDS_TO_STOP)
        self.assertEqual(outcome.code, 128 + signal.SIGTERM, str(outcome))
        self.assertEqual(outcome.stdout, b"")
        left = {one.name for one in destination.iterdir()}
        self.assertFalse(left & {"rootfs", "metadata.json"}, left)

    @unittest.skipIf(programs.in_image(), "what starts the image waits for a reader, too")
    def test_a_build_that_is_aborted_while_nobody_reads_its_log(self):
        source, version = self.publish("unread", images.Image([
            images.Layer().file(f"file-{number}", "7") for number in range(30)]))
        source["debug"] = True
        for form in ("rootfs", "oci-layout"):
            with self.subTest(form):
                destination = self.work.directory("get")
                unread, log = os.pipe()
                self.addCleanup(os.close, unread)
                fcntl.fcntl(unread, fcntl.F_SETPIPE_SZ, select.PIPE_BUF)
                with subprocess.Popen([programs.program("in"), destination], stdin=subprocess.PIPE,
                                      stdout=subprocess.DEVNULL, stderr=log, cwd="/",
                                      env=programs.environment()) as running:
                    os.close(log)
                    programs.send(running, {"source": source, "version": version,
                                            "params": {"format": form}})
                    self.wait_until_full(unread)
                    running.send_signal(signal.SIGTERM)
                    try:
                        self.assertEqual(running.wait(SECONDS_TO_STOP), 128 + signal.SIGTERM)
                    finally:
                        running.kill()
                left = {one.name for one in destination.iterdir()}
                self.assertFalse(left & {"rootfs", "oci", "metadata.json"}, left)

    @staticmethod
    def wait_until_full(pipe):
        """Until something is in it and nothing more comes."""
        counts = [0]
        while counts[-1] == 0 or len(counts) < 50 or counts[-50] != counts[-1]:
            time.sleep(0.01)
            count = array.array("i", [0])
            fcntl.ioctl(pipe, termios.FIONREAD, count)
            counts.append(count[0])


if __name__ == "__main__":
    unittest.main()
