"""A registry that holds its blobs back until several of them have been asked for."""

import threading

from .http_server import HttpServer, forward

# Only a program that never sends the requests makes a test wait so long.
PATIENCE = 30
# In which a program that knows no bound would have sent more.
GRACE = 0.5


class WaitingRegistry(HttpServer):
    """Forwards to a registry. None of `blobs` is answered before `wanted` of them have been asked
    for; `most` is how many were waited for at the same time, `asked` each request's path."""

    def __init__(self, registry, blobs, wanted):
        self.most, self.asked = 0, []
        self._waiting, self._lock = 0, threading.Lock()
        self._together = threading.Barrier(wanted, timeout=PATIENCE)
        self._blobs, self._wanted = blobs, wanted

        def answer(request):
            reply = forward(request, registry.host)
            self._hold(request.path)
            return reply

        super().__init__(answer)

    def _hold(self, path):
        """Waits, for the first blobs, until there are enough. Who is counted is not answered yet,
        so that the program cannot have gone on to the next one."""
        with self._lock:
            self.asked.append(path)
            if path.rpartition("/")[2] not in self._blobs:
                return
            self._waiting += 1
            self.most = max(self.most, self._waiting)
            first = sum(one.rpartition("/")[2] in self._blobs for one in self.asked) <= self._wanted
        if first:
            try:
                self._together.wait()
                threading.Event().wait(GRACE)
            except threading.BrokenBarrierError:
                pass
        with self._lock:
            self._waiting -= 1
