"""What is measured: each step of this resource, and how others do the same."""

import json
import os
import random
import shutil
from pathlib import Path

from measure import measure
from support import git_http, registry
from support.workspace import Workspace, run

CHANGED = 0.01
SETTINGS = {"http.receivepack": "true", "gc.auto": "0", "receive.autogc": "false",
            "uploadpack.allowFilter": "true", "transfer.unpackLimit": "1"}
IDENTITY = {f"GIT_{role}_{key}": "bench@localhost" for role in ("AUTHOR", "COMMITTER")
            for key in ("NAME", "EMAIL")}
GIT_COMMIT = "git add -A -f; git -c gc.auto=0 commit -q -m image; git push -q origin main"


def _warm(tree):
    run("sh", "-c", 'find "$0" -type f -exec cat {} + > /dev/null', tree)


def _change(tree):
    """Appends to one file in a hundred; the same ones in every copy of the tree."""
    files = sorted(Path(folder, name) for folder, _, names in os.walk(tree) for name in names
                   if not Path(folder, name).is_symlink())
    for path in random.Random(1).sample(files, max(1, int(len(files) * CHANGED))):
        with open(path, "ab") as out:
            out.write(b"changed\n")


class Contest:
    """The servers, and one method for each step that answers {who: Run}. The order of the steps is
    that of the methods; the first of each answer is ours."""

    def __init__(self, ours):
        self.work = Workspace()
        self._ours = Path(ours).resolve()
        self.rival = None  # The directory of registry-image-resource's programs.
        self.crane = None
        self.registry = registry.Registry(self.work)
        self._repositories = self.work.directory("repositories")
        # The server unpacks while the client still sends.
        self._server = git_http.GitHttp(self.work, self._repositories, open_to_all=True,
                                        streaming=True)

    def begin(self, tag, digest, layers):
        """Takes up an image of the registry."""
        self._image, self._tag, self._digest = f"{self.registry.host}/bench/image", tag, digest
        self._layers = [f"http://{self.registry.host}/v2/bench/image/blobs/{one}" for one in layers]
        self._home = self.work.directory(tag)
        self._put = self._home / "put"
        self._put.mkdir()

    def end(self):
        shutil.rmtree(self._home)
        for repository in self._repositories.iterdir():
            shutil.rmtree(repository)

    def _request(self, value):
        path = self.work.fresh("request")
        path.write_text(json.dumps(value))
        return path

    def _script(self, text, cwd, env=None):
        return measure(["sh", "-ec", text], cwd=cwd, env={**IDENTITY, **(env or {})})

    def _thrown_away(self, once):
        home = self._home / "thrown-away"
        home.mkdir()
        try:
            return once(home)
        finally:
            shutil.rmtree(home)

    def _bare(self, name):
        path = self._repositories / name
        shutil.rmtree(path, ignore_errors=True)
        run("git", "init", "-q", "--bare", "-b", "main", path)
        for key, value in SETTINGS.items():
            run("git", "-C", path, "config", key, value)
        return path

    def check(self):
        request = self._request({"source": {"repository": self._image, "tag": self._tag}})
        runs = {"ours": measure([self._ours / "check"], request)}
        if self.rival:
            runs["registry-image"] = measure([self.rival / "check"], request)
        if self.crane:
            runs["crane digest"] = measure([self.crane, "digest", f"{self._image}:{self._tag}"])
        runs["skopeo inspect"] = measure(["skopeo", "inspect", "--tls-verify=false", "--raw",
                                          f"docker://{self._image}:{self._tag}"])
        return runs

    def get(self):
        request = self._request({"source": {"repository": self._image, "tag": self._tag},
                                 "version": {"tag": self._tag, "digest": self._digest}})
        fetch = "; ".join(f"curl -sSf {url}" for url in self._layers)
        unpack = "; ".join(f"curl -sSf {url} | gzip -dc | tar -xpf -" for url in self._layers)
        runs = {"ours": self._thrown_away(lambda home: measure([self._ours / "in", home], request))}
        if self.rival:
            runs["registry-image"] = self._thrown_away(
                lambda home: measure([self.rival / "in", home], request))
        if self.crane:
            runs["crane export, tar"] = self._thrown_away(lambda home: self._script(
                f"{self.crane} export {self._image}@{self._digest} - | tar -xpf -", home))
        runs["skopeo + umoci"] = self._thrown_away(lambda home: self._script(
            f"skopeo copy -q --insecure-policy --src-tls-verify=false "
            f"docker://{self._image}@{self._digest} oci:layout:image; "
            "umoci --log=error unpack --image layout:image bundle", home))
        runs["floor: curl, gzip, tar"] = self._thrown_away(lambda home: self._script(unpack, home))
        runs["of that: curl"] = self._thrown_away(
            lambda home: self._script(f"{{ {fetch}; }} > /dev/null", home))
        return runs

    def put(self):
        """The directory that a get has left, into an empty repository."""
        image = self._put / "image"
        if not image.exists():
            image.mkdir()
            measure([self._ours / "in", image], self._request({
                "source": {"repository": self._image, "tag": self._tag},
                "version": {"tag": self._tag, "digest": self._digest}}))
        _warm(image)
        own, rival = self._bare("own"), self._bare("rival")
        runs = {"ours": self._ours_out("own", {"image": "image"})}
        runs["git add, commit, push"] = self._thrown_away(lambda home: self._git_put(image, home))
        pack = next((own / "objects/pack").glob("*.pack"))
        runs["floor: index-pack"] = self._thrown_away(lambda home: self._script(
            f"git init -q --bare .; git index-pack --stdin --strict < {pack} > /dev/null", home))
        run("git", "-C", own, "fsck", "--strict")
        run("git", "-C", rival, "fsck")
        return runs

    def _git_put(self, image, home):
        run("cp", "-a", image, home / "copy")
        return self._script("git init -q -b main; "
                            f"git remote add origin {self._server.url}/rival; {GIT_COMMIT}",
                            home / "copy")

    def _ours_out(self, repository, params):
        source = {"git": {"uri": f"{self._server.url}/{repository}"}}
        if "image" not in params:
            source.update(repository=self._image, tag=self._tag)
        return measure([self._ours / "out", self._put],
                       self._request({"source": source, "params": params}))

    def again(self):
        """Nothing has changed."""
        return {"ours": self._ours_out("own", {"image": "image"})}

    def stream(self):
        """From the registry to an empty repository, without a directory in between."""
        self._bare("streamed")
        return {"ours": self._ours_out("streamed", {})}

    def restore(self):
        own = self._repositories / "own"
        commit = run("git", "-C", own, "rev-parse", "main").stdout.decode().strip()
        request = self._request({"source": {"git": {"uri": f"{self._server.url}/own"}},
                                 "version": {"ref": commit}})
        return {
            "ours": self._thrown_away(lambda home: measure([self._ours / "in", home], request)),
            "git clone": self._thrown_away(lambda home: self._script(
                f"git clone -q --depth 1 {self._server.url}/own clone", home)),
            "floor: pack-objects": self._script(
                "echo main | git pack-objects -q --revs --stdout > /dev/null", own)}

    def update(self):
        """One file in a hundred has changed."""
        copy = self._put / "changed"
        run("cp", "-a", self._put / "image", copy)
        _change(copy / "rootfs")
        _warm(copy)
        for name in ("own", "rival"):
            run("sh", "-ec", "git update-ref refs/heads/main $(git rev-list --max-parents=0 main)",
                cwd=self._repositories / name)
        runs = {"ours": self._ours_out("own", {"image": "changed"})}
        shutil.rmtree(copy)
        clone = self._home / "clone"
        fetched = self._script(f"git clone -q --depth 1 {self._server.url}/rival {clone}",
                               self._home)
        _change(clone / "rootfs")
        pushed = self._script(GIT_COMMIT, clone)
        shutil.rmtree(clone)
        runs["git clone, add, commit, push"] = type(pushed)(
            fetched.wall + pushed.wall, fetched.cpu + pushed.cpu,
            max(fetched.memory, pushed.memory), fetched.wire + pushed.wire)
        return runs
