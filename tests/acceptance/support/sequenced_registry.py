"""A registry that knows which requests come, in which order, and notes any other."""

import hashlib
import json
from collections import namedtuple

from . import images
from .http_server import HttpServer, Reply

Config = namedtuple("Config", "path data")


class SequencedRegistry(HttpServer):
    """Answers `expect`ed GET requests; its answers carry no header a client could lean on."""

    def __init__(self, name):
        self._name, self._expected, self._problems = name, [], []
        super().__init__(self._answer)
        self.repository = f"{self.host}/{name}"

    def manifest(self, config, layers):
        """Digest and bytes of a manifest, and its configuration."""
        digest = "sha256:" + hashlib.sha256(config).hexdigest()
        described = {"mediaType": images.CONFIG_TYPE, "size": len(config), "digest": digest}
        data = json.dumps({"schemaVersion": 2, "mediaType": images.MANIFEST_TYPE,
                           "config": described, "layers": layers}).encode()
        return ("sha256:" + hashlib.sha256(data).hexdigest(), data,
                Config(f"/v2/{self._name}/blobs/{digest}", config))

    def expect(self, path, answer):
        self._expected.append((f"GET {path}", answer))

    def _answer(self, request):
        wanted = f"{request.method} {request.target}"
        status, body = 404, b""
        if self._expected and self._expected[0][0] == wanted:
            status, body = self._expected.pop(0)[1]
        else:
            self._problems.append(wanted)
        return Reply(status, {"Content-Type": "text/plain; charset=utf-8"}, body)

    def problems(self):
        """Requests that were not expected, and expected ones that did not come."""
        return self._problems + [f"missing: {request}" for request, _ in self._expected]
