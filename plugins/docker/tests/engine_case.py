"""What the black-box tests of this plugin share: one engine and one talomed for a class."""

import json
import pathlib
import sys
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[3] / "tests" / part) for part in (".", "wire")]
from clients import Events, Refused  # noqa: E402
from support import Engine, Talomed, wait_until  # noqa: E402

__all__ = ["Engine", "EngineCase", "Events", "Refused", "Talomed", "engine_truth", "needs_engine", "wait_until"]

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

    def events(self, path, fields=(), **options):
        """An event stream of the REST API."""
        return self.enterContext(Events(self.talomed.port, path, self.talomed.token, fields, **options))

    def member(self, name, **flags):
        """The token of a member who has these feature flags."""
        made = self.talomed.post("/api/users", {"username": name, "password": f"a long enough {name}", "role": "member"})
        self.assertEqual(made.status, 201, made)
        changed = self.talomed.request("PUT", f"/api/users/{made.json['id']}", {"permissions": flags})
        self.assertEqual(changed.status, 200, changed)
        answer = self.talomed.post("/api/auth/login", {"username": name, "password": f"a long enough {name}"}, token=None)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["token"]
