#!/usr/bin/python3
"""What a server refuses for its size is said before it is sent."""

import os
import signal
import time
import unittest

from support import git_http, images, programs
from support.put_case import PutCase


class PutLimits(PutCase):
    @classmethod
    def prepare(cls):
        cls.publish_images(box=images.busybox())
        cls.http = git_http.GitHttp(cls.work, cls.repositories)
        rootfs = cls.inputs / "box" / "rootfs"
        (rootfs / "opt").mkdir()
        (rootfs / "opt/large").write_bytes(os.urandom(3_000_000))
        (rootfs / "opt/larger").write_bytes(os.urandom(4_000_000))
        (rootfs / "opt/.git").write_bytes(os.urandom(3_500_000))

    def test_files_over_the_limit_are_listed_and_nothing_is_sent(self):
        repository = self.repository()
        git = {"uri": repository.file_uri, "max_file_size": 2_900_000}
        log = self.refused(git, "git.max_file_size", "nothing was sent", "Delete them")
        self.assertIn("opt/larger (4.0 MB), opt/.git (3.5 MB), opt/large (3.0 MB);", log)
        self.assertEqual(repository.object_count(), 0)

    def test_the_limit_holds_for_an_image_that_comes_from_the_registry(self):
        repository = self.repository()
        git = {"uri": repository.file_uri, "max_file_size": 100_000}
        self.failed(programs.put(self.source_of("box", git=git), self.inputs), "bin/busybox (",
                    "Let git-lfs keep it", "delete it in the image", "takes it,")
        self.assertEqual(repository.object_count(), 0)

    def test_files_within_the_limit_are_published(self):
        repository = self.repository()
        self.put("box", {"uri": repository.file_uri, "max_file_size": 4_000_000})
        self.assertEqual(repository.fsck(), [])

    def test_a_server_that_takes_small_pushes_only_gets_several(self):
        for over_http in (True,) if programs.in_image() else (False, True):
            repository = self.repository()
            repository.git("config", "receive.maxInputSize", "5m")
            git = self.http.source(repository) if over_http else {"uri": repository.file_uri}
            words = ["git.max_push_size"] + ([] if over_http else ["maximum allowed size"])
            self.refused(git, *words)
            self.assertEqual(repository.git("for-each-ref"), "")
            git["max_push_size"] = "5MB"
            self.put("box", git)
            self.assertEqual(repository.git("for-each-ref", "--format=%(refname)"),
                             "refs/heads/main")
            self.assertEqual(repository.fsck(), [])
            self.assertEqual(len(repository.history()), 1)
            self.assertEqual(repository.tree("main"), self.tree_of_one_push())

    def test_a_proxy_that_takes_small_bodies_only_gets_several(self):
        http = git_http.GitHttp(self.work, self.repositories, body_limit="5m")
        repository = self.repository()
        self.refused(http.source(repository), "413", "git.max_push_size")
        self.put("box", http.source(repository, max_push_size="5MB"))
        self.assertEqual(repository.fsck(), [])
        self.assertEqual(repository.tree("main"), self.tree_of_one_push())

    def test_a_temporary_ref_that_a_slow_server_makes_after_a_put_was_stopped_is_named(self):
        repository = self.repository()
        come, go = self.work.fresh("come"), self.work.fresh("go")
        repository.hook("pre-receive",
                        f"touch {come}\nwhile [ ! -e {go} ]; do sleep 0.05; done\n")
        self.addCleanup(go.touch)
        source = self.source_of("box", git=self.http.source(repository, max_push_size="5MB"))
        running = programs.start("out", {"source": source, "params": {"image": "box"}}, self.inputs)
        self.wait_for(come.exists)
        running.send_signal(signal.SIGTERM)
        outcome = programs.finish(running)
        self.assertEqual(outcome.code, 128 + signal.SIGTERM, str(outcome))
        go.touch()
        self.wait_for(lambda: repository.git("for-each-ref"))
        self.assertIn(repository.git("for-each-ref", "--format=%(refname)"), outcome.log)

    def wait_for(self, come_true):
        deadline = time.monotonic() + 60
        while not come_true():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def tree_of_one_push(self):
        repository = self.repository()
        self.put("box", {"uri": repository.file_uri})
        return repository.tree("main")


if __name__ == "__main__":
    unittest.main()
