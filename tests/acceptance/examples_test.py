#!/usr/bin/python3
"""What people copy works: every pipeline, request and command of examples and README is run."""

import json
import re
import subprocess
import unittest
from pathlib import Path

import yaml

from support import git_http, git_ssh, images, own_image, programs, registry
from support.case import AS_ROOT, Case
from support.git_repo import ENVIRONMENT
from support.pipeline import OUR_TYPE, Pipeline, substitute
from support.workspace import SYSTEM_PATH

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "#!/bin/sh\ncat > /dev/null\necho '[{\"time\":\"now\"}]'\n"


def resource_type_image():
    layer = images.Layer().directory("opt").directory("opt/resource")
    for name in ("check", "in", "out"):
        layer.file(f"opt/resource/{name}", SCRIPT, mode=0o755)
    return images.busybox([layer])


def blocks(path, language):
    """The fenced blocks of one language in a Markdown file."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.M | re.S)


class Examples(Case):
    @classmethod
    def prepare(cls):
        cls.layout = images.Layout(cls.work.fresh("layout"))
        cls.layout.add("latest", images.busybox())
        cls.layout.add("type", resource_type_image())
        cls.layout.add("own", own_image.image(cls.work.fresh("own")))
        cls.registry = registry.Registry(cls.work)
        cls.locked = registry.Registry(cls.work, password=True)
        cls.registry.push(cls.layout, "team/busybox", "latest")
        cls.registry.push(cls.layout, "team/type", "latest", from_tag="type")
        cls.registry.push(cls.layout, "team/rootfs-git", "latest", from_tag="own")
        cls.locked.push(cls.layout, "vendor/type", "latest", from_tag="type")
        cls.http = git_http.GitHttp(cls.work, cls.repositories)
        cls.sshd = git_ssh.GitSsh(cls.work)
        cls.key = cls.sshd.key("ed25519")

    def variables(self, repository):
        """Values for every ((var)) of the examples, on servers that are really there."""
        return {
            "resource_image": f"{self.registry.host}/team/rootfs-git",
            "image": f"{self.registry.host}/team/busybox", "tag": "latest",
            "git": {"uri": self.http.uri(repository), "ssh_uri": self.sshd.uri(repository),
                    "branch": "busybox", "username": git_http.USER,
                    "password": git_http.PASSWORD, "private_key": self.key,
                    "known_hosts": self.sshd.known_hosts},
            "type_branch": "time-resource", "resource_branch": "rootfs-git-resource",
            "vendor": {"image": f"{self.locked.host}/vendor/type", "tag": "latest",
                       "username": registry.USER, "password": registry.PASSWORD},
        }

    def publish(self, repository, image, branch):
        """Fills a branch as the connected side would have done."""
        source = {"repository": f"{self.registry.host}/team/{image}",
                  "git": self.http.source(repository, branch=branch)}
        inputs = self.work.directory("inputs")
        self.get_newest(source).rename(inputs / "image")
        self.succeeded(programs.put(source, inputs, image="image"))

    def play(self, text, repository=None):
        """Runs a pipeline given as text; the kinds of steps it took. In a new repository, it finds
        the images that another pipeline would have published."""
        filled = repository is not None
        repository = repository or self.repository()
        document = substitute(yaml.safe_load(text), self.variables(repository))
        resources = document.get("resources", [])
        if not filled and not any(one["type"] == OUR_TYPE and "repository" in one["source"]
                                  for one in resources):
            self.publish(repository, "busybox", "busybox")
            self.publish(repository, "type", "time-resource")
            if "((resource_branch))" in text:
                self.publish(repository, "rootfs-git", "rootfs-git-resource")
        pipeline = Pipeline(document, self.work.directory("pipeline"), AS_ROOT)
        pipeline.run()
        for resource in document.get("resources", []):
            if resource["type"] == OUR_TYPE:
                self.succeeded(programs.check(resource["source"]))
        return pipeline.steps

    def test_every_example_pipeline_runs(self):
        expected = {
            "bootstrap.yml": [f"get {OUR_TYPE}", "put", f"get {OUR_TYPE}", "put"],
            "mirror-image.yml": [f"get {OUR_TYPE}", "put"],
            "short-lived-token.yml": [f"get {OUR_TYPE}", "task", "put"],
            "task-image.yml": ["get git", "task"],
            "task-image-restored.yml": ["get git", "task"],
            "task-image-exact.yml": [f"get {OUR_TYPE}", "task"],
            "resource-type.yml": ["get time-from-git"],
            "task-and-type.yml": ["get time-from-git", "get git", "task"],
            "vendor-resource-type.yml":
                [f"get {OUR_TYPE}", "task", f"get {OUR_TYPE}", "put"],
        }
        found = {path.name: path for path in (ROOT / "examples").glob("*.yml")}
        self.assertEqual(found.keys() - {"vars.yml"}, expected.keys())
        for name, steps in expected.items():
            text = found[name].read_text()
            if "outputs:" in text and not AS_ROOT:
                continue  # There is no image to make them in.
            with self.subTest(name):
                self.assertEqual(self.play(text), steps)

    def test_what_bootstrap_publishes_is_all_the_disconnected_side_needs(self):
        repository = self.repository()
        for name in ("bootstrap.yml", "task-image-exact.yml"):
            self.play((ROOT / "examples" / name).read_text(), repository)

    def test_the_request_that_fills_a_branch_without_a_concourse_works(self):
        command = re.search(r"/opt/resource/out /tmp << END\n(.*?)\n *END\n",
                            (ROOT / "README.md").read_text(), re.S)
        source = json.loads(command[1])["source"]
        repository = self.repository()
        source["repository"] = f"{self.registry.host}/team/rootfs-git"
        source["git"].update(self.http.source(repository))
        outcome = programs.invoke("out", {"source": source}, self.work.directory("empty"))
        self.succeeded(outcome)
        self.assertIn("rootfs/opt/resource/check", repository.paths("rootfs-git-resource"))

    def test_vars_yml_has_a_value_for_every_name_the_examples_use(self):
        variables = yaml.safe_load((ROOT / "examples/vars.yml").read_text())
        for path in (ROOT / "examples").glob("*.yml"):
            substitute(yaml.safe_load(path.read_text()), variables)

    def test_every_pipeline_of_the_readme_runs(self):
        pipelines = blocks(ROOT / "README.md", "yaml")
        self.assertTrue(pipelines)
        for text in pipelines:
            with self.subTest(text):
                self.play(text)

    def test_pipelines_we_put_into_repositories_are_yaml(self):
        for text in blocks(ROOT / "assets/repository-readme.md", "yaml"):
            self.assertTrue(yaml.safe_load(text))

    def test_the_requests_can_be_piped_in_as_their_readme_says(self):
        home = self.work.directory("try")
        requests = self.work.directory("requests")
        for path in (ROOT / "examples/requests").glob("*.json"):
            text = path.read_text().replace("/tmp/try", str(home))
            request = json.loads(text)
            if "repository" in request["source"]:
                request["source"]["repository"] = f"{self.registry.host}/team/busybox"
            (requests / path.name).write_text(json.dumps(request))
        script, = blocks(ROOT / "examples/requests/README.md", "sh")
        script = script.replace("/tmp/try", str(home)).replace("examples/requests", str(requests))
        script = script.replace("build/release", str(programs.program("check").parent))
        done = subprocess.run(["sh", "-euc", script], env=dict(ENVIRONMENT, PATH=SYSTEM_PATH),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        self.assertTrue((home / "clone/rootfs/bin/busybox").is_file())
        self.assertTrue((home / "clone/metadata.json").is_file())


if __name__ == "__main__":
    unittest.main()
