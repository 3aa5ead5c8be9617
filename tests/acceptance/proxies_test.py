#!/usr/bin/python3
"""Where the way to registries and git servers leads through a proxy."""

import random
import unittest

from support import git_http, git_ssh, images, programs, registry, tls
from support.case import Case
from support.proxy import Proxy


class Proxies(Case):
    @classmethod
    def prepare(cls):
        cls.authority = tls.Authority(cls.work)
        layout = images.Layout(cls.work.fresh("layout"))
        # The log is too long for a push in one piece.
        layer = images.Layer().file("hello", "world").file("log", random.Random(1).randbytes(10**6))
        cls.digest = layout.add("one", images.Image([layer]))
        cls.servers = [(registry.Registry(cls.work, authority=authority),
                        git_http.GitHttp(cls.work, cls.repositories, authority=authority))
                       for authority in (cls.authority, None)]
        for images_server, _ in cls.servers:
            images_server.push(layout, "team/image", "one")

    def setUp(self):
        self.proxy = Proxy(self.work)

    def over_http(self, git_server):
        return git_server.source(self.repository(), ca_certs=self.authority.certificate)

    def run_all(self, images_server, git, env):
        """From a registry to a repository and back, all programs, once."""
        git = {"git": git}
        source = {"repository": f"{images_server.host}/team/image", "tag": "one",
                  "ca_certs": self.authority.certificate, **git}
        environment = {**programs.environment(), **env}

        def step(name, request, directory=None):
            return self.succeeded(programs.invoke(name, request, directory, environment))

        version = {"tag": "one", "digest": self.digest}
        self.assertEqual(step("check", {"source": source}), [version])
        inputs = self.work.directory("inputs")
        (inputs / "image").mkdir()
        step("in", {"source": source, "version": version}, inputs / "image")
        step("out", {"source": source, "params": {"image": "image"}}, inputs)
        versions = step("check", {"source": git})
        restored = self.work.directory("restored")
        step("in", {"source": git, "version": versions[-1]}, restored)
        self.assertEqual((restored / "rootfs/hello").read_text(), "world")

    def test_nothing_goes_past_the_proxy(self):
        for images_server, git_server in self.servers:
            scheme, _, git_host = git_server.url.partition("://")
            with self.subTest(scheme):
                self.run_all(images_server, self.over_http(git_server), self.proxy.environment())
                asked = self.proxy.asked()
                for host in (images_server.host, git_host):
                    methods = {method for method, to in asked if to == host}
                    self.assertTrue(methods, f"{host} was asked past the proxy: {asked}")
                    if scheme == "https":
                        self.assertEqual(methods, {"CONNECT"})

    def test_hosts_that_need_no_proxy_are_not_asked_through_it(self):
        env = self.proxy.environment(no_proxy="example.com,127.0.0.1")
        images_server, git_server = self.servers[0]
        self.run_all(images_server, self.over_http(git_server), env)
        self.assertEqual(self.proxy.asked(), [])

    def test_a_wrong_login_is_named_as_the_proxys(self):
        env = {**programs.environment(), **self.proxy.environment(password="not-this-one")}
        for source in ({"repository": "registry.example.com/team/image", "tag": "one"},
                       {"git": {"uri": "https://git.example.com/team/image.git"}}):
            log = self.failed(programs.invoke("check", {"source": source}, env=env), "the proxy",
                              ".example.com", "wants a login, or another one")
            self.assertNotIn("not-this-one", log)

    def test_a_proxy_with_a_certificate_of_the_companys_authority_is_trusted(self):
        proxy = Proxy(self.work, self.authority)
        images_server, git_server = self.servers[0]
        self.run_all(images_server, self.over_http(git_server), proxy.environment())
        self.assertTrue(proxy.asked())
        env = {**programs.environment(), **proxy.environment()}
        for source in ({"repository": "registry.example.com/team/image", "tag": "one"},
                       {"git": {"uri": "https://git.example.com/team/image.git"}}):
            self.failed(programs.invoke("check", {"source": source}, env=env),
                        "the certificate of the proxy", ".example.com", "ca_certs")

    def test_ssh_goes_through_the_tunnel_and_never_past_it(self):
        sshd = git_ssh.GitSsh(self.work)
        images_server, _ = self.servers[0]
        self.run_all(images_server, {
            "uri": sshd.uri(self.repository()), "private_key": sshd.key("ed25519"),
            "known_hosts": sshd.known_hosts, "https_tunnel": self.proxy.tunnel()},
            {"https_proxy": "http://127.0.0.1:1", "no_proxy": "*"})
        asked = self.proxy.asked()
        self.assertEqual(set(asked), {("CONNECT", f"127.0.0.1:{sshd.port}")})
        self.assertGreater(len(asked), 2, "a step went past the proxy")

    def test_a_tunnel_that_does_not_open_is_named_without_its_password(self):
        far = {"uri": "git@git.example.com:team/image.git", "skip_host_key_check": True,
               "username": "git", "password": "unused"}
        nobody = {"proxy_host": "127.0.0.1", "proxy_port": "1"}
        for tunnel in (self.proxy.tunnel("not-this-one"), self.proxy.tunnel(), nobody):
            log = self.failed(programs.invoke("check", {"source": {
                "git": {**far, "https_tunnel": tunnel}}}), "git.example.com", "https_tunnel",
                "proxy")
            self.assertNotIn(tunnel.get("proxy_password", "\0"), log)


if __name__ == "__main__":
    unittest.main()
