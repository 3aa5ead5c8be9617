#!/usr/bin/python3
"""The demo in the README keeps its promise."""

import os
import sys
import unittest
from pathlib import Path

from support.case import AS_ROOT
from support.programs import program
from support.workspace import run

DEMO = Path(__file__).resolve().parents[2] / "examples/demo.py"


class Demo(unittest.TestCase):
    def test_the_main_job_runs_and_tells_what_it_does(self):
        environment = dict(os.environ, RESOURCE_PROGRAMS=str(program("check").parent))
        said = run(sys.executable, "-B", DEMO, env=environment).stdout.decode()
        words = ["/opt/resource/check", "/opt/resource/in", "/opt/resource/out", "git clone",
                 "It works."]
        for word in words + (["Carried by git."] if AS_ROOT else []):
            self.assertIn(word, said)


if __name__ == "__main__":
    unittest.main()
