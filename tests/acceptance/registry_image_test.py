#!/usr/bin/python3
"""A source of the type registry-image moves over unchanged: Docker Hub, mirrors of it, and what
its images leave on disk."""

import base64
import json
import os
import tarfile
import unittest

from support import docker_hub, images, programs, registry
from support.case import AS_ROOT, Case
from support.git_repo import Repository
from support.http_server import HttpServer, Reply
from support.sequenced_registry import SequencedRegistry

UNKNOWN = "sha256:" + "de" * 32
BIRTHDAY = 675_927_030  # 1991-06-03 05:30:30 UTC


def text_image(text, **config):
    return images.Image([images.Layer().file("hello", text)], **config)


class DockerHub(Case):
    """The mirror holds everything but what is named after Docker Hub."""

    @classmethod
    def prepare(cls):
        cls.hub = docker_hub.DockerHub(cls.work)
        cls.addClassCleanup(cls.hub.close)
        cls.mirror = registry.Registry(cls.work)
        layout = images.Layout(cls.work.fresh("layout"))
        cls.old, cls.new = (layout.add(tag, text_image(tag)) for tag in ("old", "new"))
        for server, name in ((cls.hub.registry, "library/rare"), (cls.hub.registry, "team/rare"),
                             (cls.hub.registry, "library/common"), (cls.mirror, "library/common"),
                             (cls.mirror, "team/common")):
            server.push(layout, name, "latest", from_tag="new")
            server.push(layout, name, "kept", from_tag="old")

    def setUp(self):
        self.before = self.hub.connections, len(self.mirror.requests())

    def asked(self):
        """Whether Docker Hub was asked for anything, and what the mirror was asked for."""
        return self.hub.connections > self.before[0], self.mirror.requests()[self.before[1]:]

    def source(self, repository, **more):
        return {"repository": repository, "tag": "latest", "ca_certs": [self.hub.certificate],
                **more}

    def mirrored(self, repository, **more):
        return self.source(repository, registry_mirror={"host": self.mirror.host}, **more)

    def check(self, source, digest=None):
        version = digest and {"tag": "latest", "digest": digest}
        request = {"source": source, **({"version": version} if version else {})}
        answer = self.succeeded(programs.invoke("check", request, env=self.hub.env))
        self.assertEqual(self.hub.refused, [])
        self.assertEqual({version["tag"] for version in answer} | {"latest"}, {"latest"})
        return [version["digest"] for version in answer]

    def pull(self, source, **params):
        destination = self.work.directory("get")
        request = {"source": source, "version": {"tag": "latest", "digest": self.new},
                   "params": params}
        answer = self.succeeded(programs.invoke("in", request, destination, self.hub.env))
        self.assertEqual(answer["version"], request["version"])
        self.assertEqual(answer["metadata"], [
            {"name": "repository", "value": source["repository"]},
            {"name": "tag", "value": "latest"}])
        self.assertEqual((destination / "repository").read_text(), source["repository"])
        self.assertEqual((destination / "digest").read_text(), self.new)
        return destination

    def follows(self, source):
        """All that a cursor can mean."""
        self.assertEqual(self.check(source), [self.new])
        self.assertEqual(self.check(source, self.new), [self.new])
        self.assertEqual(self.check(source, self.old), [self.old, self.new])
        self.assertEqual(self.check(source, UNKNOWN), [self.new])

    def test_an_image_without_a_host_is_one_of_docker_hub(self):
        for name in ("rare", "library/rare", "docker.io/rare", "index.docker.io/library/rare",
                     "team/rare"):
            self.follows(self.source(name))
            self.assertEqual((self.pull(self.source(name)) / "rootfs/hello").read_text(), "new")
        self.assertEqual(self.check(self.source("rare", tag="nobody-pushed-this")), [])

    def test_a_mirror_that_has_the_image_serves_it_alone(self):
        for name, path in (("common", "library/common"), ("team/common", "team/common")):
            self.follows(self.mirrored(name))
            self.assertEqual((self.pull(self.mirrored(name)) / "rootfs/hello").read_text(), "new")
            asked_hub, asked_mirror = self.asked()
            self.assertFalse(asked_hub)
            self.assertIn(("HEAD", f"/v2/{path}/manifests/latest"), asked_mirror)

    def test_the_log_of_a_get_says_that_a_mirror_is_asked_and_that_of_a_check_stays_empty(self):
        source = self.mirrored("common")
        checked = programs.invoke("check", {"source": source}, env=self.hub.env)
        version = self.succeeded(checked)[-1]
        self.assertEqual(checked.log, "")
        got = programs.invoke("in", {"source": source, "version": version},
                              self.work.directory("get"), env=self.hub.env)
        self.succeeded(got)
        self.assertIn(f"asking the mirror {self.mirror.host}/library/common first", got.log)

    def test_an_archive_from_a_mirror_is_named_after_the_origin(self):
        with tarfile.open(self.pull(self.mirrored("common"), format="oci") / "image.tar") as tar:
            manifest = json.load(tar.extractfile("manifest.json"))
        self.assertEqual(manifest[0]["RepoTags"], ["index.docker.io/library/common:latest"])

    def test_what_a_mirror_lacks_comes_from_docker_hub(self):
        for name in ("rare", "team/rare"):
            self.follows(self.mirrored(name))
            self.assertEqual((self.pull(self.mirrored(name)) / "rootfs/hello").read_text(), "new")
            self.assertEqual(self.asked()[0], True)
        self.assertEqual(self.check(self.mirrored("rare", tag="nobody-pushed-this")), [])

    def test_version_numbers_come_from_a_mirror_that_has_any(self):
        layout = images.Layout(self.work.fresh("layout"))
        digests = {tag: layout.add(tag, text_image(tag)) for tag in ("1.0.0", "1.1.0", "2.0.0")}
        for server, name, tag in ((self.mirror, "library/many", "1.0.0"),
                                  (self.mirror, "library/many", "1.1.0"),
                                  (self.hub.registry, "library/many", "2.0.0"),
                                  (self.hub.registry, "library/few", "2.0.0"),
                                  (self.mirror, "library/few", "nameless")):
            server.push(layout, name, tag, from_tag=tag if tag in digests else "1.0.0")
        for name, expected in (("many", ["1.0.0", "1.1.0"]), ("few", ["2.0.0"])):
            request = {"source": self.mirrored(name, tag="")}
            answer = self.succeeded(programs.invoke("check", request, env=self.hub.env))
            self.assertEqual(answer, [{"tag": tag, "digest": digests[tag]} for tag in expected])

    def test_a_mirror_that_is_down_is_done_without(self):
        source = self.source("rare", registry_mirror={"host": "127.0.0.1:1"})
        self.follows(source)
        self.pull(source)

    def test_a_mirror_over_plain_http_gets_no_password(self):
        proxy = HttpServer(lambda request: Reply(404) if "Authorization" in request.headers else
                           Reply(401, {"WWW-Authenticate": 'Basic realm="mirror"'}))
        self.addCleanup(proxy.close)
        env = {**self.hub.env, "http_proxy": proxy.url}
        for insecure in (False, True):
            mirror = {"host": "http://mirror.example", "username": "reader",
                      "password": "not-for-all-to-read", "insecure": insecure}
            source = self.source("rare", registry_mirror=mirror)
            outcome = programs.invoke("check", {"source": source}, env=env)
            self.assertEqual(self.succeeded(outcome), [{"tag": "latest", "digest": self.new}])
            self.assertEqual("asks for the password over plain http" in outcome.log, not insecure)
            self.assertTrue(proxy.requests)
            self.assertEqual(any("Authorization" in request.headers for request in proxy.requests),
                             insecure)

    def test_docker_hub_may_be_its_own_mirror(self):
        source = self.source("rare", registry_mirror={"host": "index.docker.io"})
        self.follows(source)
        self.pull(source)

    def test_a_mirror_is_left_alone_when_the_image_has_a_host(self):
        other = registry.Registry(self.work)
        layout = images.Layout(self.work.fresh("layout"))
        digest = layout.add("latest", text_image("elsewhere"))
        other.push(layout, "library/common", "latest")
        source = self.mirrored(f"{other.host}/library/common")
        self.assertEqual(self.check(source), [digest])
        self.assertEqual(self.asked(), (False, []))


class Amazon(Case):
    """A login at Amazon's, which tells the registry's host, in front of a real registry."""

    def test_what_is_deployed_by_name_has_the_host_of_the_registry(self):
        server = registry.Registry(self.work)
        layout = images.Layout(self.work.fresh("layout"))
        digest = layout.add("1", text_image("amazon"))
        server.push(layout, "team/image", "1")
        token = base64.b64encode(b"AWS:password").decode()
        login = json.dumps({"authorizationData": [
            {"authorizationToken": token, "proxyEndpoint": f"https://{server.host}"}]}).encode()
        api = HttpServer(lambda _: Reply(200, {}, login))
        self.addCleanup(api.close)
        source = {"repository": "team/image", "tag": "1", "aws_region": "eu-west-1",
                  "aws_endpoint": api.url, "aws_access_key_id": "ID",
                  "aws_secret_access_key": "key-of-amazon"}
        version = {"tag": "1", "digest": digest}
        self.assertEqual([version], self.succeeded(programs.invoke("check", {"source": source})))
        for params in ({}, {"format": "oci"}):
            into = self.work.directory("get")
            answer = self.succeeded(programs.invoke(
                "in", {"source": source, "version": version, "params": params}, into))
            self.assertEqual({"name": "repository", "value": f"{server.host}/team/image"},
                             answer["metadata"][0])
            self.assertEqual((into / "repository").read_text(), f"{server.host}/team/image")
        with tarfile.open(into / "image.tar") as tar:
            manifest = json.load(tar.extractfile("manifest.json"))
        self.assertEqual(manifest[0]["RepoTags"], [f"{server.host}/team/image:1"])
        branches = []
        for params in ({}, {"image": "image"}):
            repository = Repository(self.work.fresh("repository"))
            inputs = self.work.directory("inputs")
            (inputs / "image").mkdir()
            self.succeeded(programs.get(source, version, inputs / "image"))
            outcome = programs.put(dict(source, git={"uri": repository.file_uri}), inputs, **params)
            self.succeeded(outcome)
            self.assertNotIn("but source.repository", outcome.log)
            branches.append(repository.tree("main"))
        self.assertEqual(branches[0], branches[1])
        other = dict(source, repository="team/other", git={"uri": repository.file_uri})
        outcome = programs.put(other, inputs, image="image")
        self.succeeded(outcome)
        self.assertIn("but source.repository is team/other", outcome.log)


class Answers(Case):
    """Answers as spare as those of other people's fakes: no digest, no type, nothing else asked."""

    def image(self):
        config = json.dumps({"os": "linux", "architecture": "amd64", "config": {},
                             "rootfs": {"type": "layers", "diff_ids": []}}).encode()
        fake = SequencedRegistry("some/image")
        self.addCleanup(fake.close)
        return fake, fake.manifest(config, [])

    def test_too_many_requests_are_answered_by_patience(self):
        fake, (digest, manifest, config) = self.image()
        busy, fine = (429, b"calm down"), (200, b"hello")
        fake.expect("/v2/", busy)
        fake.expect("/v2/", fine)
        fake.expect(f"/v2/some/image/manifests/{digest}", busy)
        fake.expect("/v2/", fine)
        fake.expect(f"/v2/some/image/manifests/{digest}", (200, manifest))
        fake.expect(config.path, busy)
        fake.expect("/v2/", fine)
        fake.expect(f"/v2/some/image/manifests/{digest}", (200, manifest))
        fake.expect(config.path, (200, config.data))
        self.get({"repository": fake.repository, "tag": ""}, {"tag": "latest", "digest": digest})
        self.assertEqual(fake.problems(), [])

    def test_three_requests_get_an_image_without_layers(self):
        fake, (digest, manifest, config) = self.image()
        fake.expect("/v2/", (200, b"hello"))
        fake.expect(f"/v2/some/image/manifests/{digest}", (200, manifest))
        fake.expect(config.path, (200, config.data))
        got = self.get({"repository": fake.repository, "insecure": False},
                       {"tag": "", "digest": digest})
        self.assertEqual(os.listdir(got / "rootfs"), [])
        self.assertEqual(fake.problems(), [])


class Files(Case):
    """The images that its own tests pull, made again."""

    @classmethod
    def prepare(cls):
        cls.layout = images.Layout(cls.work.fresh("layout"))
        cls.registry = registry.Registry(cls.work)

    def got(self, tag, *layers, **config):
        digest = self.layout.add(tag, images.Image(list(layers), **config))
        self.registry.push(self.layout, "team/image", tag)
        return self.get({"repository": f"{self.registry.host}/team/image", "tag": tag},
                        {"tag": tag, "digest": digest})

    def test_what_a_task_is_started_with(self):
        env = ["PATH=/usr/local/bin:/bin", "FOO=1", "EMPTY="]
        got = self.got("metadata", images.Layer().file("x"), Env=env, User="someuser",
                       Entrypoint=["/bin/sh", "-c"], Cmd=["echo", "hi there"])
        self.assertEqual(json.loads((got / "metadata.json").read_text()),
                         {"env": env, "user": "someuser", "entrypoint": ["/bin/sh", "-c"],
                          "cmd": ["echo", "hi there"]})

    def test_mode_time_and_owner_of_a_file(self):
        home = images.Layer().directory("home").directory("home/alex", uid=1000, gid=1000)
        home.file("home/alex/birthday", "", mode=0o603, mtime=BIRTHDAY, uid=1000, gid=1000)
        found = (self.got("attributes", home) / "rootfs/home/alex/birthday").stat()
        self.assertEqual((found.st_mode & 0o7777, found.st_mtime), (0o603, BIRTHDAY))
        if AS_ROOT:
            self.assertEqual((found.st_uid, found.st_gid), (1000, 1000))

    def test_what_later_layers_removed_and_made_again(self):
        first = images.Layer()
        for name in ("1", "2", "3"):
            first.directory(name).directory(f"{name}/nested")
        for name in ("gone", "here", "recreated", "then-directory"):
            first.file(f"1/nested/{name}", "first")
        first.file("1/file", "first").file("3/nested/file", "first").file("3/file", "first")
        second = images.Layer().whiteout("1/nested/gone").whiteout("1/nested/recreated")
        second.whiteout("1/nested/then-directory").whiteout("2").whiteout("3")
        third = images.Layer().file("1/nested/recreated", "third")
        third.directory("1/nested/then-directory").directory("3").directory("3/nested")
        third.directory("4", uid=1000, gid=1000)
        root = self.got("whiteouts", first, second, third) / "rootfs"
        self.assertEqual(sorted(os.listdir(root)), ["1", "3", "4"])
        self.assertEqual(sorted(os.listdir(root / "1")), ["file", "nested"])
        self.assertEqual(sorted(os.listdir(root / "1/nested")),
                         ["here", "recreated", "then-directory"])
        self.assertEqual((root / "1/nested/recreated").read_text(), "third")
        self.assertTrue((root / "1/nested/then-directory").is_dir())
        self.assertEqual(os.listdir(root / "3"), ["nested"])
        self.assertEqual(os.listdir(root / "3/nested"), [])
        if AS_ROOT:
            self.assertEqual((root / "4").stat().st_uid, 1000)

    def test_one_name_of_a_linked_file_removed_later(self):
        first = images.Layer().file("git-add", "program", mode=0o755)
        first.hard_link("git", "git-add").hard_link("git-log", "git-add")
        second = images.Layer().whiteout("git-add").whiteout("git-log")
        third = images.Layer().hard_link("git-again", "git")
        root = self.got("links", first, second, third) / "rootfs"
        self.assertEqual(sorted(os.listdir(root)), ["git", "git-again"])
        self.assertFalse((root / "git").is_symlink())
        self.assertEqual((root / "git").read_text(), "program")
        self.assertEqual((root / "git").stat().st_nlink, 2)

    def test_a_symbolic_link_that_a_file_replaces(self):
        first = images.Layer().file("a", "linked to").symlink("b", "a")
        root = self.got("symlinks", first, images.Layer().file("b", "replaced")) / "rootfs"
        self.assertEqual((root / "a").read_text(), "linked to")
        self.assertFalse((root / "b").is_symlink())
        self.assertEqual((root / "b").read_text(), "replaced")


if __name__ == "__main__":
    unittest.main()
