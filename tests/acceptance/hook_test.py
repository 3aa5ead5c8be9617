#!/usr/bin/python3
"""A stock clone that runs .rootfs/hooks/post-checkout is the image again, or is no success."""

import os
import shutil
import stat
import subprocess
import unittest

from support import container, exact, git_http, images, programs, torture, trees
from support.case import AS_ROOT, MAY_SET_TRUSTED, Case
from support.git_repo import ENVIRONMENT, stock_clone
from support.hook import HOOK, hooked, image_listing
from support.put_case import PutCase
from support.workspace import run, tool

SECOND = 10**9


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
        described = run("git", "-C", clone, "describe", "--always", "--dirty", "--broken",
                        env=ENVIRONMENT).stdout
        self.assertNotIn(b"dirty", described)
        excluded = (clone / ".git/info/exclude").read_text().splitlines()
        self.assertEqual(excluded.count("/rootfs/"), 1)

    def assert_comes_back(self, tree):
        repository = self.repository()
        exact.Image(tree).publish(repository, HOOK.read_bytes())
        self.assert_restored(self.clone(hooked(), repository), image_listing(tree))

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

    def test_a_strict_umask_of_the_clone_changes_no_mode(self):
        for mask in (0o027, 0o077, 0o277):
            with self.subTest(oct(mask)):
                clone = self.work.fresh("clone")
                run("git", "clone", "-q", self.published.file_uri, clone, umask=mask,
                    env=dict(ENVIRONMENT, **hooked()))
                self.assert_restored(clone)

    def test_a_name_with_a_newline_has_the_attributes_it_shares_with_others(self):
        tree = torture.Builder(self.work.fresh("tree"))
        for name in (b"1", b"2\nlines", b"3", b"4\n"):
            tree.file(name, xattrs={"security.capability": torture.CAPABILITY}, owner=(1, 1))
        tree.done()
        self.assert_comes_back(tree.path(b""))

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
        self.assertEqual(b"1 extended attributes" in done.stderr, MAY_SET_TRUSTED)

        def inside(entry):
            entry = dict(entry, xattrs=sorted(entry["xattrs"].keys() - {"trusted.overlay.x"}))
            entry["owner"] = tuple(0 if one == container.LAST_ID else one
                                   for one in entry["owner"])
            return entry

        found = trees.listing(where / "rootfs", exact=True)
        self.assertEqual(trees.differences(
            {path: inside(entry) for path, entry in self.expected.items()},
            {path: inside(entry) for path, entry in found.items()}), [])


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

    def test_sockets_of_a_task_do_not_keep_all_else_from_coming_back(self):
        rootfs = self.inputs / "left/rootfs"
        rootfs.mkdir(parents=True)
        (self.inputs / "left/metadata.json").write_text("{}")
        (rootfs / "file").write_text("x")
        os.chown(rootfs / "file", 5, 5)
        os.mknod(rootfs / "agent", stat.S_IFSOCK | 0o600)
        repository = self.repository()
        source = {"git": self.http.source(repository)}
        self.succeeded(programs.put(source, self.inputs, image="left"))
        self.assertIn("./agent type=socket", repository.show(".rootfs/manifest.mtree").decode())
        clone = stock_clone(self.http.clone_uri(repository), self.work.fresh("clone"),
                            env=hooked())
        self.assertEqual(os.listdir(clone / "rootfs"), ["file"])
        self.assertEqual((clone / "rootfs/file").stat().st_uid, 5)


if __name__ == "__main__":
    unittest.main()
