#!/usr/bin/python3
"""Lines to a git server that break: the branch is where it was, or where it should be."""

import random
import unittest

from support import git_ssh, programs, trees
from support.cutting_line import CuttingLine
from support.faulty_git import CUTS, SEED, FaultyGitCase


class GitCuts(FaultyGitCase):
    def each_way_cut_once(self, action, **limit):
        sshd = git_ssh.GitSsh(self.work)
        login = {"private_key": sshd.key("ed25519"), "skip_host_key_check": True}
        for start, address, folder, git in (
                ("http://", self.http.url.partition("://")[2], "", {}),
                (f"ssh://{sshd.user}@", f"127.0.0.1:{sshd.port}", self.repositories, login)):
            with self.subTest(start):
                repository, old = self.published()
                line = CuttingLine(address, once=True, **limit)
                self.addCleanup(line.close)
                action(repository, old, {"uri": f"{start}{line.address}{folder}/"
                                                f"{repository.path.name}", **git})

    def test_a_connection_that_is_cut_once_does_not_end_a_get(self):
        def get(_, old, git):
            destination = self.work.directory("get")
            outcome = programs.invoke("in", {"source": {"git": git}, "version": {"ref": old}},
                                      destination, env=self.unhurried)
            self.succeeded(outcome)
            self.assertIn("; beginning again", outcome.log)
            found = trees.listing(destination / "rootfs", exact=True)
            self.assertEqual([], trees.differences(whole, found))

        expected = self.work.directory("expected")
        self.succeeded(programs.get({"git": {"uri": self.template.file_uri}},
                                    {"ref": self.template.tip()}, expected))
        whole = trees.listing(expected / "rootfs", exact=True)
        self.each_way_cut_once(get, down=300_000)

    def test_a_connection_that_is_cut_once_does_not_end_a_put(self):
        def put(repository, old, git):
            outcome = self.put_of("boxes", **git)
            self.succeeded(outcome)
            self.assertIn("; trying again", outcome.log)
            self.assertEqual(repository.history()[1:], [old])
            self.assertEqual(repository.fsck(), [])

        self.each_way_cut_once(put, up=100_000)

    def test_a_push_that_breaks_off_at_any_byte(self):
        chance = random.Random(SEED)
        sshd = git_ssh.GitSsh(self.work)
        key = sshd.key("ed25519")
        ways = {"http": (self.http.url.partition("://")[2], {}),
                "ssh": (f"127.0.0.1:{sshd.port}",
                        {"private_key": key, "skip_host_key_check": True}),
                "parts": (self.http.url.partition("://")[2], {"max_push_size": "100kB"})}

        def uri(way, line, repository):
            if way == "ssh":
                return f"ssh://{sshd.user}@{line.address}{repository.path}"
            return f"http://{line.address}/{repository.path.name}"

        def broken_put(way, up, down):
            address, git = ways[way]
            repository, old = self.published()
            line = CuttingLine(address, up, down)
            self.addCleanup(line.close)
            outcome = self.put_of("boxes", uri(way, line, repository), **git)
            self.assertEqual(repository.fsck(), [])
            if outcome.code != 0:
                self.proper_failure(outcome, line.address)
            self.assertEqual(repository.history()[-1], old)
            self.assertLessEqual(len(repository.history()), 2)
            if line.is_cut and outcome.code == 0:
                self.assertEqual(len(repository.history()), 2)
            line.mend()
            self.succeeded(self.put_of("boxes", uri(way, line, repository), **git))
            self.assertEqual(repository.history()[1:], [old])
            self.assertEqual(repository.fsck(), [])
            return line.passed

        cases = []
        for way in ways:
            all_of_it = broken_put(way, None, None)
            places = [chance.randrange(all_of_it["up"]) for _ in range(CUTS)]
            cases += [(f"{way}: after {up} bytes", broken_put, way, up, None)
                      for up in [0, 1, all_of_it["up"] - 1, *places]]
            cases += [(f"{way}: after {down} bytes of answers", broken_put, way, None, down)
                      for down in [chance.randrange(all_of_it["down"])
                                   for _ in range((CUTS + 1) // 2)]]
        self.each(cases)


if __name__ == "__main__":
    unittest.main()
