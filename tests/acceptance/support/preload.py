"""Runs a program with a library in front of all others, made of a C file beside this one."""

import unittest
from pathlib import Path

from . import programs
from .workspace import run


def environment(workspace, name, **variables):
    """The environment that preloads `name`.c, with further variables."""
    inside = programs.in_image()
    if not inside and b"asan" in run("ldd", programs.program("in")).stdout:
        raise unittest.SkipTest("the sanitizer wants to be preloaded alone")
    library = workspace.path / f"{name}.so"
    if not library.exists():
        run("cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library,
            Path(__file__).with_name(f"{name}.c"))
    # The tools that start the container are to know nothing of it.
    preload = "INSIDE_LD_PRELOAD" if inside else "LD_PRELOAD"
    return {**programs.environment(), preload: str(library), **variables}
