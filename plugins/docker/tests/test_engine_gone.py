"""A Docker engine that goes, comes back, or was never there."""

import time
import unittest

from engine_case import FULL, Engine, Talomed, needs_engine, wait_until


@needs_engine
class EngineGoneTest(unittest.TestCase):
    def test_gone_and_back(self):
        with Engine() as engine, Talomed(docker=engine.socket) as talomed:
            engine.import_busybox()
            engine.run("kept", options=["--restart", "always"])
            talomed.login()
            wait_until(lambda: talomed.get("/api/containers").json, 5)

            engine.stop()
            wait_until(lambda: talomed.get("/api/containers").status == 503, 2)
            for path in ("/api/containers", "/api/containers/kept", "/api/containers/kept/logs", "/api/containers/kept/stats"):
                answer = talomed.get(path)
                self.assertEqual(answer.status, 503, answer)
                self.assertIn("Docker engine", answer.json["error"])
            self.assertEqual(talomed.post("/api/containers/kept/stop").status, 503)
            health = talomed.get("/api/health")
            self.assertEqual((health.status, health.json["checks"]["docker"]), (200, "error"))
            self.assertEqual(talomed.get("/api/auth/me").status, 200)
            time.sleep(4)  # long enough for the longest pause between two attempts

            engine.start()
            begun = time.monotonic()
            wait_until(lambda: talomed.get("/api/containers").status == 200, 20)
            print(f"\nanswers again {time.monotonic() - begun:.2f} s after the engine has come back")
            if FULL:
                self.assertLess(time.monotonic() - begun, 2)
            names = [each["name"] for each in talomed.get("/api/containers").json]
            self.assertEqual(names, ["kept"])
            wait_until(lambda: talomed.get("/api/containers").json[0]["status"] == "running", 5)
            self.assertEqual(talomed.post("/api/containers/kept/stop").status, 200)

    def test_never_there(self):
        with Talomed() as talomed:
            talomed.login()
            answer = talomed.get("/api/containers")
            self.assertEqual(answer.status, 503)
            self.assertIn("no such socket; is Docker installed and running?", answer.json["error"])


if __name__ == "__main__":
    unittest.main()
