#!/usr/bin/python3
"""Names in an image that git, its servers or its readers would trip over."""

import unittest

from support import git_http, images, programs, trees
from support.git_repo import stock_clone
from support.put_case import PutCase

REFUSED = [".git", ".GIT", ".Git ", ".git.", "git~1", "GIT~1", ".gitattributes", ".GITATTRIBUTES",
           "gitatt~1", ".gitmodules", ".GitModules", "gitmod~1", ".g\u200cit", "x\\.git",
           ".git::$INDEX_ALLOCATION"]
LATIN = b"caf\xe9".decode(errors="surrogateescape")
KEPT = [".gitignore", ".gitkeep", "git~2", ".gitx", "HEAD", "new\nline", "tab\t", "trailing ",
        "dot.", "back\\slash", LATIN, "\u00e9", "e\u0301", "-rf", ":(glob)x", "CON", "aux.c",
        "Readme", "README", "n" * 255]


def hostile():
    """Every refused name as a file, some as directories, next to harmless ones."""
    layer = images.Layer().directory("names").directory("project").directory("only")
    for name in REFUSED:
        layer.file(f"names/{name}", name)
    for name in KEPT:
        layer.file(f"names/{name}", name)
    layer.directory("project/.git").file("project/.git/config", "[core]\n")
    layer.file("project/.gitignore", "*\n").file("project/kept", "although ignored")
    layer.directory("only/.git").file("only/.git/HEAD", "ref: refs/heads/main\n")
    layer.directory("srv").directory("srv/dev").file("srv/dev/null", "a real file")
    layer.file("dev/console", "left out").fifo("project/pipe")
    layer.file("text", "with\r\ncarriage returns\r\n").file("id", "$Id$\n")
    layer.file("project/.gitattributes", "* text eol=crlf ident\n").file("project/lf", "a\nb\n")
    return layer


class PutNames(PutCase):
    @classmethod
    def prepare(cls):
        cls.publish_images(hostile=images.busybox([hostile()]), box=images.busybox())
        cls.http = git_http.GitHttp(cls.work, cls.repositories)

    def test_names_a_server_refuses_are_left_out_and_listed(self):
        repository = self.repository()
        source = self.source_of("hostile", git=self.http.source(repository))
        outcome = programs.put(source, self.inputs, image="hostile")
        self.succeeded(outcome)
        self.assertEqual(repository.fsck(), [])
        for path in ("names/.git", "project/.git", "only/.git", "project/.gitattributes",
                     "names/.gitmodules", "names/git~1"):
            self.assertIn(path, outcome.log)
        clone = stock_clone(self.http.clone_uri(repository), self.work.fresh("clone"))
        expected = {
            path: entry
            for path, entry in trees.contents(self.inputs / "hostile/rootfs").items()
            if not path.startswith(b"dev/") and not self.is_refused(path)}
        expected[b"only/.keep"] = ("file", False, trees.digest("/dev/null"))
        found = trees.contents(clone / "rootfs")
        for folder in (b"dev", b"proc", b"sys", b"home/web", b"root", b"tmp", b"var"):
            self.assertIn(folder + b"/.keep", found)
            del found[folder + b"/.keep"]
        self.assertEqual(trees.differences(expected, found), [])

    @staticmethod
    def is_refused(path):
        names = {name.encode() for name in REFUSED}
        return any(part in names for part in path.split(b"/"))

    def test_a_consumer_with_autocrlf_gets_the_same_bytes(self):
        repository = self.repository()
        self.put("hostile", self.http.source(repository))
        clone = stock_clone(self.http.clone_uri(repository), self.work.fresh("clone"),
                            options=["core.autocrlf=true"])
        self.assertEqual((clone / "rootfs/text").read_bytes(), b"with\r\ncarriage returns\r\n")
        self.assertEqual((clone / "rootfs/project/lf").read_bytes(), b"a\nb\n")

    def test_what_git_cannot_carry_is_counted(self):
        repository = self.repository()
        source = self.source_of("hostile", git=self.http.source(repository))
        log = programs.put(source, self.inputs, image="hostile").log.lower()
        for kind in ("fifo", "hard link", "owner"):
            self.assertIn(kind, log)

    def test_no_commit_message_hides_the_commit_from_the_stock_resource(self):
        for number, mark in enumerate(("[ci skip]", "[skip ci]", "[CI SKIP]", "[Skip CI]")):
            artifact = self.inputs / f"marked{number}"
            (artifact / "rootfs").mkdir(parents=True)
            (artifact / "rootfs/file").write_text(mark)
            for name, text in (("metadata.json", '{"env": []}'), ("labels.json", "{}"),
                               ("repository", f"example.com/{mark}/x"), ("tag", mark),
                               ("digest", "sha256:" + "0" * 64)):
                (artifact / name).write_text(text)
            repository = self.repository()
            source = {"git": self.http.source(repository)}
            outcome = programs.put(source, self.inputs, image=artifact.name)
            if outcome.code == 0:
                message = repository.message().lower()
                self.assertNotIn("[ci skip]", message)
                self.assertNotIn("[skip ci]", message)
            else:
                self.failed(outcome, artifact.name)


if __name__ == "__main__":
    unittest.main()
