#!/usr/bin/python3
"""put over every way to a repository, against the real server programs."""

import random
import re
import socket
import time
import unittest
import urllib.parse

from support import fast_clock, git_http, git_ssh, http_server, images, own_image, programs, tls
from support.cutting_line import CuttingLine
from support.git_repo import Repository
from support.put_case import PutCase
from support.workspace import run, tool


def many_files():
    """So many that packing them a second time may make a pack of another length."""
    numbers = random.Random(7)
    layer = images.Layer()
    for name in range(4000):
        kinds = numbers.choice([2, 3, 7, 9, 30])
        layer.file(f"opt/{name}", bytes(numbers.choices(range(kinds), k=numbers.randrange(3000))))
    return layer


class PutOverHttp(PutCase):
    @classmethod
    def prepare(cls):
        cls.publish_images(box=images.busybox(), many=images.busybox([many_files()]))
        cls.authority = tls.Authority(cls.work)
        cls.pem = cls.work.fresh("authority.pem")
        cls.pem.write_text(cls.authority.certificate)
        cls.http = git_http.GitHttp(cls.work, cls.repositories)
        cls.https = git_http.GitHttp(cls.work, cls.repositories, authority=cls.authority)
        cls.open = git_http.GitHttp(cls.work, cls.repositories, open_to_all=True)

    def arrives(self, server, **git):
        repository = self.repository()
        answer = self.put("box", server.source(repository, **git))
        self.assertEqual(answer["version"], self.versions["box"])
        self.assertIn(repository.tip(), [item["value"] for item in answer["metadata"]])
        clone = self.assert_published(repository, "box", uri=server.clone_uri(repository),
                                      options=[f"http.sslCAInfo={self.pem}"])
        self.assert_runs(clone)

    def test_http_with_a_password(self):
        self.arrives(self.http)

    def test_http_open_to_all(self):
        repository = self.repository()
        self.put("box", {"uri": self.open.uri(repository)})
        self.assert_published(repository, "box")

    def test_https_with_a_private_authority(self):
        self.arrives(self.https, ca_certs=self.authority.certificate)

    def test_https_with_a_list_of_authorities(self):
        other = tls.Authority(self.work).certificate
        self.arrives(self.https, ca_certs=[other, self.authority.certificate])

    def test_https_unverified_only_on_request(self):
        self.arrives(self.https, skip_ssl_verification=True)

    def test_https_with_an_unknown_authority_is_refused(self):
        repository = self.repository()
        self.refused(self.https.source(repository),
                     "add the certificate of its CA to source.git.ca_certs")
        self.refused(self.https.source(repository, ca_certs=["nonsense", "too"]),
                     "source.git.ca_certs[0]: is not a PEM certificate")
        self.assertIsNone(repository.tip())

    def test_a_redirect_from_https_to_http_sends_nothing_there(self):
        plain = http_server.HttpServer(lambda _: http_server.Reply(404))
        self.addCleanup(plain.close)
        secure = http_server.HttpServer(
            lambda request: http_server.Reply(307, {"Location": plain.url + request.target}),
            tls=self.authority.issue())
        self.addCleanup(secure.close)
        login = {"username": "someone", "password": "secret",
                 "ca_certs": self.authority.certificate}
        large = {"threshold": "100kB", "url": f"{secure.url}/team/images/info/lfs"}
        for git in ({"uri": f"{secure.url}/team/images.git"},
                    {"uri": self.repository().file_uri, "lfs": large}):
            with self.subTest(git["uri"]):
                log = self.refused({**git, **login}, "from https to", plain.url)
                self.assertNotIn("secret", log)
        self.assertEqual([], plain.requests)

    def test_a_wrong_password_is_named_and_not_shown(self):
        repository = self.repository()
        git = dict(self.http.source(repository), password="not-this-one")
        log = self.refused(git, "password", self.http.uri(repository))
        self.assertNotIn("not-this-one", log)
        self.assertIsNone(repository.tip())

    def test_a_repository_that_moved_to_another_host_is_no_wrong_password(self):
        repository = self.repository()
        there = self.http.uri(repository)
        old = http_server.HttpServer(
            lambda request: http_server.Reply(301, {"Location": self.http.url + request.target}))
        self.addCleanup(old.close)
        uri = there.replace(self.http.url, old.url)
        log = self.refused(dict(self.http.source(repository), uri=uri), there, "not sent the login")
        self.assertNotIn("password is wrong", log)

    def test_a_missing_password_is_named(self):
        self.refused({"uri": self.http.uri(self.repository())}, "username")

    def test_a_repository_nobody_made_is_named(self):
        self.refused({"uri": f"{self.open.url}/nobody.git"}, "nobody.git")

    def test_a_server_that_limits_uploads_is_quoted(self):
        small = git_http.GitHttp(self.work, self.repositories, body_limit="100k")
        repository = self.repository()
        self.refused(small.source(repository), "413")
        self.assertIsNone(repository.tip())

    def test_a_server_that_wants_to_know_how_long_a_push_is_gets_all_of_it(self):
        strict = git_http.GitHttp(self.work, self.repositories, chunked=False)
        repository = self.repository()
        self.put("many", strict.source(repository))
        self.assert_published(repository, "many")


class PutOverFile(PutCase):
    @classmethod
    def prepare(cls):
        motd = images.Layer().file("etc/motd", "other")
        cls.publish_images(box=images.busybox(), other=images.busybox([motd]))

    def test_a_repository_in_a_directory(self):
        repository = self.repository()
        self.put("box", {"uri": repository.file_uri})
        self.assert_runs(self.assert_published(repository, "box"))

    @unittest.skipUnless(programs.may_mount(), "mounting needs root and CAP_SYS_ADMIN")
    def test_a_machine_with_nothing_but_the_program(self):
        root = own_image.fill(self.work.fresh("root"))
        run("cp", "-a", self.inputs, root / "inputs")
        repository = Repository(root / "image.git")
        for tag in ("box", "other", "other"):
            request = {"source": self.source_of(tag, git={"uri": "file:///image.git"}),
                       "params": {"image": tag}}
            outcome = programs.invoke("out", request, "/inputs", root=root)
            self.assertEqual(self.succeeded(outcome)["version"], self.versions[tag])
            self.assert_published(repository, tag)
        self.assertEqual(len(repository.history()), 2)

    def test_a_directory_without_a_repository_is_named(self):
        empty = self.work.directory("empty")
        self.refused({"uri": f"file://{empty}"}, str(empty))


class PutOverSsh(PutCase):
    @classmethod
    def prepare(cls):
        cls.publish_images(box=images.busybox())
        cls.sshd = git_ssh.GitSsh(cls.work)
        cls.key = cls.sshd.key("ed25519")

    def source(self, repository, **git):
        return {"uri": self.sshd.uri(repository), "private_key": self.key,
                "known_hosts": self.sshd.known_hosts, **git}

    def arrives(self, **git):
        repository = self.repository()
        self.put("box", self.source(repository, **git))
        self.assert_runs(self.assert_published(repository, "box"))

    def test_an_ed25519_key(self):
        self.arrives()

    def test_an_rsa_key(self):
        self.arrives(private_key=self.sshd.key("rsa"))

    def test_a_key_in_a_form_that_is_read_but_of_no_use_is_named(self):
        """PKCS#8, as openssl writes it, is such a form of ed25519 to some versions of libssh; to
        others it is a key that the server does not know."""
        key = run("openssl", "genpkey", "-algorithm", "ed25519").stdout.decode()
        source = self.source(self.repository(), private_key=key)
        self.refused(source, "source.git.private_key")

    def test_keys_with_a_passphrase(self):
        for kind in ("ed25519", "rsa"):
            self.arrives(private_key=self.sshd.key(kind, git_ssh.PASSPHRASE),
                         private_key_passphrase=git_ssh.PASSPHRASE)

    def test_a_first_push_takes_one_login(self):
        before = self.sshd.logins()
        self.put("box", self.source(self.repository()))
        self.assertEqual(self.sshd.logins() - before, 1)

    def test_a_key_that_lost_its_last_newline(self):
        self.arrives(private_key=self.key.strip())

    def test_the_user_may_be_given_apart_from_the_address(self):
        repository = self.repository()
        uri = self.sshd.uri(repository).replace(f"{self.sshd.user}@", "")
        self.put("box", self.source(repository, uri=uri, private_key_user=self.sshd.user))
        self.assert_published(repository, "box")

    def test_a_path_that_a_shell_would_read_otherwise(self):
        repository = Repository(self.repositories / "it's !x `id` $(id) \"a&b;.git")
        path = urllib.parse.quote(str(repository.path))
        uri = f"ssh://{self.sshd.user}@127.0.0.1:{self.sshd.port}{path}"
        self.put("box", self.source(repository, uri=uri))
        self.assert_published(repository, "box")

    def test_a_wrong_passphrase_is_named_and_not_shown(self):
        key = self.sshd.key("ed25519", git_ssh.PASSPHRASE + "2")
        log = self.refused(self.source(self.repository(), private_key=key,
                                       private_key_passphrase="a-bad-guess"), "passphrase")
        self.assertNotIn("a-bad-guess", log)

    def test_a_key_the_server_does_not_know_is_refused(self):
        stranger, _ = self.sshd.stranger()
        log = self.refused(self.source(self.repository(), private_key=stranger), "private_key")
        self.assertNotIn("PRIVATE KEY-----", log)

    def test_an_unknown_host_is_refused_with_the_line_to_paste(self):
        repository = self.repository()
        git = self.source(repository)
        del git["known_hosts"]
        self.refused(git, "SHA256:", self.sshd.known_hosts.strip())
        self.assertIsNone(repository.tip())

    def test_another_hosts_key_is_refused(self):
        repository = self.repository()
        _, other = self.sshd.stranger()
        self.refused(self.source(repository, known_hosts=other), "host key")
        self.assertIsNone(repository.tip())

    def test_a_host_key_that_is_revoked_is_refused(self):
        repository = self.repository()
        line = self.sshd.known_hosts
        self.refused(self.source(repository, known_hosts=f"{line} @revoked * {line.split(' ', 1)[1]}"),
                     "revoked", "SHA256:")
        self.assertIsNone(repository.tip())
        _, other = self.sshd.stranger()
        self.arrives(known_hosts=f"@revoked {other}{line}")

    def test_a_host_known_without_a_port_is_known_at_every_port(self):
        """As for ssh: a line that names the port has the last word."""
        repository = self.repository()
        right = self.sshd.known_hosts
        _, other = self.sshd.stranger()
        for_all, other_for_all = (re.sub(r"\[(\S+)\]:\d+", r"\1", line) for line in (right, other))
        self.arrives(known_hosts=for_all)
        self.arrives(known_hosts=other_for_all + right)
        self.refused(self.source(repository, known_hosts=other_for_all), "no key for this host",
                     right.strip())
        self.refused(self.source(repository, known_hosts=other + for_all), "is not the one")
        self.refused(self.source(repository, known_hosts=f"!127.0.0.1,*{for_all.partition(' ')[2]}"),
                     right.strip())
        self.assertIsNone(repository.tip())

    def test_a_key_that_a_host_has_at_port_22_is_none_for_its_other_ports(self):
        """Where the line names that port; ssh refuses them, too."""
        repository = self.repository()
        key = self.sshd.known_hosts.partition(" ")[2]
        for patterns in ("[127.0.0.1]:22", "[*]:22", "[127.0.0.1]:2?", "[127.0.0.?]:22,x"):
            with self.subTest(patterns):
                self.refused(self.source(repository, known_hosts=f"{patterns} {key}"),
                             self.sshd.known_hosts.strip())
        self.assertIsNone(repository.tip())

    def test_known_hosts_from_windows_are_read(self):
        self.arrives(known_hosts="# From Windows\r\n" + self.sshd.known_hosts.strip() + "\r\n")

    @unittest.skipUnless(programs.may_mount() and not programs.in_image(), "needs mounts")
    def test_a_host_whose_name_has_an_underscore(self):
        repository = self.repository()
        hosts = self.work.fresh("hosts")
        hosts.write_text("127.0.0.1 git_server\n")
        within = [tool("unshare"), "--mount", "/bin/sh", "-c",
                  f'mount --bind {hosts} /etc/hosts && exec "$0" "$@"']
        _, other = self.sshd.stranger()

        def check(known_hosts):
            source = self.source(repository, known_hosts=known_hosts,
                                 uri=self.sshd.uri(repository).replace("127.0.0.1", "git_server"))
            return programs.finish(
                programs.start("check", {"source": {"git": source}}, within=within))

        right = self.sshd.known_hosts.replace("127.0.0.1", "git_server")
        self.assertEqual(self.succeeded(check(right)), [])
        self.failed(check(""), right.strip())
        self.failed(check(self.sshd.known_hosts), "no key for this host", right.strip())
        self.failed(check(other.replace("127.0.0.1", "git_server")), "is not the one")

    def test_known_hosts_with_tabs_are_read(self):
        self.arrives(known_hosts=self.sshd.known_hosts.replace(" ", "\t"))

    def test_a_connection_that_breaks_during_login_is_no_refused_key(self):
        repository = self.repository()
        address = f"127.0.0.1:{self.sshd.port}"
        whole = CuttingLine(address)
        self.addCleanup(whole.close)
        source = self.source(repository, uri=f"ssh://{self.sshd.user}@{whole.address}{repository.path}",
                             skip_host_key_check=True)
        programs.check({"git": source})
        try:
            unhurried = fast_clock.environment(self.work)
        except unittest.SkipTest:
            unhurried = None
        for bytes_up in range(0, whole.passed["up"], 100):
            line = CuttingLine(address, up=bytes_up)
            self.addCleanup(line.close)
            source["uri"] = f"ssh://{self.sshd.user}@{line.address}{repository.path}"
            outcome = programs.invoke("check", {"source": {"git": source}}, env=unhurried)
            self.assertNotIn("refused", outcome.log)
            if outcome.code == 0:  # The last bytes only say goodbye.
                break
            self.failed(outcome, line.address)

    def slot_of(self, sshd):
        """A connection that logs in for ever, once those before it are gone."""
        for _ in range(100):
            connection = socket.create_connection(("127.0.0.1", sshd.port))
            if connection.recv(100).startswith(b"SSH-"):
                return connection
            connection.close()
            time.sleep(.1)
        raise RuntimeError("sshd lets nobody in")

    def test_a_server_with_too_many_connections_is_not_taken_for_a_broken_one(self):
        sshd = git_ssh.GitSsh(self.work, most_logins=1)
        repository = self.repository()
        source = {"uri": sshd.uri(repository), "private_key": sshd.key("ed25519"),
                  "known_hosts": sshd.known_hosts}
        with self.slot_of(sshd):
            running = programs.start("check", {"source": {"git": source}})
            self.assertIn(b"trying again", running.stderr.readline())
        self.assertEqual(self.succeeded(programs.finish(running)), [])

    def test_a_server_that_wants_a_second_factor_is_named(self):
        sshd = git_ssh.GitSsh(self.work, settings="AuthenticationMethods publickey,publickey\n")
        repository = self.repository()
        self.refused({"uri": sshd.uri(repository), "private_key": sshd.key("ed25519"),
                      "known_hosts": sshd.known_hosts}, "second factor")

    def test_the_host_key_check_can_be_switched_off_by_name(self):
        repository = self.repository()
        git = self.source(repository, skip_host_key_check=True)
        del git["known_hosts"]
        self.put("box", git)
        self.assert_published(repository, "box")


if __name__ == "__main__":
    unittest.main()
