#!/usr/bin/python3
"""Puts that are started at the same moment all end right."""

import unittest

from support import git_http, images, programs
from support.put_case import PutCase

ROUNDS = 4


class Races(PutCase):
    @classmethod
    def prepare(cls):
        cls.publish_images(**{tag: images.busybox([images.Layer().file("tag", tag)])
                              for tag in ("one", "two", "three")})
        cls.http = git_http.GitHttp(cls.work, cls.repositories, open_to_all=True)

    def race(self, tags, uri, **git):
        running = [programs.start("out", {"source": self.source_of(tag, git={"uri": uri, **git}),
                                          "params": {"image": tag}}, self.inputs) for tag in tags]
        return [self.succeeded(programs.finish(one)) for one in running]

    def rounds(self):
        for number in range(ROUNDS):
            repository = self.repository()
            uri = self.http.uri(repository) if number % 2 else repository.file_uri
            yield repository, uri, {"max_push_size": 500_000} if number >= ROUNDS / 2 else {}

    def test_different_images_are_all_in_the_history(self):
        for repository, uri, git in self.rounds():
            self.race(["one", "two", "three"], uri, **git)
            commits = repository.history()
            self.assertEqual(len(commits), 3)
            tags = {repository.show("rootfs/tag", commit) for commit in commits}
            self.assertEqual(tags, {b"one", b"two", b"three"})
            self.assertEqual(repository.fsck(), [])
            self.assertEqual(repository.git("for-each-ref", "--format=%(refname)"),
                             "refs/heads/main")

    def test_the_same_image_is_published_once(self):
        for repository, uri, git in self.rounds():
            answers = self.race(["one"] * 3, uri, **git)
            self.assertEqual(len(repository.history()), 1)
            self.assertEqual([one["version"] for one in answers],
                             [self.versions["one"]] * 3)
            self.assertEqual(repository.fsck(), [])


if __name__ == "__main__":
    unittest.main()
