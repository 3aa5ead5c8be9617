"""A registry whose large blobs stop coming halfway, to catch a program in the middle of a get."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LARGE = 100_000


class StallingRegistry:
    """Forwards to a registry; `stalled` is set once a large blob has been cut short."""

    def __init__(self, registry):
        self.stalled, self._release = threading.Event(), threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                upstream = http.client.HTTPConnection(registry.host)
                upstream.request(self.command, self.path, headers=dict(self.headers))
                reply = upstream.getresponse()
                body = reply.read()
                upstream.close()
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    self.send_header(name, value)
                self.end_headers()
                if len(body) < LARGE:
                    self.wfile.write(body)
                    return
                self.wfile.write(body[:LARGE // 2])
                self.wfile.flush()
                outer.stalled.set()
                outer._release.wait(60)
                self.close_connection = True

            do_GET = do_HEAD = answer

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._release.set()
        self._server.shutdown()
        self._server.server_close()
