"""Hands out the tokens most public registries want (distribution spec, token authentication)."""

import base64
import json
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .workspace import run

SERVICE, ISSUER = "images", "token-server"


class TokenServer:
    """Grants pulls to everybody, and everything to whoever knows the password."""

    def __init__(self, authority, user, password):
        self.certificate, self._key = authority.issue()
        self.root = authority.file
        login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
                shown = self.headers.get("Authorization")
                if shown not in (None, login):
                    self.send_error(401, "wrong password")
                    return
                allowed = {"pull"} if shown is None else {"pull", "push", "delete"}
                body = json.dumps({"token": outer._token(query.get("scope", []), allowed)})
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.realm = f"http://127.0.0.1:{self._server.server_address[1]}/token"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _token(self, scopes, allowed):
        access = []
        for kind, name, actions in (scope.split(":") for scope in scopes):
            access.append({"type": kind, "name": name,
                           "actions": sorted(allowed & set(actions.split(",")))})
        pem = self.certificate.read_text().split("-----")[2].replace("\n", "")
        now = int(time.time())
        parts = [{"typ": "JWT", "alg": "RS256", "x5c": [pem]},
                 {"iss": ISSUER, "sub": "", "aud": SERVICE, "iat": now, "nbf": now - 60,
                  "exp": now + 600, "jti": "1", "access": access}]
        text = ".".join(_encode(json.dumps(part).encode()) for part in parts)
        signed = run("openssl", "dgst", "-sha256", "-sign", self._key, input=text.encode()).stdout
        return f"{text}.{_encode(signed)}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
