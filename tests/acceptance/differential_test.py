#!/usr/bin/python3
"""Random images come out as another tool unpacks them, and from git as from the registry.

DIFFERENTIAL_STACKS says how many images, DIFFERENTIAL_SEED which one is the first.
"""

import os
import unittest

from support import exact, images, programs, random_stack, registry, trees
from support.case import MAY_MAKE_DEVICES, Case
from support.workspace import run

STACKS = int(os.environ.get("DIFFERENTIAL_STACKS", "16"))
FIRST_SEED = int(os.environ.get("DIFFERENTIAL_SEED", "1"))
IMPLIED_MODE = 0o755

# Where umoci and we are known to differ (quotations are from image-spec layer.md), and what is made
# of it. The first three are levelled here:
#
# - Device nodes. "Block devices" and "character devices" are file types of layers, and umoci makes
#   them. Concourse cannot hand on a volume that holds any: rootfs/ lacks them. The manifest has
#   them, and is compared with umoci's tree.
# - Directories that no entry stands for. Layers "MUST include file attributes for Additions and
#   Modifications", so that nothing is said of what has no entry. umoci gives such directories the
#   present time, and the group and setgid bit of the one above; ours are 0755, of root, from 1970.
# - The time of a directory in which such a one was made later: umoci leaves the present time, we
#   what its own entry said.
#
# The others do not come up in the stacks:
#
# - An entry below what a lower layer has as a file: "removing the file path" and "recreating the file
#   path" is what we do; umoci 0.4.7 gives up.
# - Names beginning with .wh. that are no markers: "files that are present in the image cannot begin
#   with" that; we refuse them, and leave out what AUFS wrote, umoci makes them.
# - Names that climb above the root: umoci stops at the root, we refuse the layer.
# - An extended attribute without a value: umoci takes that for none (in a pax header an empty value
#   takes back another one), we set it, as GNU tar and libarchive write it.
# - Modification times of 1970-01-01T00:00:00: umoci puts the present time in their place.
# - A root directory that others may not enter: umoci makes it so, our rootfs stays open.
# - A device does not save its directory from a whiteout of the same layer, nor make it, here.


@unittest.skipUnless(MAY_MAKE_DEVICES, "other owners and device nodes need root")
class Differential(Case):
    @classmethod
    def prepare(cls):
        cls.registry = registry.Registry(cls.work)

    def for_each_image(self, compare):
        """Calls `compare` with a stack, a layout of it and its version in the registry."""
        for seed in range(FIRST_SEED, FIRST_SEED + STACKS):
            with self.subTest(seed=seed):
                stack = random_stack.Stack(seed)
                layout = images.Layout(self.work.fresh("layout"))
                digest = layout.add("t", stack.image)
                self.registry.upload(layout, "team/random", digest, f"seed-{seed}")
                compare(stack, layout, {"tag": f"seed-{seed}", "digest": digest})
                run("rm", "-rf", layout.path)

    def source(self, version, **more):
        return {"repository": f"{self.registry.host}/team/random", "tag": version["tag"], **more}

    def test_as_umoci_unpacks_them(self):
        def compare(stack, layout, version):
            # By the clock of files, which is some milliseconds behind the other one.
            started = self.work.directory("now").stat().st_mtime_ns
            bundle = self.work.fresh("bundle")
            run("umoci", "unpack", "--image", f"{layout.path}:t", bundle, umask=0o022, timeout=60)
            got = self.get(self.source(version), version)
            ours = trees.listing(got / "rootfs", exact=True)
            self.assert_directories(stack, ours)
            level(stack, bundle / "rootfs", ours, started)
            manifest = (got / ".rootfs/manifest.mtree").read_text().splitlines()
            self.assertEqual(sorted(without_places(manifest)),
                             sorted(without_places(exact.Image(bundle / "rootfs").lines)))
            theirs = {path: entry for path, entry
                      in trees.listing(bundle / "rootfs", exact=True).items()
                      if entry["kind"] != "device"}
            self.assertEqual(trees.differences(ours, theirs), [])
            run("rm", "-rf", bundle, got)
        self.for_each_image(compare)

    def assert_directories(self, stack, ours):
        """Those that no entry stands for are as we say, and the others have their entries' times."""
        found = {path for path, entry in ours.items() if entry["kind"] == "directory"}
        expected = stack.directories()
        self.assertEqual(found, set(expected))
        for path, (mtime, is_implied) in expected.items():
            entry = ours[path]
            if not path and is_implied:
                continue  # Without an entry, the root has the time of its making.
            self.assertEqual(entry["mtime"], mtime, path)
            if is_implied:
                self.assertEqual((entry["mode"], entry["owner"]), (oct(IMPLIED_MODE), (0, 0)), path)

    def test_from_git_as_from_the_registry(self):
        def compare(_stack, _layout, version):
            got = self.get(self.source(version), version)
            if version["tag"].endswith(("1", "4", "7")):
                inputs, params = self.work.directory("inputs"), {}
            else:
                inputs, params = got.parent, {"image": got.name}
            repository = self.repository()
            git = {"uri": repository.file_uri}
            self.succeeded(programs.put(self.source(version, git=git), inputs, **params))
            again = self.get({"git": git}, {"ref": repository.tip()})
            for name in ("metadata.json", ".rootfs/manifest.mtree", "tag", "digest", "repository"):
                self.assertEqual((again / name).read_bytes(), (got / name).read_bytes(), name)
            self.assertEqual(trees.differences(trees.listing(got / "rootfs", exact=True),
                                               trees.listing(again / "rootfs", exact=True)), [])
            run("rm", "-rf", got, again, repository.path)
        self.for_each_image(compare)


def level(stack, theirs, ours, started):
    """Gives umoci's tree our attributes where the two are known to differ."""
    root = os.fsencode(theirs)
    for path, (_, is_implied) in stack.directories().items():
        full = os.path.join(root, path)
        info = os.lstat(full)
        if is_implied and path:
            os.chown(full, 0, 0)
            os.chmod(full, IMPLIED_MODE)
        if info.st_mtime_ns >= started or not path:
            mtime = ours[path]["mtime"]
            os.utime(full, ns=(mtime, mtime))


def without_places(lines):
    """Lines of a manifest without what says where git keeps the content."""
    return [" ".join(word for word in line.split(" ") if not word.startswith("contents="))
            for line in lines]


if __name__ == "__main__":
    print(f"DIFFERENTIAL_SEED={FIRST_SEED} DIFFERENTIAL_STACKS={STACKS}", flush=True)
    unittest.main()
