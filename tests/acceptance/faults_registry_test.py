#!/usr/bin/python3
"""Registries that cut, stall, lie, refuse and go in circles: each is named, none half believed."""

import concurrent.futures
import json
import os
import random
import re
import threading
import unittest

from support import fast_clock, images, programs, registry
from support.case import Case
from support.faulty_registry import STEPS, FaultyRegistry
from support.http_server import Reply

SEED = int(os.environ.get("FAULTS_SEED", random.randrange(2**32)))
LAYERS = (300_000, 5_000)


def status(code, **headers):
    """An answer as registries give it, with words of its own."""
    body = json.dumps({"errors": [{"code": "TEST", "message": f"refused with {code}"}]}).encode()
    return lambda reply, *_: Reply(code, {"Content-Type": "application/json", **headers}, body)


def once(fault):
    return lambda reply, request, count: fault(reply, request, count) if count == 1 else reply


def cut(after):
    return lambda reply, *_: reply.cut(after)


def stall(after):
    return lambda reply, *_: reply.cut(after, threading.Event())


def headers(**fields):
    return lambda reply, *_: reply.with_headers(**fields)


def body(change):
    """Other bytes, with a length that is right for them."""
    def fault(reply, *_):
        return Reply(reply.status, reply.with_headers(content_length=None).headers,
                     change(reply.body))
    return fault


def swap(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]


def resumed(change):
    """The first answer breaks off; what it is gone on with is changed."""
    def fault(reply, request, count):
        if not request.headers.get("Range"):
            return reply.cut(100_000)
        return change(reply)
    return fault


def again(code):
    return lambda reply, request, _: Reply(code, {"Location": request.target})


def to(location):
    return lambda *_: Reply(307, {"Location": location} if location else {})


def garbage(*_):
    return Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n")


def silence(*_):
    return Reply(raw=b"")


def not_json(reply, *_):
    return Reply(200, {"Content-Type": "text/html"}, b"<html><title>Sign in</title>please</html>")


# step, what it does, how often (always unless once), and what is said then; None: it is got over.
FAULTS = [
    *((step, f"HTTP {code}", status(code), words) for step in STEPS for code, words in (
        (401, "no access"), (403, "refused with 403"), (404, "not found"),
        (429, "rate limit"), (500, "500"), (503, "503"))
      if (step, code) not in {("greeting", 404), ("greeting", 403), ("greeting", 500),
                              ("greeting", 503), ("greeting", 401)}),
    *((step, f"HTTP {code} once", once(status(code)), None) for step in STEPS
      for code in (500, 522)),
    *((step, "a 429 that names its time", once(status(429, Retry_After="1")), None)
      for step in STEPS),
    *((step, "silence", silence, "127.0.0.1") for step in STEPS),
    *((step, "silence once", once(silence), None) for step in STEPS),
    *((step, "no HTTP", garbage, "127.0.0.1") for step in STEPS),
    *((step, "an answer that stops", stall(0), "60 s") for step in STEPS[1:]),
    *((step, "an answer that stops once", once(stall(20)), None) for step in STEPS[1:]),
    *((step, "an answer that is cut", cut(0), "broke off") for step in STEPS[1:]),
    *((step, "an answer that is cut once", once(cut(20)), None) for step in STEPS[1:]),
    *((step, "an endless redirect", again(307), "redirect") for step in STEPS[1:]),
    *((step, "a redirect to nowhere", to(None), "307") for step in STEPS[1:]),
    *((step, "a redirect to a file", to("file:///etc/passwd"), "redirect") for step in STEPS[1:]),
    *((step, "other bytes", body(swap), "digest") for step in STEPS[2:]),
    *((step, "too few bytes", body(lambda data: data[:-1]), "bytes") for step in STEPS[3:]),
    *((step, "too many bytes", body(lambda data: data + b"x"), "bytes") for step in STEPS[3:]),
    *((step, "nothing", body(lambda data: b""), "") for step in STEPS[1:]),
    *((step, "a page for people", not_json, "") for step in STEPS[1:]),
    *((step, "a wrong type", headers(content_type="text/html"), None) for step in STEPS[1:]),
    *((step, "no type", headers(content_type=None), None) for step in STEPS[1:]),
    ("manifest", "another digest in the header",
     headers(docker_content_digest="sha256:" + "0" * 64), None),
    ("layer", "a coding nobody asked for", headers(content_encoding="gzip"), None),
    ("token", "no token", body(lambda data: b"{}"), "token"),
    ("token", "a token of another kind", body(lambda data: b'{"token": 5}'), "token"),
    ("token", "JSON that is cut", body(lambda data: data[:-3]), "JSON"),
    ("layer", "a range from elsewhere", resumed(headers(content_range="bytes 5-299999/300000")),
     "go on from byte"),
    ("layer", "a range that is none", resumed(headers(content_range="bytes later")), "go on from byte"),
    ("layer", "a range without its header", resumed(headers(content_range=None)), "go on from byte"),
    ("layer", "a range nobody has", resumed(lambda _: Reply(416)), "broke off"),
    ("layer", "a range of other bytes", resumed(body(swap)), "digest"),
    ("layer", "everything instead of a range", resumed(lambda reply: reply), None),
]


class RegistryFaults(Case):
    @classmethod
    def prepare(cls):
        print(f"FAULTS_SEED={SEED}")
        cls.layout = images.Layout(cls.work.fresh("layout"))
        cls.registry = registry.Registry(cls.work)
        cls.data = [random.Random(size).randbytes(size) for size in LAYERS]
        cls.digest = cls.layout.add("one", images.Image(
            [images.Layer("none").file(f"file-{number}", data)
             for number, data in enumerate(cls.data)]))
        cls.registry.push(cls.layout, "team/image", "one")
        manifest = json.loads(cls.registry.blob_file(cls.digest).read_text())
        cls.config = manifest["config"]["digest"]
        cls.sleepless = fast_clock.environment(cls.work)
        cls.impatient = fast_clock.environment(cls.work, 20)
        cls.version = {"tag": "one", "digest": cls.digest}

    def server(self, step=None, fault=None):
        server = FaultyRegistry(self.registry, [self.config], step, fault)
        self.addCleanup(server.close)
        return server, {"repository": f"{server.host}/team/image", "tag": "one"}

    def got(self, destination):
        for number, expected in enumerate(self.data):
            self.assertEqual((destination / "rootfs" / f"file-{number}").read_bytes(), expected)
        self.assertTrue((destination / "metadata.json").exists())

    def proper_failure(self, outcome, host, words):
        log = self.failed(outcome, host, words)
        lines = re.sub("\x1b\\[[0-9]*m", "", log).rstrip("\n").split("\n")
        self.assertTrue(lines[-1].startswith("error: "), log)
        self.assertEqual([line for line in lines if line.startswith("error: ")], lines[-1:], log)
        self.assertIn(words.lower(), lines[-1].lower(), log)
        self.assertIn(host, lines[-1], log)
        self.assertLess(len(lines[-1]), 1000)

    def try_get(self, step, fault, words, env):
        server, source = self.server(step, fault)
        destination = self.work.directory("get")
        outcome = programs.invoke("in", {"source": source, "version": self.version}, destination,
                                  env=env)
        if words is None:
            self.assertEqual(outcome.code, 0, str(outcome))
            self.got(destination)
            return outcome
        self.proper_failure(outcome, server.host, words)
        self.assertEqual([], os.listdir(destination))
        server.step = None
        self.succeeded(programs.get(source, self.version, destination))
        self.got(destination)
        return outcome

    def each(self, faults):
        """Most of the time is waited, so they wait together."""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            waiting = [(f"{step}: {name}", pool.submit(
                self.try_get, step, fault, words, self.impatient if "stops" in name else self.sleepless))
                for step, name, fault, words in faults]
            for name, result in waiting:
                with self.subTest(name):
                    outcome = result.result()
                    if os.environ.get("FAULTS_SHOW"):
                        print(f"{name}:\n    {outcome.log.splitlines()[-1]}")

    def test_every_fault_at_every_step(self):
        self.each(FAULTS)

    def test_a_line_that_breaks_anywhere(self):
        """The first answers to a step break off where chance wants."""
        chance = random.Random(SEED)
        for step in STEPS[1:]:
            def fault(reply, _, count):
                return reply.cut(chance.randrange(len(reply.body))) if count <= 4 else reply
            with self.subTest(step):
                self.try_get(step, fault, None, self.sleepless)

    def test_a_token_that_runs_out_in_the_middle(self):
        def expiring(reply, _, count):
            # Once: with layers side by side, one's answer would void what another just fetched.
            if count == 1:
                server.expire()
            return reply.cut(len(reply.body) // 2) if count <= 2 else reply
        for step in STEPS[2:]:
            with self.subTest(step):
                server, source = self.server(step, expiring)
                destination = self.work.directory("get")
                self.succeeded(programs.invoke(
                    "in", {"source": source, "version": self.version}, destination,
                    env=self.sleepless))
                self.got(destination)
                self.assertGreaterEqual(server.count("token"), 2)

    def test_a_put_from_a_registry_that_fails_makes_no_branch(self):
        repository = self.repository()
        git = {"uri": repository.file_uri}
        for step, fault, words in (("manifest", status(500), "500"), ("config", body(swap), "digest"),
                                   ("layer", cut(0), "broke off"), ("layer", body(swap), "digest"),
                                   ("layer", status(403), "no access")):
            server, source = self.server(step, fault)
            outcome = programs.invoke("out", {"source": dict(source, git=git)}, self.work.path,
                                      env=self.sleepless)
            self.proper_failure(outcome, server.host, words)
            self.assertEqual(repository.object_count(), 0)
        server.step = None
        self.succeeded(programs.put(dict(source, git=git), self.work.path))
        self.assertEqual(repository.fsck(), [])

    def check(self, step, fault, **more):
        server, source = self.server(step, fault)
        return server, programs.invoke("check", {"source": {**source, **more}}, env=self.sleepless)

    def test_a_check_tells_no_version_it_does_not_know(self):
        for name, fault, words in (
                ("500", status(500), "500"), ("403", status(403), "no access"),
                ("silence", silence, "broke off"), ("a digest that is none",
                 lambda reply, *_: reply.with_headers(docker_content_digest="md5:1"), "")):
            with self.subTest(name):
                server, outcome = self.check("manifest", fault)
                if words:
                    self.proper_failure(outcome, server.host, words)
                else:
                    self.assertEqual(self.succeeded(outcome), [self.version])

    def test_lists_of_tags_that_never_end(self):
        def circle(reply, request, _):
            return reply.with_headers(link=f'<{request.target}>; rel="next"')

        def endless(reply, _, count):
            return reply.with_headers(link=f'</v2/team/image/tags/list?at={count}>; rel="next"')

        def elsewhere(reply, *_):
            return reply.with_headers(link='<http://127.0.0.1:1/v2/x/tags/list>; rel="next"')

        for fault in (circle, endless, elsewhere, cut(5), status(500), body(lambda data: b"[1]")):
            with self.subTest(fault):
                server, outcome = self.check("tags", fault, tag=None, semver_constraint="1.x")
                self.proper_failure(outcome, server.host, "")


if __name__ == "__main__":
    unittest.main()
