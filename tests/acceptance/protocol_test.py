#!/usr/bin/python3
"""The programs as Concourse calls them: one JSON value out, nothing secret, no guessing."""

import base64
import json
import unittest

from support import git_http, images, programs, registry
from support.case import Case


class Protocol(Case):
    @classmethod
    def prepare(cls):
        cls.layout = images.Layout(cls.work.fresh("layout"))
        cls.digest = cls.layout.add("one", images.Image([images.Layer().file("a", "1")]))
        cls.registry = registry.Registry(cls.work, password=True)
        cls.registry.push(cls.layout, "team/image", "one")
        cls.git = git_http.GitHttp(cls.work, cls.repositories)
        cls.version = {"tag": "one", "digest": cls.digest}

    def source(self, **more):
        return {"repository": f"{self.registry.host}/team/image", "tag": "one",
                "username": registry.USER, "password": registry.PASSWORD, **more}

    def runs(self, source, env=None, **params):
        """check, in and out in a row, with one source."""
        inputs = self.work.directory("inputs")
        (inputs / "image").mkdir()
        yield programs.invoke("check", {"source": source}, env=env)
        yield programs.invoke("in", {"source": source, "version": self.version, "params": params},
                              inputs / "image", env=env)
        yield programs.invoke("out", {"source": source, "params": {"image": "image"}}, inputs,
                              env=env)

    def test_the_environment_may_be_empty(self):
        git = self.git.source(self.repository())
        for outcome in self.runs(self.source(git=git), env={}):
            self.succeeded(outcome)

    def test_a_file_repository_needs_no_environment_either(self):
        git = {"uri": self.repository().file_uri}
        for outcome in self.runs(self.source(git=git), env={}):
            self.succeeded(outcome)

    def test_stdout_holds_one_json_value_and_the_log_goes_to_stderr(self):
        git = self.git.source(self.repository())
        for outcome in self.runs(self.source(git=git, debug=True)):
            value, end = json.JSONDecoder().raw_decode(outcome.stdout.decode())
            self.assertIsInstance(value, (dict, list))
            self.assertEqual(outcome.stdout[end:].strip(), b"")
            self.assertTrue(outcome.log.endswith("\n"), repr(outcome.log[-80:]))

    def test_every_value_of_a_version_and_of_metadata_is_a_string(self):
        git = self.git.source(self.repository())
        _, got, put = self.runs(self.source(git=git))
        for answer in (self.succeeded(got), self.succeeded(put)):
            self.assertEqual(answer.keys(), {"version", "metadata"})
            self.assertEqual(answer["version"], self.version)
            for item in answer["metadata"]:
                self.assertEqual(item.keys(), {"name", "value"})
                self.assertIsInstance(item["value"], str)

    def assert_no_secret(self, outcome, *secrets):
        for user, secret in secrets:
            for shown in (secret, base64.b64encode(f"{user}:{secret}".encode()).decode()):
                self.assertNotIn(shown, outcome.log)
                self.assertNotIn(shown.encode(), outcome.stdout)

    def test_no_secret_is_logged_when_all_goes_well(self):
        git = self.git.source(self.repository())
        for outcome in self.runs(self.source(git=git, debug=True)):
            self.succeeded(outcome)
            self.assert_no_secret(outcome, (registry.USER, registry.PASSWORD),
                                  (git_http.USER, git_http.PASSWORD))

    def test_no_secret_is_logged_when_it_is_wrong(self):
        repository = self.repository()
        git = dict(self.git.source(repository), password="wrong-for-git")
        inputs = self.work.directory("inputs")
        self.get(self.source(), self.version).rename(inputs / "image")
        self.failed(programs.put(self.source(git=git, debug=True), inputs, image="image"))
        for outcome in self.runs(self.source(git=git, debug=True, password="wrong-for-images")):
            self.assert_no_secret(outcome, (registry.USER, "wrong-for-images"),
                                  (git_http.USER, "wrong-for-git"))
            self.failed(outcome)

    def test_a_login_inside_the_address_is_not_logged(self):
        repository = self.repository()
        git = {"uri": self.git.clone_uri(repository)}
        for outcome in self.runs(self.source(git=git, debug=True)):
            self.assert_no_secret(outcome, (git_http.USER, git_http.PASSWORD))
        git["uri"] = git["uri"].replace(git_http.PASSWORD, "wrong-in-address")
        for outcome in self.runs(self.source(git=git, debug=True)):
            self.assert_no_secret(outcome, (git_http.USER, "wrong-in-address"))

    def test_a_misspelt_key_is_refused_with_its_place_and_the_right_spelling(self):
        for request, place, meant in (
                ({"source": {"repositry": "x"}}, "source.repositry", "repository"),
                ({"source": self.source(platform={"architekture": "arm64"})},
                 "source.platform.architekture", "architecture"),
                ({"source": self.source(git={"uri": "file:///x", "private_keys": "x"})},
                 "source.git.private_keys", "private_key")):
            self.failed(programs.invoke("check", request), place, meant)
        for name, params, meant in (("in", {"formats": "rootfs"}, "format"),
                                    ("out", {"imag": "image"}, "image")):
            source = self.source(git={"uri": self.repository().file_uri})
            request = {"source": source, "version": self.version, "params": params}
            if name == "out":
                del request["version"]
            outcome = programs.invoke(name, request, self.work.directory("any"))
            self.failed(outcome, "params." + next(iter(params)), meant)

    def test_the_value_of_an_unknown_key_is_not_shown(self):
        log = self.failed(programs.check(self.source(pasword="a-slip-of-the-key")), "password")
        self.assertNotIn("a-slip-of-the-key", log)

    def test_top_level_keys_may_be_written_in_any_case(self):
        outcome = programs.invoke("check", {"Source": self.source(), "VERSION": self.version})
        self.assertEqual(self.succeeded(outcome), [self.version])

    def test_absent_null_and_empty_mean_the_same(self):
        for nothing in ({}, {"version": None}, {"version": {}}):
            outcome = programs.invoke("check", {"source": self.source(), **nothing})
            self.assertEqual(self.succeeded(outcome), [self.version])
        for nothing in ({}, {"params": None}, {"params": {}}):
            outcome = programs.invoke("in", {"source": self.source(), "version": self.version,
                                             **nothing}, self.work.directory("get"))
            self.assertEqual(self.succeeded(outcome)["version"], self.version)

    def test_nonsense_on_stdin_is_an_error_and_not_a_crash(self):
        for text in (b"", b"{", b"[]", b"null", b'{"source": 1}', b"\xff\xfe", b'{"source": {}}',
                     b'{"source": {"repository": ""}}', b'{"source": {"repository": 5}}',
                     b"[" * 100_000):
            for name in ("check", "in", "out"):
                directory = None if name == "check" else self.work.directory("any")
                self.failed(programs.invoke(name, text, directory))

    def test_in_and_out_need_their_directory(self):
        for name in ("in", "out"):
            self.failed(programs.invoke(name, {"source": self.source(), "version": self.version}))


if __name__ == "__main__":
    unittest.main()
