"""A registry behind a line that breaks after so many bytes of each answer."""

import threading

from .http_server import HttpServer, forward


class CuttingRegistry(HttpServer):
    """Forwards to a registry; `sent` counts the bytes of blobs, `cuts` the broken answers."""

    def __init__(self, registry, limit):
        self.sent, self.cuts = 0, 0
        self._lock = threading.Lock()

        def answer(request):
            reply = forward(request, registry.host).cut(limit)
            with self._lock:
                self.cuts += reply.sent is not None
                self.sent += len(reply.body[:reply.sent]) if "/blobs/" in request.path else 0
            return reply

        super().__init__(answer)
