#!/usr/bin/python3
"""The main job on real servers, told step by step. Run it through ./demo."""

import json
import os
import re
import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/acceptance"))

from support import git_http, images, programs  # noqa: E402
from support.git_repo import Repository, run_inside, stock_clone  # noqa: E402
from support.registry import Registry  # noqa: E402
from support.workspace import Workspace  # noqa: E402

BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")


def step(title, text):
    print(f"\n{BOLD}== {title}{PLAIN}")
    print(textwrap.fill(text, 96) + "\n", flush=True)


def show(name, value):
    text = value if isinstance(value, str) else _readable(value)
    lines = text.rstrip().splitlines() or ["(nothing)"]
    print("\n".join(f"{name if number == 0 else '':>8} | {line}"
                    for number, line in enumerate(lines)), flush=True)


def _readable(value):
    """Indented JSON with each name/value pair on one line."""
    text = json.dumps(value, indent=2)
    return re.sub(r'\{\s+("name": .*),\s+("value": .*)\s+\}', r"{\1, \2}", text)


def call(name, request, directory=None, known=False):
    """Runs one of the programs as Concourse does and shows what goes in and comes out."""
    print(f"$ /opt/resource/{name}{f' {directory}' if directory else ''}")
    show("stdin", "(the same as before)" if known else request)
    outcome = programs.invoke(name, request, directory)
    show("stderr", outcome.log if sys.stdout.isatty() else _without_colour(outcome.log))
    if outcome.code != 0:
        sys.exit(f"{name} failed with exit status {outcome.code}")
    show("stdout", "(the same as before)" if known else outcome.answer)
    return outcome.answer


def _without_colour(text):
    return "".join(part[part.index("m") + 1:] if number else part
                   for number, part in enumerate(text.split("\033[")))


def list_files(directory, depth=2):
    for path in sorted(directory.rglob("*")):
        parts = path.relative_to(directory).parts
        if len(parts) <= depth and parts[0] != ".git":
            print(f"           {'/'.join(parts)}{'/' if path.is_dir() else ''}")


def main():
    work = Workspace()
    step("The connected side",
         "A registry on loopback holds a small image made of Debian's static busybox. A bare git "
         "repository, offered over HTTP with a password, stands for the git server that both "
         "sides of the gap can reach.")
    layout = images.Layout(work.fresh("layout"))
    layout.add("latest", images.busybox([images.Layer().file("etc/motd", "Carried by git.\n")]))
    registry = Registry(work)
    registry.push(layout, "demo/busybox", "latest")
    served = work.directory("served")
    repository = Repository(served / "busybox.git")
    git = git_http.GitHttp(work, served)
    source = {"repository": f"{registry.host}/demo/busybox", "tag": "latest",
              "git": git.source(repository)}
    print(f"registry: {source['repository']}\ngit:      {git.uri(repository)}")

    step("1. check: is there a new version?",
         "Concourse sends the source on stdin and reads a list of versions from stdout.")
    version = call("check", {"source": source})[-1]

    step("2. get: pull the image",
         "The image becomes files: rootfs/ and beside it what Concourse wants to know about it.")
    inputs = work.directory("inputs")
    (inputs / "image").mkdir()
    call("in", {"source": source, "version": version}, inputs / "image")
    list_files(inputs / "image")

    step("3. put: publish the image to git",
         "The same directory goes to a branch of the repository as one commit.")
    request = {"source": source, "params": {"image": "image"}}
    call("out", request, inputs)
    print(repository.git("log", "--format=           commit %h  %s", "main"))

    step("4. put again", "The same image makes no second commit, so pipelines do not go round.")
    call("out", request, inputs, known=True)

    step("The disconnected side",
         "Here is no registry. The stock git resource clones the branch, with these commands:")
    clone = work.fresh("clone")
    print(f"$ git clone --single-branch --depth 1 --branch main {git.uri(repository)} image\n"
          "$ git checkout -q -f origin/main\n$ git clean --force --force -d\n")
    stock_clone(git.clone_uri(repository), clone, depth=1)
    list_files(clone)

    step("5. run: a task with `image: image`",
         "A command runs with the clone's rootfs as its root.")
    if os.getuid() == 0:
        print("$ chroot image/rootfs /bin/sh -c 'cat /etc/motd; id; ls /bin'")
        show("stdout", run_inside(clone / "rootfs", "/bin/sh", "-c", "cat /etc/motd; id; ls /bin"))
    else:
        print("Left out: only root may change the root directory.")

    print(f"\n{BOLD}It works.{PLAIN} README.md and examples/ show the same as pipelines.")


if __name__ == "__main__":
    main()
