"""A registry of which every answer is known: tags, what they name, and nothing else."""

import hashlib
import json

from . import images
from .http_server import HttpServer, Reply

REPOSITORY = "test-image"


def _digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


SIGNATURE = {"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
             "digest": _digest(b"{}"), "size": 2}


class ScriptedRegistry(HttpServer):
    """Serves HEAD of `tags` ({tag: name of an image}); `with_get` adds GET, `created` ({tag: time})
    the configurations, of `windows` images for that, and `signatures` are what cosign leaves. What
    is `withheld` is refused, tag or digest, as by a scanner; of what is `unreadable`, GET alone is.
    At what is `broken`, the registry fails.
    What is asked beyond that is answered 404 and kept in `unexpected`."""

    def __init__(self, tags, head_tells=True, created=None, absent=(), page=None, windows=(),
                 signatures=(), withheld=(), unreadable=(), broken=()):
        self.asked, self.unexpected, self.digests = [], [], {}
        self._answers = {("GET", "/v2/"): (200, {}, b"")}
        self._tags, self._page = list(tags), page
        for tag, name in tags.items():
            self._add(tag, name, head_tells, (created or {}).get(tag))
        for tag in windows:
            self._describe(tag, {"created": created[tag], "os": "windows"}, [])
        for tag in signatures:
            self._describe(tag, {"created": "0001-01-01T00:00:00Z", "os": ""}, [SIGNATURE])
        for tag in absent:
            for method in ("GET", "HEAD"):
                self._answers[method, self._path(tag)] = (404, {}, b"")
        blocked = 403, {}, b'{"errors":[{"code":"DENIED","message":"blocked by a scanner"}]}'
        for tag in withheld:
            self._answers["HEAD", self._path(tag)] = blocked
        for tag in [*withheld, *unreadable]:
            self._answers["GET", self._path(tag)] = blocked
        for tag in broken:
            for method in ("GET", "HEAD"):
                self._answers[method, self._path(tag)] = (500, {}, b"")
        super().__init__(lambda request: Reply(*self._answer(request.method, request.target)))
        self.repository = f"{self.host}/{REPOSITORY}"

    def _path(self, tag):
        return f"/v2/{REPOSITORY}/manifests/{tag}"

    def _add(self, tag, name, head_tells, created):
        manifest = json.dumps({"schemaVersion": 2, "image": name}).encode()
        self.digests[tag] = _digest(manifest)
        headers = {"Content-Type": images.MANIFEST_TYPE}
        if head_tells:
            headers["Docker-Content-Digest"] = self.digests[tag]
        else:
            self._answers["GET", self._path(tag)] = (200, headers, manifest)
        self._answers["HEAD", self._path(tag)] = (200, headers, manifest)
        if created:
            self._describe(tag, {"created": created, "os": "linux"}, [])

    def _describe(self, tag, config, layers):
        """As in tests elsewhere: the document is not the one its digest names."""
        config = json.dumps({"architecture": "amd64", **config,
                             "rootfs": {"type": "layers", "diff_ids": []}}).encode()
        described = {"mediaType": images.CONFIG_TYPE, "digest": _digest(config),
                     "size": len(config)}
        document = json.dumps({"schemaVersion": 2, "mediaType": images.MANIFEST_TYPE,
                               "config": described, "layers": layers}).encode()
        headers = self._answers["HEAD", self._path(tag)][1]
        self._answers["GET", self._path(tag)] = (200, headers, document)
        self._answers["GET", f"/v2/{REPOSITORY}/blobs/{_digest(config)}"] = (200, {}, config)

    def _list(self, query):
        """One page; the cursor in its link is nothing a client could make up."""
        start = int(query.partition("cursor=%2F")[2] or 0)
        end = start + (self._page or len(self._tags))
        headers = {"Content-Type": "application/json"}
        if end < len(self._tags):
            headers["Link"] = f'</v2/{REPOSITORY}/tags/list?cursor=%2F{end}>; rel="next"'
        return 200, headers, json.dumps({"name": "x", "tags": self._tags[start:end]}).encode()

    def _answer(self, method, target):
        self.asked.append((method, target))
        path, _, query = target.partition("?")
        if (method, path) == ("GET", f"/v2/{REPOSITORY}/tags/list"):
            return self._list(query)
        if (method, path) not in self._answers:
            self.unexpected.append((method, target))
            return 404, {}, b""
        return self._answers[method, path]

    def manifests_asked(self):
        """The tags of which the manifest was asked for, by method."""
        prefix = self._path("")
        return sorted((method, path[len(prefix):]) for method, path in self.asked
                      if path.startswith(prefix))
