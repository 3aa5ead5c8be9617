#!/usr/bin/python3
"""What a get leaves in each format besides rootfs, and what other tools make of it."""

import gzip
import hashlib
import json
import tarfile
import unittest

from get_test import thorny
from support import images, programs, registry, trees
from support.case import AS_ROOT, Case
from support.http_server import HttpServer, Reply
from support.workspace import run

ANYTHING = '{"default": [{"type": "insecureAcceptAnything"}]}'


def mixed():
    """Each kind of compression, and one layer that stands in the image twice."""
    twice = images.Layer().file("a", "1")
    return images.Image([twice, images.Layer("zstd").file("b", b"2" * 3_000_000),
                         images.Layer("none").file("c", "3"), twice])


def labelled(architecture="amd64"):
    return images.Image([images.Layer().file("which", architecture)], architecture=architecture,
                        annotations={"org.b": "on it", "org.a": "on it too", "other": "x"},
                        Labels={"org.z": "1", "maintainer": "me", "org.c": "2"})


class Formats(Case):
    @classmethod
    def prepare(cls):
        cls.registry = registry.Registry(cls.work)
        cls.layouts = {}
        for tag, image in {
            "thorny": thorny(),
            "mixed": mixed(),
            "labelled": labelled(),
            "index": [labelled(), labelled("arm64"), images.Attestation(b'{"built by": "hand"}')],
            "nested": [[labelled(), labelled("arm64")], mixed()],
        }.items():
            cls.layouts[tag] = layout = images.Layout(cls.work.fresh(tag))
            layout.digest = layout.add(tag, image)
            cls.registry.upload(layout, f"team/{tag}", layout.digest, tag)

    def setUp(self):
        self.home = self.work.directory("home")

    def source(self, tag, **more):
        return {"repository": f"{self.registry.host}/team/{tag}", "tag": tag, **more}

    def version(self, tag):
        return {"tag": tag, "digest": self.layouts[tag].digest}

    def get_as(self, form, tag, **more):
        return self.get(self.source(tag, **more), self.version(tag), format=form)

    def skopeo(self, *words):
        policy = self.home / "policy.json"
        policy.write_text(ANYTHING)
        return run("skopeo", "--policy", policy, "--tmpdir", self.home, *words,
                   env={"PATH": "/usr/bin:/bin", "HOME": str(self.home)}).stdout

    def digest_at(self, name):
        raw = self.skopeo("inspect", "--raw", "--tls-verify=false",
                          f"docker://{self.registry.host}/{name}")
        return "sha256:" + hashlib.sha256(raw).hexdigest()

    def files_in(self, directory):
        return sorted(one.name for one in directory.iterdir())

    def damaged(self, tag, number):
        """A copy of an image with a layer that is not what its digest says."""
        name = f"broken/{tag}-{self.home.name}"
        other = registry.Registry(self.work)
        other.upload(self.layouts[tag], name, self.layouts[tag].digest, tag)
        manifest = json.loads((self.layouts[tag].path / "blobs/sha256"
                               / self.layouts[tag].digest[7:]).read_text())
        blob = other.blob_file(manifest["layers"][number]["digest"])
        blob.write_bytes(bytes(blob.stat().st_size))
        return {"repository": f"{other.host}/{name}", "tag": tag}


class Layout(Formats):
    def blobs(self, layout):
        return {one.name: one.read_bytes() for one in (layout / "blobs/sha256").iterdir()}

    def test_an_index_comes_whole_and_byte_for_byte(self):
        for tag in ("index", "nested"):
            got = self.get_as("oci-layout", tag)
            index = (got / "oci/index.json").read_bytes()
            self.assertEqual("sha256:" + hashlib.sha256(index).hexdigest(),
                             self.layouts[tag].digest)
            # The images of all platforms, what is no image, and indexes within the index.
            self.assertEqual(self.blobs(got / "oci"), self.blobs(self.layouts[tag].path))
            self.assertEqual(self.files_in(got), ["digest", "oci", "repository", "tag"])
            self.assertEqual(self.files_in(got / "oci"), ["blobs", "index.json", "oci-layout"])
            self.assertEqual(json.loads((got / "oci/oci-layout").read_text()),
                             {"imageLayoutVersion": "1.0.0"})

    def test_skopeo_pushes_the_same_index_from_it(self):
        got = self.get_as("oci-layout", "index")
        entry = {"mediaType": images.INDEX_TYPE, "digest": self.layouts["index"].digest,
                 "size": (got / "oci/index.json").stat().st_size}
        (got / "oci/index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
        self.skopeo("copy", "-q", "--all", "--preserve-digests", "--dest-tls-verify=false",
                    f"oci:{got}/oci", f"docker://{self.registry.host}/copies/index:1")
        self.assertEqual(self.digest_at("copies/index:1"), self.layouts["index"].digest)

    def test_a_single_image_gets_an_index_and_a_file_that_says_so(self):
        got = self.get_as("oci-layout", "mixed")
        digest = self.layouts["mixed"].digest
        self.assertEqual((got / "oci/single-image-digest").read_text(), digest)
        manifest = (self.layouts["mixed"].path / "blobs/sha256" / digest[7:]).read_bytes()
        index = json.loads((got / "oci/index.json").read_text())
        self.assertEqual(index["manifests"], [{"mediaType": images.MANIFEST_TYPE,
                                               "digest": digest, "size": len(manifest)}])
        self.assertEqual(self.blobs(got / "oci"), self.blobs(self.layouts["mixed"].path))
        self.skopeo("copy", "-q", "--preserve-digests", "--dest-tls-verify=false",
                    f"oci:{got}/oci", f"docker://{self.registry.host}/copies/single:1")
        self.assertEqual(self.digest_at("copies/single:1"), digest)

    def test_a_manifest_that_does_not_name_its_type_is_listed_with_one(self):
        blobs = self.blobs(self.layouts["labelled"].path)
        manifest = json.loads(blobs[self.layouts["labelled"].digest[7:]])
        del manifest["mediaType"]
        text = json.dumps(manifest).encode()
        digest = "sha256:" + hashlib.sha256(text).hexdigest()
        for served in (f"{images.MANIFEST_TYPE}; charset=utf-8", "application/json"):
            def answer(request, served=served):
                if "/manifests/" in request.path:
                    return Reply(200, {"Content-Type": served}, text)
                return Reply(200, {}, blobs.get(request.path[-64:], b""))
            server = HttpServer(answer)
            self.addCleanup(server.close)
            got = self.get({"repository": f"{server.host}/team/plain", "tag": "x"},
                           {"tag": "x", "digest": digest}, format="oci-layout")
            index = json.loads((got / "oci/index.json").read_text())
            self.assertEqual(index["manifests"], [{"mediaType": images.MANIFEST_TYPE,
                                                   "digest": digest, "size": len(text)}])

    def get_among_others(self, others):
        """An image behind `others`, bytes and hex digests, in an index that does not say what they
        are."""
        image = self.layouts["labelled"]
        blobs = self.blobs(image.path)
        kept = {hashlib.sha256(each).hexdigest(): each
                for each in others if isinstance(each, bytes)}
        entries = [{"mediaType": "application/vnd.example.v9+json", "size": 9,
                    "digest": f"sha256:{digest}"}
                   for digest in [*kept, *(each for each in others if isinstance(each, str))]]
        entries.append({"mediaType": images.MANIFEST_TYPE, "digest": image.digest,
                        "size": len(blobs[image.digest[7:]]),
                        "platform": {"architecture": "amd64", "os": "linux"}})
        index = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
        blobs |= {**kept, hashlib.sha256(index).hexdigest(): index}
        manifests = [image.digest[7:], *list(blobs)[-1 - len(kept):]]

        def answer(request):
            _, _, kind, name = ("//" + request.target).rsplit("/", 3)
            data = blobs.get(name.rpartition(":")[2])
            if request.target == "/v2/":
                return Reply(200)
            if data is None or (kind == "manifests" and name[7:] not in manifests):
                return Reply(404)
            return Reply(200, {}, data)

        server = HttpServer(answer)
        self.addCleanup(server.close)
        digest = "sha256:" + hashlib.sha256(index).hexdigest()
        destination = self.work.directory("get")
        outcome = programs.get({"repository": f"{server.host}/x", "tag": "1"},
                               {"tag": "1", "digest": digest}, destination, format="oci-layout")
        self.succeeded(outcome)
        self.assertEqual(self.blobs(destination / "oci"), blobs)
        return outcome.log

    def test_an_index_with_entries_of_unknown_types_is_no_failure(self):
        log = self.get_among_others([b'{"mediaType": "x/y"}', f"{1:064x}"])
        self.assertIn("it is left out, as its type is not known here", log)

    def test_a_thousand_entries_of_unknown_types_do_not_fill_the_log(self):
        log = self.get_among_others([f"{i:064x}" for i in range(1000)])
        self.assertEqual(log.count("it is left out"), 1)
        self.assertIn("so are 999 more of them", log)

    def test_an_entry_of_unknown_type_does_not_stand_for_a_part_of_an_image(self):
        for part in self.blobs(self.layouts["labelled"].path):
            with self.subTest(part):
                self.get_among_others([part])

    def test_a_broken_blob_leaves_no_layout(self):
        destination = self.work.directory("get")
        outcome = programs.get(self.damaged("mixed", 1), self.version("mixed"), destination,
                               format="oci-layout")
        self.failed(outcome, "blob", "sha256:")
        self.assertEqual(self.files_in(destination), [])


class Archive(Formats):
    def members(self, path):
        with tarfile.open(path) as archive:
            names = archive.getnames()
            self.assertEqual(len(names), len(set(names)))
            return {name: archive.extractfile(name).read() for name in names}

    def test_every_layer_is_gzip_under_its_blobs_name(self):
        got = self.get_as("oci", "mixed")
        members = self.members(got / "image.tar")
        blobs = self.layouts["mixed"].path / "blobs/sha256"
        manifest = json.loads((blobs / self.layouts["mixed"].digest[7:]).read_text())
        config = (blobs / manifest["config"]["digest"][7:]).read_bytes()
        layers = [layer["digest"][7:] + ".tar.gz" for layer in manifest["layers"]]
        self.assertEqual(json.loads(members.pop("manifest.json")), [{
            "Config": manifest["config"]["digest"],
            "RepoTags": [f"{self.registry.host}/team/mixed:mixed"], "Layers": layers}])
        self.assertEqual(members.pop(manifest["config"]["digest"]), config)
        self.assertEqual(members.keys(), set(layers))
        for name, diff_id in zip(layers, json.loads(config)["rootfs"]["diff_ids"]):
            plain = gzip.decompress(members[name])
            self.assertEqual("sha256:" + hashlib.sha256(plain).hexdigest(), diff_id)
        self.assertEqual(members[layers[0]], (blobs / layers[0][:64]).read_bytes())
        self.assertEqual(self.files_in(got),
                         ["digest", "image.tar", "labels.json", "repository", "tag"])
        self.assertEqual(run("tar", "-tf", got / "image.tar").stderr, b"")

    def test_skopeo_pushes_the_same_image_from_it(self):
        for tag in ("thorny", "mixed"):
            got = self.get_as("oci", tag)
            self.skopeo("copy", "-q", "--dest-tls-verify=false", f"docker-archive:{got}/image.tar",
                        f"docker://{self.registry.host}/copies/{tag}:archive")
            again = self.get_newest({"repository": f"{self.registry.host}/copies/{tag}",
                                     "tag": "archive"})
            expected = self.get_as("rootfs", tag)
            self.assertEqual(trees.differences(trees.listing(expected / "rootfs"),
                                               trees.listing(again / "rootfs")), [])
            self.assertEqual((again / "metadata.json").read_text(),
                             (expected / "metadata.json").read_text())

    def test_a_broken_layer_leaves_no_archive(self):
        for number in (0, 1, 2):
            destination = self.work.directory("get")
            outcome = programs.get(self.damaged("mixed", number), self.version("mixed"),
                                   destination, format="oci")
            self.failed(outcome, "layer")
            self.assertEqual(self.files_in(destination), [])


class RootfsArchive(Formats):
    def test_tar_unpacks_the_tree_that_the_format_rootfs_leaves(self):
        got = self.get_as("rootfs-tar", "thorny")
        self.assertEqual(self.files_in(got),
                         ["digest", "labels.json", "repository", "rootfs.tgz", "tag"])
        unpacked = self.work.directory("unpacked")
        said = run("tar", "-xpf", got / "rootfs.tgz", "-C", unpacked, "--xattrs",
                   "--xattrs-include=*").stderr
        self.assertEqual(said, b"")
        expected = self.get_as("rootfs", "thorny")
        self.assertEqual(self.files_in(unpacked), ["metadata.json", "rootfs"])
        found, wanted = (trees.listing(one / "rootfs", owners=AS_ROOT)
                         for one in (unpacked, expected))
        self.assertEqual(trees.differences(wanted, found), [])
        self.assertEqual(trees.listing(unpacked)[b"rootfs"]["mode"],
                         trees.listing(expected)[b"rootfs"]["mode"])
        self.assertEqual((unpacked / "metadata.json").read_bytes(),
                         (expected / "metadata.json").read_bytes())

    def test_the_same_image_gives_the_same_archive(self):
        first, second = (self.get_as("rootfs-tar", "thorny") for _ in range(2))
        self.assertEqual(trees.digest(first / "rootfs.tgz"), trees.digest(second / "rootfs.tgz"))

    def test_a_broken_layer_leaves_no_archive_and_no_tree(self):
        destination = self.work.directory("get")
        outcome = programs.get(self.damaged("mixed", 2), self.version("mixed"), destination,
                               format="rootfs-tar")
        self.failed(outcome, "layer")
        self.assertEqual(self.files_in(destination), [])


class Change(Formats):
    def test_nothing_of_another_format_stays(self):
        directory = self.work.directory("get")
        source, version = self.source("mixed"), self.version("mixed")
        for form, expected in (("rootfs", {".rootfs", "rootfs", "metadata.json", "labels.json"}),
                               ("oci", {"image.tar", "labels.json"}), ("oci-layout", {"oci"}),
                               ("rootfs-tar", {"rootfs.tgz", "labels.json"}),
                               ("rootfs", {".rootfs", "rootfs", "metadata.json", "labels.json"})):
            self.succeeded(programs.get(source, version, directory, format=form))
            self.assertEqual(set(self.files_in(directory)),
                             expected | {"digest", "repository", "tag"})

    def test_nothing_is_fetched_twice(self):
        for form, tags in (("oci", ("mixed", "index")), ("oci-layout", ("mixed", "nested")),
                           ("rootfs", ("index",)), ("rootfs-tar", ("index",))):
            for tag in tags:
                before = len(self.registry.requests())
                self.get_as(form, tag)
                fetched = [path for method, path in self.registry.requests()[before:]
                           if method == "GET" and path != "/v2/"]
                self.assertEqual(len(fetched), len(set(fetched)), (form, fetched))

    def test_an_unknown_format_is_an_error_that_lists_the_formats(self):
        outcome = programs.get(self.source("mixed"), self.version("mixed"),
                               self.work.directory("get"), format="docker")
        self.failed(outcome, "params.format", "docker", "rootfs, rootfs-tar, oci, oci-layout")

    def test_the_platform_decides_which_image_of_an_index_is_packed(self):
        for tag in ("index", "nested"):
            source = self.source(tag, platform={"architecture": "arm64"})
            got = self.get(source, self.version(tag), format="rootfs-tar")
            with tarfile.open(got / "rootfs.tgz") as archive:
                self.assertEqual(archive.extractfile("rootfs/which").read(), b"arm64")


class Metadata(Formats):
    def metadata(self, tag, *params, **source):
        destination = self.work.directory("get")
        outcome = programs.get(self.source(tag, **source), self.version(tag), destination,
                               **dict(params))
        answer = self.succeeded(outcome)
        return [(field["name"], field["value"]) for field in answer["metadata"]]

    def base(self, tag):
        return [("repository", self.source(tag)["repository"]), ("tag", tag)]

    def test_labels_and_annotations_are_left_out_unless_asked_for(self):
        self.assertEqual(self.metadata("labelled"), self.base("labelled"))
        self.assertEqual(self.metadata("labelled", label_regex="", annotation_regex=""),
                         self.base("labelled"))

    def test_those_whose_names_match_follow_sorted(self):
        annotations = [("org.a", "on it too"), ("org.b", "on it")]
        labels = [("org.c", "2"), ("org.z", "1")]
        for tag in ("labelled", "index"):
            self.assertEqual(self.metadata(tag, label_regex="org"), self.base(tag) + labels)
            self.assertEqual(self.metadata(tag, annotation_regex="^org[.]"),
                             self.base(tag) + annotations)
            self.assertEqual(self.metadata(tag, label_regex="org", annotation_regex="rg"),
                             self.base(tag) + annotations + labels)
            self.assertEqual(self.metadata(tag, label_regex="nothing"), self.base(tag))

    def test_they_are_there_without_a_download_and_in_every_format(self):
        wanted = self.base("index") + [("maintainer", "me")]
        for params in ({"skip_download": True}, {"format": "oci"}, {"format": "oci-layout"},
                       {"format": "rootfs-tar"}):
            before = len(self.registry.requests())
            self.assertEqual(self.metadata("index", *params.items(), label_regex="main"), wanted)
            if "skip_download" in params:
                blobs = [path for _, path in self.registry.requests()[before:] if "/blobs/" in path]
                self.assertEqual(len(blobs), 1, "only the configuration was needed")

    def test_a_pattern_that_is_none_is_refused_by_name(self):
        for key in ("label_regex", "annotation_regex"):
            outcome = programs.get(self.source("labelled", **{key: "a("}),
                                   self.version("labelled"), self.work.directory("get"))
            self.failed(outcome, f"source.{key}")


if __name__ == "__main__":
    unittest.main()
