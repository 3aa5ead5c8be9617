#!/usr/bin/python3
"""Random trees come back from git attribute by attribute, by this type and by the hook.

RANDOM_TREES says how many, RANDOM_TREES_SEED which one is the first.
"""

import os
import unittest

from support import programs, random_tree, trees
from support.case import AS_ROOT, Case
from support.git_repo import stock_clone
from support.hook import hooked, image_listing
from support.workspace import run

TREES = int(os.environ.get("RANDOM_TREES", "8"))
FIRST_SEED = int(os.environ.get("RANDOM_TREES_SEED", "1"))


@unittest.skipUnless(AS_ROOT, "only root can make and restore owners")
class RandomTrees(Case):
    def test_nothing_is_lost_whatever_a_tree_holds(self):
        for seed in range(FIRST_SEED, FIRST_SEED + TREES):
            with self.subTest(seed=seed):
                self.assert_comes_back(seed)

    def assert_comes_back(self, seed):
        inputs = self.work.directory("inputs")
        (inputs / "image").mkdir()
        random_tree.build(inputs / "image/rootfs", seed)
        (inputs / "image/metadata.json").write_text('{"env": [], "user": ""}')
        expected = image_listing(inputs / "image/rootfs")
        repository = self.repository()
        git = {"uri": repository.file_uri}
        self.succeeded(programs.put({"git": git}, inputs, image="image"))
        self.assertEqual(repository.fsck(), [])

        got = self.get({"git": git}, {"ref": repository.tip()})
        self.assertEqual(trees.differences(expected, trees.listing(got / "rootfs", exact=True)), [])
        clone = stock_clone(repository.file_uri, self.work.fresh("clone"), depth=1,
                            options=("core.autocrlf=true",), env=hooked())
        self.assertEqual(trees.differences(expected, trees.listing(clone / "rootfs", exact=True)), [])
        run("rm", "-rf", inputs, got, clone, repository.path)


if __name__ == "__main__":
    print(f"RANDOM_TREES_SEED={FIRST_SEED} RANDOM_TREES={TREES}", flush=True)
    unittest.main()
