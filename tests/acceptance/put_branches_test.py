#!/usr/bin/python3
"""put into branches as people have them: none yet, other people's, and moving ones."""

import json
import threading
import unittest

from support import git_http, images, programs
from support.put_case import PutCase


class PutBranches(PutCase):
    @classmethod
    def prepare(cls):
        cls.publish_images(
            box=images.busybox(),
            other=images.busybox([images.Layer().file("etc/motd", "other")]))
        cls.http = git_http.GitHttp(cls.work, cls.repositories)

    def test_the_branch_is_made_when_it_is_missing(self):
        repository = self.repository()
        main = repository.commit_by_hand(self.work, {"notes.txt": "not an image"})
        self.put("box", self.http.source(repository, branch="images/box"))
        self.assert_published(repository, "box", branch="images/box")
        self.assertEqual(repository.tip(), main)

    def test_two_images_live_side_by_side(self):
        repository = self.repository()
        self.put("box", self.http.source(repository, branch="one"))
        self.put("other", self.http.source(repository, branch="two"))
        self.assert_published(repository, "box", branch="one")
        self.assert_published(repository, "other", branch="two")

    def test_an_image_that_the_repository_has_is_one_object_more_and_said_to_be(self):
        repository = self.repository()
        self.put("box", self.http.source(repository))
        git = self.http.source(repository, branch="again")
        outcome = programs.put(self.source_of("box", git=git), self.inputs, image="box")
        self.succeeded(outcome)
        self.assertIn("pushing 1 object to branch again (new)\n", outcome.log)

    def test_a_branch_made_by_hand_keeps_its_history(self):
        repository = self.repository()
        mine = repository.commit_by_hand(self.work, {
            "rootfs/bin/sh": "old", "metadata.json": "{}", "notes/mine.txt": "mine"})
        self.put("box", self.http.source(repository))
        self.assert_published(repository, "box")
        self.assertEqual(repository.history()[1:], [mine])

    def test_files_of_another_project_do_not_leave_a_branch_without_a_word(self):
        for way in ("http", "file"):
            repository = self.repository()
            repository.commit_by_hand(self.work, {"README.md": "", "src/main.c": "", "Makefile": ""})
            git = {"uri": repository.file_uri} if way == "file" else self.http.source(repository)
            source = self.source_of("box", git=git)
            first = programs.put(source, self.inputs, image="box")
            self.succeeded(first)
            for words in ("only in its history", "  Makefile", "  src"):
                self.assertIn(words, first.log)
            self.assertNotIn("  README.md", first.log)
            again = programs.put(self.source_of("other", git=git), self.inputs, image="other")
            self.succeeded(again)
            self.assertNotIn("history", again.log)

    def test_a_branch_that_moves_in_the_middle_of_a_put(self):
        for way in ("http",) if programs.in_image() else ("http", "file"):
            repository = self.repository()
            first = repository.commit_by_hand(self.work, {"a": "1"})
            second = repository.commit_by_hand(self.work, {"a": "2"})
            repository.git("update-ref", "refs/heads/main", first)
            repository.hook("pre-receive", f"""
                mkdir "{repository.path}/moved" 2>/dev/null || exit 0
                unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
                git -c safe.directory='*' --git-dir="{repository.path}" \
                    update-ref refs/heads/main {second}
            """)
            git = {"uri": repository.file_uri}
            self.put("box", git if way == "file" else self.http.source(repository))
            self.assertTrue((repository.path / "moved").is_dir())
            self.assertEqual(repository.history()[1:], [second, first])
            self.assert_published(repository, "box")

    def test_two_puts_at_once_both_end_right(self):
        repository = self.repository()
        outcomes = {}

        def put(tag):
            source = self.source_of(tag, git=self.http.source(repository))
            outcomes[tag] = programs.put(source, self.inputs, image=tag)

        threads = [threading.Thread(target=put, args=(tag,)) for tag in ("box", "other")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for tag, outcome in outcomes.items():
            self.assertEqual(self.succeeded(outcome)["version"], self.versions[tag])
        self.assertEqual(len(repository.history()), 2)
        last = "box" if repository.show("tag") == b"box" else "other"
        self.assert_published(repository, last)

    def test_the_commit_names_image_digest_and_people(self):
        repository = self.repository()
        self.put("box", self.http.source(repository, author_name="Ada", author_email="ada@x.org",
                                         committer_name="Bob", committer_email="bob@x.org"))
        message = repository.message()
        self.assertIn(self.source_of("box")["repository"], message)
        self.assertIn(self.versions["box"]["digest"], message)
        self.assertEqual(repository.git("log", "-1", "--format=%an %ae %cn %ce"),
                         "Ada ada@x.org Bob bob@x.org")

    def test_an_image_that_a_task_made_needs_only_rootfs_and_metadata(self):
        made = self.inputs / "made"
        (made / "rootfs/bin").mkdir(parents=True)
        (made / "rootfs/bin/tool").write_text("#!/bin/sh\n")
        (made / "metadata.json").write_text('{"env": ["A=b"], "user": "root"}\n')
        repository = self.repository()
        source = {"git": self.http.source(repository)}
        answer = self.succeeded(programs.put(source, self.inputs, image="made"))
        self.assertEqual(answer["version"], {"ref": repository.tip()})
        self.assertEqual([field["name"] for field in answer["metadata"]],
                         ["commit", "branch", "uri"])
        self.assertEqual(json.loads(repository.show("metadata.json"))["env"], ["A=b"])
        self.assertEqual(repository.show("rootfs/bin/tool"), b"#!/bin/sh\n")

    def test_an_image_that_a_task_made_cannot_pass_for_one_of_the_registry(self):
        made = self.inputs / "unnamed"
        (made / "rootfs").mkdir(parents=True)
        (made / "metadata.json").write_text("{}")
        outcome = programs.put(self.source_of("box", git=self.http.source(self.repository())),
                               self.inputs, image="unnamed")
        self.failed(outcome, "digest")

    def test_with_only_git_in_source_the_version_is_the_commit(self):
        repository = self.repository()
        source = {"git": self.http.source(repository)}
        answer = self.succeeded(programs.put(source, self.inputs, image="box"))
        self.assertEqual(answer["version"], {"ref": repository.tip()})
        self.assertEqual(self.succeeded(programs.check(source)), [answer["version"]])
        self.assert_published(repository, "box")


if __name__ == "__main__":
    unittest.main()
