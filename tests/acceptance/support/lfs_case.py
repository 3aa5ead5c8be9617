"""What the tests of git-lfs share: an image with large files of all sorts, and its servers."""

import os
from pathlib import Path

from . import git_http, images, trees
from .git_repo import stock_clone
from .lfs_client import environment
from .lfs_server import SIGNATURE, TOKEN, LfsServer
from .put_case import PutCase

# Wherever .gitattributes has a meaning of its own for a byte.
ODD_NAMES = [b"with blanks ", b" leading", b"!bang", b"#hash", b'"quotes"', b"star*", b"wh?t",
             b"[set]", b"back\\slash", b"tab\there", b"new\nline", b"latin\xe9", b"-text", b"a]b"]
SIZE = 150_000


class LfsCase(PutCase):
    """inputs/large is an image of which git-lfs keeps what has 100 kB and more."""

    @classmethod
    def prepare(cls):
        cls.publish_images(large=images.busybox())
        rootfs = Path(cls.inputs / "large" / "rootfs")
        (rootfs / "opt").mkdir()
        cls.large = [b"opt/" + name for name in ODD_NAMES] + [b"opt/again", b"opt/program"]
        for number, name in enumerate(ODD_NAMES):
            path = os.fsencode(rootfs) + b"/opt/" + name
            with open(path, "wb") as file:
                file.write(bytes([number + 1]) * (SIZE + number))
        (rootfs / "opt/program").write_bytes(os.urandom(3_000_000))
        (rootfs / "opt/program").chmod(0o4755)
        os.link(rootfs / "opt/program", rootfs / "opt/again")
        (rootfs / "opt/small").write_bytes(b"s" * 99_999)
        (rootfs / "opt/starts").write_bytes(b"s" * 50_000)  # What "star*" matches unescaped.
        (rootfs / "opt/.gitattributes").write_bytes(b"* text eol=crlf\n" * 10_000)

    def setUp(self):
        self.lfs = LfsServer(git_http.USER, git_http.PASSWORD)
        self.http = git_http.GitHttp(self.work, self.repositories, lfs=self.lfs)

    def source(self, repository, **more):
        return {**self.http.source(repository), "lfs": {"threshold": "100kB"}, **more}

    def published(self, **more):
        repository = self.repository()
        return repository, self.put("large", self.source(repository, **more))

    def clone(self, repository, uri=None, **settings):
        """A stock clone on a machine with git-lfs."""
        clone = stock_clone(uri or self.http.clone_uri(repository), self.work.fresh("clone"),
                            depth=1, env=environment(**settings))
        self.assert_clone_holds(clone, self.inputs / "large", without=[b"opt/.gitattributes"])
        return clone

    def assert_same_image(self, directory, owners=True):
        expected, found = (trees.listing(root / "rootfs", owners=owners, exact=True)
                           for root in (self.inputs / "large", directory))
        self.assertEqual(trees.differences(expected, found), [])

    def assert_no_secrets(self, log):
        for secret in (git_http.PASSWORD, TOKEN, SIGNATURE):
            self.assertNotIn(secret, log)

    def assert_nobody_else_saw_the_password(self):
        for request in self.lfs.seen:
            if request["at"] == "storage":
                self.assertFalse(request["authorization"].startswith("Basic"), request)
