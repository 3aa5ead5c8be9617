"""Runs a program and tells how long it took and what it used.

Linux counts what the parent holds while it starts a child as the child's memory. So the program is
started by an interpreter that holds little: this file, run as a script.
"""

import os
import sys
import time


def _run(result, stdin, words):
    actions = [(os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
               (os.POSIX_SPAWN_OPEN, 2, result + ".log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                0o600)]
    start = time.monotonic()
    child = os.posix_spawnp(words[0], words, os.environ, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - start
    with open(result, "w") as out:
        out.write(f"{status} {wall} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024}")


if __name__ == "__main__":
    _run(sys.argv[1], sys.argv[2], sys.argv[3:])
    sys.exit()

import collections  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402

Run = collections.namedtuple("Run", "wall cpu memory wire")


def _loopback():
    """Bytes that went over the loopback interface so far."""
    with open("/proc/net/dev") as lines:
        return next(int(line.split()[1]) for line in lines if line.split()[0] == "lo:")


def measure(command, stdin=os.devnull, cwd=None, env=None):
    """Seconds, seconds of CPU, MB of the largest process, and MB over loopback meanwhile.
    RuntimeError with what it said when the program fails."""
    before = _loopback()
    with tempfile.TemporaryDirectory() as home:
        result = os.path.join(home, "result")
        subprocess.run([sys.executable, "-I", "-S", __file__, result, str(stdin),
                        *map(str, command)], check=True, cwd=cwd, env={**os.environ, **(env or {})})
        with open(result) as file:
            status, *figures = file.read().split()
        if status != "0":
            with open(result + ".log", errors="replace") as log:
                raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{log.read()[-2000:]}")
    return Run(*map(float, figures), (_loopback() - before) / 1e6)
