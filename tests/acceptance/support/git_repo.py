"""Bare repositories as a server keeps them, and clones as Concourse's git resource makes them."""

import re
import subprocess
from pathlib import Path

from .workspace import SYSTEM_PATH, run

ENVIRONMENT = {
    "PATH": SYSTEM_PATH, "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0", "GIT_AUTHOR_NAME": "A Person", "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A Person", "GIT_COMMITTER_EMAIL": "a@example.com",
}


class Repository:
    """A bare repository that checks every object it is sent."""

    def __init__(self, path, filters=True, object_format="sha1"):
        self.path = Path(path)
        run("git", "init", "-q", "--bare", f"--object-format={object_format}", "-b", "main",
            self.path, env=ENVIRONMENT)
        settings = {
            "receive.fsckObjects": "true",
            "http.receivepack": "true",
            "uploadpack.allowFilter": "true" if filters else "false",
            # Keeps each push as the pack it came in, so that its size can be read off.
            "receive.unpackLimit": "1",
            "gc.auto": "0",
        }
        for name, value in settings.items():
            self.git("config", name, value)

    @property
    def file_uri(self):
        return f"file://{self.path}"

    def git(self, *words, check=True, **options):
        """Standard output of a git command in the repository."""
        options.setdefault("env", ENVIRONMENT)
        done = run("git", "-c", "safe.directory=*", "-C", self.path, *words, check=check,
                   **options)
        return done.stdout.decode(errors="surrogateescape").strip()

    def tip(self, branch="main"):
        """The commit of a branch; None when there is no such branch."""
        return self.git("rev-parse", "-q", "--verify", f"refs/heads/{branch}", check=False) or None

    def tree(self, revision):
        return self.git("rev-parse", f"{revision}^{{tree}}")

    def history(self, branch="main"):
        return self.git("rev-list", branch).splitlines()

    def paths(self, revision="main"):
        listed = self.git("ls-tree", "-r", "-z", "--name-only", revision)
        return [path for path in listed.split("\0") if path]

    def show(self, path, revision="main"):
        return run("git", "-c", "safe.directory=*", "-C", self.path, "cat-file", "blob",
                   f"{revision}:{path}", env=ENVIRONMENT).stdout

    def message(self, revision="main"):
        return self.git("log", "-1", "--format=%B", revision)

    def fsck(self):
        """Complaints of the strictest check git has; empty when all is well."""
        done = run("git", "-c", "safe.directory=*", "-C", self.path, "fsck", "--strict", "--full",
                   "--no-dangling", check=False, env=ENVIRONMENT)
        said = (done.stdout + done.stderr).decode(errors="replace")
        lines = [line for line in said.splitlines() if not line.startswith(("notice:", "Checking"))]
        return lines if lines or done.returncode == 0 else [f"exit status {done.returncode}"]

    def pack_bytes(self):
        """Bytes of all packs: what has been sent to the repository so far."""
        return sum(pack.stat().st_size for pack in (self.path / "objects/pack").glob("*.pack"))

    def object_count(self):
        counts = dict(re.findall(r"(\S+): (\d+)", self.git("count-objects", "-v")))
        return int(counts["count"]) + int(counts["in-pack"])

    def hook(self, name, script):
        path = self.path / "hooks" / name
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)

    def commit_by_hand(self, workspace, files, branch="main"):
        """Commits files the way a person does, below whatever the branch has; gives the commit."""
        work = workspace.fresh("by-hand")
        if self.tip(branch):
            run("git", "clone", "-q", "-b", branch, self.path, work, env=ENVIRONMENT)
        else:
            run("git", "init", "-q", "-b", branch, work, env=ENVIRONMENT)
        for name, text in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_text(text)
        for words in (["add", "."], ["commit", "-q", "-m", "By hand"],
                      ["push", "-q", self.path, f"HEAD:refs/heads/{branch}"]):
            run("git", "-C", work, *words, env=ENVIRONMENT)
        return self.tip(branch)


def git_config(settings):
    """The environment in which git has these settings everywhere, as the resource's git_config."""
    environment = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": str(value)}
    return environment


def stock_clone(uri, destination, branch="main", ref=None, depth=None, options=(), env=None):
    """Clones in the words of Concourse's git resource: `in` with its umask."""
    environment = dict(ENVIRONMENT, **(env or {}))
    shallow = ["--depth", str(depth)] if depth else []
    settings = [word for option in options for word in ("-c", option)]
    old = dict(env=environment, preexec_fn=_umask)
    run("git", *settings, "clone", "--single-branch", *shallow, "--branch", branch, uri,
        destination, **old)
    run("git", "-C", destination, "checkout", "-q", "-f", ref or f"origin/{branch}", **old)
    run("git", "-C", destination, "clean", "--force", "--force", "-d", **old)
    return Path(destination)


def _umask():
    import os
    os.umask(0o022)


def run_inside(rootfs, *command):
    """Runs a command of the image with the rootfs as its root, as root; gives what it printed."""
    return subprocess.run(["chroot", str(rootfs), *command], check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, env={"PATH": "/bin:/usr/sbin:/sbin:/usr/bin"}
                          ).stdout.decode()
