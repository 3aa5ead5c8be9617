"""Runs a program in time that flies, so that its time-outs and pauses need not be waited out."""

import unittest
from pathlib import Path

from . import programs
from .workspace import run


def environment(workspace, factor=1):
    """The environment in which sleep takes no time, and a second is over after 1/factor of it."""
    inside = programs.in_image()
    if not inside and b"asan" in run("ldd", programs.program("in")).stdout:
        raise unittest.SkipTest("the sanitizer wants to be preloaded alone")
    library = workspace.path / "fast_clock.so"
    if not library.exists():
        run("cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library,
            Path(__file__).with_name("fast_clock.c"))
    # The tools that start the container are to keep the right time.
    preload = "INSIDE_LD_PRELOAD" if inside else "LD_PRELOAD"
    return {**programs.environment(), preload: str(library), "FAST_CLOCK": str(factor)}
