#!/usr/bin/python3
"""Compares check and get with those of registry-image-resource, and with skopeo and umoci.

    RESOURCE_PROGRAMS=build/release bench/pull.py [--rival DIRECTORY] [--large] [--rounds 5]

DIRECTORY holds registry-image-resource's `check` and `in`; `--rival go` has `go install` build them,
which needs a network. Without the option they are left out. The registry is docker-registry on
loopback and the images are made here. In every round each program runs once; shown are the medians.
With TMPDIR=/dev/shm the figures do not depend on the disk.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "acceptance"))

from made_images import MadeLayout  # noqa: E402
from measure import Run, measure  # noqa: E402
from support import images, registry  # noqa: E402
from support.workspace import Workspace  # noqa: E402

RIVAL = "github.com/concourse/registry-image-resource"
TAGS = 300


def find_rival(given, work):
    """The directory with registry-image-resource's programs."""
    if given != "go":
        return Path(given).resolve()
    home = work.directory("go")
    subprocess.run(["go", "install", f"{RIVAL}/cmd/check@latest", f"{RIVAL}/cmd/in@latest"],
                   env={**os.environ, "GOBIN": str(home)}, check=True)
    return home


class Bench:
    def __init__(self, rounds, rival, ours):
        self.work = Workspace()
        self.rounds = rounds
        self.programs = {"ours": Path(ours).resolve()}
        if rival:
            self.programs["registry-image"] = find_rival(rival, self.work)
        self.layout = MadeLayout(self.work.fresh("layout"))
        self.registry = registry.Registry(self.work)
        self.image = f"{self.registry.host}/bench/image"

    def request(self, source, version=None):
        path = self.work.fresh("request")
        request = {"source": {"repository": self.image, **source}, "version": version}
        path.write_text(json.dumps(request))
        return path

    def interleaved(self, contestants):
        """The median run of each of {name: function that runs once}."""
        runs = {name: [] for name in contestants}
        for _ in range(self.rounds):
            for name, once in contestants.items():
                os.sync()
                runs[name].append(once())
        return {name: Run(*(statistics.median(figures) for figures in zip(*each)))
                for name, each in runs.items()}

    def get(self, tag, digest, with_tools=True):
        request = self.request({"tag": tag}, {"tag": tag, "digest": digest})

        def resource(directory):
            destination = self.work.directory("get")
            taken = measure([directory / "in", destination], request)
            assert (destination / "metadata.json").exists()
            shutil.rmtree(destination)
            return taken

        def tools():
            home = self.work.directory("tools")
            taken = measure(["sh", "-ec", f"""
                skopeo copy -q --insecure-policy --src-tls-verify=false \\
                    docker://{self.image}@{digest} oci:layout:image
                umoci --log=error unpack --image layout:image bundle"""], cwd=home)
            shutil.rmtree(home)
            return taken

        contestants = {name: lambda at=at: resource(at) for name, at in self.programs.items()}
        if with_tools:
            contestants["skopeo + umoci"] = tools
        return self.interleaved(contestants)

    def check(self, source, tool):
        request = self.request(source)
        contestants = {name: lambda at=at: measure([at / "check"], request)
                       for name, at in self.programs.items()}
        return self.interleaved({**contestants, "skopeo": lambda: measure(tool)})

    def publish(self, tag, *made, **options):
        digest = self.layout.add_made(tag, *made, **options)
        self.registry.push(self.layout, "bench/image", tag)
        for blob in (self.layout.path / "blobs/sha256").iterdir():
            blob.unlink()  # The registry has them now.
        return digest

    def publish_tags(self):
        """Version numbers, each an image of its own, and a tag that none of them has."""
        layout = images.Layout(self.work.fresh("tags"))
        for number in range(TAGS):
            tag = f"{number // 100}.{number // 10 % 10}.{number % 10}"
            layout.add(tag, images.Image([images.Layer()], Labels={"version": tag}))
            self.registry.push(layout, "bench/tags", tag)


def show(name, results):
    ours = results["ours"]
    print(f"\n{name}")
    for who, taken in results.items():
        ratios = "" if who == "ours" else (
            f"   ours: {ours.wall / taken.wall:5.2f} of its time, {ours.cpu / taken.cpu:5.2f} of its "
            f"CPU, {ours.memory / taken.memory:5.2f} of its memory")
        print(f"  {who:16}{taken.wall:9.3f} s{taken.cpu:9.3f} s CPU{taken.memory:8.0f} MB{ratios}")
    sys.stdout.flush()


def main():
    options = argparse.ArgumentParser(description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rival", help="where registry-image-resource's programs are, or go")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--megabytes", type=int, default=300, help="of each image, unpacked")
    options.add_argument("--large", action="store_true", help="also one layer of 2 GB")
    given = options.parse_args()
    bench = Bench(given.rounds, given.rival,
                  os.environ.get("RESOURCE_PROGRAMS", HERE.parent / "build/release"))
    kinds = {"gzip": ["gzip"] * 5, "zstd": ["zstd"] * 5,
             "mixed": ["gzip", "zstd"] * 3, "forty": ["gzip"] * 40}
    for tag, compressions in kinds.items():
        digest = bench.publish(tag, compressions, given.megabytes)
        layers = f"{len(compressions)} layers, {given.megabytes} MB"
        # umoci reads zstd from version 0.5 on.
        show(f"get, {tag}: {layers}", bench.get(tag, digest, "zstd" not in compressions))
    if given.large:
        digest = bench.publish("large", ["gzip"], 2000, single_file=True)
        show("get, one layer of 2 GB", bench.get("large", digest))
    tls = ["--tls-verify=false"]
    show("check of a tag", bench.check(
        {"tag": "gzip"}, ["skopeo", "inspect", *tls, "--raw", f"docker://{bench.image}:gzip"]))
    bench.publish_tags()
    bench.image = f"{bench.registry.host}/bench/tags"
    show(f"check of {TAGS} version numbers (skopeo lists the tags only)", bench.check(
        {}, ["skopeo", "list-tags", *tls, f"docker://{bench.image}"]))


if __name__ == "__main__":
    main()
