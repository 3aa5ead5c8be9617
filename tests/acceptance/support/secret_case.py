"""What tests of secrets share: the secrets, servers that quote them, and a search everywhere."""

import base64
import itertools
import json
import os
import threading
import unittest
import urllib.parse

from . import fast_clock, images, programs, searched, tls
from .http_server import HttpServer, Reply
from .put_case import PutCase

# With characters that each encoding writes in a way of its own.
PASSWORD = 'pa/ss+w&rd  "of<the>\tregistry" %41?é'
SECRETS = {
    "password": PASSWORD,
    "bearer": "bearer-token.0123456789-handed-out",
    "identity": "identity+token/9876543210==",
    "signature": "c2lnbmF0dXJl/0123+456789abcdef==",
    "proxy": "proxy-pass-0123456789",
    "aws": "aws/secret+key/0123456789",
    "session": "aws-session-token/0123456789+",
    "ecr": "password-from-amazon-0123456789",
    "git": 'git/pass+w&rd "0123456789"',
    "passphrase": "passphrase of a key 0123456789",
    "federated": "federated-token-0123456789",
}


def quoting(request):
    """What a talkative server knows about a request, decoded as far as it goes."""
    shown = request.headers.get("Authorization") or ""
    said = [shown, request.target, urllib.parse.unquote(request.target),
            request.body.decode(errors="replace"),
            urllib.parse.unquote_plus(request.body.decode(errors="replace"))]
    if shown.startswith("Basic "):
        said.append(base64.b64decode(shown[6:]).decode(errors="replace"))
    said += [value for name, value in request.headers.items() if "token" in name.lower()]
    return said


# Of all servers together: each of them is asked too seldom to say everything.
_turns = itertools.count()


def echo(status, form="json"):
    """An error that says all of it, one piece at a time so that none is cut off."""
    def answer(request):
        said = [one for one in quoting(request) if one]
        text = said[next(_turns) % len(said)]
        if form == "json":
            body = json.dumps({"errors": [{"code": "DENIED", "message": text}]})
        else:
            body = text if form == "text" else f"<html><title>{text}</title></html>"
        kind = {"json": "application/json", "text": "text/plain", "html": "text/html"}[form]
        return Reply(status, {"Content-Type": kind, "Warning": f'299 - "{text}"'}, body.encode())
    return answer


class SecretCase(PutCase):
    @classmethod
    def prepare(cls):
        cls.publish_images(box=images.busybox())
        cls.authority = tls.Authority(cls.work)
        try:
            cls.env = fast_clock.environment(cls.work)
        except unittest.SkipTest:
            cls.env = programs.environment()

    def server(self, answer, **options):
        server = HttpServer(answer, **options)
        self.addCleanup(server.close)
        return server

    def run_and_search(self, name, request, directory=None, env=None, more=(), secrets=None,
                       watched=False):
        """Runs a program with debug on and looks for secrets in everything but its answer;
        `watched`, also in what others see of its processes."""
        temporary = self.work.directory("tmp")
        request = json.loads(json.dumps(request))
        request["source"]["debug"] = True
        environment = dict(env or self.env, TMPDIR=str(temporary))
        running = programs.start(name, request, directory, environment)
        places, watching = set(), threading.Event()
        watcher = threading.Thread(target=self.watch, args=(running.pid, places, watching))
        if watched:
            watcher.start()
        outcome = programs.finish(running)
        watching.set()
        if watched:
            watcher.join()
        places |= set(searched.below(temporary)) | {outcome.log.encode()}
        if directory and name == "in":
            places |= set(searched.below(directory))
        for repository in more:
            places.add(repository.git("cat-file", "--batch", "--batch-all-objects", "--buffer",
                                      ).encode(errors="surrogateescape"))
            places.add(repository.git("for-each-ref").encode())
        if outcome.code != 0:
            places.add(outcome.stdout)
            self.assertNotIn("internal error", outcome.log)
        self.assertEqual([], list(searched.find(secrets or SECRETS, places)), outcome.log)
        return outcome

    @staticmethod
    def watch(pid, places, end):
        """What other users see of the program and what it starts."""
        while not end.wait(0.01):
            for process in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
                        parent = int(file.read().rpartition(")")[2].split()[1])
                    if pid not in (int(process), parent):
                        continue
                    for file in ["cmdline"] + (["environ"] if pid == parent else []):
                        with open(f"/proc/{process}/{file}", "rb") as text:
                            places.add(text.read())
                except OSError:
                    pass
