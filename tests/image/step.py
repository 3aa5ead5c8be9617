#!/usr/bin/python3
"""Runs one program of the image in a container of its own: step.py IMAGE SHARED RUNTIME PROGRAM [ARGUMENT]

IMAGE is a root directory as `run` prepared it; SHARED is seen inside under its own path. Nothing
outlives the container: whatever it needs is mounted in a mount namespace that ends with it.
"""

import ctypes
import json
import os
import sys
import uuid
from pathlib import Path

import concourse
import idmap

CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x00020000, 0x4000, 0x40000
STAGE = Path("/mnt")

_libc = ctypes.CDLL(None, use_errno=True)


def check(result, doing):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{doing}: {os.strerror(code)}")


def mount(source, target, kind, flags=0, data=""):
    check(_libc.mount(source.encode(), str(target).encode(), kind.encode(),
                      ctypes.c_ulong(flags), data.encode()), f"mount {target}")


def prepare(image):
    """A root for this container alone, above the image's files, as a worker's volumes are."""
    for name in ("root", "upper", "work", "shared", "bundle"):
        (STAGE / name).mkdir(mode=0o755)
    for name in ("upper", "work"):
        os.chown(STAGE / name, concourse.LAST_ID, concourse.LAST_ID)
    mount("overlay", STAGE / "root", "overlay", 0,
          f"lowerdir={image},upperdir={STAGE}/upper,workdir={STAGE}/work")
    (STAGE / "init").touch()


def main():
    image, shared, runtime, *arguments = sys.argv[1:]
    check(_libc.unshare(CLONE_NEWNS), "leave the mount namespace")
    mount("none", "/", "none", MS_REC | MS_PRIVATE)
    mount("stage", STAGE, "tmpfs", 0, "mode=755")
    prepare(image)
    idmap.bind(shared, STAGE / "shared", concourse.ID_MAP)
    environment = {name.removeprefix("INSIDE_"): value for name, value in os.environ.items()}
    environment["PATH"] = concourse.ROOT_PATH
    environment.pop("LC_CTYPE", None)  # Python sets it, a worker does not.
    specification = concourse.specification(STAGE / "root", runtime, arguments, environment,
                                            STAGE / "init", {STAGE / "shared": shared})
    (STAGE / "bundle/config.json").write_text(json.dumps(specification))
    os.umask(0o022)
    os.execvp("runc", ["runc", "--root", str(STAGE / "state"), "run", "--bundle",
                       str(STAGE / "bundle"), f"step-{uuid.uuid4().hex}"])


if __name__ == "__main__":
    main()
