"""A registry behind a line that breaks after so many bytes of each answer."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class CuttingRegistry:
    """Forwards to a registry; `sent` counts the bytes of blobs, `cuts` the broken answers."""

    def __init__(self, registry, limit):
        self.sent, self.cuts = 0, 0
        lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                upstream = http.client.HTTPConnection(registry.host)
                upstream.request(self.command, self.path, headers=dict(self.headers))
                reply = upstream.getresponse()
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    self.send_header(name, value)
                self.end_headers()
                body = reply.read(limit)
                self.wfile.write(body)
                self.close_connection = bool(reply.read(1))
                upstream.close()
                with lock:
                    outer.cuts += self.close_connection
                    outer.sent += len(body) if "/blobs/" in self.path else 0

            do_GET = do_HEAD = answer

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
