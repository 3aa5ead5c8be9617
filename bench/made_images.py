"""Images of any size, the same bytes on every run, that compress and unpack like real ones."""

import array
import gzip
import hashlib
import json
import random
import shutil
import tarfile
from itertools import accumulate

from support import images
from support.workspace import run

WORDS = 4096
PIECE = 1 << 20


class Content:
    """File contents: text with the word frequencies of a language, or half text, half noise."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        letters = "etaoinshrdlucmfwypvbgkjqxz_()=;/."
        weights = list(accumulate(1 / (i + 1) ** 0.7 for i in range(len(letters))))
        words = [("".join(self._random.choices(letters, cum_weights=weights,
                                               k=self._random.randint(2, 11))) + " ").encode()
                 for _ in range(WORDS)]
        ranks = list(accumulate(1 / (i + 2) for i in range(WORDS)))
        # Drawing from a table by 16 random bits is what makes this fast.
        self._table = self._random.choices(words, cum_weights=ranks, k=1 << 16)

    def _text(self, size):
        draws = array.array("H", self._random.randbytes(2 * (size // 6 + 16)))
        return b"".join(map(self._table.__getitem__, draws))[:size].ljust(size)

    def piece(self, size):
        if self._random.random() < 0.6:
            return self._text(size)
        half = size // 2
        return self._random.randbytes(half) + self._text(size - half)

    def sizes(self, total):
        """Sizes of files as a distribution has them: most are small, most bytes in large ones."""
        while total > 0:
            size = min(total, PIECE * 8, int(self._random.lognormvariate(8.3, 1.8)))
            yield size
            total -= size


def _write_tar(out, content, prefix, sizes):
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT, bufsize=PIECE,
                      copybufsize=PIECE) as tar:
        for number, size in enumerate(sizes):
            folder = f"{prefix}/{number // 400:03d}/{number // 20 % 20:02d}"
            if number % 20 == 0:
                entry = tarfile.TarInfo(folder)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
            entry = tarfile.TarInfo(f"{folder}/file-{number:06d}")
            entry.size, entry.mtime, entry.mode = size, images.EPOCH, 0o644
            tar.addfile(entry, _Pieces(content, size))


class _Pieces:
    """A file object over contents that are made while they are read."""

    def __init__(self, content, size):
        self._content, self._left, self._rest = content, size, b""

    def read(self, wanted):
        while len(self._rest) < wanted and self._left:
            size = min(self._left, PIECE)
            self._rest += self._content.piece(size)
            self._left -= size
        data, self._rest = self._rest[:wanted], self._rest[wanted:]
        return data


def _digest(path):
    value = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(PIECE):
            value.update(data)
    return "sha256:" + value.hexdigest()


class MadeLayout(images.Layout):
    """An OCI layout to which images made on disk are added."""

    def add_made(self, tag, layers, megabytes):
        """An image of `megabytes`, unpacked, in so many layers."""
        return self._add_tars(tag, (self._tar(f"{tag}-{number}", f"layer{number:02d}",
                                              lambda content: content.sizes(
                                                  megabytes * 1_000_000 // layers))
                                    for number in range(layers)))

    def add_small_files(self, tag, count):
        """An image of so many files of half a KB to 4 KB."""
        draw = random.Random(tag)
        return self._add_tars(tag, [self._tar(tag, "files", lambda content: (
            draw.randint(500, 4000) for _ in range(count)))])

    def add_busybox(self, tag):
        """What images.busybox() gives."""
        digest = self.add(tag, images.busybox())
        manifest = json.loads((self.path / "blobs/sha256" / digest[7:]).read_text())
        return digest, [layer["digest"] for layer in manifest["layers"]]

    def add_directory(self, tag, root):
        """A tree on disk as an image of one layer."""
        plain = self.path / "plain"
        run("tar", "--numeric-owner", "--sort=name", "-C", root, "-cf", plain, ".")
        return self._add_tars(tag, [plain])

    def remove(self):
        shutil.rmtree(self.path)

    def _add_tars(self, tag, tars):
        layers = [self._layer(tar) for tar in tars]
        config = {"created": "2020-09-13T12:26:40Z", "os": "linux", "architecture": "amd64",
                  "config": {}, "rootfs": {"type": "layers", "diff_ids": [one[1] for one in layers]}}
        entry = self._document({"schemaVersion": 2, "mediaType": images.MANIFEST_TYPE,
                                "config": self._document(config, images.CONFIG_TYPE),
                                "layers": [one[0] for one in layers]}, images.MANIFEST_TYPE)
        self._tags.append(dict(entry, annotations={"org.opencontainers.image.ref.name": tag}))
        (self.path / "index.json").write_text(
            json.dumps({"schemaVersion": 2, "manifests": self._tags}))
        return entry["digest"], [one[0]["digest"] for one in layers]

    def _tar(self, seed, prefix, sizes):
        plain = self.path / "plain"
        content = Content(seed)
        with open(plain, "wb") as out:
            _write_tar(out, content, prefix, sizes(content))
        return plain

    def _layer(self, plain):
        packed = self.path / "packed"
        with open(plain, "rb") as data, open(packed, "wb") as raw, \
                gzip.GzipFile("", "wb", 6, raw, mtime=0) as out:
            while piece := data.read(PIECE):
                out.write(piece)
        diff_id, digest = _digest(plain), _digest(packed)
        plain.unlink()
        described = {"mediaType": f"{images.LAYER_TYPE}+gzip", "digest": digest,
                     "size": packed.stat().st_size}
        packed.rename(self.path / "blobs/sha256" / digest[7:])
        return described, diff_id
