#!/usr/bin/python3
"""A put that is not accepted says why in the server's words and changes nothing."""

import signal
import unittest

from support import git_http, git_ssh, images, programs
from support.put_case import PutCase

# Concourse itself kills a step ten seconds after asking it to stop.
SECONDS_TO_STOP = 8


class PutRefusals(PutCase):
    @classmethod
    def prepare(cls):
        cls.publish_images(box=images.busybox())
        cls.http = git_http.GitHttp(cls.work, cls.repositories)
        cls.sshd = git_ssh.GitSsh(cls.work)
        cls.key = cls.sshd.key("ed25519")

    def sources(self, repository, hooks=True):
        """Ways to the repository; with `hooks`, those on which a push meets its hooks and limits."""
        yield self.http.source(repository)
        if not (hooks and programs.in_image()):
            yield {"uri": repository.file_uri}
        yield {"uri": self.sshd.uri(repository), "private_key": self.key,
               "known_hosts": self.sshd.known_hosts}

    def test_a_hook_that_declines_is_quoted(self):
        repository = self.repository()
        repository.hook("pre-receive", 'echo "Only on Tuesdays, says the boss" >&2; exit 1\n')
        for git in self.sources(repository):
            self.refused(git, "Only on Tuesdays, says the boss", "main")
            self.assertIsNone(repository.tip())

    def test_a_protected_branch_is_quoted(self):
        repository = self.repository()
        repository.hook("update", 'echo "branch $1 is protected" >&2; exit 1\n')
        for git in self.sources(repository):
            self.refused(git, "branch refs/heads/main is protected")
            self.assertIsNone(repository.tip())

    def test_the_last_line_alone_says_what_did_not_go_where(self):
        repository = self.repository()
        repository.hook("update", "exit 1\n")
        for git in self.sources(repository):
            outcome = programs.put(self.source_of("box", git=git), self.inputs, image="box")
            self.assertIn(f"error: publish to {git['uri']} branch main: the push was refused: ",
                          self.last_line(outcome))

    def test_a_host_that_refuses_in_its_own_words_is_not_told_as_another_protocol(self):
        """In the way of Gitea and Forgejo: an empty line where git's protocol begins."""
        program = self.work.directory("programs") / "git-receive-pack"
        program.write_text("#!/bin/sh\nprintf 'error: \\nerror: Repo: a/b is archived.\\nerror:\\n' >&2\n"
                           "echo; exit 1\n")
        program.chmod(0o755)
        sshd = git_ssh.GitSsh(self.work, programs=program.parent)
        repository = self.repository()
        log = self.refused({"uri": sshd.uri(repository), "private_key": sshd.key("ed25519"),
                            "known_hosts": sshd.known_hosts},
                           "it said: error: Repo: a/b is archived.")
        self.assertNotIn("does not speak", log)

    def test_lines_that_come_beside_the_protocol_are_told_apart(self):
        def put(then):
            program = self.work.directory("programs") / "git-receive-pack"
            program.write_text("#!/bin/sh\nprintf 'the disk is nearly full\\nask the boss\\n' "
                               f">&2\n{then}\n")
            program.chmod(0o755)
            sshd = git_ssh.GitSsh(self.work, programs=program.parent)
            repository = self.repository()
            repository.hook("update", "exit 1\n")
            git = {"uri": sshd.uri(repository), "private_key": sshd.key("ed25519"),
                   "known_hosts": sshd.known_hosts}
            return programs.put(self.source_of("box", git=git), self.inputs, image="box")

        words = "the server said: the disk is nearly full / ask the boss"
        with self.subTest("a refusal"):
            self.failed(put('exec /usr/bin/git-receive-pack "$@"'), words)
        with self.subTest("a cut"):
            for seconds in (0.2, 2, 10):
                outcome = put(f"sleep {seconds}; kill -9 $PPID")
                if "ask the boss" in outcome.log:
                    break  # What sshd has not passed on yet dies with it.
            self.failed(outcome, words)

    def test_a_size_limit_is_quoted(self):
        repository = self.repository()
        repository.git("config", "receive.maxInputSize", "100k")
        # fcgiwrap hides what git says when git hangs up before it has read everything.
        for git in list(self.sources(repository))[1:]:
            self.refused(git, "maximum allowed size")
            self.assertIsNone(repository.tip())

    def test_a_sha256_repository_is_refused_by_name(self):
        repository = self.repository(object_format="sha256")
        for git in self.sources(repository, hooks=False):
            self.refused(git, "sha256")
            self.assertIsNone(repository.tip())

    def test_a_server_that_is_down_is_named(self):
        for uri in ("http://127.0.0.1:1/x.git", "ssh://git@127.0.0.1:1/x.git"):
            self.refused({"uri": uri, "private_key": self.key, "known_hosts": "x y z"}
                         if uri.startswith("ssh") else {"uri": uri}, "127.0.0.1:1")

    def test_a_get_that_never_finished_is_not_published(self):
        repository = self.repository()
        half = self.work.directory("half")
        (half / "image/rootfs/bin").mkdir(parents=True)
        outcome = programs.put(self.source_of("box", git=self.http.source(repository)), half,
                               image="image")
        self.failed(outcome, "metadata.json")
        self.assertIsNone(repository.tip())

    def test_an_input_that_is_not_there_is_named(self):
        git = self.http.source(self.repository())
        outcome = programs.put(self.source_of("box", git=git), self.inputs, image="boxx")
        self.failed(outcome, "boxx")

    def test_an_input_outside_the_build_is_refused(self):
        git = self.http.source(self.repository())
        for path in ("../inputs/box", str(self.inputs / "box"), "box/../../inputs/box"):
            self.failed(programs.put(self.source_of("box", git=git), self.inputs, image=path),
                        "image")

    def test_a_build_that_is_aborted_moves_no_branch(self):
        repository = self.repository()
        waiting = repository.path / "waiting"
        repository.hook("pre-receive", f"""
            touch "{waiting}"
            while [ -e "{waiting}" ]; do sleep 0.1; done
            exit 1
        """)
        self.addCleanup(lambda: waiting.unlink(missing_ok=True))
        request = {"source": self.source_of("box", git=self.http.source(repository)),
                   "params": {"image": "box"}}
        running = programs.start("out", request, self.inputs)
        while not waiting.exists() and running.poll() is None:
            pass
        running.send_signal(signal.SIGTERM)
        outcome = programs.finish(running, SECONDS_TO_STOP)
        self.assertEqual(outcome.code, 128 + signal.SIGTERM, str(outcome))
        self.assertEqual(outcome.stdout, b"")
        self.assertIsNone(repository.tip())


if __name__ == "__main__":
    unittest.main()
