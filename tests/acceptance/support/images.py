"""Small images written as OCI layouts, the same bytes on every run."""

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path

from .workspace import run

EPOCH = 1_600_000_000
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"


class Layer:
    """One layer, entry by entry; methods return the layer so that calls can be chained."""

    def __init__(self, compression="gzip"):
        self.compression = compression
        self._tar = io.BytesIO()

    def _add(self, path, kind, data=b"", mode=0o644, uid=0, gid=0, mtime=EPOCH, link="",
             xattrs=None, device=(0, 0)):
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode, entry.uid, entry.gid = kind, mode, uid, gid
        entry.mtime, entry.linkname, entry.size = mtime, link, len(data)
        entry.devmajor, entry.devminor = device
        entry.pax_headers = {f"SCHILY.xattr.{name}": value
                             for name, value in (xattrs or {}).items()}
        # pax cannot say a name that is not UTF-8 without an extension few readers know.
        has_pax = xattrs or mtime != int(mtime)
        form = tarfile.PAX_FORMAT if has_pax else tarfile.GNU_FORMAT
        self._tar.write(entry.tobuf(form, "utf-8", "surrogateescape"))
        self._tar.write(data + b"\0" * (-len(data) % tarfile.BLOCKSIZE))
        return self

    def directory(self, path, mode=0o755, **rest):
        return self._add(path + "/", tarfile.DIRTYPE, mode=mode, **rest)

    def file(self, path, data=b"", **rest):
        if isinstance(data, str):
            data = data.encode(errors="surrogateescape")
        return self._add(path, tarfile.REGTYPE, data, **rest)

    def symlink(self, path, target, **rest):
        return self._add(path, tarfile.SYMTYPE, link=target, mode=0o777, **rest)

    def hard_link(self, path, target, **rest):
        return self._add(path, tarfile.LNKTYPE, link=target, **rest)

    def fifo(self, path, **rest):
        return self._add(path, tarfile.FIFOTYPE, **rest)

    def character_device(self, path, major, minor, **rest):
        return self._add(path, tarfile.CHRTYPE, device=(major, minor), **rest)

    def whiteout(self, path):
        folder, _, name = path.rpartition("/")
        return self.file(f"{folder}/.wh.{name}" if folder else f".wh.{name}")

    def opaque(self, path):
        return self.file(f"{path}/.wh..wh..opq")

    def tar(self):
        return self._tar.getvalue() + b"\0" * tarfile.RECORDSIZE

    def packed(self):
        """The bytes a registry holds, and their media type."""
        if self.compression == "gzip":
            return gzip.compress(self.tar(), mtime=0), LAYER_TYPE + "+gzip"
        if self.compression == "zstd":
            return run("zstd", "-q", "-c", input=self.tar()).stdout, LAYER_TYPE + "+zstd"
        return self.tar(), LAYER_TYPE


class Image:
    """Layers and configuration of one platform."""

    def __init__(self, layers, architecture="amd64", variant=None, annotations=None, **config):
        self.layers = layers
        self.annotations = annotations
        self.platform = {"architecture": architecture, "os": "linux"}
        if variant:
            self.platform["variant"] = variant
        self.config = config


class Attestation:
    """What build tools put into an index beside an image: a manifest that is no image."""

    platform = {"architecture": "unknown", "os": "unknown"}

    def __init__(self, statement):
        self.statement = statement


class Layout:
    """An OCI layout directory; every image added gets a tag."""

    def __init__(self, path):
        self.path = Path(path)
        (self.path / "blobs" / "sha256").mkdir(parents=True)
        (self.path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self._tags = []

    def add(self, tag, image):
        """Adds an Image, or a list of them as a multi-platform index; gives the digest."""
        entry = self._entry(image)
        self._tags.append(dict(entry, annotations={"org.opencontainers.image.ref.name": tag}))
        index = {"schemaVersion": 2, "manifests": self._tags}
        (self.path / "index.json").write_text(json.dumps(index))
        return entry["digest"]

    def _entry(self, image):
        if isinstance(image, list):
            return self._document({"schemaVersion": 2, "mediaType": INDEX_TYPE,
                                   "manifests": [self._child(child) for child in image]},
                                  INDEX_TYPE)
        return self._attestation(image) if isinstance(image, Attestation) else self._image(image)

    def _child(self, image):
        entry = self._entry(image)
        return entry if isinstance(image, list) else dict(entry, platform=image.platform)

    def _attestation(self, attestation):
        layer = self._blob(attestation.statement, "application/vnd.in-toto+json")
        config = self._document({"architecture": "unknown", "os": "unknown", "config": {},
                                 "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}},
                                CONFIG_TYPE)
        return self._document({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config,
                               "layers": [layer]}, MANIFEST_TYPE)

    def _image(self, image):
        layers = [self._blob(*layer.packed()) for layer in image.layers]
        config = {
            "created": "2020-09-13T12:26:40Z", "config": image.config, **image.platform,
            "rootfs": {"type": "layers", "diff_ids": [_digest(one.tar()) for one in image.layers]},
            "history": [{"created_by": "a test"} for _ in image.layers],
        }
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE,
                    "config": self._document(config, CONFIG_TYPE), "layers": layers}
        if image.annotations:
            manifest["annotations"] = image.annotations
        return self._document(manifest, MANIFEST_TYPE)

    def _document(self, value, media_type):
        return self._blob(json.dumps(value, sort_keys=True).encode(), media_type)

    def _blob(self, data, media_type):
        digest = _digest(data)
        (self.path / "blobs" / "sha256" / digest[7:]).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def busybox(extra=(), **config):
    """A real image that runs: Debian's static busybox with a few of its commands."""
    program = Path(shutil.which("busybox", path="/bin:/usr/bin")).read_bytes()
    base = Layer()
    for path in ("bin", "dev", "etc", "proc", "sys", "home", "var"):
        base.directory(path)
    base.directory("root", mode=0o700).directory("tmp", mode=0o1777)
    base.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/home/web:/bin/sh\n")
    base.file("etc/group", "root:x:0:\nweb:x:1000:\n")
    base.directory("home/web", uid=1000, gid=1000)
    base.file("bin/busybox", program, mode=0o755)
    for applet in ("cat", "echo", "env", "id", "ls", "sh", "uname", "wc"):
        base.hard_link(f"bin/{applet}", "bin/busybox", mode=0o755)
    config.setdefault("Env", ["PATH=/bin", "GREETING=hello"])
    config.setdefault("Cmd", ["/bin/sh"])
    return Image([base, *extra], **config)
