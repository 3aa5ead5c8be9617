"""Plays a pipeline's jobs: our steps through the programs, stock git steps through git."""

import json
import re
import shutil
import subprocess

from . import programs
from .git_repo import git_config, run_inside, stock_clone

OUR_TYPE = "rootfs-git"


def substitute(value, variables):
    """Replaces ((a.b)) everywhere in parsed YAML; an unknown name is a KeyError. A pipeline's own
    ((.:name)) is left to its steps."""
    if isinstance(value, dict):
        return {key: substitute(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, variables) for item in value]
    if isinstance(value, str):
        return re.sub(r"\(\(([\w.-]+)\)\)", lambda found: _lookup(found[1], variables), value)
    return value


def _lookup(name, variables):
    for part in name.split("."):
        variables = variables[part]
    return variables


def with_login(source):
    """The address for git itself, with the login the git resource would give it."""
    if "username" not in source:
        return source["uri"]
    return source["uri"].replace("://", f"://{source['username']}:{source['password']}@")


class Pipeline:
    """A parsed pipeline whose steps can be run; artifacts land below `home`."""

    def __init__(self, document, home, as_root):
        self._types = {one["name"]: one for one in document.get("resource_types", [])}
        self._resources = {one["name"]: one for one in document.get("resources", [])}
        self._jobs = document.get("jobs", [])
        self._home, self._as_root, self.steps = home, as_root, []
        self._loaded = {}  # Of the job that runs.

    def run(self):
        """Runs all jobs in the order they stand in."""
        for number, job in enumerate(self._jobs):
            inputs = self._home / f"job{number}"
            inputs.mkdir()
            self._loaded = {}
            for step in job["plan"]:
                self._run_step(step, inputs)

    def _run_step(self, step, inputs):
        if "in_parallel" in step:
            for one in step["in_parallel"]:
                self._run_step(one, inputs)
        elif "get" in step:
            self._get(step, inputs)
        elif "put" in step:
            self._put(step, inputs)
        elif "load_var" in step:
            text = (inputs / step["file"]).read_text().strip()
            self._loaded[f"((.:{step['load_var']}))"] = text
        else:
            self._task(step, inputs)

    def _get(self, step, inputs):
        resource = self._resources[step.get("resource", step["get"])]
        source, kind = resource["source"], resource["type"]
        destination = inputs / step["get"]
        if kind == "git":
            depth = step.get("params", {}).get("depth")
            stock_clone(with_login(source), destination, source["branch"], depth=depth,
                        env=self._git_config(source))
        elif kind == OUR_TYPE:
            if self._types.get(kind, {}).get("type") == "git":
                self._check_with_type(self._types[kind], source, inputs)
            versions = _good(programs.check(source))
            destination.mkdir()
            _good(programs.get(source, versions[-1], destination, **step.get("params", {})))
        else:
            self._check_with_type(self._types[kind], source, inputs)
        self.steps.append(f"get {kind}")

    def _git_config(self, source):
        """The resource is always root; hooks that need it are left out where we are not."""
        settings = {one["name"]: one["value"] for one in source.get("git_config", [])}
        return git_config(settings if self._as_root else {})

    def _put(self, step, inputs):
        source = self._resources[step["put"]]["source"]
        answer = _good(programs.put(source, inputs, **self._with_loaded(step["params"])))
        if answer["version"] not in _good(programs.check(source)):
            raise AssertionError(f"check does not know {answer['version']}")
        if not step.get("no_get"):
            after = inputs / f"after-{step['put']}"
            after.mkdir()
            _good(programs.get(source, answer["version"], after, **step.get("get_params", {})))
        self.steps.append("put")

    def _with_loaded(self, params):
        if isinstance(params, dict):
            return {key: self._with_loaded(value) for key, value in params.items()}
        return self._loaded.get(params, params) if isinstance(params, str) else params

    def _task(self, step, inputs):
        """Outputs are made in the image's own root, which the task has for its directory."""
        config = step["config"]
        image = inputs / step["image"]
        json.loads((image / "metadata.json").read_text())
        outputs = [one["name"] for one in config.get("outputs", [])]
        if self._as_root:
            for name in outputs:
                (image / "rootfs" / name).mkdir()
            run_inside(image / "rootfs", config["run"]["path"], *config["run"]["args"])
            for name in outputs:
                shutil.move(image / "rootfs" / name, inputs / name)
        self.steps.append("task")

    def _check_with_type(self, kind, source, inputs):
        """Clones a resource type from git and calls its check inside."""
        where = inputs / f"type-{kind['name']}"
        stock_clone(with_login(kind["source"]), where, kind["source"]["branch"],
                    depth=kind.get("params", {}).get("depth"),
                    env=self._git_config(kind["source"]))
        if self._as_root:
            done = subprocess.run(["chroot", where / "rootfs", "/opt/resource/check"], check=True,
                                  input=json.dumps({"source": source}).encode(),
                                  stdout=subprocess.PIPE, env={"PATH": "/bin:/usr/bin:/usr/sbin"})
            json.loads(done.stdout)


def _good(outcome):
    if outcome.code != 0:
        raise AssertionError(str(outcome))
    return outcome.answer
