"""The post-checkout hook, how a consumer asks for it, and what it has to bring back."""

from pathlib import Path

from . import trees
from .git_repo import git_config

HOOK = Path(__file__).resolve().parents[3] / "assets/post-checkout"


def hooked(path=".rootfs/hooks", **more):
    """The environment of a consumer that sets core.hooksPath, as the git resource does for all."""
    return {**git_config({"core.hooksPath": path}), **more}


def image_listing(root):
    """What can be there after a get: all but devices."""
    return {path: entry for path, entry in trees.listing(root, exact=True).items()
            if entry["kind"] != "device"}
