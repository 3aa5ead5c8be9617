"""A registry that wants tokens and misbehaves at a chosen step."""

import json
import re
import threading

from .http_server import HttpServer, Reply, forward

STEPS = ("greeting", "token", "manifest", "config", "layer")


class FaultyRegistry(HttpServer):
    """Stands before an open registry and asks for bearer tokens, which it hands out itself.

    `fault` is called with each answer it is about to give at `step`, the request, and how often the
    step has been reached (from 1); what it returns is sent.
    """

    def __init__(self, registry, configs=(), step=None, fault=None):
        self._lock, self._counts = threading.Lock(), {}
        self._registry, self._configs = registry, set(configs)
        self._token = "token-1"
        self.step, self.fault = step, fault
        super().__init__(self._answer)

    def step_of(self, path):
        if path == "/v2/":
            return "greeting"
        if path == "/token":
            return "token"
        kind, name = re.search(r"/(manifests|blobs|tags)/([^/]*)$", path).groups()
        if kind == "blobs":
            return "config" if name in self._configs else "layer"
        return "manifest" if kind == "manifests" else "tags"

    def count(self, step):
        """How often a step was reached."""
        return self._counts.get(step, 0)

    def expire(self):
        """What was handed out so far is worth nothing from now on."""
        self._token += "x"

    def _answer(self, request):
        step = self.step_of(request.path)
        with self._lock:
            count = self._counts[step] = self._counts.get(step, 0) + 1
        reply = self._sound(request, step)
        if step == self.step and reply.status != 401:
            return self.fault(reply, request, count)
        return reply

    def _sound(self, request, step):
        if step == "token":
            return Reply(200, {"Content-Type": "application/json"},
                         json.dumps({"token": self._token, "expires_in": 600}).encode())
        if request.headers.get("Authorization") == f"Bearer {self._token}":
            return forward(request, self._registry.host)
        if step == "greeting" and self.step == "greeting":
            return self._challenge(200)
        return self._challenge(401)

    def _challenge(self, status):
        return Reply(status, {"WWW-Authenticate":
                              f'Bearer realm="{self.url}/token",service="faulty"'})
