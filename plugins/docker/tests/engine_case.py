"""What the black-box tests of this plugin share: one engine and one talomed for a class."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests"))
from support import Engine, Talomed, wait_until

__all__ = ["Engine", "EngineCase", "Talomed", "engine_truth", "needs_engine", "wait_until"]

needs_engine = unittest.skipIf(Engine.unavailable(), Engine.unavailable())


def engine_truth(engine, name):
    return json.loads(engine.cli("inspect", name))[0]


class EngineCase(unittest.TestCase):
    """Each test names its own containers."""

    @classmethod
    def setUpClass(cls):
        cls.engine = cls.enterClassContext(Engine())
        cls.engine.import_busybox()
        cls.talomed = cls.enterClassContext(Talomed(docker=cls.engine.socket))
        cls.talomed.login()

    def list(self, query=""):
        answer = self.talomed.get(f"/api/containers{query}")
        self.assertEqual(answer.status, 200, answer)
        return {each["name"]: each for each in answer.json}

    def status_of(self, name):
        return self.list("?stats=false").get(name, {}).get("status")
