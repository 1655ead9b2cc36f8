"""GET /api/health: open to everyone, honest about the database and the engine, silent about the rest."""

import datetime
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Engine, Talomed, wait_until


class HealthTest(unittest.TestCase):
    def test_shape_without_an_engine(self):
        with Talomed() as talomed:
            answer = talomed.get("/api/health", token=None)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.json["status"], "ok")
            self.assertEqual(answer.json["checks"]["db"], "ok")
            self.assertEqual(answer.json["checks"]["docker"], "error")
            self.assertIsInstance(answer.json["uptime"], float)
            self.assertGreaterEqual(answer.json["uptime"], 0)
            self.assertTrue(answer.json["timestamp"].endswith("Z"))
            when = datetime.datetime.fromisoformat(answer.json["timestamp"])
            self.assertLess(abs((datetime.datetime.now(datetime.UTC) - when).total_seconds()), 60)

    def test_tells_a_stranger_nothing_more(self):
        with Talomed(plugins="none") as talomed:
            answer = talomed.get("/api/health", token=None)
            self.assertEqual(set(answer.json), {"status", "checks", "uptime", "timestamp"})
            self.assertNotIn(str(talomed.directory), answer.text)
            self.assertNotIn("Server", answer.headers)

    def test_without_plugins_there_is_only_the_database(self):
        with Talomed(plugins="none") as talomed:
            self.assertEqual(talomed.get("/api/health", token=None).json["checks"], {"db": "ok"})

    def test_uptime_goes_on(self):
        with Talomed(plugins="none") as talomed:
            first = talomed.get("/api/health").json["uptime"]
            wait_until(lambda: talomed.get("/api/health").json["uptime"] > first, 5, what="uptime grows")

    @unittest.skipIf(Engine.unavailable(), Engine.unavailable())
    def test_follows_the_engine(self):
        with Engine() as engine, Talomed(docker=engine.socket) as talomed:
            check = lambda: talomed.get("/api/health").json["checks"]["docker"]
            wait_until(lambda: check() == "ok", 10, what="docker: ok")
            engine.stop()
            wait_until(lambda: check() == "error", 10, what="docker: error")
            engine.start()
            wait_until(lambda: check() == "ok", 10, what="docker: ok again")


if __name__ == "__main__":
    unittest.main()
