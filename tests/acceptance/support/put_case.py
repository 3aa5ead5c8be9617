"""What all tests of put share: an image to publish, and the proof that it arrived."""

import json

from . import images, programs, trees
from .case import AS_ROOT, Case
from .git_repo import run_inside, stock_clone
from .registry import Registry

BESIDE = ["README.md", "metadata.json", "labels.json", "repository", "tag", "digest"]


class PutCase(Case):
    """Gives images as a get leaves them, below a directory of inputs."""

    @classmethod
    def setUpClass(cls):
        cls.inputs = None
        super().setUpClass()

    @classmethod
    def publish_images(cls, **tagged):
        """Pushes images to a registry and gets each into inputs/TAG."""
        layout = images.Layout(cls.work.fresh("layout"))
        cls.registry = Registry(cls.work)
        cls.inputs = cls.work.directory("inputs")
        cls.versions = {}
        for tag, image in tagged.items():
            cls.versions[tag] = {"tag": tag, "digest": layout.add(tag, image)}
            cls.registry.push(layout, "team/image", tag)
            (cls.inputs / tag).mkdir()
            outcome = programs.get(cls.source_of(tag), cls.versions[tag], cls.inputs / tag)
            if outcome.code != 0:
                raise RuntimeError(f"get of {tag}: {outcome}")

    @classmethod
    def source_of(cls, tag, **more):
        return {"repository": f"{cls.registry.host}/team/image", "tag": tag, **more}

    def put(self, tag, git):
        """A put of inputs/TAG that must succeed; its answer."""
        outcome = programs.put(self.source_of(tag, git=git), self.inputs, image=tag)
        return self.succeeded(outcome)

    def refused(self, git, *words, tag="box"):
        """A put that must fail and say the words; gives the log."""
        return self.failed(programs.put(self.source_of(tag, git=git), self.inputs, image=tag),
                           *words)

    def assert_published(self, repository, tag, branch="main", uri=None, env=None, options=()):
        """The branch holds inputs/TAG: sound objects, right files, and a clone that works."""
        self.assertEqual(repository.fsck(), [])
        clone = stock_clone(uri or repository.file_uri, self.work.fresh("clone"), branch, depth=1,
                            env=env, options=options)
        self.assert_clone_holds(clone, self.inputs / tag)
        return clone

    def assert_clone_holds(self, clone, artifact, without=()):
        """`without` are files that only the manifest has."""
        expected = {path: entry for path, entry in trees.contents(artifact / "rootfs").items()
                    if not path.startswith(b"dev/") and path not in without}
        found = trees.contents(clone / "rootfs")
        for path in [one for one in found if one.endswith(b"/.keep") and one not in expected]:
            self.assertEqual((clone / "rootfs" / path.decode()).stat().st_size, 0)
            self.assertEqual(len(list((clone / "rootfs" / path.decode()).parent.iterdir())), 1)
            del found[path]
        self.assertEqual(trees.differences(expected, found), [])
        for name in BESIDE[1:]:
            if name.endswith(".json"):
                self.assertEqual(json.loads((clone / name).read_text()),
                                 json.loads((artifact / name).read_text()))
            else:
                self.assertEqual((clone / name).read_text().strip(),
                                 (artifact / name).read_text().strip())
        self.assertIn((artifact / "digest").read_text().strip(), (clone / "README.md").read_text())
        attributes = (clone / ".gitattributes").read_text().splitlines()
        self.assertEqual(attributes[0], "* -text -diff -merge")
        for path in trees.listing(artifact / "rootfs"):
            folder = artifact / "rootfs" / path.decode(errors="surrogateescape")
            if folder.is_dir() and not folder.is_symlink() and not path.startswith(b"dev/"):
                there = clone / "rootfs" / path.decode(errors="surrogateescape")
                self.assertTrue(there.is_dir(), path)

    def assert_runs(self, clone):
        """A command of the image works inside the clone."""
        if AS_ROOT:
            said = run_inside(clone / "rootfs", "/bin/sh", "-c", "echo it $(echo runs)")
            self.assertEqual(said, "it runs\n")
