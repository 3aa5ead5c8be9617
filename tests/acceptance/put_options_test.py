#!/usr/bin/python3
"""What a pipeline can choose about what a plain clone looks like, and the warnings that say why."""

import json
import unittest

from support import git_http, images, programs, trees
from support.case import AS_ROOT
from support.git_repo import stock_clone
from support.put_case import PutCase


class PutOptions(PutCase):
    @classmethod
    def prepare(cls):
        layer = (images.Layer().directory("empty", mode=0o1777, uid=5).directory("full")
                 .file("full/x", "1").file("etc/shadow", "root:*:", mode=0o640)
                 .file("etc/ssh/key", "secret", mode=0o600).file("bin/su", "x", mode=0o4755)
                 .file("big", bytes(60 * 1024 * 1024)))
        for number in range(3):
            layer.hard_link(f"copy{number}", "big")
        cls.http = git_http.GitHttp(cls.work, cls.repositories)
        cls.publish_images(box=images.busybox([layer], Env=["PATH=/bin"], User="web"))

    def put_with(self, **options):
        repository = self.repository()
        source = {"git": {"uri": repository.file_uri, **options}}
        outcome = programs.put(source, self.inputs, image="box")
        self.succeeded(outcome)
        self.assertEqual(repository.fsck(), [])
        return repository, {"git": {"uri": repository.file_uri}}, outcome

    def test_empty_directories_are_empty_in_a_clone_on_request(self):
        repository, source, _ = self.put_with(empty_dirs="gitlink")
        clone = stock_clone(repository.file_uri, self.work.fresh("clone"), depth=1)
        self.assertEqual(list((clone / "rootfs/empty").iterdir()), [])
        got = self.get(source, {"ref": repository.tip()})
        self.assertEqual(trees.differences(trees.listing(self.inputs / "box/rootfs", exact=True),
                                           trees.listing(got / "rootfs", exact=True)), [])

    def test_a_word_that_is_no_choice_is_refused(self):
        source = {"git": {"uri": "file:///nowhere", "empty_dirs": "remove"}}
        self.failed(programs.put(source, self.inputs, image="box"), "empty_dirs", "gitlink")

    def test_temporary_files_find_a_place_on_request(self):
        repository, _, _ = self.put_with(tmpdir_env=True)
        metadata = json.loads(repository.show("metadata.json"))
        self.assertEqual(metadata["env"], ["PATH=/bin", "TMPDIR=/dev/shm"])
        self.assertEqual(metadata["user"], "web")

    def test_a_server_with_rules_about_messages_gets_what_it_wants_in_every_part(self):
        repository = self.repository()
        repository.hook("update", "! git log --format=%s $3 --not --all | grep -v '^OPS-12: ' >&2")
        git = self.http.source(repository)
        self.failed(programs.put({"git": git}, self.inputs, image="box"), "hook declined", "Publish")
        git.update(commit_message_prefix="OPS-12: ", max_push_size="1MB")
        self.succeeded(programs.put({"git": git}, self.inputs, image="box"))
        self.assertTrue(repository.git("log", "-1", "--format=%s", "main")
                        .startswith("OPS-12: Publish "))

    def test_hooks_get_the_push_options_with_every_push(self):
        repository, seen = self.repository(), self.work.fresh("seen")
        repository.git("config", "receive.advertisePushOptions", "true")
        repository.hook("pre-receive", f"""
            echo "$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0 $GIT_PUSH_OPTION_1" >>{seen}""")
        source = {"git": self.http.source(repository, max_push_size="1MB")}
        self.succeeded(programs.put(source, self.inputs, image="box",
                                    push_options=["ci.skip", 'ci.variable="A=b c"']))
        lines = seen.read_text().splitlines()
        self.assertGreater(len(lines), 2)
        self.assertEqual(set(lines), {'2 ci.skip ci.variable="A=b c"'})

    def test_a_server_that_takes_no_push_options_is_named_before_anything_is_sent(self):
        repository = self.repository()
        outcome = programs.put({"git": {"uri": repository.file_uri}}, self.inputs, image="box",
                               push_options="ci.skip")
        self.failed(outcome, "push options", "params.push_options")
        self.assertEqual(self.last_line(outcome).count(str(repository.path)), 1)
        self.assertEqual(repository.object_count(), 0)

    def test_what_a_plain_clone_makes_worse_is_said(self):
        _, _, outcome = self.put_with()
        # A get by others than root has taken the bit away already, as it could not set the owner.
        for words in ("runs as web", "etc/shadow", "etc/ssh/key", *["setuid"] * AS_ROOT,
                      "larger than 50 MiB", "hard links become copies"):
            self.assertIn(words, outcome.log)
        self.assertNotIn("secret", outcome.log)


if __name__ == "__main__":
    unittest.main()
