#!/usr/bin/python3
"""Git servers that break off, refuse and lie: the branch is where it was, or where it should be."""

import concurrent.futures
import os
import random
import re
import shutil
import signal
import threading
import time
import unittest

from support import fast_clock, git_http, git_ssh, images, programs, trees
from support.cutting_line import CuttingLine
from support.http_server import HttpServer, Reply, forward
from support.put_case import PutCase

SEED = int(os.environ.get("FAULTS_SEED", random.randrange(2**32)))
CUTS = int(os.environ.get("FAULTS_CUTS", 3))
STEPS = ("list to read", "read", "list to write", "write")


def step_of(request):
    """Which of a conversation's four requests it is."""
    writes = "receive-pack" in request.target
    if request.path.endswith("/info/refs"):
        return "list to write" if writes else "list to read"
    return "write" if writes else "read"


def status(code):
    return lambda *_: Reply(code, {"Content-Type": "text/plain"}, b"says the proxy")


def cut(share):
    return lambda reply: reply.cut(int(len(reply.body) * share))


def stall(share):
    return lambda reply: reply.cut(int(len(reply.body) * share), threading.Event())


def body(change):
    return lambda reply: Reply(reply.status, reply.with_headers(content_length=None).headers,
                               change(reply.body))


def fake(*_):
    """An answer that never reaches the server behind, in the place of its own."""
    return Reply(200, {"Content-Type": "text/html"}, b"<title>Please sign in</title>")


def again(reply, target):
    return Reply(302, {"Location": target})


def packet(text):
    return b"%04x" % (len(text) + 4) + text


WORDS = {401: "login", 403: "403", 404: "404", 429: "429", 500: "500", 503: "503"}


class GitFaults(PutCase):
    @classmethod
    def prepare(cls):
        print(f"FAULTS_SEED={SEED}")
        cls.publish_images(box=images.busybox(), boxes=images.busybox(
            [images.Layer().file("noise", random.Random(7).randbytes(200_000))]))
        cls.http = git_http.GitHttp(cls.work, cls.repositories, open_to_all=True,
                                   streaming=True)
        cls.fast = fast_clock.environment(cls.work, 500)
        cls.unhurried = fast_clock.environment(cls.work)
        cls.template = cls.repository()
        outcome = programs.put(cls.source_of("box", git={"uri": cls.template.file_uri}),
                               cls.inputs, image="box")
        if outcome.code != 0:
            raise RuntimeError(str(outcome))

    def front(self, step, fault, instead=False):
        """A server that spoils the answers to one step; with `instead` the request gets lost."""
        def answer(request):
            if server.step != step_of(request):
                return forward(request, self.http.url.partition("://")[2])
            reply = Reply() if instead else forward(request, self.http.url.partition("://")[2])
            return fault(reply)

        server = HttpServer(answer)
        server.step = step
        self.addCleanup(server.close)
        return server

    def proper_failure(self, outcome, address, *words):
        """One line of error; the address stands there, or in the heading above it."""
        log = re.sub("\x1b\\[[0-9]*m", "", self.failed(outcome, address))
        last = log.rstrip("\n").split("\n")[-1]
        self.assertTrue(last.startswith("error: "), log)
        self.assertEqual(("\n" + log).count("\nerror: "), 1, log)
        for word in words:
            self.assertIn(word.lower(), last.lower(), log)
        if os.environ.get("FAULTS_SHOW"):
            print("   ", last)

    def put_of(self, tag, uri, env=None, **git):
        request = {"source": self.source_of(tag, git={"uri": uri, **git}),
                   "params": {"image": tag}}
        return programs.invoke("out", request, self.inputs, env=env or self.unhurried)

    def published(self):
        """A repository with one image, and its tip."""
        repository = self.repository()
        shutil.rmtree(repository.path)
        shutil.copytree(self.template.path, repository.path)
        return repository, self.template.tip()

    def spoiled_put(self, step, fault, words, instead=False, env=None):
        """A put that fails moves nothing, and the next one is as if it had not been."""
        repository, old = self.published()
        server = self.front(step, fault, instead)
        uri = f"{server.url}/{repository.path.name}"
        self.proper_failure(self.put_of("boxes", uri, env), server.host, words)
        self.assertEqual(repository.history(), [old])
        self.assertEqual(repository.fsck(), [])
        server.step = None
        self.succeeded(self.put_of("boxes", uri))
        self.assertEqual(repository.history()[1:], [old])
        self.assertEqual(repository.fsck(), [])

    def spoiled_get(self, step, fault, words, env=None):
        env = env or self.unhurried
        repository, old = self.published()
        server = self.front(step, fault)
        source = {"git": {"uri": f"{server.url}/{repository.path.name}"}}
        destination = self.work.directory("get")
        request = {"source": source, "version": {"ref": old}}
        self.proper_failure(programs.invoke("in", request, destination, env=env), server.host,
                            words)
        self.assertEqual([], os.listdir(destination))
        outcome = programs.invoke("check", {"source": source}, env=env)
        if step == "list to read":
            self.proper_failure(outcome, server.host, words)
        server.step = None
        self.succeeded(programs.get(source, {"ref": old}, destination))
        self.assertTrue((destination / "rootfs/bin/busybox").exists())

    def each(self, cases):
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            waiting = [(name, pool.submit(*call)) for name, *call in cases]
            for name, result in waiting:
                with self.subTest(name):
                    result.result()

    def test_a_put_that_is_refused_by_what_stands_before_the_server(self):
        self.each([(f"{step}: {code}", self.spoiled_put, step, status(code), WORDS[code], True)
                   for step in STEPS[2:] for code in WORDS])

    def test_a_server_that_is_down_for_a_moment_ends_no_step(self):
        repository, old = self.published()
        refused = []

        def answer(request):
            if request.target not in refused:
                refused.append(request.target)
                return Reply(503, {"Retry-After": "1"})
            return forward(request, self.http.url.partition("://")[2])

        server = HttpServer(answer)
        self.addCleanup(server.close)
        uri = f"{server.url}/{repository.path.name}"
        # To be asked again is nothing for the request that changes something.
        refused.append(f"/{repository.path.name}/git-receive-pack")
        outcome = self.put_of("boxes", uri)
        self.succeeded(outcome)
        self.assertEqual(len(refused), 4, refused)
        self.assertIn("HTTP 503", outcome.log)
        self.assertIn("trying again in 1", outcome.log)
        source = {"git": {"uri": uri}}
        for step in ({"version": {"ref": old}}, {"version": {"ref": repository.tip()}}):
            refused.clear()
            checked = programs.invoke("check", {"source": source, **step}, env=self.unhurried)
            self.assertEqual(self.succeeded(checked)[-1], {"ref": repository.tip()})
        refused.clear()
        got = programs.invoke("in", {"source": source, "version": {"ref": old}},
                              self.work.directory("get"), env=self.unhurried)
        self.succeeded(got)
        self.assertEqual(repository.history()[1:], [old])

    def test_a_get_that_is_refused(self):
        self.each([(f"{step}: {code}", self.spoiled_get, step, status(code), WORDS[code])
                   for step in STEPS[:2] for code in WORDS])

    def test_a_get_whose_answers_are_spoiled(self):
        def other(data):
            return data[:-30] + bytes([data[-30] ^ 1]) + data[-29:]
        self.each([
            ("no list", self.spoiled_get, STEPS[0], cut(0), ""),
            ("half a list", self.spoiled_get, STEPS[0], cut(.5), "broke off"),
            ("a list that is cut short", self.spoiled_get, STEPS[0],
             body(lambda data: data[:len(data) // 2]), ""),
            ("no answer", self.spoiled_get, STEPS[1], cut(0), ""),
            ("half a pack", self.spoiled_get, STEPS[1], cut(.5), "broke off"),
            ("nearly a pack", self.spoiled_get, STEPS[1], cut(.999), "broke off"),
            ("a pack that is cut short", self.spoiled_get, STEPS[1],
             body(lambda data: data[:len(data) // 2]), ""),
            ("other bytes", self.spoiled_get, STEPS[1], body(other), ""),
            ("no git", self.spoiled_get, STEPS[0], fake, "git.uri"),
            ("no git behind", self.spoiled_get, STEPS[1], fake, ""),
            ("an error of the server", self.spoiled_get, STEPS[1],
             body(lambda _: packet(b"ERR on fire")), "on fire"),
            ("silence", self.spoiled_get, STEPS[1], stall(.5), "nothing for", self.fast),
            ("silence at first", self.spoiled_get, STEPS[0], stall(0), "nothing for", self.fast),
            ("a redirect to itself", self.spoiled_get, STEPS[0],
             lambda _: Reply(302, {"Location": "refs?service=git-upload-pack"}), "redirects"),
            ("a redirect to elsewhere", self.spoiled_get, STEPS[0],
             lambda _: Reply(302, {"Location": "http://127.0.0.1:1/login"}), "127.0.0.1:1"),
            ("a redirect of a request", self.spoiled_get, STEPS[1],
             lambda _: Reply(302, {"Location": "elsewhere"}), "302"),
        ])

    def each_way_cut_once(self, action, **limit):
        sshd = git_ssh.GitSsh(self.work)
        login = {"private_key": sshd.key("ed25519"), "skip_host_key_check": True}
        for start, address, folder, git in (
                ("http://", self.http.url.partition("://")[2], "", {}),
                (f"ssh://{sshd.user}@", f"127.0.0.1:{sshd.port}", self.repositories, login)):
            with self.subTest(start):
                repository, old = self.published()
                line = CuttingLine(address, once=True, **limit)
                self.addCleanup(line.close)
                action(repository, old, {"uri": f"{start}{line.address}{folder}/"
                                                f"{repository.path.name}", **git})

    def test_a_connection_that_is_cut_once_does_not_end_a_get(self):
        def get(_, old, git):
            destination = self.work.directory("get")
            outcome = programs.invoke("in", {"source": {"git": git}, "version": {"ref": old}},
                                      destination, env=self.unhurried)
            self.succeeded(outcome)
            self.assertIn("; beginning again", outcome.log)
            found = trees.listing(destination / "rootfs", exact=True)
            self.assertEqual([], trees.differences(whole, found))

        expected = self.work.directory("expected")
        self.succeeded(programs.get({"git": {"uri": self.template.file_uri}},
                                    {"ref": self.template.tip()}, expected))
        whole = trees.listing(expected / "rootfs", exact=True)
        self.each_way_cut_once(get, down=300_000)

    def test_a_put_whose_questions_are_answered_wrongly(self):
        self.each([
            ("no list", self.spoiled_put, STEPS[2], cut(0), ""),
            ("half a list", self.spoiled_put, STEPS[2], cut(.5), ""),
            ("no git", self.spoiled_put, STEPS[2], fake, "git.uri"),
            ("silence", self.spoiled_put, STEPS[2], stall(0), "nothing for", False, self.fast),
            ("the push gets lost", self.spoiled_put, STEPS[3], cut(0), "", True),
            ("an empty report", self.spoiled_put, STEPS[3], lambda _: Reply(200), "whether", True),
            ("a page for people", self.spoiled_put, STEPS[3], fake, "", True),
            ("the disk", self.spoiled_put, STEPS[3], lambda _: Reply(
                200, {}, packet(b"\1" + packet(b"unpack index-pack failed\n")
                                + packet(b"ng refs/heads/main unpacker error\n") + b"0000")
                + packet(b"\2No space left on device\n") + b"0000"), "No space left", True),
        ])

    def test_what_the_server_has_cannot_be_asked(self):
        """Then everything is sent: slow, but right."""
        for step, fault in ((STEPS[0], status(500)), (STEPS[1], cut(.5)), (STEPS[1], fake)):
            repository, old = self.published()
            server = self.front(step, fault)
            outcome = self.put_of("boxes", f"{server.url}/{repository.path.name}")
            self.succeeded(outcome)
            self.assertIn("warning", outcome.log)
            self.assertEqual(repository.history()[1:], [old])
            self.assertEqual(repository.fsck(), [])

    def test_a_connection_that_is_cut_once_does_not_end_a_put(self):
        def put(repository, old, git):
            outcome = self.put_of("boxes", **git)
            self.succeeded(outcome)
            self.assertIn("; trying again", outcome.log)
            self.assertEqual(repository.history()[1:], [old])
            self.assertEqual(repository.fsck(), [])

        self.each_way_cut_once(put, up=100_000)

    def test_an_answer_that_gets_lost_does_not_make_a_second_commit(self):
        for fault in (cut(0), cut(.5), lambda _: Reply(502), lambda _: Reply(200)):
            repository, old = self.published()
            server = self.front("write", fault)
            self.succeeded(self.put_of("boxes", f"{server.url}/{repository.path.name}"))
            self.assertEqual(repository.history()[1:], [old])

    def test_a_push_that_breaks_off_at_any_byte(self):
        chance = random.Random(SEED)
        sshd = git_ssh.GitSsh(self.work)
        key = sshd.key("ed25519")
        ways = {"http": (self.http.url.partition("://")[2], {}),
                "ssh": (f"127.0.0.1:{sshd.port}",
                        {"private_key": key, "skip_host_key_check": True}),
                "parts": (self.http.url.partition("://")[2], {"max_push_size": "100kB"})}

        def uri(way, line, repository):
            if way == "ssh":
                return f"ssh://{sshd.user}@{line.address}{repository.path}"
            return f"http://{line.address}/{repository.path.name}"

        def broken_put(way, up, down):
            address, git = ways[way]
            repository, old = self.published()
            line = CuttingLine(address, up, down)
            self.addCleanup(line.close)
            outcome = self.put_of("boxes", uri(way, line, repository), **git)
            self.assertEqual(repository.fsck(), [])
            if outcome.code != 0:
                self.proper_failure(outcome, line.address)
            self.assertEqual(repository.history()[-1], old)
            self.assertLessEqual(len(repository.history()), 2)
            if line.is_cut and outcome.code == 0:
                self.assertEqual(len(repository.history()), 2)
            line.mend()
            self.succeeded(self.put_of("boxes", uri(way, line, repository), **git))
            self.assertEqual(repository.history()[1:], [old])
            self.assertEqual(repository.fsck(), [])
            return line.passed

        cases = []
        for way in ways:
            all_of_it = broken_put(way, None, None)
            places = [chance.randrange(all_of_it["up"]) for _ in range(CUTS)]
            cases += [(f"{way}: after {up} bytes", broken_put, way, up, None)
                      for up in [0, 1, all_of_it["up"] - 1, *places]]
            cases += [(f"{way}: after {down} bytes of answers", broken_put, way, None, down)
                      for down in [chance.randrange(all_of_it["down"])
                                   for _ in range((CUTS + 1) // 2)]]
        self.each(cases)

    def test_a_put_that_is_stopped_takes_its_parts_back_from_a_slow_server(self):
        repository, old = self.published()
        stopped = threading.Event()

        def answer(request):
            step = step_of(request)
            if stopped.is_set() and step == "list to write":
                time.sleep(2)
            elif step == "write" and repository.git("for-each-ref", "refs/rootfs-git-resource"):
                if not stopped.is_set():
                    stopped.set()
                    running.send_signal(signal.SIGTERM)
                    return Reply(503)
            return forward(request, self.http.url.partition("://")[2])

        server = HttpServer(answer)
        self.addCleanup(server.close)
        git = {"uri": f"{server.url}/{repository.path.name}", "max_push_size": "100kB"}
        running = programs.start("out", {"source": self.source_of("boxes", git=git),
                                         "params": {"image": "boxes"}}, self.inputs)
        outcome = programs.finish(running)
        self.assertTrue(stopped.is_set(), str(outcome))
        self.assertEqual(outcome.code, 128 + signal.SIGTERM, str(outcome))
        self.assertEqual(repository.git("for-each-ref", "--format=%(refname)"), "refs/heads/main",
                         str(outcome))
        self.assertEqual(repository.history(), [old])

    def test_a_branch_that_moves_in_between(self):
        """Twice somebody else is faster, and the third time nobody is."""
        repository, old = self.published()
        hand = []

        def fault(reply):
            if len(hand) < 2:
                hand.append(repository.commit_by_hand(self.work, {f"by-hand-{len(hand)}": "x"}))
            return reply

        server = self.front("list to write", fault)
        self.succeeded(self.put_of("boxes", f"{server.url}/{repository.path.name}"))
        self.assertEqual(len(hand), 2)
        self.assertEqual(repository.history()[1:], [*reversed(hand), old])
        self.assertEqual(repository.fsck(), [])

    def test_a_branch_that_never_stands_still_is_given_up(self):
        repository, old = self.published()

        def fault(reply):
            commit = repository.git("commit-tree", "-p", "main", "-m", "By hand", "main^{tree}")
            repository.git("update-ref", "refs/heads/main", commit)
            return reply

        server = self.front("list to write", fault)
        outcome = self.put_of("boxes", f"{server.url}/{repository.path.name}")
        self.proper_failure(outcome, server.host, "moved meanwhile", "attempts")
        self.assertEqual(repository.history()[-1], old)
        self.assertEqual(repository.fsck(), [])


if __name__ == "__main__":
    unittest.main()
