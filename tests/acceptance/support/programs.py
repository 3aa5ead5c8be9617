"""Runs check, in and out as Concourse does and holds what they answered."""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

from .workspace import SYSTEM_PATH, run, tool

LIMIT_SECONDS = 60


def program(name):
    """The path of check, in or out; RESOURCE_PROGRAMS names their directory."""
    root = Path(__file__).resolve().parents[3]
    path = Path(os.environ.get("RESOURCE_PROGRAMS", root / "build/release")) / name
    if not path.is_file():
        raise RuntimeError(f"{path} is not built; ./test builds it")
    return path


def environment():
    """What a container gives: a path, a home, and whatever a sanitizer build needs."""
    kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    return {"PATH": SYSTEM_PATH, "HOME": "/root", **kept}


def in_image():
    """Whether the programs run inside an image, with nothing beside them: no git, above all, that
    would run the hooks of local repositories."""
    return "RESOURCE_IMAGE" in os.environ


class Outcome:
    """Exit status and output of one run; `answer` is the JSON value on standard output."""

    def __init__(self, code, stdout, stderr):
        self.code, self.stdout = code, stdout
        self.log = stderr.decode()  # Concourse holds back a log that is not UTF-8.
        self.answer = json.loads(stdout) if code == 0 else None

    def __str__(self):
        return f"exit status {self.code}\nstdout: {self.stdout!r}\nstderr:\n{self.log}"


def may_mount():
    return run("unshare", "--mount", "true", check=False).returncode == 0


def start(name, request, directory=None, env=None, root=None, within=()):
    """Starts a program and hands it its request; use `finish` to wait for it. With `root`, that
    directory is the program's root, as `own_image.fill` made it, and its environment is empty.
    `within` is a command that runs it."""
    words = [*within, str(program(name))]
    if root:
        inside = f"{tool('chroot')} {root} /opt/resource/{name}"
        mounted = f'mount -t proc proc {root}/proc && exec env -i {inside} "$@"'
        words = [tool("unshare"), "--mount", "/bin/sh", "-c", mounted, name]
    words += [str(directory)] if directory else []
    running = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, cwd="/",
                               env=environment() if env is None else env)
    send(running, request)
    return running


def send(running, request):
    """Hands a program its request, JSON or bytes, and ends its input."""
    text = request if isinstance(request, bytes) else json.dumps(request).encode()
    with contextlib.suppress(BrokenPipeError), running.stdin as stdin:  # It may be over already.
        stdin.write(text)
    running.stdin = None


def finish(running, seconds=LIMIT_SECONDS):
    try:
        stdout, stderr = running.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        running.send_signal(signal.SIGKILL)
        stdout, stderr = running.communicate()
        raise AssertionError(f"still running after {seconds} s; so far it said:\n"
                             + stderr.decode(errors="replace")) from None
    return Outcome(running.returncode, stdout, stderr)


def invoke(name, request, directory=None, env=None, root=None):
    return finish(start(name, request, directory, env, root))


def check(source, version=None):
    return invoke("check", {"source": source, **({"version": version} if version else {})})


def get(source, version, destination, **params):
    return invoke("in", {"source": source, "version": version,
                         **({"params": params} if params else {})}, destination)


def put(source, inputs, **params):
    return invoke("out", {"source": source, "params": params}, inputs)
