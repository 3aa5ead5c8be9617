#!/usr/bin/python3
"""A stock clone that runs .rootfs/hooks/post-checkout is the image again, or is no success."""

import os
import shutil
import subprocess
import time
import unittest
from pathlib import Path

from support import container, exact, git_http, images, torture, trees
from support.case import AS_ROOT, Case
from support.git_repo import ENVIRONMENT, git_config, stock_clone
from support.put_case import PutCase
from support.workspace import run, tool

HOOK = Path(__file__).resolve().parents[2] / "assets/post-checkout"
SECOND = 10**9


def hooked(path=".rootfs/hooks", **more):
    """The environment of a consumer that sets core.hooksPath, as the git resource does for all."""
    return {**git_config({"core.hooksPath": path}), **more}


def image_listing(root):
    """What can be there after a get: all but devices and what lies in dev/."""
    return {path: entry for path, entry in trees.listing(root, exact=True).items()
            if not path.startswith(b"dev/") and entry["kind"] != "device"}


@unittest.skipUnless(AS_ROOT, "only root can restore owners")
class Hook(Case):
    @classmethod
    def prepare(cls):
        cls.tree = torture.build(cls.work.fresh("tree"))
        cls.image = exact.Image(cls.tree)
        cls.published = cls.repository()
        cls.image.publish(cls.published, HOOK.read_bytes())
        cls.expected = image_listing(cls.tree)

    def clone(self, env, repository=None):
        where = self.work.fresh("clone")
        return stock_clone((repository or self.published).file_uri, where, depth=1, env=env)

    def hooks_run_by(self, *shell):
        """A hooks directory that runs the clone's hook with a shell of our choice."""
        hooks = self.work.directory("hooks")
        script = hooks / "post-checkout"
        words = " ".join([tool(shell[0]), *shell[1:]])
        script.write_text(f'#!/bin/sh\nexec {words} .rootfs/hooks/post-checkout "$@"\n')
        script.chmod(0o755)
        return hooks

    def assert_restored(self, clone, expected=None):
        found = trees.listing(clone / "rootfs", exact=True)
        self.assertEqual(trees.differences(expected or self.expected, found), [])

    def test_a_clone_has_every_attribute_again_and_git_sees_no_change(self):
        self.assertEqual(self.published.fsck(), [])
        clone = self.clone(hooked())
        self.assert_restored(clone)
        for words in (["status", "--porcelain"], ["diff", "--name-only"]):
            said = run("git", "-C", clone, *words, env=ENVIRONMENT).stdout
            self.assertEqual(said, b"", words)
        excluded = (clone / ".git/info/exclude").read_text().splitlines()
        self.assertEqual(excluded.count("/rootfs/"), 1)

    def test_without_the_setting_nothing_runs(self):
        clone = self.clone({})
        self.assertTrue((clone / "rootfs/empty/.keep").exists())
        self.assertEqual((clone / "rootfs/tmp").stat().st_mode & 0o7777, 0o755)

    def test_every_shell_that_may_be_sh_does_the_same(self):
        for shell in (["dash"], ["bash"], ["bash", "--posix"]):
            with self.subTest(shell):
                self.assert_restored(self.clone(hooked(self.hooks_run_by(*shell))))

    def test_busybox_loses_nothing_but_fractions_of_seconds(self):
        path = container.busybox_only(self.work.directory("busybox"))
        os.symlink(tool("setfattr"), os.path.join(path, "setfattr"))
        clone = self.clone(hooked(self.hooks_run_by("busybox", "sh"), PATH=path))
        rounded = {name: dict(entry, mtime=max(0, entry["mtime"]) // SECOND * SECOND)
                   for name, entry in self.expected.items()}
        self.assert_restored(clone, rounded)

    def test_coreutils_and_git_are_enough_and_what_is_missing_is_said(self):
        path = container.coreutils_only(self.work.directory("tools"))
        clone = self.clone(hooked(self.hooks_run_by("dash"), PATH=path))
        bare = {name: dict(entry, xattrs={}) for name, entry in self.expected.items()}
        self.assert_restored(clone, bare)
        log = self.run_again(clone, env={"PATH": path})
        count = sum(len(entry["xattrs"]) for entry in self.expected.values())
        self.assertIn(f"{count} extended attributes", log)

    def run_again(self, clone, code=0, env=None, **options):
        """Runs the hook once more, as any further checkout would; what it said."""
        done = subprocess.run([tool("sh"), ".rootfs/hooks/post-checkout"], cwd=clone,
                              env={**ENVIRONMENT, **(env or {})}, stderr=subprocess.PIPE, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr.decode()

    def test_it_may_run_again_whatever_happened_in_between(self):
        clone = self.clone(hooked())
        rootfs = clone / "rootfs"
        for words in (["checkout", "-q", "-f", "HEAD"], ["checkout", "-q", "HEAD", "--", "."],
                      ["reset", "-q", "--hard"]):
            run("git", "-C", clone, *words, env=dict(ENVIRONMENT, **hooked()))
        self.run_again(clone)
        self.assert_restored(clone)
        shutil.rmtree(rootfs / "project/.git")
        (rootfs / "links/fifo").unlink()
        (rootfs / "refused/.git").write_text("changed")
        (rootfs / "links/1").chmod(0o777)
        (rootfs / "tmp").rmdir()
        os.chown(rootfs / "names", 5, 5)
        self.run_again(clone)
        self.assert_restored(clone)

    @unittest.skipUnless(AS_ROOT and container.can_enter(), "no user namespaces here")
    def test_in_the_namespace_of_a_get_only_what_the_kernel_forbids_is_missing(self):
        home = self.work.directory("get")
        where = home / "clone"
        shutil.copytree(self.published.path, home / "published")
        for path in (home, *home.rglob("*")):
            os.chown(path, container.LAST_ID, container.LAST_ID)
        os.chmod(self.work.path, 0o755)
        done = subprocess.run(
            [tool("git"), "clone", "-q", "--depth", "1", f"file://{home}/published", where],
            env=dict(ENVIRONMENT, **hooked()), preexec_fn=container.enter, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"1 extended attributes", done.stderr)

        def inside(entry):
            entry = dict(entry, xattrs=sorted(entry["xattrs"].keys() - {"trusted.overlay.x"}))
            entry["owner"] = tuple(0 if one == container.LAST_ID else one
                                   for one in entry["owner"])
            return entry

        found = trees.listing(where / "rootfs", exact=True)
        self.assertEqual(trees.differences(
            {path: inside(entry) for path, entry in self.expected.items()},
            {path: inside(entry) for path, entry in found.items()}), [])

    def test_thirty_thousand_entries_are_no_burden(self):
        tree = torture.Builder(self.work.fresh("many"))
        for folder in range(300):
            tree.directory(b"%d" % folder, mode=0o755 if folder % 9 else 0o2775)
            for number in range(100):
                tree.file(b"%d/%d" % (folder, number), mode=0o4755 if number % 50 == 0 else 0o644,
                          owner=(number % 7 // 6 * 1000, 0), time=folder % 150 * 10 * SECOND + 7)
        tree.done()
        repository = self.repository()
        exact.Image(tree.path(b"")).publish(repository, HOOK.read_bytes())
        clone = self.clone(hooked(), repository)
        self.assert_restored(clone, image_listing(tree.path(b"")))
        for shell in (["dash"], ["bash"], ["busybox", "sh"]):
            began = time.monotonic()
            subprocess.run([tool(shell[0]), *shell[1:], ".rootfs/hooks/post-checkout"], cwd=clone,
                           env=ENVIRONMENT, check=True, stderr=subprocess.DEVNULL)
            print(f"{shell[0]}: 30,300 entries restored in {time.monotonic() - began:.1f} s")


@unittest.skipUnless(AS_ROOT, "only root can restore owners")
class HostileManifest(Case):
    """A repository that somebody changed must not reach out of rootfs/, and fails the get."""

    LINE = "type={} mode=0777 uid=1 gid=1 time=1.000000000"

    @classmethod
    def prepare(cls):
        cls.canary = torture.Builder(cls.work.fresh("canary"))
        cls.canary.directory(b"dir").file(b"file").file(b".keep").empty(b"dir/.keep").done()
        cls.outside = cls.canary.path(b"").decode()
        cls.before = trees.listing(cls.outside, exact=True)
        root = torture.Builder(cls.work.fresh("tree"))
        root.directory(b"a").file(b"a/file").link(b"out", cls.outside.encode()).directory(b"dir")
        root.link(b"to-file", cls.outside.encode() + b"/file").file(b".gitattributes").done()
        cls.tree = root.path(b"").decode()

    def assert_refused(self, *said, lines=(), more=(), change=None):
        repository = self.repository()
        image = exact.Image(self.tree)
        image.lines = [change(line) if change else line for line in image.lines] + list(lines)
        image.publish(repository, HOOK.read_bytes(), more=more)
        with self.assertRaises(RuntimeError) as failure:
            stock_clone(repository.file_uri, self.work.fresh("clone"), env=hooked())
        for words in (*said, "NOT restored"):
            self.assertIn(words, str(failure.exception))
        after = trees.listing(self.outside, exact=True)
        self.assertEqual(trees.differences(self.before, after), [])

    def test_paths_that_lead_outside(self):
        levels = "../" * 12 + self.outside[1:]
        for path in (f"./{levels}/file", f"./{levels.replace('.', chr(92) + '056')}/file", "./..",
                     f"{self.outside}/file", "../file", "./a/../../../../README.md", "file"):
            with self.subTest(path):
                self.assert_refused(lines=[f"{path} {self.LINE.format('file')} size=1"])

    def test_paths_through_symbolic_links(self):
        for kind, path in (("file", "./out/file"), ("dir", "./out/dir"), ("dir", "./out/new"),
                           ("fifo", "./out/new"), ("file", "./out/dir/.keep")):
            with self.subTest(path):
                self.assert_refused("out", lines=[f"{path} {self.LINE.format(kind)}"])

    def test_a_link_where_the_manifest_has_something_else(self):
        for kind, path in (("file", "./to-file"), ("dir", "./out"), ("fifo", "./to-file")):
            with self.subTest(kind):
                self.assert_refused(path[2:], change=lambda line: (
                    f"{path} {self.LINE.format(kind)}" if line.startswith(path + " ") else line))

    def test_an_entry_that_is_listed_twice(self):
        self.assert_refused(
            "has become a link", change=lambda line: line.replace("mode=0644", "mode=0666"),
            lines=[f"./a/file {self.LINE.format('link')} link=x hardlink=./to-file"])

    def test_hard_links_to_files_outside(self):
        for first in (f"./{'../' * 12}{self.outside[1:]}/file", f"{self.outside}/file",
                      "./out/file", "./a", "./missing"):
            with self.subTest(first):
                self.assert_refused(lines=[f"./new {self.LINE.format('file')} hardlink={first}"])

    def test_contents_from_elsewhere(self):
        for name in ("blobs/../../metadata.json", "/etc/shadow", "blobs/" + "0" * 64, ""):
            with self.subTest(name):
                self.assert_refused(lines=[f"./new {self.LINE.format('file')} contents={name}"])
        blob = "blobs/" + "1" * 64
        link = ("120000", self.outside.encode() + b"/file")
        self.assert_refused("is missing", more={f".rootfs/{blob}".encode(): link}, lines=[
            f"./new {self.LINE.format('file')} contents={blob}"])

    def test_options_in_the_place_of_values(self):
        for old, new in (("mode=0644", "mode=--reference=/etc/shadow"), ("uid=0", "uid=--help"),
                         ("time=", "time=now-"), ("type=file", "type=socket")):
            with self.subTest(new):
                self.assert_refused(change=lambda line: (
                    line.replace(old, new) if line.startswith("./a/file") else line))

    def test_a_manifest_that_is_none(self):
        for text in (b"", b"#mtree\n", b"#mtree v2.0\n./a type=dir\n"):
            with self.subTest(text):
                self.assert_refused("anifest", more={b".rootfs/manifest.mtree": ("100644", text)})

    def test_a_file_that_is_missing(self):
        self.assert_refused("rootfs/gone: missing",
                            lines=[f"./gone {self.LINE.format('file')} size=1"])


@unittest.skipUnless(AS_ROOT, "only root can restore owners")
class HookOfPut(PutCase):
    @classmethod
    def prepare(cls):
        odd = images.Layer().directory("odd").file("odd/setuid", "x", mode=0o4755, uid=1000)
        odd.file("odd/.gitattributes", "* text eol=crlf\n").file("odd/new\nline", "x", gid=7)
        odd.directory("odd/.git").file("odd/.git/config", "[core]\n").directory("odd/empty")
        odd.fifo("odd/fifo")
        cls.publish_images(odd=images.busybox([odd]))
        cls.http = git_http.GitHttp(cls.work, cls.repositories)

    def test_what_put_publishes_comes_back_as_it_was(self):
        repository = self.repository()
        self.put("odd", self.http.source(repository))
        clone = stock_clone(self.http.clone_uri(repository), self.work.fresh("clone"), depth=1,
                            env=hooked())
        found = trees.listing(clone / "rootfs", exact=True)
        self.assertEqual(trees.differences(image_listing(self.inputs / "odd/rootfs"), found), [])
        self.assertEqual((clone / ".rootfs/hooks/post-checkout").read_bytes(), HOOK.read_bytes())


if __name__ == "__main__":
    unittest.main()
