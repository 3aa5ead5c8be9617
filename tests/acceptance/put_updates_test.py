#!/usr/bin/python3
"""What a second put costs and leaves: nothing for the same image, little for a small change."""

import random
import unittest

from support import git_http, images, programs
from support.git_repo import stock_clone
from support.put_case import PutCase
from support.workspace import run

FILES, FILE_SIZE, CHANGED = 400, 10_000, 4


def library(*changed):
    """An image of many files that do not compress, some of them other than usual."""
    layer = images.Layer()
    for folder in range(20):
        layer.directory(f"lib{folder:02d}")
    for number in range(FILES):
        seed = number + FILES if number in changed else number
        layer.file(f"lib{number % 20:02d}/part{number:03d}",
                   random.Random(seed).randbytes(FILE_SIZE))
    return layer


class PutUpdates(PutCase):
    @classmethod
    def prepare(cls):
        changed = random.Random(7).sample(range(FILES), CHANGED)
        cls.publish_images(
            before=images.busybox([library()]),
            after=images.busybox([library(*changed)]),
            retagged=images.busybox([library()]))
        cls.http = git_http.GitHttp(cls.work, cls.repositories)

    def git_of(self, repository, transport):
        if transport == "http":
            return self.http.source(repository)
        return {"uri": repository.file_uri}

    def test_the_same_image_again_makes_no_commit_and_sends_nothing(self):
        for transport in ("http", "file"):
            repository = self.repository()
            self.put("before", self.git_of(repository, transport))
            tip, count = repository.tip(), repository.object_count()
            again = self.put("before", self.git_of(repository, transport))
            self.assertEqual(again["version"], self.versions["before"])
            self.assertEqual((repository.tip(), repository.object_count()), (tip, count))

    def test_a_directory_of_very_many_names_is_known_again_and_comes_back(self):
        image = self.work.directory("inputs") / "image"
        (image / "rootfs/many").mkdir(parents=True)
        (image / "metadata.json").write_text("{}")
        for number in range(65_000):  # Their tree has 18 MB.
            (image / "rootfs/many" / f"{number:0250d}").touch()
        repository = self.repository()
        source = {"git": self.http.source(repository)}
        first = self.succeeded(programs.put(source, image.parent, image="image"))
        again = programs.put(source, image.parent, image="image")
        self.assertEqual(self.succeeded(again)["version"], first["version"])
        self.assertNotIn("everything is sent", again.log)
        got = self.get(source, first["version"])
        self.assertEqual(len(list((got / "rootfs/many").iterdir())), 65_000)

    def test_a_small_change_sends_little(self):
        for transport in ("http", "file"):
            for filters in ("taken", "unknown", "refused"):
                with self.subTest(transport=transport, filters=filters):
                    self.sends_little(transport, filters)

    def sends_little(self, transport, filters):
        repository = self.repository(filters=filters != "unknown")
        if filters == "refused":  # It offers filters, but not the one that is asked for.
            repository.git("config", "uploadpackfilter.allow", "false")
        git = self.git_of(repository, transport)
        self.put("before", git)
        first, objects, old_tip = (repository.pack_bytes(), repository.object_count(),
                                   repository.tip())
        self.assertGreater(first, FILES * FILE_SIZE)
        self.put("after", git)
        self.assertEqual(repository.history()[1:], [old_tip])
        self.assert_published(repository, "after")
        # Changed files, a tree for each folder on the way, and the few files beside the rootfs.
        self.assertLess(repository.object_count() - objects, 2 * CHANGED + 12)
        self.assertLess(repository.pack_bytes() - first, (CHANGED + 4) * FILE_SIZE)

    def test_going_back_to_an_older_image_makes_its_tree_again(self):
        repository = self.repository()
        git = self.git_of(repository, "http")
        for tag in ("before", "after", "before"):
            self.put(tag, git)
        newest, _, oldest = repository.history()
        self.assertEqual(repository.tree(newest), repository.tree(oldest))
        self.assert_published(repository, "before")

    def test_a_plain_clone_is_not_published_as_the_image_it_came_from(self):
        repository, copy = self.repository(), self.repository()
        self.put("before", {"uri": repository.file_uri})
        source = {"git": {"uri": copy.file_uri}}
        stock_clone(repository.file_uri, self.inputs / "plain", depth=1)
        self.failed(programs.put(source, self.inputs, image="plain"), "plain clone", "hooksPath")
        self.assertIsNone(copy.tip())
        # As type git does with git_config.
        restored = stock_clone(repository.file_uri, self.inputs / "restored", depth=1,
                               options=["core.hooksPath=.rootfs/hooks"])
        run("git", "-C", restored, "-c", "core.hooksPath=.rootfs/hooks", "checkout", "-q", "main")
        self.succeeded(programs.put(source, self.inputs, image="restored"))
        self.assertEqual(copy.tree("main"), repository.tree("main"))

    def test_the_same_image_gives_the_same_tree_in_every_repository(self):
        trees = set()
        for transport in ("http", "file"):
            repository = self.repository()
            self.put("before", self.git_of(repository, transport))
            trees.add(repository.tree("main"))
        self.assertEqual(len(trees), 1)


if __name__ == "__main__":
    unittest.main()
