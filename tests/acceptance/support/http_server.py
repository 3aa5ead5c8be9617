"""An HTTP server on loopback of which every answer is decided by a function."""

import http.client
import sys
import threading
import urllib.parse
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Only a program that never comes makes a server wait so long.
PATIENCE = 60
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "expect"}


@dataclass
class Request:
    method: str
    target: str
    headers: object
    body: bytes = b""

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        """The first value of each parameter."""
        found = urllib.parse.parse_qs(self.target.partition("?")[2], keep_blank_values=True)
        return {name: values[0] for name, values in found.items()}


@dataclass
class Reply:
    """What goes back: as it is, or less of it than its length says.

    Of the body, `sent` bytes are sent (all of them when None); then `hold`, an event, is waited for
    if there is one, and the line is cut. `raw` is sent instead of everything.
    """

    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    sent: int = None
    hold: threading.Event = None
    raw: bytes = None

    def with_headers(self, **fields):
        """The same with other fields: "_" stands for "-", None takes a field away."""
        changed = {name.replace("_", "-").lower(): value for name, value in fields.items()}
        kept = {name: value for name, value in self.headers.items() if name.lower() not in changed}
        kept |= {name: value for name, value in changed.items() if value is not None}
        return replace(self, headers=kept)

    def cut(self, after, hold=None):
        return self if after >= len(self.body) else replace(self, sent=after, hold=hold)


class _Quiet(ThreadingHTTPServer):
    """A program that hangs up is what tests are about."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class HttpServer:
    """Answers each request with what `answer` makes of it; `requests` are those so far.

    `tls` is the certificate and key of an authority.
    """

    def __init__(self, answer, tls=None):
        self.requests = []
        outer, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def respond(self):
                request = Request(self.command, self.path, self.headers, self._body())
                with lock:
                    outer.requests.append(request)
                try:
                    self._send(answer(request))
                except OSError:
                    self.close_connection = True

            def _body(self):
                if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b""
                while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def _send(self, reply):
                if reply.raw is not None:
                    self.wfile.write(reply.raw)
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if "content-length" not in map(str.lower, reply.headers):
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body[:reply.sent])
                if reply.sent is not None or reply.hold:
                    self.wfile.flush()
                    if reply.hold:
                        reply.hold.wait(PATIENCE)
                    self.close_connection = True

            do_GET = do_HEAD = do_POST = do_PUT = respond

            def log_message(self, *_):
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        if tls:
            import ssl
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_ciphers("DEFAULT:@SECLEVEL=0")  # A server may be weak.
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def forward(request, host):
    """What the server behind answers to the same request."""
    upstream = http.client.HTTPConnection(host, timeout=PATIENCE)
    kept = {name: value for name, value in request.headers.items()
            if name.lower() not in HOP_BY_HOP}
    upstream.request(request.method, request.target, request.body or None, kept)
    found = upstream.getresponse()
    reply = Reply(found.status, {name: value for name, value in found.getheaders()
                                 if name.lower() not in HOP_BY_HOP}, found.read())
    upstream.close()
    return reply
