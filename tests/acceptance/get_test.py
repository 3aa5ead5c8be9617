#!/usr/bin/python3
"""What a get leaves: the very image, and the files beside it."""

import json
import unittest

from support import images, preload, programs, registry, trees
from support.case import AS_ROOT, MAY_MAKE_DEVICES, Case
from support.workspace import run, tool

# cap_net_raw+ep as the kernel stores it.
CAPABILITY = "\x01\x00\x00\x02\x00\x20\x00\x00" + "\x00" * 12
LATIN = b"caf\xe9".decode(errors="surrogateescape")


def thorny():
    """An image with everything that is easily lost."""
    base = images.Layer().directory("etc").directory("usr").directory("usr/bin")
    base.directory("tmp", mode=0o1777).directory("var").directory("var/shared", mode=0o2775, gid=50)
    base.file("etc/passwd", "web:x:1:1::/:/bin/sh\n").file("etc/group", "web:x:1:\n")
    base.file("etc/shadow", "root:*:1", mode=0o640, gid=42)
    base.file("usr/bin/su", b"\x7fELF" + bytes(5000), mode=0o4755)
    base.file("usr/bin/ping", "ping", mode=0o755, xattrs={"security.capability": CAPABILITY})
    base.file("usr/bin/perl", "perl", mode=0o755).hard_link("usr/bin/perl5", "usr/bin/perl")
    base.symlink("bin", "usr/bin").symlink("var/run", "/run").symlink("dangling", "no/where")
    base.directory("old").file("old/gone", "1").file("old/stays", "2")
    base.directory("cache").file("cache/a", "1").directory("cache/sub").file("cache/sub/b", "2")
    base.file("replaced", "file").directory("swapped").file("swapped/x", "x")
    base.fifo("pipe", mode=0o600).character_device("null", 1, 3)
    base.file("owned", "x", uid=123456, gid=654321, mtime=1)
    upper = images.Layer().whiteout("old/gone").directory("cache").opaque("cache")
    upper.file("cache/new", "3").directory("replaced").file("replaced/inside", "4")
    upper.file("swapped", "now a file").file("bin/through-link", "5")
    odd = images.Layer()
    for name in ("new\nline", "tab\t", "trailing ", "back\\slash", LATIN, "-rf", "é", "n" * 255,
                 ".gitignore", ".keep", "Readme", "README"):
        odd.directory("odd").file(f"odd/{name}", name)
    return images.Image([base, upper, odd], Env=["PATH=/usr/bin", "A=b c"], User="web:web",
                        Entrypoint=["/bin/sh", "-c"], Cmd=["run"], Labels={"a": "1", "b": "\u00e9"})


def may_map_root():
    return run("unshare", "--user", "--map-root-user", "true", check=False).returncode == 0


class Get(Case):
    @classmethod
    def prepare(cls):
        cls.layout = images.Layout(cls.work.fresh("layout"))
        cls.registry = registry.Registry(cls.work)
        for tag, image in {
            "thorny": thorny(),
            "bare": images.Image([images.Layer().file("x", "")]),
            "setuid": images.Image([images.Layer().file("user", "x", mode=0o4755, uid=1000)
                                    .file("group", "x", mode=0o6755, gid=50)
                                    .file("roots", "x", mode=0o6755)]),
            "zstd": images.Image([images.Layer("zstd").file("a", "1"),
                                  images.Layer("none").file("b", "2"),
                                  images.Layer("gzip").file("c", "3")]),
            "both": [images.Image([images.Layer().file("which", "amd64")]),
                     images.Image([images.Layer().file("which", "arm64")], architecture="arm64",
                                  variant="v8")],
        }.items():
            cls.layout.add(tag, image)
            cls.registry.push(cls.layout, "team/image", tag)

    def source(self, tag, **more):
        return {"repository": f"{self.registry.host}/team/image", "tag": tag, **more}

    def test_every_entry_is_as_umoci_unpacks_it(self):
        got = self.get_newest(self.source("thorny"))
        bundle = self.work.fresh("bundle")
        reference = self.registry.copy_out("team/image", "thorny", self.work.fresh("copy"))
        run("umoci", "unpack", *([] if MAY_MAKE_DEVICES else ["--rootless"]), "--image", reference, bundle)
        expected = trees.listing(bundle / "rootfs", owners=MAY_MAKE_DEVICES)
        # A device is never made here; without the right to, umoci puts a file in its place.
        self.assertEqual(expected.pop(b"null")["kind"], "device" if MAY_MAKE_DEVICES else "file")
        found = trees.listing(got / "rootfs", owners=MAY_MAKE_DEVICES)
        if not AS_ROOT:  # Whose owner cannot be set does not become setuid; umoci makes it so.
            self.assertEqual(expected[b"usr/bin/su"].pop("mode"), "0o4755")
            self.assertEqual(found[b"usr/bin/su"].pop("mode"), "0o755")
        if not MAY_MAKE_DEVICES:
            for entry in [*expected.values(), *found.values()]:
                entry["xattrs"] = {}
        self.assertEqual(trees.differences(expected, found), [])

    def test_a_file_system_that_tells_no_kinds_in_its_lists_gives_the_same(self):
        version = self.succeeded(programs.check(self.source("thorny")))[-1]
        usual = self.get(self.source("thorny"), version)
        env = preload.environment(self.work, "no_kinds")
        again = self.work.directory("get")
        for form in ("rootfs", "rootfs-tar", "rootfs"):  # Each removes what there was.
            request = {"source": self.source("thorny"), "version": version,
                       "params": {"format": form}}
            self.succeeded(programs.invoke("in", request, again, env))
        self.assertEqual(trees.differences(trees.listing(usual / "rootfs", exact=True),
                                           trees.listing(again / "rootfs", exact=True)), [])
        made = []
        for image, environment in ((usual, programs.environment()), (again, env)):
            repository = self.repository()
            self.succeeded(programs.invoke(
                "out", {"source": {"git": {"uri": repository.file_uri}},
                        "params": {"image": image.name}}, image.parent, environment))
            made.append(repository.tree("main"))
        self.assertEqual(made[0], made[1])

    def test_every_kind_of_layer_is_read(self):
        rootfs = self.get_newest(self.source("zstd")) / "rootfs"
        self.assertEqual([(rootfs / name).read_text() for name in "abc"], ["1", "2", "3"])

    @unittest.skipUnless(may_map_root() and not programs.in_image(), "needs user namespaces")
    def test_a_setuid_program_whose_owner_cannot_be_set_does_not_become_roots(self):
        source = self.source("setuid")
        version = self.succeeded(programs.check(source))[0]
        destination = self.work.directory("get")
        running = programs.start("in", {"source": source, "version": version}, destination,
                                 within=[tool("unshare"), "--user", "--map-root-user"])
        self.succeeded(programs.finish(running))
        modes = {name: oct((destination / "rootfs" / name).stat().st_mode & 0o7777)
                 for name in ("user", "group", "roots")}
        self.assertEqual(modes, {"user": "0o755", "group": "0o4755", "roots": "0o6755"})

    def test_the_platform_decides_which_image_of_an_index(self):
        for platform, expected in (({"architecture": "amd64"}, "amd64"),
                                   ({"architecture": "arm64"}, "arm64"),
                                   ({"architecture": "arm64", "variant": "v8"}, "arm64"),
                                   ({"architecture": "arm64/v8", "os": "linux"}, "arm64")):
            got = self.get_newest(self.source("both", platform=platform))
            self.assertEqual((got / "rootfs/which").read_text(), expected)

    def test_the_platform_may_be_a_param(self):
        source = self.source("both", platform={"architecture": "amd64"})
        version = self.succeeded(programs.check(source))[0]
        got = self.get(source, version, platform={"architecture": "arm64"})
        self.assertEqual((got / "rootfs/which").read_text(), "arm64")

    def test_a_platform_nobody_built_is_an_error_that_lists_what_there_is(self):
        source = self.source("both", platform={"architecture": "s390x"})
        version = self.succeeded(programs.check(source))[0]
        outcome = programs.get(source, version, self.work.directory("get"))
        self.failed(outcome, "s390x", "linux/amd64", "arm64")

    def test_the_files_beside_the_rootfs_hold_exactly_what_tasks_read(self):
        source = self.source("thorny")
        version = self.succeeded(programs.check(source))[0]
        got = self.get(source, version)
        self.assertEqual(json.loads((got / "metadata.json").read_text()), {
            "env": ["PATH=/usr/bin", "A=b c"], "user": "web:web",
            "entrypoint": ["/bin/sh", "-c"], "cmd": ["run"]})
        self.assertEqual(json.loads((got / "labels.json").read_text()), {"a": "1", "b": "\u00e9"})
        self.assertEqual((got / "repository").read_text(), source["repository"])
        self.assertEqual((got / "tag").read_text(), "thorny")
        self.assertEqual((got / "digest").read_text(), version["digest"])
        self.assertEqual(sorted(one.name for one in got.iterdir()),
                         [".rootfs", "digest", "labels.json", "metadata.json", "repository", "rootfs",
                          "tag"])

    def test_an_image_without_settings_has_files_that_say_so(self):
        got = self.get_newest(self.source("bare"))
        metadata = json.loads((got / "metadata.json").read_text())
        self.assertFalse(metadata.get("env"))
        self.assertFalse(metadata.get("user"))
        self.assertEqual(json.loads((got / "labels.json").read_text()), {})

    def test_the_answer_names_version_repository_and_tag(self):
        source = self.source("bare")
        version = self.succeeded(programs.check(source))[0]
        answer = self.succeeded(programs.get(source, version, self.work.directory("get")))
        self.assertEqual(answer["version"], version)
        self.assertEqual(answer["metadata"][:2], [
            {"name": "repository", "value": source["repository"]},
            {"name": "tag", "value": "bare"}])

    def test_a_version_gets_its_digest_even_when_the_tag_has_moved(self):
        for text in ("before", "after"):
            self.layout.add(text, images.Image([images.Layer().file("when", text)]))
            self.registry.push(self.layout, "team/image", "moving", from_tag=text)
            if text == "before":
                version = self.succeeded(programs.check(self.source("moving")))[0]
        got = self.get(self.source("moving"), version)
        self.assertEqual((got / "rootfs/when").read_text(), "before")

    def test_the_format_is_rootfs_and_no_other_word_is_taken_for_it(self):
        source = self.source("bare")
        version = self.succeeded(programs.check(source))[0]
        self.assertTrue((self.get(source, version, format="rootfs") / "rootfs/x").is_file())
        outcome = programs.get(source, version, self.work.directory("get"), format="rootfz")
        self.failed(outcome, "params.format", "rootfs")

    def test_skip_download_leaves_only_the_names(self):
        source = self.source("bare")
        version = self.succeeded(programs.check(source))[0]
        got = self.work.directory("get")
        outcome = programs.get(source, version, got, skip_download=True)
        self.succeeded(outcome)
        self.assertIn("not pulling (skip_download) ", outcome.log)
        self.assertEqual(sorted(one.name for one in got.iterdir()),
                         ["digest", "repository", "tag"])


if __name__ == "__main__":
    unittest.main()
