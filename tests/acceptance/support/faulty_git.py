"""A repository with one image in it, and what a step must do about a server that fails."""

import concurrent.futures
import os
import random
import re
import shutil

from . import fast_clock, git_http, images, programs
from .put_case import PutCase

SEED = int(os.environ.get("FAULTS_SEED", random.randrange(2**32)))
CUTS = int(os.environ.get("FAULTS_CUTS", 3))


class FaultyGitCase(PutCase):
    @classmethod
    def prepare(cls):
        print(f"FAULTS_SEED={SEED}")
        cls.publish_images(box=images.busybox(), boxes=images.busybox(
            [images.Layer().file("noise", random.Random(7).randbytes(200_000))]))
        cls.http = git_http.GitHttp(cls.work, cls.repositories, open_to_all=True,
                                   streaming=True)
        cls.fast = [fast_clock.environment(cls.work, factor) for factor in (500, 100, 20)]
        cls.unhurried = fast_clock.environment(cls.work)
        cls.template = cls.repository()
        outcome = programs.put(cls.source_of("box", git={"uri": cls.template.file_uri}),
                               cls.inputs, image="box")
        if outcome.code != 0:
            raise RuntimeError(str(outcome))

    def proper_failure(self, outcome, address, *words):
        """One line of error; the address stands there, or in the heading above it."""
        log = re.sub("\x1b\\[[0-9]*m", "", self.failed(outcome, address))
        last = log.rstrip("\n").split("\n")[-1]
        self.assertTrue(last.startswith("error: "), log)
        self.assertEqual(("\n" + log).count("\nerror: "), 1, log)
        for word in words:
            self.assertIn(word.lower(), last.lower(), log)
        if os.environ.get("FAULTS_SHOW"):
            print("   ", last)

    def put_of(self, tag, uri, env=None, **git):
        request = {"source": self.source_of(tag, git={"uri": uri, **git}),
                   "params": {"image": tag}}
        return programs.invoke("out", request, self.inputs, env=env or self.unhurried)

    def published(self):
        """A repository with one image, and its tip."""
        repository = self.repository()
        shutil.rmtree(repository.path)
        shutil.copytree(self.template.path, repository.path)
        return repository, self.template.tip()

    def each(self, cases):
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            waiting = [(name, pool.submit(*call)) for name, *call in cases]
            for name, result in waiting:
                with self.subTest(name):
                    result.result()
