#!/usr/bin/python3
"""No secret is in a byte the programs write, whatever goes wrong and however it is quoted."""

import base64
import json
import os
import threading
import unittest
import urllib.parse

from support import fast_clock, git_http, git_ssh, images, programs, searched, tls
from support.http_server import HttpServer, Reply, forward
from support.put_case import PutCase

# With characters that each encoding writes in a way of its own.
PASSWORD = 'pa/ss+w&rd "of<the>registry" %41?é'
SECRETS = {
    "password": PASSWORD,
    "bearer": "bearer-token.0123456789-handed-out",
    "identity": "identity+token/9876543210==",
    "signature": "c2lnbmF0dXJl/0123+456789abcdef==",
    "proxy": "proxy-pass-0123456789",
    "aws": "aws/secret+key/0123456789",
    "session": "aws-session-token/0123456789+",
    "ecr": "password-from-amazon-0123456789",
    "git": 'git/pass+w&rd "0123456789"',
    "passphrase": "passphrase of a key 0123456789",
    "federated": "federated-token-0123456789",
}


def quoting(request):
    """What a talkative server knows about a request, decoded as far as it goes."""
    shown = request.headers.get("Authorization") or ""
    said = [shown, request.target, urllib.parse.unquote(request.target),
            request.body.decode(errors="replace"),
            urllib.parse.unquote_plus(request.body.decode(errors="replace"))]
    if shown.startswith("Basic "):
        said.append(base64.b64decode(shown[6:]).decode(errors="replace"))
    said += [value for name, value in request.headers.items() if "token" in name.lower()]
    return said


def echo(status, form="json"):
    """An error that says all of it, one piece at a time so that none is cut off."""
    counts = {"next": 0}

    def answer(request):
        said = [one for one in quoting(request) if one]
        text = said[counts["next"] % len(said)]
        counts["next"] += 1
        if form == "json":
            body = json.dumps({"errors": [{"code": "DENIED", "message": text}]})
        else:
            body = text if form == "text" else f"<html><title>{text}</title></html>"
        kind = {"json": "application/json", "text": "text/plain", "html": "text/html"}[form]
        return Reply(status, {"Content-Type": kind, "Warning": f'299 - "{text}"'}, body.encode())
    return answer


class Secrets(PutCase):
    @classmethod
    def prepare(cls):
        cls.publish_images(box=images.busybox())
        cls.authority = tls.Authority(cls.work)
        cls.http = git_http.GitHttp(cls.work, cls.repositories)
        try:
            cls.env = fast_clock.environment(cls.work)
        except unittest.SkipTest:
            cls.env = programs.environment()

    def server(self, answer, **options):
        server = HttpServer(answer, **options)
        self.addCleanup(server.close)
        return server

    def run_and_search(self, name, request, directory=None, env=None, more=(), secrets=None,
                       watched=False):
        """Runs a program with debug on and looks for secrets in everything but its answer;
        `watched`, also in what others see of its processes."""
        temporary = self.work.directory("tmp")
        request = json.loads(json.dumps(request))
        request["source"]["debug"] = True
        environment = dict(env or self.env, TMPDIR=str(temporary))
        running = programs.start(name, request, directory, environment)
        places, watching = set(), threading.Event()
        watcher = threading.Thread(target=self.watch, args=(running.pid, places, watching))
        if watched:
            watcher.start()
        outcome = programs.finish(running)
        watching.set()
        if watched:
            watcher.join()
        places |= set(searched.below(temporary)) | {outcome.log.encode()}
        if directory and name == "in":
            places |= set(searched.below(directory))
        for repository in more:
            places.add(repository.git("cat-file", "--batch", "--batch-all-objects", "--buffer",
                                      ).encode(errors="surrogateescape"))
            places.add(repository.git("for-each-ref").encode())
        if outcome.code != 0:
            places.add(outcome.stdout)
            self.assertNotIn("internal error", outcome.log)
        self.assertEqual([], list(searched.find(secrets or SECRETS, places)), outcome.log)
        return outcome

    @staticmethod
    def watch(pid, places, end):
        """What other users see of the program and what it starts."""
        while not end.wait(0.01):
            for process in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
                        parent = int(file.read().rpartition(")")[2].split()[1])
                    if pid not in (int(process), parent):
                        continue
                    for file in ["cmdline"] + (["environ"] if pid == parent else []):
                        with open(f"/proc/{process}/{file}", "rb") as text:
                            places.add(text.read())
                except OSError:
                    pass

    # Registries

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

    # Repositories

    def test_git_over_http(self):
        secrets = dict(SECRETS, login=git_http.PASSWORD)
        repository = self.repository()
        for git in (self.http.source(repository), {"uri": self.http.clone_uri(repository)}):
            source = self.source_of("box", git=git)
            outcome = self.run_and_search("out", {"source": source, "params": {"image": "box"}},
                                          self.inputs, more=[repository], secrets=secrets)
            self.succeeded(outcome)
            ref = repository.tip()
            self.succeeded(self.run_and_search(
                "in", {"source": {"git": git}, "version": {"ref": ref}},
                self.work.directory("get"), secrets=secrets))
            self.succeeded(self.run_and_search("check", {"source": {"git": git}}, secrets=secrets))

    def test_git_servers_that_fail(self):
        repository = self.repository()
        quoted = urllib.parse.quote(SECRETS["git"], safe="")
        for name, answer in (
                ("401", echo(401, "text")), ("403", echo(403, "html")), ("500", echo(500)),
                ("circle", lambda request: Reply(302, {"Location": request.target})),
                ("elsewhere", lambda request: Reply(302, {
                    "Location": f"http://author:{quoted}@127.0.0.1:1/x?sig={quoted}"})),
                ("no git", lambda request: Reply(200, {"Content-Type": "text/plain"},
                                                 quoting(request)[0].encode())),
                ("talks", lambda request: Reply(
                    200, {"Content-Type": "application/x-git-receive-pack-advertisement"},
                    _packet("ERR " + quoting(request)[-1])))):
            for scheme in [{}] + [{"tls": self.authority.issue()}] * (name in ("401", "talks")):
                server = self.server(answer, **scheme)
                for git in ({"uri": f"{server.url}/x.git", "username": "author",
                             "password": SECRETS["git"]},
                            {"uri": f"{server.url.replace('://', f'://author:{quoted}@')}/x.git"},
                            {"uri": f"{server.url}/x.git", "username": "author",
                             "password": SECRETS["git"],
                             "ca_certs": [self.authority.certificate]}):
                    with self.subTest(name, **scheme):
                        source = self.source_of("box", git=git)
                        for step, request in (("check", {"source": {"git": git}}),
                                              ("out", {"source": source,
                                                       "params": {"image": "box"}})):
                            outcome = self.run_and_search(step, request, self.inputs)
                            self.assertNotEqual(outcome.code, 0)
        self.assertIsNone(repository.tip())

    def test_git_over_ssh(self):
        sshd = git_ssh.GitSsh(self.work)
        repository = self.repository()
        locked = sshd.key("ed25519", SECRETS["passphrase"])
        stranger, other_host = sshd.stranger()
        rsa = sshd.key("rsa")
        secrets = dict(SECRETS, locked=locked, stranger=stranger, rsa=rsa)
        uri = {"uri": sshd.uri(repository), "known_hosts": sshd.known_hosts}
        for git, works in (
                ({**uri, "private_key": locked, "private_key_passphrase": SECRETS["passphrase"]},
                 True),
                ({**uri, "private_key": rsa}, True),
                ({**uri, "private_key": locked, "private_key_passphrase": SECRETS["identity"]},
                 False),
                ({**uri, "private_key": locked}, False),
                ({**uri, "private_key": stranger}, False),
                ({**uri, "private_key": rsa[:700]}, False),
                ({**uri, "private_key": rsa.replace("\n", " ")}, None),
                ({**uri, "private_key": rsa, "known_hosts": other_host}, False)):
            outcome = self.run_and_search(
                "out", {"source": self.source_of("box", git=git), "params": {"image": "box"}},
                self.inputs, more=[repository], secrets=secrets, watched=True)
            if works is not None:
                self.assertEqual(outcome.code == 0, works, str(outcome))

    def test_children_do_not_inherit_secrets(self):
        """A local repository is served by programs that anybody on the machine may look at."""
        repository = self.repository()
        git = {"uri": repository.file_uri, "password": SECRETS["git"], "username": "author"}
        outcome = self.run_and_search("out", {"source": self.source_of("box", git=git),
                                              "params": {"image": "box"}}, self.inputs,
                                      more=[repository], watched=True)
        self.succeeded(outcome)


def _packet(text):
    data = text.encode()
    return b"%04x" % (len(data) + 4) + data


if __name__ == "__main__":
    unittest.main()
