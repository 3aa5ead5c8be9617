#!/usr/bin/python3
"""Who may pull: open registries, passwords, private certificate authorities."""

import hashlib
import json
import socket
import ssl
import threading
import unittest

from support import images, programs, registry, tls, token_server
from support.case import Case
from support.http_server import HttpServer, Reply, forward


class RegistryAccess(Case):
    @classmethod
    def prepare(cls):
        cls.authority = tls.Authority(cls.work)
        layout = images.Layout(cls.work.fresh("layout"))
        cls.digest = layout.add("one", images.Image([images.Layer().file("hello", "world")]))
        cls.open = registry.Registry(cls.work)
        cls.locked = registry.Registry(cls.work, password=True)
        cls.secure = registry.Registry(cls.work, authority=cls.authority)
        cls.tokens = token_server.TokenServer(cls.authority, registry.USER, registry.PASSWORD)
        cls.addClassCleanup(cls.tokens.close)
        cls.tokened = registry.Registry(cls.work, tokens=cls.tokens)
        for one in (cls.open, cls.locked, cls.secure, cls.tokened):
            one.push(layout, "team/image", "one")

    def source(self, server, **more):
        return {"repository": f"{server.host}/team/image", "tag": "one", **more}

    def pulls(self, source):
        version = {"tag": "one", "digest": self.digest}
        self.assertEqual(self.succeeded(programs.check(source)), [version])
        got = self.get(source, version)
        self.assertEqual((got / "rootfs/hello").read_text(), "world")

    def test_an_open_registry_needs_nothing(self):
        self.pulls(self.source(self.open))

    def test_insecure_may_be_said_about_a_plain_http_registry(self):
        self.pulls(self.source(self.open, insecure=True))

    def test_the_right_password_pulls(self):
        self.pulls(self.source(self.locked, username=registry.USER, password=registry.PASSWORD))

    def test_no_password_is_refused_and_says_so(self):
        self.failed(programs.check(self.source(self.locked)), self.locked.host, "username")

    def test_a_wrong_password_is_an_error_that_does_not_show_it(self):
        source = self.source(self.locked, username=registry.USER, password="not-this-one")
        for outcome in (programs.check(source),
                        programs.get(source, {"tag": "one", "digest": self.digest},
                                     self.work.directory("get"))):
            self.assertNotIn("not-this-one", self.failed(outcome, self.locked.host))

    def test_a_line_break_behind_a_password_is_not_left_to_be_guessed(self):
        for server in (self.locked, self.tokened):
            source = self.source(server, insecure=True, username=registry.USER,
                                 password=registry.PASSWORD + "\n")
            self.failed(programs.check(source), "line break")

    def test_half_a_login_is_not_taken_for_an_anonymous_one(self):
        for half, missing in (("username", "password"), ("password", "username")):
            source = self.source(self.open, **{half: "only-half"})
            self.assertNotIn("only-half", self.failed(programs.check(source), missing))

    def test_a_token_for_nobody_in_particular_pulls(self):
        self.pulls(self.source(self.tokened))

    def test_a_token_for_the_right_password_pulls(self):
        self.pulls(self.source(self.tokened, insecure=True, username=registry.USER,
                               password=registry.PASSWORD))

    def test_no_token_for_a_wrong_password(self):
        source = self.source(self.tokened, insecure=True, username=registry.USER,
                             password="not-this-one")
        self.assertNotIn("not-this-one", self.failed(programs.check(source), "password"))

    def test_a_registry_that_does_not_know_of_its_tls_gives_its_token_over_tls(self):
        def answer(request):
            given = request.headers.get("Authorization", "")
            if request.path == "/token":
                return Reply(200 if given.startswith("Basic ") else 401, {}, b'{"token":"t"}')
            if given != "Bearer t":
                realm = f'Bearer realm="http://{front.host}/token",service="registry"'
                return Reply(401, {"WWW-Authenticate": realm})
            return forward(request, self.open.host)

        front = HttpServer(answer, tls=self.authority.issue())
        self.addCleanup(front.close)
        self.pulls(self.source(front, username="me", password="secret",
                               ca_certs=[self.authority.certificate]))

    def test_a_private_authority_is_trusted_when_named(self):
        self.pulls(self.source(self.secure, ca_certs=[self.authority.certificate]))

    def test_an_authority_that_lost_its_line_breaks_in_a_variable_is_trusted(self):
        self.pulls(self.source(self.secure,
                               ca_certs=self.authority.certificate.replace("\n", " ")))

    def test_an_unknown_authority_is_an_error_that_names_the_cure(self):
        self.failed(programs.check(self.source(self.secure)), self.secure.host, "certificate",
                    "add the certificate of its CA to source.ca_certs")

    def test_an_expired_certificate_is_not_blamed_on_the_authority(self):
        server = HttpServer(lambda _: Reply(404), tls=self.authority.issue(days=0))
        self.addCleanup(server.close)
        source = self.source(server, ca_certs=[self.authority.certificate])
        self.assertNotIn("ca_certs", self.failed(programs.check(source), "expired", "renew"))

    def test_a_weak_certificate_is_not_blamed_on_the_authority(self):
        server = HttpServer(lambda _: Reply(404), tls=self.authority.issue(bits=1024))
        self.addCleanup(server.close)
        source = self.source(server, ca_certs=[self.authority.certificate])
        self.assertNotIn("ca_certs", self.failed(programs.check(source), "weak", "anew"))

    def asking_for_certificates(self, authority):
        """The address of a server that wants to see a client certificate, and what it was shown."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue())
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(self.authority.file)
        shown = []

        def serve(listener):
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(line, server_side=True) as secured:
                        shown.append(secured.getpeercert())
                        secured.recv(65536)
                        secured.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                except OSError:
                    pass

        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}", shown

    def test_a_client_certificate_is_not_shown_to_a_server_that_is_not_trusted(self):
        host, shown = self.asking_for_certificates(tls.Authority(self.work))
        pem, key = self.authority.issue()
        source = {"repository": f"{host}/team/image", "tag": "one",
                  "client_cert": pem.read_text(), "client_key": key.read_text()}
        self.failed(programs.check(source), "not trusted", "Example Root")
        self.assertTrue(shown)
        self.assertFalse(any(shown), shown)

    def test_a_client_certificate_is_not_shown_where_a_manifest_says_that_a_layer_is(self):
        host, shown = self.asking_for_certificates(self.authority)
        layout = images.Layout(self.work.fresh("layout"))
        digest = layout.add("one", images.Image([images.Layer().file("hello", "world")]))
        blobs = layout.path / "blobs/sha256"
        manifest = json.loads((blobs / digest[7:]).read_bytes())
        manifest["layers"][0]["urls"] = [f"https://{host}/layer"]
        manifest = json.dumps(manifest).encode()
        digest = "sha256:" + hashlib.sha256(manifest).hexdigest()
        layer = json.loads(manifest)["layers"][0]["digest"]

        def answer(request):
            name = request.path.rpartition("/")[2]
            if name == digest:
                return Reply(200, {"Content-Type": images.MANIFEST_TYPE}, manifest)
            known = name.startswith("sha256:") and name != layer
            return Reply(200, {}, (blobs / name[7:]).read_bytes()) if known else Reply(404)

        pem, key = self.authority.issue()
        server = HttpServer(answer, tls=self.authority.issue())
        self.addCleanup(server.close)
        source = self.source(server, insecure=True, client_cert=pem.read_text(),
                             client_key=key.read_text())
        self.failed(programs.get(source, {"tag": "one", "digest": digest},
                                 self.work.directory("get")), f"{host} answered 403")
        self.assertEqual(shown, [None])

    def test_a_client_certificate_that_is_none_is_not_done_without(self):
        source = self.source(self.secure, insecure=True, client_cert="not", client_key="PEM")
        log = self.failed(programs.check(source), "client_cert", self.secure.host)
        self.assertNotIn("then http", log)
        self.assertNotIn("trying again", log)

    def test_insecure_is_the_way_to_accept_any_certificate(self):
        self.pulls(self.source(self.secure, insecure=True))

    def test_a_broken_certificate_is_named_by_its_key(self):
        source = self.source(self.secure, ca_certs=["-----BEGIN CERTIFICATE-----\nnonsense"])
        self.failed(programs.check(source), "error: source.ca_certs: certificate 1")

    def test_a_registry_nobody_runs_is_an_error_with_its_address(self):
        outcome = programs.check({"repository": "127.0.0.1:1/team/image"})
        self.failed(outcome, "127.0.0.1:1", "then http")
        self.assertEqual(self.last_line(outcome).count("Connection refused"), 1)


if __name__ == "__main__":
    unittest.main()
