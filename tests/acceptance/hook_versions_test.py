#!/usr/bin/python3
"""A clone in which one version of an image is checked out after another is the latter, exactly."""

import unittest

from support import exact, torture, trees
from support.case import AS_ROOT, Case
from support.git_repo import ENVIRONMENT, stock_clone
from support.hook import HOOK, hooked, image_listing
from support.lfs_client import environment
from support.workspace import run

# What an image's own .gitattributes may say, and a file that git would change for it.
ATTRIBUTES = {
    "line ends": (b"*.bat text eol=crlf\n", b"%d\r\nmixed\n"),
    "text": (b"* text=auto\n*.bat text\n", b"%d\r\ncrlf\r\n"),
    "ident": (b"*.bat ident\n", b"%d $Id: 1.2 2004/01/01 somebody Exp $\n"),
    "new ident": (b"*.bat ident\n", b"%d $Id$\n"),
    "encoding": (b"*.bat working-tree-encoding=UTF-16\n", b"%d no byte order mark\n"),
    "git-lfs": (b"*.bat filter=lfs diff=lfs merge=lfs -text\n", b"%d not a pointer\n"),
}


@unittest.skipUnless(AS_ROOT, "only root can restore owners")
class HookVersions(Case):
    def published(self, *trees_):
        """A repository with a commit of each, and the commits."""
        repository, commits = self.repository(), [None]
        for tree in trees_:
            exact.Image(tree).publish(repository, HOOK.read_bytes(), parent=commits[-1])
            commits.append(repository.tip())
        return repository, commits[1:]

    def tree(self):
        return torture.Builder(self.work.fresh("tree")).directory(b"d").file(b"d/stays")

    def assert_older_follows_newer(self, older, newer):
        """As a get of an older version: the newest is cloned, then the older one checked out."""
        versions = []
        for tree in (older, newer):
            tree.done()
            versions.append(tree.path(b"").decode())
        repository, commits = self.published(*versions)
        env = dict(ENVIRONMENT, **hooked())
        clone = stock_clone(repository.file_uri, self.work.fresh("clone"), env=env)
        for number in (0, 1, 1, 0):
            self.check_out(clone, commits[number], versions[number], env)

    def check_out(self, clone, commit, tree, env):
        run("git", "-C", clone, "checkout", "-q", commit, env=env)
        found = trees.listing(clone / "rootfs", exact=True)
        self.assertEqual(trees.differences(image_listing(tree), found), [])
        said = run("git", "-C", clone, "status", "--porcelain", env=env).stdout
        self.assertEqual(said, b"")

    def test_nothing_is_left_of_the_version_before(self):
        plain, odd = self.work.fresh("plain"), self.work.fresh("odd")
        torture.build(odd)
        tree = torture.Builder(plain).directory(b"links").directory(b"project")
        tree.file(b"links/fifo", b"a file here").file(b"project/x", b"1").done()
        repository, (old, new) = self.published(plain, odd)
        env = dict(ENVIRONMENT, **hooked())
        clone = stock_clone(repository.file_uri, self.work.fresh("clone"), env=env)
        for commit, tree in ((old, plain), (new, odd), (old, plain)):
            self.check_out(clone, commit, tree, env)

    def test_what_a_run_that_broke_off_had_to_make_again_is_gits(self):
        linked = torture.Builder(self.work.fresh("linked")).file(b"first")
        linked.hard_link(b"second", b"first").hard_link(b"third", b"first").done()
        apart = torture.Builder(self.work.fresh("apart")).file(b"first").file(b"second")
        apart.directory(b"third").file(b"third/x").done()
        versions = [tree.path(b"").decode() for tree in (linked, apart)]
        repository, commits = self.published(*versions)
        env = dict(ENVIRONMENT, **hooked())
        clone = stock_clone(repository.file_uri, self.work.fresh("clone"), ref=commits[0], env=env)
        for name in ("second", "third"):
            (clone / "rootfs" / name).unlink()
        for commit, tree in zip(commits, versions):
            self.check_out(clone, commit, tree, env)

    def test_nothing_is_left_where_an_earlier_version_of_the_hook_kept_no_record(self):
        dressed = self.tree().directory(b"d2", xattrs={"user.a": b"1"}).file(b"d2/x")
        dressed.directory(b"empty").fifo(b"d2/fifo").directory(b"d2/made").hard_link(b"y", b"d2/x")
        bare = self.tree().directory(b"d2").file(b"d2/x").file(b"y", b"d2/x")
        bare.directory(b"empty").empty(b"empty/.keep")
        versions = []
        for tree in (dressed, bare):
            tree.done()
            versions.append(tree.path(b"").decode())
        repository, (old, new) = self.published(*versions)
        env = dict(ENVIRONMENT, **hooked())
        for records in (["rootfs-changed"], ["rootfs-changed", "rootfs-made"]):
            clone = stock_clone(repository.file_uri, self.work.fresh("clone"), ref=old, env=env)
            for name in records:
                (clone / ".git" / name).unlink()
            self.check_out(clone, new, versions[1], env)

    def test_a_linked_keep_of_the_newest_does_not_make_git_refuse_every_other(self):
        linked = self.tree().directory(b"k").empty(b"k/.keep").directory(b"k2")
        self.assert_older_follows_newer(self.tree(), linked.hard_link(b"k2/.keep", b"k/.keep"))

    def test_a_keep_that_links_to_an_empty_file_is_the_images_own(self):
        linked = self.tree().empty(b"empty").directory(b"k").link(b"k/.keep", b"../empty")
        self.assert_older_follows_newer(self.tree(), linked)

    def test_copies_do_not_stay_the_hard_links_of_a_newer_version(self):
        copies = self.tree().file(b"a", b"same").file(b"b", b"same").file(b"c", b"same")
        linked = self.tree().file(b"a", b"same").hard_link(b"b", b"a").hard_link(b"c", b"a")
        self.assert_older_follows_newer(copies, linked)
        others = self.tree().file(b"b", b"same").hard_link(b"c", b"b").directory(b"a").file(b"a/x")
        self.assert_older_follows_newer(others, linked)

    def test_an_own_keep_is_not_missing_where_a_newer_version_is_empty(self):
        empty = self.tree().directory(b"k").directory(b"k2").directory(b"k2/.git")
        own = self.tree().directory(b"k").empty(b"k/.keep").directory(b"k2").empty(b"k2/.keep")
        self.assert_older_follows_newer(own, empty)
        self.assert_older_follows_newer(empty, own)

    def test_our_keep_in_dev_gives_way_to_one_of_the_image_and_comes_back(self):
        for name, own in {
                "link": lambda tree: tree.link(b"dev/.keep", b"x"),
                "directory": lambda tree: tree.directory(b"dev/.keep").file(b"dev/.keep/x"),
                "file": lambda tree: tree.file(b"dev/.keep", b"not empty"),
                "empty": lambda tree: tree.empty(b"dev/.keep"),
                "linked": lambda tree: tree.empty(b"d/x").hard_link(b"dev/.keep", b"d/x")}.items():
            with self.subTest(name):
                ours, theirs = self.tree().directory(b"dev"), self.tree().directory(b"dev")
                self.assert_older_follows_newer(ours, own(theirs))

    def test_no_attribute_of_a_newer_version_goes_on_granting_access(self):
        bare = self.tree().directory(b"new\nline").file(b"new\nline/x").directory(b"*")
        bare.file(b"*/stays").directory(b"*/empty").file(b"later")
        bare.directory(b"*/.git").file(b"*/.git/x")
        dressed = self.tree().directory(b"new\nline", xattrs={"user.a b": b"1"})
        dressed.file(b"new\nline/x", xattrs={"system.posix_acl_access": torture.ACCESS})
        dressed.directory(b"*", xattrs={"system.posix_acl_default": torture.DEFAULT})
        dressed.file(b"*/stays").directory(b"*/empty", xattrs={"user.a": b"1", "user.b": b"1"})
        dressed.link(b"later", b"..")
        self.assert_older_follows_newer(bare, dressed)

    def test_what_git_or_the_hook_makes_below_a_default_acl_does_not_inherit_it(self):
        versions = [self.tree().directory(b"a").file(b"a/stays").fifo(b"a/fifo") for _ in range(2)]
        versions[0].directory(b"a/more").file(b"a/more/x").directory(b"a/.git").file(b"a/.git/x")
        for tree in versions:
            tree.dress(b"a", xattrs={"system.posix_acl_default": torture.DEFAULT})
        self.assert_older_follows_newer(*versions)

    def test_directories_that_held_only_what_the_hook_made_go_with_it(self):
        newer = self.tree().directory(b"log").directory(b"log/of")
        newer.directory(b"log/of/all", xattrs={"system.posix_acl_default": torture.DEFAULT})
        newer.directory(b"log/of/all/x").fifo(b"log/of/all/x/fifo").directory(b"old")
        newer.directory(b"old/.git", xattrs={"system.posix_acl_default": torture.DEFAULT})
        self.assert_older_follows_newer(self.tree(), newer)
        newer = self.tree().directory(b"log").directory(b"log/of").directory(b"log/of/all")
        newer.fifo(b"log/of/all/fifo")
        self.assert_older_follows_newer(self.tree().directory(b"log").link(b"log/of", b".."), newer)

    def test_attributes_of_the_image_itself_change_no_file(self):
        env = {**ENVIRONMENT, **environment(**{"core.hooksPath": ".rootfs/hooks"})}
        for name, (attributes, content) in ATTRIBUTES.items():
            with self.subTest(name):
                versions = []
                for number in (1, 2):
                    tree = torture.Builder(self.work.fresh("tree")).directory(b"a [b]")
                    tree.file(b"a [b]/.gitattributes", attributes)
                    tree.file(b"a [b]/changes.bat", content % number)
                    tree.file(b"a [b]/stays.bat", content % 0).done()
                    versions.append(tree.path(b"").decode())
                repository, (old, new) = self.published(*versions)
                clone = stock_clone(repository.file_uri, self.work.fresh("clone"), env=env)
                for commit, tree in ((new, versions[1]), (old, versions[0]), (new, versions[1])):
                    self.check_out(clone, commit, tree, env)
                run("git", "-C", clone, "checkout", "-q", "-f", new, env=env)
                self.check_out(clone, new, versions[1], env)

    def test_what_somebody_else_has_in_those_files_of_git_stays(self):
        tree = self.work.fresh("tree")
        torture.Builder(tree).file(b"x").done()
        repository, (commit,) = self.published(tree)
        env = dict(ENVIRONMENT, **hooked())
        clone = stock_clone(repository.file_uri, self.work.fresh("clone"), env=env)
        info = clone / ".git/info"
        ours = (info / "attributes").read_text()
        (info / "attributes").write_text("*.png -delta\n" + ours)
        self.check_out(clone, commit, tree, env)
        self.assertEqual((info / "attributes").read_text(), "*.png -delta\n" + ours)


if __name__ == "__main__":
    unittest.main()
