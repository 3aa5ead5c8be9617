"""The image of this resource type, from the programs under test."""

import json
import os
import re
import shutil
from pathlib import Path

from .images import Image, Layer
from .programs import program
from .workspace import run

NAMES = ("check", "in", "out")
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


def fill(root):
    """Makes `root` a root directory with the programs, what they load, and nothing else.

    With RESOURCE_IMAGE, which names the root of an image that is there already, it is a copy of it.
    """
    root = Path(root)
    if "RESOURCE_IMAGE" in os.environ:
        shutil.copytree(os.environ["RESOURCE_IMAGE"], root, symlinks=True)
    else:
        _gather(root)
    (root / "proc").mkdir(exist_ok=True)
    return root


def _gather(root):
    (root / "opt/resource").mkdir(parents=True)
    for name in NAMES:
        # What a debugger wants is most of the file, and would have to go through git.
        run("strip", "-o", root / "opt/resource" / name, program(name))
    libraries = run("ldd", *(root / "opt/resource" / name for name in NAMES)).stdout.decode()
    for path in [*set(re.findall(r"(/\S+) \(0x", libraries)), f"/{CERTIFICATES}"]:
        (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, root / path[1:])
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)


def artifact(directory):
    """The image as a get leaves it in a directory."""
    fill(directory / "rootfs")
    (directory / "metadata.json").write_text(json.dumps({"env": [], "user": ""}))
    return directory


def image(directory):
    """The image for a registry; `directory` is where its files may be gathered."""
    root = fill(directory)
    layer = Layer(compression="none")
    for path in sorted(root.rglob("*")):
        name, mode = str(path.relative_to(root)), path.lstat().st_mode & 0o7777
        if path.is_symlink():
            layer.symlink(name, os.readlink(path))
        elif path.is_dir():
            layer.directory(name, mode=mode)
        else:
            layer.file(name, path.read_bytes(), mode=mode)
    return Image([layer])
