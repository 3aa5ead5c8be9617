"""A registry whose large blobs stop coming halfway, to catch a program in the middle of a get."""

import threading

from .http_server import HttpServer, forward

LARGE = 100_000


class _Stall(threading.Event):
    """Waiting for it is told."""

    def __init__(self, begun):
        super().__init__()
        self._begun = begun

    def wait(self, timeout=None):
        self._begun.set()
        return super().wait(timeout)


class StallingRegistry(HttpServer):
    """Forwards to a registry; `stalled` is set once a large blob has been cut short."""

    def __init__(self, registry):
        self.stalled = threading.Event()
        self._release = _Stall(self.stalled)

        def answer(request):
            reply = forward(request, registry.host)
            return reply if len(reply.body) < LARGE else reply.cut(LARGE // 2, self._release)

        super().__init__(answer)

    def close(self):
        self._release.set()
        super().close()
