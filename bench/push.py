#!/usr/bin/python3
"""Compares put with `git add; git commit; git push`, and get with `git clone`, in one run.

    RESOURCE_PROGRAMS=build/release bench/push.py [DIRECTORY...]

The directories (default: /usr/bin, /usr/include and /usr/share) are copied to make the image, so any
tree can be tried. The server is nginx with `git http-backend`; every run starts with the tree in the
page cache. Wall time is in seconds, memory is the peak of the client's largest process.
"""

import json
import os
import random
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "acceptance"))

from measure import measure  # noqa: E402
from support import git_http  # noqa: E402
from support.workspace import Workspace, run  # noqa: E402

CHANGED = 0.01
SETTINGS = {"http.receivepack": "true", "gc.auto": "0", "receive.autogc": "false",
            "uploadpack.allowFilter": "true"}
IDENTITY = {f"GIT_{role}_{key}": "bench@localhost" for role in ("AUTHOR", "COMMITTER")
            for key in ("NAME", "EMAIL")}


def bare(path):
    run("git", "init", "-q", "--bare", "-b", "main", path)
    for key, value in SETTINGS.items():
        run("git", "-C", path, "config", key, value)
    return path


def make_image(path, directories):
    (path / "rootfs").mkdir(parents=True)
    for number, directory in enumerate(directories):
        shutil.copytree(directory, path / "rootfs" / f"{number}-{Path(directory).name}",
                        symlinks=True, ignore_dangling_symlinks=True)
    (path / "metadata.json").write_text('{"env": null, "user": ""}\n')


def files_of(tree):
    return sorted(Path(folder, name) for folder, _, names in os.walk(tree) for name in names
                  if not Path(folder, name).is_symlink())


def change(tree):
    """Appends to one file in a hundred; the same ones in every copy of the tree."""
    files = files_of(tree)
    for path in random.Random(1).sample(files, max(1, int(len(files) * CHANGED))):
        with open(path, "ab") as out:
            out.write(b"changed\n")


def warm(tree):
    run("sh", "-c", 'find "$0" -type f -exec cat {} + > /dev/null', tree)


def timed(command, stdin=os.devnull, cwd=None):
    run = measure(command, stdin, cwd, IDENTITY)
    return run.wall, run.memory


def ours(work, image, uri):
    request = work.fresh("request")
    request.write_text(json.dumps({"source": {"git": {"uri": uri}},
                                   "params": {"image": image.name}}))
    warm(image)
    program = Path(os.environ["RESOURCE_PROGRAMS"]).resolve() / "out"
    return timed([program, image.parent], request)


def ours_back(work, repository, uri):
    """A get of the newest commit."""
    commit = run("git", "-C", repository, "rev-parse", "main").stdout.decode().strip()
    request = work.fresh("request")
    request.write_text(json.dumps({"source": {"git": {"uri": uri}}, "version": {"ref": commit}}))
    program = Path(os.environ["RESOURCE_PROGRAMS"]).resolve() / "in"
    where = work.directory("back")
    try:
        return timed([program, where], request)
    finally:
        shutil.rmtree(where)


def script(text, cwd):
    return timed(["sh", "-ec", text], cwd=cwd)


def main():
    work = Workspace()
    repositories = work.directory("repositories")
    # Without buffering, the server unpacks while the client still sends.
    git_http.SETTINGS = git_http.SETTINGS.replace(
        "fastcgi_pass", "fastcgi_request_buffering off;\n      fastcgi_pass")
    server = git_http.GitHttp(work, repositories, open_to_all=True)
    image = work.path / "image"
    make_image(image, sys.argv[1:] or ["/usr/bin", "/usr/include", "/usr/share"])
    files = files_of(image)
    print(f"{len(files):,} files, {sum(path.stat().st_size for path in files) / 1e6:,.0f} MB")
    copy = work.path / "copy"
    shutil.copytree(image, copy, symlinks=True)

    own, rival = bare(repositories / "own"), bare(repositories / "rival")
    rows = {}
    rows["first put"] = [ours(work, image, f"{server.url}/own")]
    rows["the same again"] = [ours(work, image, f"{server.url}/own")]
    back = work.path / "back-by-git"
    rows["get it back"] = [ours_back(work, own, f"{server.url}/own"),
                           script(f"git clone -q --depth 1 {server.url}/own {back}", work.path)]
    shutil.rmtree(back)
    change(image)
    rows["1 % of the files changed"] = [ours(work, image, f"{server.url}/own")]
    run("git", "-C", own, "fsck", "--strict")

    warm(copy)
    rows["first put"].append(script(
        f"git init -q -b main; git add -A -f; git -c gc.auto=0 commit -qm 1; "
        f"git push -q {server.url}/rival main", copy))
    shutil.rmtree(copy)
    clone = work.path / "clone"
    fetched, _ = script(f"git clone -q --depth 1 {server.url}/rival {clone}", work.path)
    change(clone)
    pushed, memory = script("git add -A -f; git -c gc.auto=0 commit -qm 2; git push -q origin main",
                            clone)
    rows["1 % of the files changed"].append((fetched + pushed, memory))
    run("git", "-C", rival, "fsck", "--strict")

    print(f"{'':26}{'put or get':>18}{'git':>18}{'times faster':>14}")
    for name, values in rows.items():
        cells = "".join(f"{seconds:8.2f} s {memory:5.0f} MB" for seconds, memory in values)
        ratio = f"{values[1][0] / values[0][0]:14.1f}" if len(values) == 2 else ""
        print(f"{name:26}{cells}{ratio}")


if __name__ == "__main__":
    main()
