#!/usr/bin/python3
"""The hook on a big image: no shell may need time that grows faster than the image."""

import subprocess
import time
import unittest

from support import exact, torture, trees
from support.case import AS_ROOT, Case
from support.git_repo import ENVIRONMENT, stock_clone
from support.hook import HOOK, image_listing
from support.workspace import tool

SECOND = 10**9


@unittest.skipUnless(AS_ROOT, "only root can restore owners")
class HookOnMany(Case):
    def test_thirty_thousand_entries(self):
        tree = torture.Builder(self.work.fresh("many"))
        for folder in range(300):
            tree.directory(b"%d" % folder, mode=0o755 if folder % 9 else 0o2775)
            for number in range(100):
                tree.file(b"%d/%d" % (folder, number), mode=0o4755 if number % 50 == 0 else 0o644,
                          owner=(number % 7 // 6 * 1000, 0), time=folder % 150 * 10 * SECOND + 7)
        tree.done()
        repository = self.repository()
        exact.Image(tree.path(b"")).publish(repository, HOOK.read_bytes())
        clone = stock_clone(repository.file_uri, self.work.fresh("clone"), depth=1)
        for shell in (["busybox", "sh"], ["bash"], ["dash"]):  # busybox loses nanoseconds
            began = time.monotonic()
            subprocess.run([tool(shell[0]), *shell[1:], ".rootfs/hooks/post-checkout"], cwd=clone,
                           env=ENVIRONMENT, check=True, stderr=subprocess.DEVNULL)
            print(f"{shell[0]}: 30,300 entries restored in {time.monotonic() - began:.1f} s")
        self.assertEqual(trees.differences(image_listing(tree.path(b"")),
                                           trees.listing(clone / "rootfs", exact=True)), [])


if __name__ == "__main__":
    unittest.main()
