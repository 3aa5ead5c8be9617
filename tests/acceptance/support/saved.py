"""Image archives as `docker save` writes them, made from an OCI layout without Docker."""

import gzip
import io
import json
import tarfile

from .workspace import run


class _Archive:
    def __init__(self, path):
        self._tar = tarfile.open(path, "w", format=tarfile.GNU_FORMAT)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self._tar.close()

    def file(self, name, data):
        data = data.encode() if isinstance(data, str) else data
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        self._tar.addfile(entry, io.BytesIO(data))

    def directory(self, name):
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        self._tar.addfile(entry)

    def symlink(self, name, target):
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        self._tar.addfile(entry)


def _blob(layout, digest):
    return (layout.path / "blobs/sha256" / digest[7:]).read_bytes()


def _plain(data):
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    return run("zstd", "-d", "-q", "-c", input=data).stdout if data[:2] == b"\x28\xb5" else data


def old_docker_save(path, layout, tagged):
    """Before Docker 25: a directory per layer, plain tars, links for layers that come twice.
    `tagged` gives the manifest digest of each "name:tag"."""
    images = []
    with _Archive(path) as archive:
        for name, digest in tagged.items():
            manifest = json.loads(_blob(layout, digest))
            config = manifest["config"]["digest"][7:]
            seen, layers = {}, []
            for number, layer in enumerate(manifest["layers"]):
                folder = f"{config[:56]}{number:08x}"
                archive.directory(f"{folder}/")
                archive.file(f"{folder}/VERSION", "1.0")
                archive.file(f"{folder}/json", "{}")
                if layer["digest"] in seen:
                    archive.symlink(f"{folder}/layer.tar", f"../{seen[layer['digest']]}")
                else:
                    archive.file(f"{folder}/layer.tar", _plain(_blob(layout, layer["digest"])))
                seen.setdefault(layer["digest"], f"{folder}/layer.tar")
                layers.append(f"{folder}/layer.tar")
            archive.file(f"{config}.json", _blob(layout, "sha256:" + config))
            images.append({"Config": f"{config}.json", "RepoTags": [name], "Layers": layers})
        archive.file("manifest.json", json.dumps(images))
        archive.file("repositories", "{}")
    return path


def new_docker_save(path, layout, name, digest):
    """Since Docker 25: an OCI layout, and a manifest.json for older readers."""
    manifest = json.loads(_blob(layout, digest))
    blobs = [digest, manifest["config"]["digest"], *(one["digest"] for one in manifest["layers"])]
    entry = {"mediaType": manifest["mediaType"], "digest": digest,
             "size": len(_blob(layout, digest)),
             "annotations": {"io.containerd.image.name": name,
                             "org.opencontainers.image.ref.name": name.rpartition(":")[2]}}
    with _Archive(path) as archive:
        archive.directory("blobs/")
        archive.directory("blobs/sha256/")
        for blob in dict.fromkeys(blobs):
            archive.file(f"blobs/sha256/{blob[7:]}", _blob(layout, blob))
        archive.file("index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}))
        archive.file("manifest.json", json.dumps([{
            "Config": f"blobs/sha256/{blobs[1][7:]}", "RepoTags": [name],
            "Layers": [f"blobs/sha256/{blob[7:]}" for blob in blobs[2:]]}]))
        archive.file("oci-layout", '{"imageLayoutVersion": "1.0.0"}')
    return path
