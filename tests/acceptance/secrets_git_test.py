#!/usr/bin/python3
"""No secret of a git server is in a byte the programs write or in what others see of them."""

import unittest
import urllib.parse

from support import git_http, git_ssh
from support.http_server import Reply
from support.secret_case import SECRETS, SecretCase, echo, quoting


class GitSecrets(SecretCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.http = git_http.GitHttp(cls.work, cls.repositories)

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
