#!/usr/bin/python3
"""Which commits check reports with only `git` in source, and how little it asks for them."""

import time
import unittest

from support import programs
from support.case import Case
from support.git_http import GitHttp
from support.git_repo import ENVIRONMENT
from support.git_ssh import GitSsh
from support.workspace import run


# Content that makes a fetch of it show.
LOTS = {f"rootfs/{n}": "".join(str(n * m * 7919) for m in range(2000)) for n in range(20)}


class CheckOfBranch(Case):
    """With only `git` in source, the resource is the image in the repository."""

    def test_the_tip_of_the_branch_is_the_version(self):
        repository = self.repository()
        tip = repository.commit_by_hand(self.work, {"README.md": "hello"}, branch="image")
        source = {"git": {"uri": repository.file_uri, "branch": "image"}}
        self.assertEqual(self.succeeded(programs.check(source)), [{"ref": tip}])

    def test_the_branch_is_main_unless_named(self):
        repository = self.repository()
        tip = repository.commit_by_hand(self.work, {"README.md": "hello"})
        source = {"git": {"uri": repository.file_uri}}
        self.assertEqual(self.succeeded(programs.check(source)), [{"ref": tip}])

    def test_a_branch_that_is_not_there_yet_is_no_version_and_no_error(self):
        source = {"git": {"uri": self.repository().file_uri}}
        self.assertEqual(self.succeeded(programs.check(source)), [])


class CheckOfHistory(Case):
    """What every kind of server has in common; the others below change the way to the server."""

    filters = True

    @classmethod
    def serve(cls):
        """Starts a server; gives the function that makes the `git` part of a source."""
        return lambda repository: {"uri": repository.file_uri}

    @classmethod
    def prepare(cls):
        cls.git = staticmethod(cls.serve())

    def history(self, *texts):
        """A repository whose branch has a commit for each text; and the commits."""
        repository = self.repository(filters=self.filters)
        return repository, [repository.commit_by_hand(self.work, {"rootfs/file": text})
                            for text in texts]

    def check(self, repository, given=None):
        version = {"ref": given} if given else None
        answer = self.succeeded(programs.check({"git": self.git(repository)}, version))
        return [one["ref"] for one in answer]

    def rewrite(self, repository, text):
        """Puts a commit without history in the place of the branch."""
        repository.git("branch", "-m", "main", "old")
        return repository.commit_by_hand(self.work, {"rootfs/file": text})

    def test_without_a_version_the_tip_is_reported(self):
        repository, commits = self.history("one", "two")
        self.assertEqual(self.check(repository), commits[-1:])

    def test_the_given_version_comes_first_then_what_is_newer(self):
        repository, commits = self.history("one", "two", "three", "four")
        for first in range(4):
            self.assertEqual(self.check(repository, commits[first]), commits[first:])

    def test_a_branch_that_is_not_there_yet_has_no_versions(self):
        repository, commits = self.history("one")
        repository.git("branch", "-m", "main", "main-2")
        self.assertEqual(self.check(repository), [])
        self.assertEqual(self.check(repository, commits[0]), [])

    def test_after_a_rewrite_the_new_tip_is_reported(self):
        repository, commits = self.history("one", "two")
        tip = self.rewrite(repository, "new")
        self.assertEqual(self.check(repository, commits[1]), [tip])
        # Also once the old commits are no more.
        repository.git("branch", "-D", "old")
        repository.git("gc", "-q", "--prune=now")
        self.assertEqual(self.check(repository, commits[1]), [tip])

    def test_a_version_that_never_was_gives_the_tip(self):
        repository, commits = self.history("one")
        for given in ("0" * 40, "7" * 40, "nonsense"):
            self.assertEqual(self.check(repository, given), commits)

    def test_a_version_can_be_had_after_a_merge_that_put_it_beside_the_branch(self):
        repository = self.repository(filters=self.filters)
        repository.commit_by_hand(self.work, {"metadata.json": "{}", "rootfs/file": "one"})
        repository.git("branch", "mine", "main")
        version = repository.commit_by_hand(self.work, {"rootfs/file": "two"})
        for text in ("three", "four", "five"):
            repository.commit_by_hand(self.work, {"rootfs/file": text})
        repository.commit_by_hand(self.work, {"rootfs/mine": "mine"}, branch="mine")
        clone = self.work.fresh("clone")
        run("git", "clone", "-q", "-b", "mine", repository.path, clone, env=ENVIRONMENT)
        for words in (["merge", "-q", "--no-ff", "-m", "pull", "origin/main"],
                      ["push", "-q", "origin", "HEAD:main"]):
            run("git", "-C", clone, *words, env=ENVIRONMENT)
        versions = self.check(repository, version)
        self.assertEqual(versions[0], version)
        for ref in versions:
            self.succeeded(programs.get({"git": self.git(repository)}, {"ref": ref},
                                        self.work.directory("get")))

    def test_packed_history_gives_the_same_answer(self):
        repository, commits = self.history(*[f"version {n}" for n in range(8)])
        repository.git("gc", "-q", "--aggressive")
        self.assertEqual(self.check(repository, commits[2]), commits[2:])


class CheckOverHttp(CheckOfHistory):
    version_2 = True

    @classmethod
    def serve(cls):
        cls.http = GitHttp(cls.work, cls.repositories, version_2=cls.version_2)
        return cls.http.source

    def served(self, repository, given, least=1):
        """What check asked for, and how many bytes the answers had. The server notes a request that
        was broken off, when nothing more was needed, only once it has noticed."""
        before = len(self.http.served())
        self.check(repository, given)
        path = f"/{repository.path.name}"
        deadline = time.monotonic() + 10
        while len(served := self.http.served()[before:]) < least and time.monotonic() < deadline:
            time.sleep(0.05)
        return ([f"{method} {where.removeprefix(path)}" for method, where, _ in served],
                sum(size for _, _, size in served))

    def test_an_unchanged_branch_costs_one_listing(self):
        repository, commits = self.history("one", "two")
        listing = ["GET /info/refs"] + ["POST /git-upload-pack"] * self.version_2
        self.assertEqual(self.served(repository, commits[-1])[0], listing)
        self.assertEqual(self.served(repository, None)[0], listing)

    def test_new_commits_cost_one_request_more_and_no_content(self):
        repository, commits = self.history("one", "two")
        commits.append(repository.commit_by_hand(self.work, LOTS))
        count = 3 if self.version_2 else 2
        requests, size = self.served(repository, commits[0], least=count)
        self.assertEqual(requests[-1], "POST /git-upload-pack")
        self.assertEqual(len(requests), count)
        if self.filters:
            self.assertLess(size, 4000)

    def test_a_version_that_vanished_costs_no_history(self):
        repository, commits = self.history("one", "two")
        self.assertEqual(self.check(repository, "7" * 40), commits[1:])
        repository.commit_by_hand(self.work, LOTS)
        if self.version_2:
            # In version 0 the server sends it unasked, though it is not waited for.
            self.assertLess(self.served(repository, "7" * 40)[1], 4000)

    def test_a_repository_with_very_many_refs_is_checked(self):
        repository, commits = self.history("one", "two")
        with open(repository.path / "packed-refs", "w", encoding="ascii") as refs:
            refs.write("# pack-refs with: peeled fully-peeled sorted \n")
            for number in range(100_000):
                refs.write(f"{commits[0]} refs/heads/other/{number:06d}\n")
        requests, size = self.served(repository, commits[1])
        self.assertEqual(self.check(repository, commits[0]), commits)
        if self.version_2:
            self.assertEqual(len(requests), 2)
            self.assertLess(size, 4000)


class CheckOverOldHttp(CheckOverHttp):
    """A server in between drops the header that asks for version 2."""

    version_2 = False


class CheckOverHttpWithoutFilter(CheckOverHttp):
    filters = False


class CheckOverSsh(CheckOfHistory):
    version_2 = True

    @classmethod
    def serve(cls):
        ssh = GitSsh(cls.work, version_2=cls.version_2)
        key = ssh.key("ed25519")
        return lambda repository: {"uri": ssh.uri(repository), "private_key": key,
                                   "known_hosts": ssh.known_hosts}


class CheckOverUsualSsh(CheckOverSsh):
    """An sshd that lets no variable through: version 0."""

    version_2 = False


if __name__ == "__main__":
    unittest.main()
