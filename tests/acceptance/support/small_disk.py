"""File systems that are full soon."""

import unittest

from .workspace import run


class SmallDisk:
    """A file system of its own at `path`, of so many bytes; skips the test where none is allowed."""

    def __init__(self, test, path, size, **options):
        words = ",".join([f"size={size}", *(f"{name}={value}" for name, value in options.items())])
        done = run("mount", "-t", "tmpfs", "-o", words, "tmpfs", path, check=False)
        if done.returncode != 0:
            raise unittest.SkipTest("mounting a file system is not allowed here")
        test.addCleanup(run, "umount", "-l", path)
        self.path = path

    def remount(self, options):
        run("mount", "-o", f"remount,{options}", self.path)
