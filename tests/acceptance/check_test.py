#!/usr/bin/python3
"""Which versions check reports: the newest, in order, without asking for more than it must."""

import unittest

from support import images, programs, registry
from support.case import Case


def image(text):
    return images.Image([images.Layer().file("hello", text)])


class Check(Case):
    @classmethod
    def prepare(cls):
        cls.layout = images.Layout(cls.work.fresh("layout"))
        cls.old = cls.layout.add("old", image("old"))
        cls.new = cls.layout.add("new", image("new"))
        cls.registry = registry.Registry(cls.work)
        for tag in ("latest", "7", "1.10"):
            cls.registry.push(cls.layout, "team/image", tag, from_tag="new")
        # The old image is still there by digest, as after a tag has moved.
        cls.registry.push(cls.layout, "team/image", "kept", from_tag="old")

    def source(self, **more):
        return {"repository": f"{self.registry.host}/team/image", "tag": "latest", **more}

    def check(self, source, version=None):
        return self.succeeded(programs.check(source, version))

    def test_without_a_tag_version_numbers_are_followed(self):
        self.assertEqual(self.check({"repository": f"{self.registry.host}/team/image"}),
                         [{"tag": "1.10", "digest": self.new}])

    def test_a_number_is_a_tag(self):
        self.assertEqual(self.check(self.source(tag=7)), [{"tag": "7", "digest": self.new}])

    def test_a_number_keeps_its_last_zero(self):
        host = self.registry.host
        request = f'{{"source": {{"repository": "{host}/team/image", "tag": 1.10}}}}'.encode()
        answer = self.succeeded(programs.invoke("check", request))
        self.assertEqual(answer, [{"tag": "1.10", "digest": self.new}])

    def test_an_absent_tag_is_no_version_and_no_error(self):
        self.assertEqual(self.check(self.source(tag="nobody-pushed-this")), [])

    def test_an_absent_repository_is_no_version_and_no_error(self):
        repository = f"{self.registry.host}/nobody/pushed"
        self.assertEqual(self.check({"repository": repository}), [])
        outcome = programs.check({"repository": repository, "tag": "latest"})
        self.assertEqual(self.succeeded(outcome), [])
        self.assertIn(f"{repository}:latest: the registry has no such tag or repository",
                      outcome.log)

    def test_the_version_we_have_is_reported_once(self):
        newest = {"tag": "latest", "digest": self.new}
        self.assertEqual(self.check(self.source(), newest), [newest])

    def test_an_old_version_that_still_exists_comes_first(self):
        self.assertEqual(self.check(self.source(), {"tag": "latest", "digest": self.old}),
                         [{"tag": "latest", "digest": self.old},
                          {"tag": "latest", "digest": self.new}])

    def test_an_old_version_that_was_deleted_is_not_reported(self):
        gone = "sha256:" + "0" * 64
        self.assertEqual(self.check(self.source(), {"tag": "latest", "digest": gone}),
                         [{"tag": "latest", "digest": self.new}])

    def test_a_version_that_makes_no_sense_crashes_nothing(self):
        for digest in ("", "sha256:short", "../../etc/passwd", "md5:" + "0" * 32):
            outcome = programs.check(self.source(), {"tag": "latest", "digest": digest})
            if outcome.code == 0:
                self.assertEqual(outcome.answer[-1], {"tag": "latest", "digest": self.new})
            else:
                self.failed(outcome, "digest")

    def test_one_head_request_is_enough(self):
        before = len(self.registry.requests())
        self.check(self.source())
        asked = [one for one in self.registry.requests()[before:] if "/manifests/" in one[1]]
        self.assertEqual(asked, [("HEAD", "/v2/team/image/manifests/latest")])

    def test_an_index_has_the_digest_of_the_index(self):
        both = self.layout.add("both", [image("x"), images.Image([], architecture="arm64")])
        self.registry.push(self.layout, "team/image", "both")
        self.assertEqual(self.check(self.source(tag="both")), [{"tag": "both", "digest": both}])


if __name__ == "__main__":
    unittest.main()
