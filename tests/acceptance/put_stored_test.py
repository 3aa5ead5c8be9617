#!/usr/bin/python3
"""Put of layouts and archives: whatever form an image comes in, the same tree is published."""

import json
import os
import shutil
import unittest

from formats_test import mixed
from get_test import thorny
from support import images, programs, saved
from support.put_case import PutCase
from support.registry import Registry
from support.workspace import run


# Where the image's own manifest is stored with it, so that its origin is known as in a get.
WITH_MANIFEST = {"got-layout", "got-layout/oci", "layout/image", "oci/x.tar", "new"}


def twice():
    """An image whose upper layer brings back what the one below it deletes."""
    base = images.Layer().directory("a").file("a/b", b"b" * 300_000).hard_link("a/c", "a/b")
    return images.Image([base, images.Layer().whiteout("a").file("d", "d"), base])


def plain(text, **more):
    return images.Image([images.Layer().file("which", text)], **more)


class PutStored(PutCase):
    @classmethod
    def prepare(cls):
        cls.layout = images.Layout(cls.work.fresh("layout"))
        cls.registry = Registry(cls.work)
        cls.home = cls.work.directory("home")
        cls.versions = {}
        for tag, image in {"thorny": thorny(), "twice": twice(), "mixed": mixed(), "plain": plain("one"),
                           "index": [plain("amd64"), plain("arm64", architecture="arm64")],
                           }.items():
            cls.versions[tag] = {"tag": tag, "digest": cls.layout.add(tag, image)}
            cls.registry.upload(cls.layout, "team/image", cls.versions[tag]["digest"], tag)

    def setUp(self):
        self.inputs = self.work.directory("inputs")

    @property
    def repository_name(self):
        return f"{self.registry.host}/team/image"

    def got(self, name, tag, form):
        """An input as a get leaves it."""
        (self.inputs / name).mkdir()
        self.succeeded(programs.get(self.source_of(tag), self.versions[tag], self.inputs / name,
                                    format=form))
        return self.inputs / name

    def made(self, name, tag):
        """An input by another tool, with the files a get leaves beside it."""
        path = self.inputs / name
        path.mkdir()
        for file, text in (("repository", self.repository_name), ("tag", tag),
                           ("digest", self.versions[tag]["digest"])):
            (path / file).write_text(text)
        return path

    def skopeo(self, tag, transport, path, name=""):
        run("skopeo", "copy", "-q", "--insecure-policy", "--src-tls-verify=false",
            "--tmpdir", self.home, f"docker://{self.repository_name}:{tag}",
            f"{transport}:{path}{name}", env={"PATH": "/usr/bin:/bin", "HOME": str(self.home)})
        return path

    def stored(self, tag):
        """Every form an image can lie in, as params.image."""
        yield from self.stored_without_skopeo(tag)
        self.skopeo(tag, "oci", self.made("layout", tag) / "image", ":some-name")
        yield "layout/image"
        self.skopeo(tag, "oci-archive", self.made("oci", tag) / "x.tar", ":some-name")
        yield "oci/x.tar"
        archive = self.skopeo(tag, "docker-archive", self.made("docker", tag) / "x.tar",
                              ":some/name:1")
        yield "docker/x.tar"
        with open(self.made("gzip", tag) / "x.tar.gz", "wb") as packed:
            packed.write(run("gzip", "-c", archive).stdout)
        yield "gzip/x.tar.gz"
        run("zstd", "-q", archive, "-o", self.made("zstd", tag) / "x.tar.zst")
        yield "zstd/x.tar.zst"

    def stored_without_skopeo(self, tag):
        """skopeo refuses layers in zstd or recompresses them, which makes another image."""
        self.got("got-layout", tag, "oci-layout")
        yield "got-layout"
        yield "got-layout/oci"
        self.got("got-archive", tag, "oci")
        yield "got-archive"
        yield "got-archive/image.tar"
        digest = self.versions[tag]["digest"]
        saved.old_docker_save(self.made("old", tag) / "image.tar", self.layout,
                              {f"{self.repository_name}:{tag}": digest})
        yield "old"
        saved.new_docker_save(self.made("new", tag) / "image.tar", self.layout,
                              f"{self.repository_name}:{tag}", digest)
        yield "new"

    def publish(self, image, tag=None, **source):
        """A put that must succeed; the repository and the outcome."""
        repository = self.repository()
        git = {"uri": repository.file_uri}
        outcome = programs.put({**(self.source_of(tag) if tag else {}), **source, "git": git},
                               self.inputs, **({"image": image} if image else {}))
        self.succeeded(outcome)
        self.assertEqual(repository.fsck(), [])
        return repository, outcome

    def refuse(self, image, *words, **source):
        """A put that must fail, say the words and change nothing."""
        repository = self.repository()
        outcome = programs.put({**source, "git": {"uri": repository.file_uri}}, self.inputs,
                               image=image)
        self.failed(outcome, *words)
        self.assertEqual(repository.git("for-each-ref"), "")


class SameTree(PutStored):
    def entries(self, repository):
        """All but the digests an archive of a Docker does not have."""
        listed = repository.git("ls-tree", "-r", "main").splitlines()
        return [line for line in listed if not line.endswith("\t.rootfs/image.json")]

    def test_every_form_of_an_image_gives_the_tree_of_a_get_and_put(self):
        for tag, forms in (("thorny", self.stored), ("twice", self.stored),
                           ("mixed", self.stored_without_skopeo)):
            self.inputs = self.work.directory("inputs")
            self.got("rootfs", tag, "rootfs")
            expected, _ = self.publish("rootfs", tag)
            streamed, _ = self.publish(None, tag)
            self.assertEqual(streamed.tree("main"), expected.tree("main"))
            self.assertGreater(len(expected.paths("main:rootfs")), 2)
            for image in forms(tag):
                with self.subTest(image=image, tag=tag):
                    repository, outcome = self.publish(image, tag)
                    self.assertEqual(repository.git("rev-parse", "main:rootfs"),
                                     expected.git("rev-parse", "main:rootfs"))
                    self.assertEqual(self.entries(repository), self.entries(expected))
                    if image in WITH_MANIFEST:
                        self.assertEqual(repository.tree("main"), expected.tree("main"))
                    self.assertEqual(outcome.answer["version"], self.versions[tag])

    def test_what_git_cannot_hold_is_counted_alike(self):
        _, streamed = self.publish(None, "thorny")
        expected = [line for line in streamed.log.splitlines() if " device node" in line
                    or "will not have" in line or "image: " in line or "deleted by" in line]
        self.assertEqual(len(expected), 4, streamed)
        self.assertIn("1 device node, 1 FIFO", "".join(expected))
        for image in self.stored("thorny"):
            _, outcome = self.publish(image, "thorny")
            for line in expected:
                self.assertIn(line, outcome.log.splitlines(), image)

    def test_deleted_files_are_not_published(self):
        for image in self.stored("thorny"):
            paths = self.publish(image, "thorny")[0].paths()
            self.assertIn("rootfs/old/stays", paths)
            self.assertNotIn("rootfs/old/gone", paths)
            self.assertEqual([one for one in paths if "/.wh." in one or "cache/a" in one], [])

    def test_nothing_is_left_among_the_inputs(self):
        for image in self.stored("twice"):
            before = sorted(self.inputs.rglob("*"))
            self.publish(image, "twice")
            self.assertEqual(sorted(self.inputs.rglob("*")), before)


    def test_an_archive_packed_in_parallel_is_read_like_any_other(self):
        self.skopeo("plain", "oci-archive", self.inputs / "x.tar", ":v1")
        run("pzstd", "-q", self.inputs / "x.tar", "-o", self.inputs / "x.tar.zst")
        self.assertEqual((self.inputs / "x.tar.zst").read_bytes()[1:4], b"*M\x18")  # No frame of data.
        expected, _ = self.publish("x.tar")
        packed, _ = self.publish("x.tar.zst")
        self.assertEqual(packed.tree("main"), expected.tree("main"))


class Identity(PutStored):
    """What an image is called when no get left files beside it."""

    def read(self, repository):
        return [repository.show(name).decode() if name in repository.paths() else None
                for name in ("repository", "tag", "digest")]

    def test_a_layout_knows_its_digest_and_its_tag(self):
        self.skopeo("plain", "oci", self.inputs / "layout", ":v1")
        self.skopeo("plain", "oci-archive", self.inputs / "x.tar", ":v1")
        for image in ("layout", "x.tar"):
            repository, outcome = self.publish(image)
            self.assertEqual(self.read(repository), [None, "v1", self.versions["plain"]["digest"]])
            self.assertEqual(outcome.answer["version"], {"ref": repository.tip()})

    def test_an_archive_of_a_docker_knows_its_name_but_not_always_its_digest(self):
        digest = self.versions["plain"]["digest"]
        saved.old_docker_save(self.inputs / "old.tar", self.layout, {"a.test:5000/b:1": digest})
        saved.new_docker_save(self.inputs / "new.tar", self.layout, "a.test:5000/b:1", digest)
        self.assertEqual(self.read(self.publish("old.tar")[0]), ["a.test:5000/b", "1", None])
        self.assertEqual(self.read(self.publish("new.tar")[0]), ["a.test:5000/b", "1", digest])
        self.refuse("old.tar", "digest", **self.source_of("plain"))
        # What oci-build-task leaves beside an archive is the digest of the configuration.
        built = self.inputs / "built"
        built.mkdir()
        (self.inputs / "old.tar").rename(built / "image.tar")
        manifest = json.loads((self.layout.path / "blobs/sha256" / digest[7:]).read_text())
        (built / "digest").write_text(manifest["config"]["digest"])
        self.assertEqual(self.read(self.publish("built")[0]), ["a.test:5000/b", "1", None])
        self.refuse("built", "digest", **self.source_of("plain"))
        # With UNPACK_ROOTFS it leaves this, too.
        (built / "rootfs").mkdir()
        (built / "metadata.json").write_text('{"env":["PATH=/bin"],"user":""}')
        repository, outcome = self.publish("built")
        self.assertEqual(self.read(repository), [None, None, None])
        self.assertIn("add /image.tar to params.image", outcome.log)
        self.refuse("built", "digest", **self.source_of("plain"))

    def test_rootfs_is_published_whatever_image_tar_beside_it_is(self):
        built = self.inputs / "beside"
        (built / "rootfs").mkdir(parents=True)
        (built / "metadata.json").write_text("{}")
        for make in (lambda path: path.symlink_to("metadata.json"),
                     lambda path: path.symlink_to("nowhere"), os.mkdir, os.mkfifo):
            make(built / "image.tar")
            self.publish("beside")
            (built / "image.tar").rename(self.work.fresh("away"))

    def test_the_digest_of_an_index_is_that_of_the_registry(self):
        digest = self.versions["index"]["digest"]
        layout = self.got("layout", "index", "oci-layout")
        (layout / "digest").unlink()
        self.assertEqual(self.publish("layout", "index")[1].answer["version"]["digest"], digest)
        # registry-image-resource keeps the index only as index.json.
        (layout / "oci/blobs/sha256" / digest[7:]).unlink()
        self.assertEqual(self.publish("layout", "index")[1].answer["version"]["digest"], digest)

    def test_a_file_digest_that_is_not_the_layouts_is_not_believed(self):
        layout = self.got("layout", "plain", "oci-layout")
        (layout / "digest").write_text(self.versions["mixed"]["digest"])
        _, outcome = self.publish("layout", "plain")
        self.assertEqual(outcome.answer["version"]["digest"], self.versions["plain"]["digest"])
        self.assertIn("warning: the file digest says", outcome.log)


class Choice(PutStored):
    def which(self, image, tag=None, **source):
        return self.publish(image, tag, **source)[0].show("rootfs/which").decode()

    def test_the_platform_decides_which_image_of_an_index(self):
        self.got("layout", "index", "oci-layout")
        run("tar", "-cf", self.inputs / "x.tar", "-C", self.inputs / "layout/oci", ".")
        for image in ("layout", "x.tar"):
            for architecture in ("amd64", "arm64"):
                self.assertEqual(self.which(image, platform={"architecture": architecture}),
                                 architecture)
            self.refuse(image, "linux/s390x", "linux/amd64, linux/arm64",
                        platform={"architecture": "s390x"})

    def test_one_platform_of_an_index_is_enough(self):
        layout = self.got("layout", "index", "oci-layout") / "oci/blobs/sha256"
        index = json.loads((layout / self.versions["index"]["digest"][7:]).read_text())
        (layout / index["manifests"][1]["digest"][7:]).unlink()
        self.assertEqual(self.which("layout", platform={"architecture": "amd64"}), "amd64")
        self.refuse("layout", "the layout has no blobs/sha256/", platform={"architecture": "arm64"})

    def test_the_tag_decides_which_of_several_images(self):
        shutil.copytree(self.layout.path, self.inputs / "layout")
        digests = {f"a/b:{tag}": version["digest"] for tag, version in self.versions.items()
                   if tag != "index"}
        saved.old_docker_save(self.inputs / "x.tar", self.layout, digests)
        for image in ("layout", "x.tar"):
            self.refuse(image, "several images (" if image == "layout" else "4 images (",
                        "thorny", "twice", "mixed", "plain", "which one is meant")
        self.assertEqual(self.which("layout", "plain"), "one")
        beside = self.made("beside", "plain")
        (self.inputs / "x.tar").rename(beside / "x.tar")
        self.assertEqual(self.which("beside/x.tar"), "one")

    def test_a_layout_that_skopeo_filled_twice_is_not_published_as_the_older_image(self):
        for tag in ("plain", "mixed"):
            run("skopeo", "copy", "--quiet", f"oci:{self.layout.path}:{tag}",
                f"oci:{self.inputs / 'layout'}")
        self.refuse("layout", "several images for linux/amd64", "which one is meant",
                    platform={"architecture": "amd64"})

    def test_a_directory_rootfs_goes_before_anything_else(self):
        self.got("both", "plain", "rootfs")
        saved.old_docker_save(self.inputs / "both/image.tar", self.layout,
                              {"a:1": self.versions["mixed"]["digest"]})
        self.assertEqual(self.which("both"), "one")


class Refused(PutStored):
    def blob_of(self, layout, number):
        digest = self.versions["mixed"]["digest"][7:]
        manifest = json.loads((layout / "blobs/sha256" / digest).read_text())
        return layout / "blobs/sha256" / manifest["layers"][number]["digest"][7:]

    def test_a_damaged_layer_is_named_and_nothing_is_published(self):
        for number in (0, 1, 2):
            layout = self.got(f"layout-{number}", "mixed", "oci-layout") / "oci"
            blob = self.blob_of(layout, number)
            data = bytearray(blob.read_bytes())
            data[-1] ^= 1  # Behind the end of the archive in it, where few readers look.
            blob.write_bytes(data)
            self.refuse(f"layout-{number}", f"layer {number + 1}/4")
            blob.write_bytes(data[:-1])
            self.refuse(f"layout-{number}", f"layer {number + 1}/4")

    def test_a_layer_that_is_another_one_is_refused_in_an_archive(self):
        archive = self.got("archive", "plain", "oci") / "image.tar"
        old = self.work.directory("unpacked")
        run("tar", "-xf", archive, "-C", old)
        manifest = json.loads((old / "manifest.json").read_text())[0]
        other = images.Layer().file("which", "else").packed()[0]
        (old / manifest["Layers"][0]).write_bytes(other)
        run("tar", "-cf", archive, "-C", old, *(one.name for one in old.iterdir()))
        self.refuse("archive", "layer 1/1", "does not match its digest")
        config = old / manifest["Config"]
        config.write_text(config.read_text().replace("2020", "2021"))
        run("tar", "-cf", archive, "-C", old, *(one.name for one in old.iterdir()))
        self.refuse("archive", "image configuration", "digest in its name")

    def test_a_missing_layer_is_noticed_before_any_is_read(self):
        layout = self.got("layout", "mixed", "oci-layout") / "oci"
        self.blob_of(layout, 2).unlink()
        self.refuse("layout", "the layout has no blobs/sha256/")

    def test_an_archive_cut_short_is_refused_wherever_it_is_cut(self):
        whole = (self.got("whole", "plain", "oci") / "image.tar").read_bytes()
        step = len(whole) // 16
        (self.inputs / "step").mkdir()
        for length in (0, 1, 511, *range(step, len(whole) - 1024, step)):
            (self.inputs / "step/image.tar").write_bytes(whole[:length])
            self.refuse("step", "step/image.tar: ")

    def test_links_lead_nowhere_outside(self):
        secret = self.work.directory("outside") / "secret"
        secret.write_text('{"imageLayoutVersion": "1.0.0"}')
        layout = self.got("layout", "plain", "oci-layout") / "oci"
        blob = next((layout / "blobs/sha256").iterdir())
        copy = self.work.fresh("copy")
        blob.rename(copy)
        blob.symlink_to(copy)
        self.refuse("layout", "symbolic link")

    def test_what_is_no_image_is_refused_with_what_there_is(self):
        (self.inputs / "odd").mkdir()
        (self.inputs / "odd/app.tar").write_text("no archive")
        self.refuse("odd", "rootfs", "oci-layout", "image.tar", "there is: app.tar")
        self.refuse("odd/app.tar", "error: odd/app.tar: is not a tar archive")
        self.refuse("odd/none.tar", "no odd/none.tar among the inputs")
        run("tar", "-cf", self.inputs / "export.tar", "-C", self.inputs, "odd")
        self.refuse("export.tar", "neither index.json nor manifest.json", "docker export")
        (self.inputs / "x.tar.xz").write_bytes(b"\xfd7zXZ\0" + bytes(100))
        self.refuse("x.tar.xz", "error: x.tar.xz: its data: is compressed with xz")


if __name__ == "__main__":
    unittest.main()
