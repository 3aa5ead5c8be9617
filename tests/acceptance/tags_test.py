#!/usr/bin/python3
"""Which tags are versions: by version number, by pattern, by age."""

import http.client
import random
import unittest

from support import fast_clock, images, programs, registry
from support.case import Case
from support.scripted_registry import ScriptedRegistry

THREE = {"1.0.0": "a", "1.2.1": "b", "2.0.0": "c"}
SIX = {"1.0.0-alpha.1": "a", "1.0.0": "b", "1.2.1-beta.1": "c", "1.2.1": "d", "2.0.0-rc.1": "e",
       "2.0.0": "f"}
VARIANTS = {"latest": "a", "1.0.0": "a", "0.9.0": "b", "foo": "c", "1.0.0-foo": "c",
            "0.9.0-foo": "d", "bar": "e", "1.0.0-bar": "e", "0.9.0-bar": "f"}
REGEX = {"1.0.0": "a", "1.2.1": "b", "latest": "c", "gray": "d", "grey": "e", "other": "f"}


def lettered(*tags):
    """Every tag an image of its own."""
    return {tag: f"image of {tag}" for tag in tags}


class Scripted(Case):
    """Runs check against a registry that has just the tags of a test, in several orders."""

    def check(self, tags, expected, source=None, cursor=None, options=None):
        for order in range(3):
            shuffled = list(tags.items())
            if order and "tag_regex" not in (source or {}):
                random.Random(order).shuffle(shuffled)
            server = ScriptedRegistry(dict(shuffled), **(options or {}))
            self.addCleanup(server.close)
            version = cursor and {"tag": cursor[0],
                                  "digest": server.digests.get(cursor[1], cursor[1])}
            answer = self.succeeded(programs.check(
                {"repository": server.repository, **(source or {})}, version))
            self.assertEqual(answer, [{"tag": tag, "digest": server.digests[tag]}
                                      for tag in expected])
            self.assertEqual(server.unexpected, [])
        return server


class Table(Scripted):
    """registry-image-resource's own cases for `check`, and the answers they have there."""

    def test_no_semver_tags(self):
        self.check(lettered("non-semver-tag"), [])

    def test_no_matching_regex_tags(self):
        self.check(lettered("non-matching-regex-tag"), [], {"tag_regex": "foo.*"})

    def test_latest_tag(self):
        self.check(lettered("non-semver-tag", "latest"), ["latest"])

    def test_head_with_get_fallback(self):
        self.check(lettered("non-semver-tag", "latest"), ["latest"], options={"head_tells": False})

    def test_simple_tag_regex(self):
        self.check(lettered("1.0.0", "non-semver-tag", "gray", "grey"), ["gray", "grey"],
                   {"tag_regex": "gr(a|e)y"})

    def test_simple_tag_regex_where_sorted_is_true(self):
        young, old = "gem-182-git-6bd8a5e1a2b3", "gem-1811-git-4bd8a5e1a244"
        created = {young: "1970-01-01T00:16:40Z", old: "1970-01-01T00:00:10.5+00:00"}
        self.check(lettered("1.0.0", "non-semver-tag", young, old), [old, young],
                   {"tag_regex": r"gem-(\d+)-git-([a-f0-9]{12})", "created_at_sort": True},
                   options={"created": created})

    def test_a_signature_or_a_windows_image_does_not_end_the_check_of_all_by_age(self):
        signature = "sha256-" + "a" * 64 + ".sig"
        created = {"2.0": "2024-02-01T00:00:00Z", "2.0-nanoserver": "2024-03-01T00:00:00Z",
                   "1.0": "2024-01-01T00:00:00Z"}
        self.check(lettered("2.0", "2.0-nanoserver", signature, "1.0"),
                   [signature, "1.0", "2.0", "2.0-nanoserver"],
                   {"tag_regex": ".", "created_at_sort": True},
                   options={"created": created, "windows": ["2.0-nanoserver"],
                            "signatures": [signature]})

    def test_regex_override_semver_constraint(self):
        self.check(REGEX, ["gray", "grey"], {"tag_regex": "gr(a|e)y", "semver_constraint": "1.2.x"})

    def test_semver_and_non_semver_tags(self):
        self.check(lettered("1.0.0", "non-semver-tag"), ["1.0.0"])

    def test_regex_maintain_ordering(self):
        tags = lettered("67e3c33-dev", "1.0.0", "3bd8a5e-dev", "3bd8a5e-stage", "not-dev")
        self.check(tags, ["67e3c33-dev", "3bd8a5e-dev"], {"tag_regex": "^[0-9a-f]{7}-dev$"})

    def test_semver_tag_ordering(self):
        self.check(THREE, ["1.0.0", "1.2.1", "2.0.0"])

    def test_semver_tag_ordering_with_cursor(self):
        self.check(THREE, ["1.2.1", "2.0.0"], cursor=("1.2.1", "1.2.1"))

    def test_semver_tag_ordering_with_cursor_with_different_digest(self):
        self.check(THREE, ["1.0.0", "1.2.1", "2.0.0"], cursor=("1.2.1", "bogus"))

    def test_semver_constraint(self):
        self.check({**THREE, "1.2.2": "d", "v1.2.3": "e", "latest": "f"},
                   ["1.2.1", "1.2.2", "v1.2.3"], {"semver_constraint": "1.2.x"})

    def test_prereleases_ignored_by_default(self):
        self.check(SIX, ["1.0.0", "1.2.1", "2.0.0"])

    def test_prereleases_opted_in(self):
        self.check(SIX, list(SIX), {"pre_releases": True})

    def test_prerelease_prefixes_opted_in(self):
        self.check({**SIX, "3.0.0-build.1": "g", "3.0.0-foo.1": "h"}, [*SIX, "3.0.0-build.1"],
                   {"pre_releases": True, "pre_release_prefixes": ["build"]})

    def test_prereleases_do_not_include_variants(self):
        self.check(lettered("1.0.0-alpha.1", "1.0.0-beta.1", "1.0.0-rc.1", "1.0.0-foo.1"),
                   ["1.0.0-alpha.1", "1.0.0-beta.1", "1.0.0-rc.1"], {"pre_releases": True})

    def test_prereleases_do_not_require_dot(self):
        kept = [f"1.0.0-{kind}{number}" for kind in ("alpha", "beta", "rc") for number in (1, 2)]
        self.check(lettered(*kept, "1.0.0-foo1", "1.0.0-foo2"), kept, {"pre_releases": True})

    def test_prereleases_do_not_require_number(self):
        kept = ["1.0.0-alpha", "1.0.0-beta", "1.0.0-rc"]
        self.check(lettered(*kept, "1.0.0-foo"), kept, {"pre_releases": True})

    def test_final_versions_take_priority_over_rcs(self):
        self.check(dict.fromkeys(("1.0.0-rc.1", "1.0.0-rc1", "1.0.0-rc", "1.0.0"), "a"), ["1.0.0"],
                   {"pre_releases": True})

    def test_mixed_specificity_semver_tags(self):
        self.check({"1": "a", "2": "b", "2.1": "b", "latest": "c", "3": "c", "3.2": "c",
                    "3.2.1": "c", "3.1": "d", "3.1.0": "d", "3.0": "e", "3.0.0": "e"},
                   ["1", "2.1", "3.0.0", "3.1.0", "3.2.1"])

    def test_latest_tag_having_unique_digest(self):
        self.check(lettered("1.0.0", "non-semver-tag", "latest"), ["1.0.0", "latest"])

    def test_latest_tag_pointing_to_latest_version(self):
        self.check({"1": "a", "2": "b", "3": "c", "latest": "c"}, ["1", "2", "3"])

    def test_latest_tag_pointing_to_older_version(self):
        self.check({"1": "a", "2": "b", "latest": "b", "3": "c"}, ["1", "2", "3"])

    def test_variants(self):
        self.check(VARIANTS, ["0.9.0-foo", "1.0.0-foo"], {"variant": "foo"})

    def test_variant_with_bare_variant_tag_unique(self):
        tags = {**VARIANTS, "0.8.0-foo": "g"}
        del tags["1.0.0-foo"], tags["0.9.0-foo"]
        self.check(tags, ["0.8.0-foo", "foo"], {"variant": "foo"})

    def test_distinguishing_additional_variants_from_prereleases(self):
        kept = ["1.0.0-alpha.1-foo", "1.0.0-beta.1-foo", "1.0.0-rc.1-foo", "1.0.0-foo"]
        self.check(lettered(*kept, "1.0.0-bar-foo", "1.0.0-rc.1-bar-foo", "1.0.0-alpha.1-bar-foo",
                            "1.0.0-beta.1-bar-foo"),
                   kept, {"variant": "foo", "pre_releases": True})

    def test_opting_in_to_prefixes_allows_extra_dashes(self):
        self.check(lettered("1.0.0-rc.1-x", "1.0.0-build-7", "1.0.0-other"),
                   ["1.0.0-build-7", "1.0.0-rc.1-x"],
                   {"pre_releases": True, "pre_release_prefixes": ["build"]})


class Beyond(Scripted):
    """Where registry-image-resource answers otherwise, or asks for more."""

    def test_a_listed_latest_that_does_not_exist_is_no_version(self):
        server = ScriptedRegistry({"1.0.0": "a", "latest": "b"}, absent=["latest"])
        self.addCleanup(server.close)
        answer = self.succeeded(programs.check({"repository": server.repository}))
        self.assertEqual([version["tag"] for version in answer], ["1.0.0"])

    def test_an_image_that_is_kept_back_does_not_hide_the_others(self):
        three = lettered("1.0.0", "1.1.0", "1.2.0")
        for cursor in (None, ("1.1.0", "1.1.0"), ("1.0.0", "1.0.0")):
            for rules in ({}, {"tag_regex": "1"}):
                with self.subTest(cursor=cursor, **rules):
                    self.check(three, ["1.0.0", "1.2.0"], rules, cursor=cursor,
                               options={"withheld": ["1.1.0"]})

    def test_an_image_that_cannot_be_read_does_not_hide_the_age_of_the_others(self):
        created = {"1": "2024-02-01T00:00:00Z", "2": "2024-01-01T00:00:00Z",
                   "3": "2024-03-01T00:00:00Z"}
        self.check(lettered(*created), ["3", "2", "1"],
                   {"tag_regex": ".", "created_at_sort": True},
                   options={"created": created, "unreadable": ["3"]})

    def test_when_all_images_are_kept_back_the_reason_is_told(self):
        server = ScriptedRegistry(lettered("1.0.0", "1.1.0"), withheld=["1.0.0", "1.1.0"])
        self.addCleanup(server.close)
        self.failed(programs.check({"repository": server.repository}), "blocked by a scanner")

    def test_a_registry_that_fails_at_what_is_gone_does_not_hide_what_came_after(self):
        old = "sha256:" + "0" * 64
        server = ScriptedRegistry({"latest": "new"}, broken=[old])
        self.addCleanup(server.close)
        outcome = programs.invoke(
            "check", {"source": {"repository": server.repository, "tag": "latest"},
                      "version": {"tag": "latest", "digest": old}},
            env=fast_clock.environment(self.work))
        self.assertEqual(self.succeeded(outcome),
                         [{"tag": "latest", "digest": server.digests["latest"]}])
        self.assertIn("left out", outcome.log)

    def test_the_successor_of_an_image_that_is_kept_back_is_found(self):
        old = "sha256:" + "0" * 64
        server = ScriptedRegistry({"latest": "fixed"}, withheld=[old])
        self.addCleanup(server.close)
        outcome = programs.check({"repository": server.repository, "tag": "latest"},
                                 {"tag": "latest", "digest": old})
        self.assertEqual(self.succeeded(outcome),
                         [{"tag": "latest", "digest": server.digests["latest"]}])
        self.assertIn("blocked by a scanner", outcome.log)

    def test_latest_of_a_version_behind_the_cursor_is_not_new(self):
        self.check({"1": "a", "2": "b", "latest": "b", "3": "c", "4": "d"}, ["3", "4"],
                   cursor=("3", "3"))

    def test_behind_a_cursor_older_versions_are_not_asked_for(self):
        server = self.check(lettered("1.0", "1.1", "1.2", "1.3", "x"), ["1.2", "1.3"],
                            cursor=("1.2", "1.2"))
        self.assertEqual(server.manifests_asked(), [("HEAD", "1.2"), ("HEAD", "1.3")])

    def test_the_list_is_asked_for_once_and_read_to_its_last_page(self):
        tags = {f"1.{number}": str(number) for number in range(40)}
        server = ScriptedRegistry(tags, page=7)
        self.addCleanup(server.close)
        answer = self.succeeded(programs.check({"repository": server.repository}))
        self.assertEqual([version["tag"] for version in answer], list(tags))
        lists = [path for _, path in server.asked if "/tags/list" in path]
        self.assertEqual(len(lists), 6)
        self.assertEqual(len(set(lists)), 6)

    def test_the_keys_in_any_case_and_empty_mean_what_they_mean_there(self):
        self.check(THREE, ["1.0.0", "1.2.1", "2.0.0"],
                   {"TAG": "", "tag_regex": "", "Semver_Constraint": "", "variant": "",
                    "pre_release_prefixes": None, "created_at_sort": False})

    def test_rules_that_cannot_be_followed_are_refused_by_name(self):
        for key, value in (("tag_regex", "("), ("semver_constraint", "newest"),
                           ("variant", "a/b"), ("pre_releases", "yes"), ("tag_regexp", "x")):
            outcome = programs.check({"repository": "127.0.0.1:1/image", key: value})
            self.failed(outcome, f"source.{key}" if key != "tag_regexp" else key)


class RealRegistry(Case):
    """More tags than one page has, at a registry that others wrote."""

    COUNT = 1100

    @classmethod
    def prepare(cls):
        cls.layout = images.Layout(cls.work.fresh("layout"))
        cls.digest = cls.layout.add("image", images.Image([images.Layer().file("hello", "hi")]))
        cls.registry = registry.Registry(cls.work)
        cls.registry.push(cls.layout, "team/image", "base", from_tag="image")
        connection = http.client.HTTPConnection(cls.registry.host)
        manifest = (cls.layout.path / "blobs" / "sha256" / cls.digest[7:]).read_bytes()
        for number in range(cls.COUNT):
            connection.request("PUT", f"/v2/team/image/manifests/0.0.{number}", manifest,
                               {"Content-Type": images.MANIFEST_TYPE})
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 201, reply.status
        connection.close()
        cls.newest = cls.layout.add("newest", images.Image([images.Layer().file("hello", "ho")]))
        cls.registry.push(cls.layout, "team/image", "0.1.0", from_tag="newest")

    def source(self, **more):
        return {"repository": f"{self.registry.host}/team/image", **more}

    def test_no_tag_is_lost(self):
        answer = self.succeeded(programs.check(self.source(tag_regex="^0")))
        self.assertEqual(sorted(version["tag"] for version in answer),
                         sorted([f"0.0.{number}" for number in range(self.COUNT)] + ["0.1.0"]))
        self.assertEqual({version["digest"] for version in answer}, {self.digest, self.newest})

    def test_a_misspelt_repository_is_told_from_one_without_versions(self):
        outcome = programs.check({"repository": f"{self.registry.host}/team/imgae"})
        self.assertEqual(self.succeeded(outcome), [])
        self.assertIn("knows no such repository", outcome.log)
        outcome = programs.check(self.source(variant="alpine"))
        self.assertEqual(self.succeeded(outcome), [])
        self.assertIn("none of 1,102 tags", outcome.log)

    def test_get_takes_the_tag_from_the_version(self):
        answer = self.succeeded(programs.check(self.source()))
        self.assertEqual(answer, [{"tag": "0.0.0", "digest": self.digest},
                                  {"tag": "0.1.0", "digest": self.newest}])
        got = self.get(self.source(), answer[-1])
        self.assertEqual((got / "tag").read_text(), "0.1.0")
        self.assertEqual((got / "rootfs" / "hello").read_text(), "ho")


if __name__ == "__main__":
    unittest.main()
