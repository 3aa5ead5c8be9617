"""A private directory and the servers that live in it; both are gone when the program ends."""

import atexit
import ctypes
import itertools
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

PR_SET_PDEATHSIG = 1
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The servers asked here are on loopback, whatever proxy a machine needs. Programs do not get to see it.
os.environ["no_proxy"] = "*"


def tool(name):
    """The absolute path of a program; a missing one is a failure, never a skipped test."""
    path = shutil.which(name, path=SYSTEM_PATH)
    if not path:
        raise RuntimeError(f"{name} is not installed; scripts/install-packages installs it")
    return path


def run(*command, check=True, **options):
    """Runs a helper program to its end; an unexpected failure shows all that it said."""
    words = [str(word) for word in command]
    words[0] = words[0] if "/" in words[0] else tool(words[0])
    options.setdefault("stdin", subprocess.DEVNULL if "input" not in options else None)
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    if check and done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise RuntimeError(f"{' '.join(words)} exited with {done.returncode}:\n{said}")
    return done


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Workspace:
    """A temporary directory whose servers are stopped and whose files are removed at exit."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="rootfs-git-"))
        self._servers, self._ports = [], []
        self._names = itertools.count(1)
        self._owner = os.getpid()
        atexit.register(self.close)
        # unittest takes every exception but this one for a failed test and goes on.
        signal.signal(signal.SIGTERM, signal.default_int_handler)

    def fresh(self, name):
        """A path below the workspace that nothing uses yet."""
        return self.path / f"{next(self._names):03d}-{name}"

    def directory(self, name):
        path = self.fresh(name)
        path.mkdir()
        return path

    def free_port(self):
        """A port of loopback for a server. It stays bound here, so that nobody else gets it before
        the server has it; servers say SO_REUSEADDR and may bind it all the same."""
        held = socket.socket()
        self._ports.append(held)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]

    def start(self, command, log, ready, env=None):
        """Starts a server in its own process group and waits until `ready()` says yes."""
        with open(log, "ab") as sink:
            server = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                      stdout=sink, stderr=sink, start_new_session=True,
                                      preexec_fn=_die_with_parent,
                                      env=env or {"PATH": SYSTEM_PATH})
        self._servers.append(server)
        deadline = time.monotonic() + 30
        while not ready():
            if server.poll() is not None or time.monotonic() > deadline:
                said = Path(log).read_text(errors="replace")
                raise RuntimeError(f"{command[0]} did not start:\n{said}")
            time.sleep(0.02)
        return server

    def close(self):
        if os.getpid() != self._owner:
            return
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for server in reversed(self._servers):
            _stop(server)
        self._servers.clear()
        for held in self._ports:
            held.close()
        shutil.rmtree(self.path, ignore_errors=True)


def _stop(server):
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, kind)
        except ProcessLookupError:
            pass
        try:
            server.wait(timeout=3)
        except subprocess.TimeoutExpired:
            continue


def listens(port):
    """True once something accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def log_up_to_now(address, path):
    """What a server wrote to its log of all it was asked so far.

    A server writes of a request once its answer is on the way, so whoever has the answer can be
    earlier at the log: a request made here, whose line is waited for and left out, settles it.
    """
    mark = f"/settle-the-log-{time.monotonic_ns()}"
    try:
        urllib.request.urlopen(address + mark, timeout=30,
                               context=ssl._create_unverified_context()).close()
    except urllib.error.HTTPError:
        pass  # Any answer will do.
    deadline = time.monotonic() + 30
    while mark not in (log := Path(path).read_text(errors="replace")):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{address} answers and writes nothing of it to {path}")
        time.sleep(0.01)
    return "\n".join(line for line in log.splitlines() if "/settle-the-log-" not in line)
