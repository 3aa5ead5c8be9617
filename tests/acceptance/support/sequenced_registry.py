"""A registry that knows which requests come, in which order, and notes any other."""

import hashlib
import json
import threading
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import images

Config = namedtuple("Config", "path data")


class SequencedRegistry:
    """Answers `expect`ed GET requests; its answers carry no header a client could lean on."""

    def __init__(self, name):
        self._name, self._expected, self._problems = name, [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, body = outer._answer(f"{self.command} {self.path}")
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_HEAD = do_POST = do_GET

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.repository = f"127.0.0.1:{self._server.server_address[1]}/{name}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

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
        if not self._expected or self._expected[0][0] != request:
            self._problems.append(request)
            return 404, b""
        return self._expected.pop(0)[1]

    def problems(self):
        """Requests that were not expected, and expected ones that did not come."""
        return self._problems + [f"missing: {request}" for request, _ in self._expected]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
