"""Stock git with git-lfs, as a machine has it on which somebody ran `git lfs install`."""

from .git_repo import ENVIRONMENT, git_config
from .workspace import run, tool

SETTINGS = {"filter.lfs.clean": "git-lfs clean -- %f", "filter.lfs.smudge": "git-lfs smudge -- %f",
            "filter.lfs.process": "git-lfs filter-process", "filter.lfs.required": "true",
            "lfs.concurrenttransfers": "2"}


def environment(**more):
    """For stock_clone and the like; git-lfs must be there, or files would stay pointers."""
    tool("git-lfs")
    return git_config({**SETTINGS, **more})


def git(clone, *words, **more):
    return run("git", "-C", clone, *words, env={**ENVIRONMENT, **environment(**more)}).stdout
