"""The test case all files share: one workspace per file and checks that explain themselves."""

import itertools
import os
import re
import stat
import tempfile
import unittest

from . import programs
from .git_repo import Repository
from .workspace import Workspace

AS_ROOT = os.getuid() == 0


def _allowed(action):
    with tempfile.NamedTemporaryFile() as file:
        try:
            action(file.name)
        except PermissionError:
            return False
    return True


def _make_device(beside):
    os.mknod(f"{beside}.device", stat.S_IFCHR, os.makedev(1, 3))
    os.unlink(f"{beside}.device")


# Containers in which images are built take both from root.
MAY_MAKE_DEVICES = AS_ROOT and _allowed(_make_device)
MAY_SET_TRUSTED = AS_ROOT and _allowed(lambda path: os.setxattr(path, "trusted.probe", b""))


class Case(unittest.TestCase):
    """Gives a workspace that lasts for the class, and assertions about outcomes."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.work = Workspace()
        cls._numbers = itertools.count(1)
        cls.repositories = cls.work.directory("repositories")
        cls.prepare()

    @classmethod
    def tearDownClass(cls):
        cls.work.close()

    @classmethod
    def prepare(cls):
        """Starts what the tests of the class need."""

    @classmethod
    def repository(cls, **options):
        """A new bare repository that the class's git servers offer."""
        return Repository(cls.repositories / f"image-{next(cls._numbers)}.git", **options)

    def succeeded(self, outcome):
        self.assertEqual(outcome.code, 0, str(outcome))
        return outcome.answer

    def failed(self, outcome, *words):
        """It failed in the proper way: no answer, one last line that says all the words."""
        self.assertNotEqual(outcome.code, 0, str(outcome))
        self.assertGreater(outcome.code, 0, f"killed by a signal\n{outcome}")
        self.assertEqual(outcome.stdout, b"", str(outcome))
        for word in words:
            self.assertIn(word.lower(), outcome.log.lower(), str(outcome))
        self.assertNotIn("internal error", outcome.log.lower())
        return outcome.log

    @staticmethod
    def last_line(outcome):
        """What a person reads first of a step that failed, without its colour."""
        return re.sub("\x1b\\[[0-9]*m", "", outcome.log.splitlines()[-1])

    def get(self, source, version, **params):
        """A get that must succeed; the directory it filled."""
        destination = self.work.directory("get")
        self.succeeded(programs.get(source, version, destination, **params))
        return destination

    def get_newest(self, source):
        """What a pipeline does: check, then get of the newest version."""
        versions = self.succeeded(programs.check(source))
        self.assertTrue(versions, "check found no version")
        return self.get(source, versions[-1])
