#!/usr/bin/python3
"""Put straight from the registry: the same tree as by way of a get, and nothing left on the way."""

import os
import unittest

from support import images, preload, programs
from support.put_case import PutCase
from support.workspace import run


class PutStream(PutCase):
    @classmethod
    def prepare(cls):
        lower = (images.Layer().directory("etc").file("etc/keep", "1").file("etc/gone", "2")
                 .character_device("dev/null", 1, 3)
                 .character_device("opt/odd", 7, 9, mode=0o4640, uid=5)
                 .directory("opt").file("opt/big", b"x" * 2_000_000).file("opt/old", "old")
                 .directory("empty"))
        upper = (images.Layer().directory("etc").file("etc/.wh.gone", "")
                 .directory("opt").file("opt/.wh..wh..opq", "").file("opt/new", "new"))
        links = (images.Layer().file("one", b"1" * 600_000).hard_link("same", "one")
                 .hard_link("other", "one").symlink("to", "one").hard_link("too", "to"))
        cls.publish_images(box=images.busybox([lower, upper]), links=images.Image([links]))
        cls.empty = cls.work.directory("no-inputs")

    def stream(self, git, tag="box"):
        return programs.put(self.source_of(tag, git=git), self.empty)

    def test_the_tree_is_the_one_of_a_get_and_put(self):
        by_directory, streamed = self.repository(), self.repository()
        self.put("box", {"uri": by_directory.file_uri})
        outcome = self.stream({"uri": streamed.file_uri})
        answer = self.succeeded(outcome)
        self.assertRegex(outcome.log, "platform linux/amd64, 3 layers, .* to download")
        self.assertEqual(answer["version"], self.versions["box"])
        self.assertEqual(streamed.git("rev-parse", "main^{tree}"),
                         by_directory.git("rev-parse", "main^{tree}"))
        self.assert_runs(self.assert_published(streamed, "box"))

    def test_a_first_name_that_became_a_file_of_its_own_is_one_of_several_again(self):
        """In an overlay, a chown of one name is enough, even to the owner that it has."""
        direct, parted = self.repository(), self.repository()
        self.succeeded(self.stream({"uri": direct.file_uri}, "links"))
        image = self.get(self.source_of("links"), self.versions["links"])
        rootfs = image / "rootfs"
        times = rootfs.stat()
        run("cp", "-a", rootfs / "one", image / "copy")
        (image / "copy").rename(rootfs / "one")
        os.utime(rootfs, ns=(times.st_atime_ns, times.st_mtime_ns))
        source = self.source_of("links", git={"uri": parted.file_uri})
        self.succeeded(programs.put(source, image.parent, image=image.name))
        self.assertEqual(parted.git("rev-parse", "main^{tree}"),
                         direct.git("rev-parse", "main^{tree}"))

    def test_a_volume_that_lost_hard_links_gives_them_back_but_never_old_content(self):
        """Some drivers of Concourse's volumes copy every name as a file of its own."""
        direct, copied = self.repository(), self.repository()
        self.succeeded(self.stream({"uri": direct.file_uri}, "links"))
        image = self.inputs / "links"
        kept = image.rename(self.inputs / "kept")
        run("cp", "-a", "--no-preserve=links", kept, image)
        git = {"uri": copied.file_uri}
        self.put("links", git)
        self.assertEqual(copied.git("rev-parse", "main^{tree}"),
                         direct.git("rev-parse", "main^{tree}"))

        other = image / "rootfs/other"
        times = other.stat()
        other.write_bytes(b"1" * 599_999 + b"2")
        os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
        self.put("links", git)
        self.assertEqual(copied.git("show", "main:rootfs/other")[-2:], "12")
        self.assertIn(" hardlink=./one", copied.git("show", "main:.rootfs/manifest.mtree"))

    def test_the_same_image_again_makes_no_commit(self):
        repository = self.repository()
        self.put("box", {"uri": repository.file_uri})
        tip = repository.tip()
        self.succeeded(self.stream({"uri": repository.file_uri}))
        self.assertEqual(repository.tip(), tip)

    def stream_with(self, library):
        request = {"source": self.source_of("box", git={"uri": self.repository().file_uri}),
                   "params": {}}
        return programs.invoke("out", request, self.empty,
                               env=preload.environment(self.work, library))

    def test_a_machine_with_many_processors_takes_no_more_threads_and_memory(self):
        self.succeeded(self.stream_with("many_processors"))

    def test_who_allows_no_thread_is_told_which_limit_to_raise(self):
        self.failed(self.stream_with("no_threads"), "start a thread", "limit of processes (pids)")

    def test_nothing_is_left_among_the_inputs(self):
        self.succeeded(self.stream({"uri": self.repository().file_uri}))
        self.assertEqual(list(self.empty.iterdir()), [])

    def test_an_absent_tag_is_an_error_and_pushes_nothing(self):
        repository = self.repository()
        self.failed(self.stream({"uri": repository.file_uri}, tag="absent"), "no such tag or repository")
        self.assertEqual(repository.git("for-each-ref"), "")


if __name__ == "__main__":
    unittest.main()
