#!/usr/bin/python3
"""Git servers that fail, refuse and lie: the branch is where it was, or where it should be."""

import os
import signal
import threading
import time
import unittest

from support import programs
from support.faulty_git import FaultyGitCase
from support.http_server import HttpServer, Reply, forward

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


def packet(text):
    return b"%04x" % (len(text) + 4) + text


WORDS = {401: "login", 403: "403", 404: "404", 429: "429", 500: "500", 503: "503"}


class NotReached(AssertionError):
    """The program gave up before it came to the fault."""


class GitFaults(FaultyGitCase):
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

    @staticmethod
    def assert_reached(server, step):
        if step not in map(step_of, server.requests):
            raise NotReached(step)

    def silent(self, spoiled, *more):
        """Time flies no faster than the machine comes to the step at which the server falls silent."""
        for env in self.fast:
            try:
                return spoiled(*more, env=env)
            except NotReached as error:
                early = error
        raise early

    def spoiled_put(self, step, fault, words, instead=False, env=None):
        """A put that fails moves nothing, and the next one is as if it had not been."""
        repository, old = self.published()
        server = self.front(step, fault, instead)
        uri = f"{server.url}/{repository.path.name}"
        outcome = self.put_of("boxes", uri, env)
        self.assert_reached(server, step)
        self.proper_failure(outcome, server.host, words)
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
        outcome = programs.invoke("in", request, destination, env=env)
        self.assert_reached(server, step)
        self.proper_failure(outcome, server.host, words)
        self.assertEqual([], os.listdir(destination))
        outcome = programs.invoke("check", {"source": source}, env=env)
        if step == "list to read":
            self.proper_failure(outcome, server.host, words)
        server.step = None
        self.succeeded(programs.get(source, {"ref": old}, destination))
        self.assertTrue((destination / "rootfs/bin/busybox").exists())

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
            ("silence", self.silent, self.spoiled_get, STEPS[1], stall(.5), "nothing for"),
            ("silence at first", self.silent, self.spoiled_get, STEPS[0], stall(0), "nothing for"),
            ("a redirect to itself", self.spoiled_get, STEPS[0],
             lambda _: Reply(302, {"Location": "refs?service=git-upload-pack"}), "redirects"),
            ("a redirect to elsewhere", self.spoiled_get, STEPS[0],
             lambda _: Reply(302, {"Location": "http://127.0.0.1:1/login"}), "127.0.0.1:1"),
            ("a redirect of a request", self.spoiled_get, STEPS[1],
             lambda _: Reply(302, {"Location": "elsewhere"}), "302"),
        ])

    def test_a_put_whose_questions_are_answered_wrongly(self):
        self.each([
            ("no list", self.spoiled_put, STEPS[2], cut(0), ""),
            ("half a list", self.spoiled_put, STEPS[2], cut(.5), ""),
            ("no git", self.spoiled_put, STEPS[2], fake, "git.uri"),
            ("silence", self.silent, self.spoiled_put, STEPS[2], stall(0), "nothing for"),
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

    def test_an_answer_that_gets_lost_does_not_make_a_second_commit(self):
        for fault in (cut(0), cut(.5), lambda _: Reply(502), lambda _: Reply(200)):
            repository, old = self.published()
            server = self.front("write", fault)
            self.succeeded(self.put_of("boxes", f"{server.url}/{repository.path.name}"))
            self.assertEqual(repository.history()[1:], [old])

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
