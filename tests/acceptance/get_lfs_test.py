#!/usr/bin/python3
"""A get from git fetches what git-lfs keeps, and gives all of an image or none of it."""

import os
import unittest

from support import programs
from support.case import AS_ROOT
from support.git_repo import ENVIRONMENT
from support.lfs_case import LfsCase
from support.lfs_client import environment, git
from support.workspace import run

ATTRIBUTES = """*.bin filter=lfs diff=lfs merge=lfs -text
rootfs/data/** filter=lfs diff=lfs merge=lfs -text
rootfs/data/keep/* !filter
"a b/*" filter=lfs
"""


class GetLfs(LfsCase):
    def refused_get(self, repository, *words, **source):
        """A get that must fail, say the words and leave nothing."""
        destination = self.work.directory("get")
        request = {"git": self.source(repository, **source), "debug": True}
        log = self.failed(programs.get(request, {"ref": repository.tip()}, destination), *words)
        self.assertEqual(list(destination.iterdir()), [])
        self.assert_no_secrets(log)
        return log

    def oid_of(self, size):
        return next(oid for oid, content in self.lfs.objects.items() if len(content) == size)

    def test_what_breaks_off_goes_on_where_it_was(self):
        repository, _ = self.published()
        for ranges in (True, False):
            self.lfs.seen.clear()
            self.lfs.ranges = ranges
            self.lfs.cuts = {"download": [1_000, 0, 50_000]}
            self.lfs.failures = {"batch": [503], "download": [500]}
            self.assert_same_image(self.get_newest({"git": self.source(repository)}))
            asked = [request["headers"]["Range"] for request in self.lfs.seen
                     if "Range" in request["headers"]]
            self.assertIn("bytes=1000-", asked)

    def test_an_address_that_has_expired_is_asked_for_again(self):
        repository, _ = self.published()
        self.lfs.stale = 3
        self.assert_same_image(self.get_newest({"git": self.source(repository)}))

    def test_an_object_that_is_gone_is_named(self):
        repository, _ = self.published()
        del self.lfs.objects[self.oid_of(3_000_000)]
        self.refused_get(repository, "opt/", "404", "Object does not exist; a mirror or",
                          "git lfs push --all")

    def test_other_bytes_than_were_stored_are_refused(self):
        repository, _ = self.published()
        oid = self.oid_of(3_000_000)
        for lie, word in ((os.urandom(3_000_000), "SHA-256"), (bytes(3_000_001), "more than")):
            self.lfs.lies[oid] = lie
            self.refused_get(repository, word, "opt/")

    def test_a_server_that_refuses_is_quoted(self):
        repository, _ = self.published()
        for step in ("batch", "download"):
            for status in (401, 403, 404, 410):
                self.lfs.failures = {step: [status] * 50}
                self.refused_get(repository, str(status))
        self.lfs.failures = {}

    def test_the_login_of_the_repository_goes_to_no_other_server(self):
        repository, _ = self.published()
        self.lfs.seen.clear()
        self.refused_get(repository, "401", "login", lfs={"url": f"{self.lfs.storage_url}/x"})
        self.assertEqual([request["authorization"] for request in self.lfs.seen], [""])

    def test_a_pointer_that_is_not_the_manifests_is_refused(self):
        repository, _ = self.published()
        clone = self.work.fresh("edit")
        run("git", "clone", "-q", repository.file_uri, clone, env=ENVIRONMENT)
        for name in ("program", "again"):
            pointer = clone / "rootfs/opt" / name
            pointer.write_text(pointer.read_text().replace("size 3000000", "size 3000001"))
        run("git", "-C", clone, "commit", "-q", "-a", "-m", "by hand", env=ENVIRONMENT)
        run("git", "-C", clone, "push", "-q", "origin", "HEAD:main", env=ENVIRONMENT)
        self.refused_get(repository, "opt/", "pointer")

    def test_check_takes_a_source_with_lfs(self):
        repository, answer = self.published()
        found = self.succeeded(programs.check({"git": self.source(repository)}))
        self.assertEqual(found, [{"ref": repository.tip()}])
        wrong = self.source(repository)
        wrong["lfs"] = {"treshold": "1MB"}
        self.failed(programs.check({"git": wrong}), "git.lfs.treshold", "threshold")
        wrong["lfs"] = {"threshold": "big"}
        self.failed(programs.check({"git": wrong}), "git.lfs.threshold")
        wrong["lfs"] = {"url": "ftp://host"}
        self.failed(programs.check({"git": wrong}), "git.lfs.url")

    def test_a_repository_that_git_and_git_lfs_made_is_restored(self):
        repository = self.repository()
        work = self.work.fresh("by-hand")
        run("git", "init", "-q", "-b", "main", work, env=ENVIRONMENT)
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n"
        files = {"metadata.json": b'{"env":[]}', ".gitattributes": ATTRIBUTES.encode(),
                 "rootfs/one.bin": os.urandom(200_000), "rootfs/two.txt": b"two",
                 "rootfs/data/deep/er/three": os.urandom(50), "rootfs/data/keep/four": b"four",
                 "rootfs/looks-like": pointer.encode(), "rootfs/data/five": os.urandom(70_000),
                 "rootfs/sub/.gitattributes": b"*.bin -filter\nsix filter=lfs\n",
                 "rootfs/sub/seven.bin": b"seven", "rootfs/sub/six": os.urandom(60)}
        for name, content in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)
        (work / "rootfs/run.bin").write_bytes(files["rootfs/one.bin"])
        (work / "rootfs/run.bin").chmod(0o755)
        git(work, "add", "-A")
        git(work, "commit", "-q", "-m", "By hand")
        git(work, "-c", "lfs.allowincompletepush=true", "push", "-q", self.http.clone_uri(repository), "main")
        self.assertEqual(sorted(map(len, self.lfs.objects.values())), [50, 60, 70_000, 200_000])
        restored = self.get_newest({"git": self.source(repository)})
        for name, content in files.items():
            if name.startswith("rootfs/"):
                self.assertEqual((restored / name).read_bytes(), content, name)
        self.assertEqual((restored / "rootfs/run.bin").read_bytes(), files["rootfs/one.bin"])
        self.assertTrue(os.access(restored / "rootfs/run.bin", os.X_OK))
        if AS_ROOT:
            self.assertEqual((restored / "rootfs/one.bin").stat().st_uid, 0)

    def refused_bomb(self, content, name, below, *words):
        """A get of a few objects that stand for ten million files; `below` is in each folder."""
        repository = self.repository()

        def blob(text):
            return repository.git("hash-object", "-w", "--stdin", input=text.encode())

        def tree(entries):
            lines = [f"{mode} {'tree' if mode == '040000' else 'blob'} {oid}\t{name}\0"
                     for name, (mode, oid) in entries.items()]
            return repository.git("mktree", "-z", input="".join(lines).encode())

        here = {name: ("100644", blob(content))}
        aside = {key: ("100644", blob(text)) for key, text in below.items()}
        for _ in range(7):
            here = {**{f"d{digit}": ("040000", tree(here)) for digit in range(10)}, **aside}
        top = {".gitattributes": ("100644", blob("* filter=lfs\n")),
               "metadata.json": ("100644", blob('{"env":[]}')), "rootfs": ("040000", tree(here))}
        repository.git("update-ref", "refs/heads/main",
                       repository.git("commit-tree", "-m", "A bomb", tree(top)))
        destination = self.work.directory("get")
        request = {"git": self.source(repository), "limits": {"entries": 5_000}}
        self.failed(programs.get(request, {"ref": repository.tip()}, destination), *words)
        self.assertEqual(list(destination.iterdir()), [])

    def test_trees_that_multiply_pointers_are_within_the_limits(self):
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n"
        self.refused_bomb(pointer, "f", {}, "limits.entries")
        self.assertEqual(self.lfs.seen, [])

    def test_trees_that_multiply_attributes_are_within_the_limits(self):
        self.refused_bomb("", "f", {".gitattributes": "*.bin filter=lfs\n" * 100_000},
                          ".gitattributes", "17 MB")

    def test_what_git_lfs_pushes_after_us_is_restored(self):
        repository, _ = self.published()
        clone = self.work.fresh("edit")
        uri = self.http.clone_uri(repository)
        run("git", "clone", "-q", uri, clone, env={**ENVIRONMENT, **environment()})
        run("rm", "-r", clone / ".rootfs")
        (clone / "rootfs/opt/program").write_bytes(b"n" * 120_000)
        git(clone, "commit", "-q", "-a", "-m", "by hand")
        git(clone, "push", "-q", "origin", "HEAD:main")
        restored = self.get_newest({"git": self.source(repository)})
        self.assertEqual((restored / "rootfs/opt/program").read_bytes(), b"n" * 120_000)
        for name in self.large[:-2]:
            there, original = (os.path.join(os.fsencode(root), b"rootfs", name)
                               for root in (restored, self.inputs / "large"))
            with open(there, "rb") as found, open(original, "rb") as expected:
                self.assertEqual(found.read(), expected.read(), name)


if __name__ == "__main__":
    unittest.main()
