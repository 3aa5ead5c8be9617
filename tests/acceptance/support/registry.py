"""docker-registry on loopback: open, with a password, with tokens, or behind TLS."""

import json
import re
import urllib.request

from . import token_server
from .workspace import listens, log_up_to_now, run, tool

USER, PASSWORD = "reader", "pass-of-the-registry"


class Registry:
    """A running registry. `host` is what goes before the image's name; `names` are further ones
    that its certificate is good for."""

    def __init__(self, workspace, password=False, authority=None, tokens=None, names=()):
        self._home = workspace.directory("registry")
        self._log = self._home / "log"
        self._password = password or tokens is not None
        port = workspace.free_port()
        self.host = f"127.0.0.1:{port}"
        self._address = f"{'https' if authority else 'http'}://{self.host}"
        config = {
            "version": 0.1,
            "log": {"level": "info"},
            "storage": {"filesystem": {"rootdirectory": str(self._home / "data")},
                        "delete": {"enabled": True}},
            "http": {"addr": self.host, "secret": "loopback"},
        }
        if password:
            users = self._home / "users"
            users.write_bytes(run("htpasswd", "-Bbn", USER, PASSWORD).stdout)
            config["auth"] = {"htpasswd": {"realm": "registry", "path": str(users)}}
        if tokens:
            config["auth"] = {"token": {"realm": tokens.realm, "service": token_server.SERVICE,
                                        "issuer": token_server.ISSUER,
                                        "rootcertbundle": str(tokens.root)}}
        if authority:
            certificate, key = authority.issue(*names)
            config["http"]["tls"] = {"certificate": str(certificate), "key": str(key)}
        settings = self._home / "config.yml"
        settings.write_text(json.dumps(config))
        workspace.start([tool("docker-registry"), "serve", settings], self._log,
                        lambda: listens(port))

    def push(self, layout, name, tag, from_tag=None):
        """Copies a tag of an OCI layout to name:tag, byte for byte."""
        command = ["skopeo", "copy", "-q", "--insecure-policy", "--all", "--preserve-digests",
                   "--dest-tls-verify=false", f"oci:{layout.path}:{from_tag or tag}",
                   f"docker://{self.host}/{name}:{tag}"]
        if self._password:
            command.insert(2, f"--dest-creds={USER}:{PASSWORD}")
        run(*command, env={"PATH": "/usr/bin:/bin", "HOME": str(self._home)})

    def upload(self, layout, name, digest, tag=None):
        """Stores a manifest of an OCI layout, or an index with all that is below it, request by
        request: tools refuse some that registries hold all the same."""
        document = (layout.path / "blobs/sha256" / digest[7:]).read_bytes()
        value = json.loads(document)
        for child in value.get("manifests", []):
            self.upload(layout, name, child["digest"])
        for blob in [*value.get("layers", []), *filter(None, [value.get("config")])]:
            data = (layout.path / "blobs/sha256" / blob["digest"][7:]).read_bytes()
            place = self._send("POST", f"/v2/{name}/blobs/uploads/").headers["Location"]
            joined = "&" if "?" in place else "?"
            self._send("PUT", f"{place}{joined}digest={blob['digest']}", data)
        self._send("PUT", f"/v2/{name}/manifests/{tag or digest}", document, value["mediaType"])

    def _send(self, method, path, data=b"", content_type="application/octet-stream"):
        url = path if path.startswith("http") else f"http://{self.host}{path}"
        return urllib.request.urlopen(urllib.request.Request(
            url, data, {"Content-Type": content_type}, method=method), timeout=30)

    def copy_out(self, name, tag, path):
        """Copies an image into a new OCI layout for another tool to read; gives its reference."""
        run("skopeo", "copy", "-q", "--insecure-policy", "--src-tls-verify=false",
            f"docker://{self.host}/{name}:{tag}", f"oci:{path}:{tag}",
            env={"PATH": "/usr/bin:/bin", "HOME": str(self._home)})
        return f"{path}:{tag}"

    def delete(self, name, digest):
        """Removes a manifest, as an operator's clean-up would."""
        run("rm", "-rf", self._home / "data/docker/registry/v2/repositories" / name
            / "_manifests/revisions/sha256" / digest[7:])

    def blob_file(self, digest):
        """Where the registry keeps a blob, for tests that damage it."""
        return (self._home / "data/docker/registry/v2/blobs/sha256" / digest[7:9] / digest[7:]
                / "data")

    def requests(self):
        """Every request answered so far, as (method, path)."""
        log = log_up_to_now(self._address, self._log)
        return re.findall(r'"(GET|HEAD|POST|PUT|PATCH) (\S+) HTTP/', log)
