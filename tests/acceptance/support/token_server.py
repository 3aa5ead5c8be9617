"""Hands out the tokens most public registries want (distribution spec, token authentication)."""

import base64
import json
import time
import urllib.parse

from .http_server import HttpServer, Reply
from .workspace import run

SERVICE, ISSUER = "images", "token-server"


class TokenServer(HttpServer):
    """Grants pulls to everybody, and everything to whoever knows the password."""

    def __init__(self, authority, user, password):
        self.certificate, self._key = authority.issue()
        self.root = authority.file
        login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

        def answer(request):
            shown = request.headers.get("Authorization")
            if shown not in (None, login):
                return Reply(401, body=b"wrong password")
            allowed = {"pull"} if shown is None else {"pull", "push", "delete"}
            body = json.dumps({"token": self._token(_scopes(request), allowed)})
            return Reply(200, {"Content-Type": "application/json"}, body.encode())

        super().__init__(answer)
        self.realm = f"{self.url}/token"

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


def _scopes(request):
    return urllib.parse.parse_qs(request.target.partition("?")[2]).get("scope", [])


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
