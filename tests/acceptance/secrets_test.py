#!/usr/bin/python3
"""No secret of a registry, or of a request, is in a byte the programs write, whatever goes wrong and
however it is quoted."""

import base64
import json
import unittest
import urllib.parse

from support import programs, searched
from support.http_server import Reply, forward
from support.secret_case import PASSWORD, SECRETS, SecretCase, echo


class Secrets(SecretCase):
    def image(self, server, **more):
        return {"repository": f"{server.host}/team/image", "tag": "box", **more}

    def each_step(self, source, env=None):
        """A check, a get and a put of the same source; how they ended."""
        repository = self.repository()
        with_git = dict(source, git={"uri": repository.file_uri})
        version = self.versions["box"]
        return [
            self.run_and_search("check", {"source": source}, env=env).code,
            self.run_and_search("in", {"source": source, "version": version},
                                self.work.directory("get"), env).code,
            self.run_and_search("out", {"source": with_git, "params": {}}, self.work.path, env,
                                [repository]).code]

    def registry_with_tokens(self, spoil=None, storage=None):
        """Wants a token, hands it out for a login, sends blobs elsewhere with a signature."""
        def answer(request):
            if spoil and spoil[0] in request.target:
                return spoil[1](request)
            if request.path == "/token":
                return Reply(200, {}, json.dumps({"token": SECRETS["bearer"]}).encode())
            if request.path.startswith("/store"):
                return forward_to(request, request.path[len("/store"):])
            if request.headers.get("Authorization") != "Bearer " + SECRETS["bearer"]:
                return Reply(401, {"WWW-Authenticate": f'Bearer realm="{server.url}/token"'})
            if "/blobs/" in request.path:
                signed = urllib.parse.quote(SECRETS["signature"], safe="")
                place = storage.url if storage else server.url + "/store"
                return Reply(307, {"Location":
                                   f"{place}{request.path}?X-Amz-Signature={signed}&a=b"})
            return forward(request, self.registry.host)

        def forward_to(request, target):
            request.target = target
            return forward(request, self.registry.host)

        server = self.server(answer)
        return server

    LOGINS = ({"username": "reader", "password": PASSWORD},
              {"username": "<token>", "password": SECRETS["identity"]})

    def test_an_image_that_is_pulled(self):
        for login in self.LOGINS:
            self.assertEqual(self.each_step(self.image(self.registry_with_tokens(), **login)),
                             [0, 0, 0])

    def test_a_registry_that_quotes_what_it_is_asked(self):
        for place in ("/token", "/manifests/", "/blobs/", "/store"):
            for status, form in ((401, "json"), (403, "text"), (404, "html"), (400, "json")):
                for login in self.LOGINS[:1 if place != "/token" else 2]:
                    with self.subTest(place=place, status=status, login=login["username"]):
                        server = self.registry_with_tokens((place, echo(status, form)))
                        codes = self.each_step(self.image(server, **login))
                        self.assertNotEqual(codes[1:], [0, 0])

    def test_a_store_that_fails(self):
        for name, answer in (
                ("circle", lambda request: Reply(307, {"Location": request.target})),
                ("elsewhere", lambda request: Reply(307, {"Location":
                                                         "ftp://u:p@" + request.target})),
                ("garbage", lambda request: Reply(raw=request.target.encode() + b"\r\n")),
                ("refused", echo(403))):
            with self.subTest(name):
                server = self.registry_with_tokens(storage=self.server(answer))
                codes = self.each_step(self.image(server, **self.LOGINS[0]))
                self.assertNotIn(0, codes[1:])

    def test_tokens_that_come_with_broken_json(self):
        for body in ('{"token": "%s"', '{"token": ["%s"]}', '"%s"', '{"token": "%s\\n"}'):
            text = (body % SECRETS["bearer"]).encode()
            server = self.registry_with_tokens(("/token", lambda request: Reply(200, {}, text)))
            self.assertNotIn(0, self.each_step(self.image(server, **self.LOGINS[0])))

    def test_a_registry_that_cannot_be_reached_or_trusted(self):
        secure = self.server(echo(403), tls=self.authority.issue())
        key = self.authority.issue()[1].read_text()
        certificate = self.authority.issue()[0].read_text()
        secrets = dict(SECRETS, key=key)
        for source in (
                self.image(secure, **self.LOGINS[0]),
                self.image(secure, ca_certs=[self.authority.certificate], **self.LOGINS[0]),
                self.image(secure, insecure=True, client_cert=certificate, client_key=key),
                self.image(secure, client_cert=key, client_key=key),
                self.image(secure, insecure=True, client_cert=certificate, client_key=key[:300]),
                {"repository": "no-such-host.invalid/team/image", **self.LOGINS[0]}):
            outcome = self.run_and_search("check", {"source": source}, secrets=secrets)
            self.assertNotEqual(outcome.code, 0)

    def test_a_proxy_with_a_login(self):
        for name, answer in (("refuses", echo(407)), ("breaks", lambda _: Reply(raw=b"")),
                             ("is no proxy", lambda _: Reply(raw=b"220 mail\r\n"))):
            proxy = self.server(answer)
            for host in (proxy.host, "no-such-host.invalid:1", "127.0.0.1:1"):
                login = f"user:{SECRETS['proxy']}@{host}"
                env = dict(self.env, http_proxy=f"http://{login}",
                           https_proxy=f"http://{login}")
                for source in ({"repository": "registry.invalid/x", **self.LOGINS[0]},
                               {"git": {"uri": "http://git.invalid/x.git", "username": "author",
                                        "password": SECRETS["git"]}}):
                    with self.subTest(name, host=host):
                        self.assertNotEqual(
                            self.run_and_search("check", {"source": source}, env=env).code, 0)

    def test_amazons_registry(self):
        token = base64.b64encode(f"AWS:{SECRETS['ecr']}".encode()).decode()
        good = {"authorizationData": [{"authorizationToken": token, "expiresAt": 4e9,
                                       "proxyEndpoint": "https://127.0.0.1:1"}]}
        for answer in (lambda _: Reply(200, {}, json.dumps(good).encode()), echo(400), echo(403),
                       lambda _: Reply(200, {}, json.dumps(good).encode()[:-9]),
                       lambda _: Reply(200, {}, json.dumps({"authorizationData": token}).encode())):
            server = self.server(answer)
            source = {"repository": "team/image", "aws_region": "us-east-1",
                      "aws_endpoint": server.url,
                      "aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": SECRETS["aws"],
                      "aws_session_token": SECRETS["session"]}
            self.assertNotEqual(self.run_and_search("check", {"source": source}).code, 0)
            self.assertTrue(server.requests)

    # Requests

    def test_a_request_that_makes_no_sense(self):
        key = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0LWtleQ==0123456789\n-----END"
        secrets = dict(SECRETS, key=key)
        whole = {"repository": "a/b", "username": "u", "password": PASSWORD,
                 "git": {"uri": f"https://author:{urllib.parse.quote(SECRETS['git'])}@x.invalid/x.git",
                         "private_key": key, "private_key_passphrase": SECRETS["passphrase"]}}
        changes = ({"password": [PASSWORD]}, {"password": {"a": PASSWORD}}, {"passwrd": PASSWORD},
                   {PASSWORD: 1}, {"git": {"uri": whole["git"]["uri"], "private_key": [key]}},
                   {"git": {"uri": "https://author:%s@x y/" % SECRETS["git"]}}, {"tag": ["x"]},
                   {"git": {"uri": "gopher://author:%s@x/" % SECRETS["git"]}},
                   {"repository": f"me:{PASSWORD}@host/x"}, {"client_key": key})
        for change in changes[:2] + changes[4:]:
            with self.subTest(change=list(change)):
                for name in ("check", "out"):
                    outcome = self.run_and_search(name, {"source": dict(whole, **change)},
                                                  self.work.path, secrets=secrets)
                    self.assertNotEqual(outcome.code, 0)
        text = json.dumps({"source": whole})
        for broken in (text[:-2], text.replace('"git"', "git"), text + "x",
                       text.replace('"u"', '"u" "v"'), text.replace("password", "pass\nword")):
            outcome = programs.invoke("check", broken.encode())
            self.failed(outcome, "JSON")
            self.assertEqual([], list(searched.find(secrets, [outcome.log.encode()])))


if __name__ == "__main__":
    unittest.main()
