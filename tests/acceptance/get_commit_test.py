#!/usr/bin/python3
"""An image comes back from its git repository as it was, or not at all."""

import os
import shutil
import unittest

from support import exact, git_http, images, preload, programs, torture, trees
from support.case import AS_ROOT
from support.git_repo import ENVIRONMENT
from support.put_case import BESIDE, PutCase
from support.workspace import run

BIG = b"".join(bytes([number % 251]) * 977 for number in range(6000))  # larger than 4 MiB


def put_in_place(path, link=None, text=None):
    path.unlink()
    if link:
        path.symlink_to(link)
    else:
        path.write_text(text)


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def listing(root):
    """All but attributes that belong to a machine and not to an image."""
    found = trees.listing(root, owners=AS_ROOT, exact=True)
    for entry in found.values():
        entry["xattrs"] = {name: value for name, value in entry["xattrs"].items()
                           if not name.startswith("trusted.")}
    return found


class GetCommit(PutCase):
    @classmethod
    def prepare(cls):
        layer = (images.Layer().character_device("dev/null", 1, 3).symlink("dev/fd", "/proc/self/fd")
                 .directory("opt").file("opt/big", BIG).file("opt/same", BIG)
                 .file("opt/tool", BIG[1:], mode=0o2750, uid=7, gid=9,
                       xattrs={"user.note": "x", "security.capability": torture.CAPABILITY.decode()})
                 .file("opt/small", "x").symlink("opt/link", "x")
                 .file("opt/zeros", bytes(9_000_000)).file("opt/.gitattributes", "* text eol=crlf\n")
                 .file("opt/run", "x", mode=0o4755, uid=7).hard_link("opt/again", "opt/run")
                 .directory("tmp", mode=0o1777).file("dev/file", "kept aside")
                 .file("dev/.keep").directory("dev/a").file("dev/a/.keep", "text")
                 .directory("dev/b").hard_link("dev/b/.keep", "dev/a/.keep")
                 .directory("dev/c").symlink("dev/c/.keep", "x").directory("dev/d")
                 .directory("dev/d/.keep").directory("opt/e").hard_link("opt/e/.keep", "dev/.keep")
                 .directory("opt/fifo").fifo("opt/fifo/.keep").directory("opt/device")
                 .character_device("opt/device/.keep", 1, 3))
        path = "/".join(["n" * 250] * 20)
        deep = images.Layer().directory(path).file("zzz", "the same")
        for name in ("one", "two"):
            deep.file(f"{path}/{name}", "the same").file(f"{path}/big-{name}", BIG)
        cls.publish_images(box=images.busybox([layer]), deep=images.Image([deep]))
        cls.http = git_http.GitHttp(cls.work, cls.repositories)
        artifact = cls.inputs / "torture"
        artifact.mkdir()
        torture.build(artifact / "rootfs", xattrs=AS_ROOT)
        (artifact / "metadata.json").write_text('{"env":["A=b"],"user":"app"}')

    def published(self, tag):
        """A repository with inputs/TAG in it, and the source and version to get it back."""
        repository = self.repository()
        source = {"git": self.http.source(repository)}
        answer = self.succeeded(programs.put(source, self.inputs, image=tag))
        self.assertEqual(answer["version"], {"ref": repository.tip()})
        return repository, source, answer["version"]

    def edited(self, repository, change):
        """A commit on top that `change` made to a clone by hand; its version."""
        clone = self.work.fresh("edit")
        run("git", "clone", "-q", "-c", "core.autocrlf=false", repository.file_uri, clone,
            env=ENVIRONMENT)
        change(clone)
        run("git", "-C", clone, "add", "-A", "-f", env=ENVIRONMENT)
        run("git", "-C", clone, "commit", "-q", "-m", "by hand", env=ENVIRONMENT)
        run("git", "-C", clone, "push", "-q", "origin", "HEAD:main", env=ENVIRONMENT)
        return {"ref": repository.tip()}

    def assert_nothing_left(self, directory):
        self.assertEqual([one.name for one in directory.iterdir()], [])

    def test_one_content_at_several_paths_that_no_call_takes_whole_comes_back(self):
        _, source, version = self.published("deep")
        got = self.get(source, version)
        sums = [run("find", root, "-type", "f", "-execdir", "sha256sum", "{}", ";").stdout.split()
                for root in (self.inputs / "deep/rootfs", got / "rootfs")]
        self.assertEqual(len(sums[0]), 2 * 5)
        self.assertEqual(sorted(sums[0]), sorted(sums[1]))

    def test_every_attribute_of_every_entry_comes_back(self):
        for tag in ("torture", "box"):
            with self.subTest(tag):
                repository, source, version = self.published(tag)
                self.assertEqual(repository.fsck(), [])
                got = self.get(source, version)
                self.assertEqual(
                    trees.differences(listing(self.inputs / tag / "rootfs"), listing(got / "rootfs")),
                    [])

    def test_the_files_are_those_of_a_get_from_the_registry(self):
        got = self.get(*self.published("box")[1:])
        names = sorted(one.name for one in (self.inputs / "box").iterdir())
        self.assertEqual(sorted(one.name for one in got.iterdir()), names)
        for name in [*BESIDE[1:], ".rootfs/manifest.mtree", ".rootfs/image.json"]:
            self.assertEqual((got / name).read_bytes(), (self.inputs / "box" / name).read_bytes())

    def test_a_put_and_the_get_behind_it_say_the_same_of_their_version(self):
        source = {"git": self.http.source(self.repository())}
        put = self.succeeded(programs.put(source, self.inputs, image="box"))
        got = self.succeeded(programs.get(source, put["version"], self.work.directory("get")))
        self.assertEqual([field["name"] for field in put["metadata"]],
                         ["repository", "tag", "digest", "commit", "branch", "uri"])
        self.assertEqual(put["metadata"], got["metadata"])

    def test_the_log_says_which_image_came_back(self):
        _, source, version = self.published("box")
        outcome = programs.get(source, version, self.work.directory("get"))
        name = (self.inputs / "box/repository").read_text().strip()
        self.assertEqual(self.last_line(outcome), f"the image is {name}:box")

    def test_an_image_that_came_back_is_unchanged_for_a_put(self):
        repository, source, version = self.published("box")
        got = self.get(source, version)
        again = self.repository()
        answer = self.succeeded(
            programs.put({"git": {"uri": again.file_uri}}, got.parent, image=got.name))
        self.assertEqual(again.tree("main"), repository.tree("main"))
        self.assertEqual(answer["version"], {"ref": again.tip()})

    def test_runs_of_zeros_take_no_room(self):
        got = self.get(*self.published("box")[1:])
        self.assertLess((got / "rootfs/opt/zeros").stat().st_blocks * 512, 1_000_000)

    def test_a_repository_made_by_another_hand_is_restored_too(self):
        repository = self.repository()
        exact.Image(self.inputs / "torture/rootfs").publish(repository, b"#!/bin/sh\n")
        got = self.get({"git": self.http.source(repository)}, {"ref": repository.tip()})
        self.assertEqual(
            trees.differences(listing(self.inputs / "torture/rootfs"), listing(got / "rootfs")), [])

    def test_an_image_committed_by_hand_is_what_a_clone_gives(self):
        repository = self.repository()
        clone = self.work.fresh("by-hand")
        run("git", "clone", "-q", repository.file_uri, clone, env=ENVIRONMENT)
        for folder in ("rootfs/bin", "rootfs/tmp", "rootfs/var/tmp", "rootfs/dev"):
            (clone / folder).mkdir(parents=True)
            (clone / folder / ".keep").touch()
        (clone / "rootfs/bin/tool").write_text("#!/bin/sh\n")
        (clone / "rootfs/bin/tool").chmod(0o755)
        (clone / "rootfs/bin/link").symlink_to("tool")
        for folder in ("rootfs/kept", "rootfs/link", "rootfs/directory/.keep"):
            (clone / folder).mkdir(parents=True)
        (clone / "rootfs/kept/.keep").write_text("of the image")
        (clone / "rootfs/link/.keep").symlink_to("x")
        (clone / "rootfs/directory/.keep/file").touch()
        (clone / "metadata.json").write_text('{"env":["PATH=/bin"]}\n')
        run("git", "-C", clone, "add", "-A", env=ENVIRONMENT)
        run("git", "-C", clone, "commit", "-q", "-m", "as in 2017", env=ENVIRONMENT)
        run("git", "-C", clone, "push", "-q", "origin", "HEAD:main", env=ENVIRONMENT)
        got = self.get({"git": self.http.source(repository)}, {"ref": repository.tip()})
        found = trees.listing(got / "rootfs", owners=False)
        self.assertEqual({path: entry["mode"] for path, entry in found.items()
                          if entry["kind"] == "directory"},
                         {b"bin": "0o755", b"dev": "0o755", b"directory": "0o755",
                          b"directory/.keep": "0o755", b"kept": "0o755", b"link": "0o755",
                          b"tmp": "0o1777", b"var": "0o755", b"var/tmp": "0o1777"})
        self.assertEqual(found[b"bin/tool"]["mode"], "0o755")
        self.assertEqual(found[b"bin/link"]["target"], b"tool")
        self.assertIn(b"bin/.keep", found)
        for path in (b"kept/.keep", b"link/.keep", b"directory/.keep/file"):
            self.assertIn(path, found)
        self.assertNotIn(b"tmp/.keep", found)
        self.assertEqual((got / "metadata.json").read_text(), '{"env":["PATH=/bin"]}\n')

    def test_a_tree_changed_behind_the_manifests_back_is_refused(self):
        changes = {
            "new file": lambda clone: (clone / "rootfs/opt/new").write_text("x"),
            "file gone": lambda clone: (clone / "rootfs/opt/run").unlink(),
            "other size": lambda clone: (clone / "rootfs/opt/run").write_text("longer"),
            "not executable": lambda clone: (clone / "rootfs/opt/run").chmod(0o644),
            "link that is a file": lambda clone: put_in_place(clone / "rootfs/opt/link", text="x"),
            "file that is a link": lambda clone: put_in_place(clone / "rootfs/opt/small", link="x"),
            "other link": lambda clone: put_in_place(clone / "rootfs/opt/link", link="y"),
            "kept aside and gone": lambda clone: shutil.rmtree(clone / ".rootfs/blobs"),
            "link to what is kept aside": lambda clone: replace(
                clone / ".rootfs/manifest.mtree", "hardlink=./opt/again",
                "hardlink=./opt/.gitattributes"),
            "no manifest": lambda clone: (clone / ".rootfs/manifest.mtree").unlink(),
        }
        for name, change in changes.items():
            with self.subTest(name):
                repository, source, _ = self.published("box")
                version = self.edited(repository, change)
                directory = self.work.directory("get")
                self.failed(programs.get(source, version, directory), "manifest")
                self.assert_nothing_left(directory)

    def test_what_a_later_version_has_published_asks_for_an_update(self):
        def rewrite(old, new):
            return lambda clone: replace(clone / ".rootfs/manifest.mtree", old, new)
        changes = {
            "version": rewrite("#mtree v2.0", "#mtree v3.0"),
            "word in a line": rewrite(" size=", " later=1 size="),
            "word of a link": rewrite(" hardlink=./bin/busybox", " hardlink=./bin/busybox later=1"),
            "type": rewrite("type=file", "type=whiteout"),
            "name that git refuses": lambda clone: (clone / "rootfs/bin/cat").unlink(),
        }
        for name, change in changes.items():
            with self.subTest(name):
                repository, source, _ = self.published("box")
                version = self.edited(repository, change)
                directory = self.work.directory("get")
                self.failed(programs.get(source, version, directory), "manifest", "must be updated")
                self.assert_nothing_left(directory)

    def test_a_manifest_cannot_reach_out_of_the_destination(self):
        outside = self.work.directory("outside")
        for line in (b"./../escaped type=file mode=0644 uid=0 gid=0 time=0.000000000 size=0",
                     b"./" + os.fsencode(outside) + b" type=dir mode=0755 uid=0 gid=0 time=0.000000000",
                     b"./opt/run/x type=dir mode=0755 uid=0 gid=0 time=0.000000000"):
            with self.subTest(line):
                repository, source, _ = self.published("box")

                def change(clone):
                    with (clone / ".rootfs/manifest.mtree").open("ab") as manifest:
                        manifest.write(line + b"\n")
                version = self.edited(repository, change)
                directory = self.work.directory("get")
                self.failed(programs.get(source, version, directory), "manifest")
                self.assert_nothing_left(directory)
                self.assertEqual(list(outside.iterdir()), [])

    def test_names_that_no_tree_may_have_are_refused(self):
        repository = self.repository()
        outside = self.work.directory("outside")

        def write(kind, content):
            return repository.git("hash-object", "-w", "-t", kind, "--literally", "--stdin",
                                  input=content)

        def tree(*entries):
            return write("tree", b"".join(b"%o %s\0" % (mode, name) + bytes.fromhex(object_id)
                                          for mode, name, object_id in entries))
        file, folder = 0o100644, 0o40000
        text = write("blob", b"x")
        for names in ([b".."], [b"."], [b"a/b"], [b"../../escaped"],
                      [os.fsencode(outside) + b"/escaped"], [b"same", b"same"]):
            for below in (tree(*((file, name, text) for name in names)),
                          tree(*((folder, name, tree((file, b"escaped", text))) for name in names))):
                top = tree((file, b"metadata.json", write("blob", b"{}")), (folder, b"rootfs", below))
                commit = repository.git("commit-tree", top, "-m", "hostile")
                repository.git("update-ref", "refs/heads/main", commit)
                for git in (self.http.source(repository), {"uri": repository.file_uri}):
                    with self.subTest(names=names):
                        directory = self.work.directory("get")
                        outcome = programs.get({"git": git}, {"ref": commit}, directory)
                        self.failed(outcome, "no tree may have")
                        self.assert_nothing_left(directory)
        self.assertEqual(list(outside.iterdir()), [])

    def test_an_archive_for_s3_holds_the_image_and_nothing_else_stays(self):
        _, source, version = self.published("box")
        got = self.get(source, version, format="rootfs-tar")
        self.assertEqual({one.name for one in got.iterdir()},
                         {"rootfs.tgz", "labels.json", "repository", "tag", "digest"})
        unpacked = self.work.directory("unpacked")
        run("tar", "-xpf", got / "rootfs.tgz", "--xattrs", "--xattrs-include=*", "-C", unpacked)
        self.assertEqual(trees.contents(unpacked / "rootfs"),
                         trees.contents(self.inputs / "box/rootfs"))
        self.assertEqual((unpacked / "metadata.json").read_text(),
                         (self.inputs / "box/metadata.json").read_text())
        self.failed(programs.get(source, version, self.work.directory("get"), format="oci"),
                    "rootfs-tar")

    def test_files_beside_the_image_that_are_still_being_written_do_not_fail_the_get(self):
        repository = self.repository()
        beside = {f"src/{number}": f"{number:8}" * 750 for number in range(1500)}
        commit = repository.commit_by_hand(
            self.work, {"rootfs/file": "x", "metadata.json": "{}", **beside})
        request = {"source": {"git": self.http.source(repository)}, "version": {"ref": commit}}
        directory = self.work.directory("get")
        self.succeeded(programs.invoke("in", request, directory,
                                       preload.environment(self.work, "slow_files")))
        self.assertEqual({one.name for one in directory.iterdir()},
                         {"rootfs", "metadata.json"})

    def test_an_older_commit_is_had_as_well(self):
        repository, source, version = self.published("box")
        self.edited(repository, lambda clone: (clone / "README.md").write_text("changed"))
        self.assertNotEqual(repository.tip(), version["ref"])
        got = self.get(source, version)
        self.assertEqual(listing(got / "rootfs"), listing(self.inputs / "box/rootfs"))

    def test_a_commit_that_is_not_there_is_named(self):
        _, source, _ = self.published("box")
        directory = self.work.directory("get")
        self.failed(programs.get(source, {"ref": "1" * 40}, directory), "1111")
        self.failed(programs.get(source, {"ref": "main"}, directory), "version.ref")
        self.assert_nothing_left(directory)

    def test_a_repository_without_an_image_is_refused(self):
        repository, source, _ = self.published("box")
        version = self.edited(repository, lambda clone: (clone / "metadata.json").unlink())
        outcome = programs.get(source, version, self.work.directory("get"))
        self.failed(outcome, "metadata.json")
        self.assertIn(f"error: {source['git']['uri']} commit {version['ref'][:12]}: ",
                      self.last_line(outcome))

    def test_nothing_is_fetched_when_the_pipeline_does_not_want_it(self):
        _, source, version = self.published("box")
        directory = self.work.directory("get")
        outcome = programs.get(source, version, directory, skip_download=True)
        self.assertEqual(self.succeeded(outcome)["version"], version)
        self.assertIn("not restoring (skip_download) the image of commit", outcome.log)
        self.assert_nothing_left(directory)


if __name__ == "__main__":
    unittest.main()
