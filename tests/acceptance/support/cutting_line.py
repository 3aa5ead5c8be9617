"""A TCP line to a server that breaks after so many bytes."""

import itertools
import socket
import socketserver
import ssl
import threading


class CuttingLine:
    """Leads to `address` ("host:port"). After `up` bytes towards the server, or `down` bytes from
    it, counted over all connections, both ends of every connection are cut, and no new one is let
    through; None is no limit. `passed` counts what has gone each way. With `certificate`, the file
    and that of its key, the near half of the line speaks TLS. With `every_other`, one connection is
    closed at once, the next let through, and so on. With `once`, all is well after the cut."""

    def __init__(self, address, up=None, down=None, certificate=None, every_other=False,
                 once=False):
        self._limits, self._once = {"up": up, "down": down}, once
        self.passed = {"up": 0, "down": 0}
        self.is_cut = False
        self._lock, self._open = threading.Lock(), set()
        host, port = address.split(":")
        outer, connections = self, itertools.count()
        tls = None
        if certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*certificate)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                if outer.is_cut or (every_other and next(connections) % 2 == 0):
                    return
                if tls:
                    try:
                        self.request = tls.wrap_socket(self.request, server_side=True)
                    except OSError:
                        return
                with socket.create_connection((host, int(port))) as far:
                    ends = {self.request, far}
                    with outer._lock:
                        outer._open |= ends
                    back = threading.Thread(target=outer._copy, args=(far, self.request, "down"))
                    back.start()
                    outer._copy(self.request, far, "up")
                    back.join()
                    with outer._lock:
                        outer._open -= ends

            def finish(self):
                self.request.close()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def mend(self):
        """From now on everything passes."""
        self._limits = {"up": None, "down": None}
        self.is_cut = False

    def _copy(self, source, sink, way):
        try:
            while data := source.recv(65536):
                with self._lock:
                    limit = self._limits[way]
                    room = len(data) if limit is None else limit - self.passed[way]
                    self.passed[way] += min(len(data), room)
                    self.is_cut |= room < len(data)
                sink.sendall(data[:room])
                if self.is_cut:
                    self._cut()
                    if self._once:
                        self.mend()
                    return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _cut(self):
        with self._lock:
            for end in self._open:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self._server.shutdown()
        self._server.server_close()
