"""What the server could not answer lately: kept for administrators, without what a query may hold."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed


class DiagnosticsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Talomed(docker="/nonexistent.sock"))
        cls.talomed.login()

    def get(self, path, status=200):
        answer = self.talomed.get(path)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def test_1_nothing_has_failed(self):
        got = self.get("/api/health/diagnostics")
        self.assertEqual((got["status"], got["windowMinutes"], got["errorCount"], got["topEndpoints"], got["recentErrors"]),
                         ("healthy", 10, 0, [], []))
        self.assertGreaterEqual(got["uptime"], 0)

    def test_2_what_has_failed_is_told(self):
        ids = []
        for query in ("", "?stats=false", "?all=true"):
            answer = self.talomed.get("/api/containers" + query)
            self.assertEqual(answer.status, 503, answer)
            ids.insert(0, answer.json["errorId"])
        words = answer.json["error"]
        self.get("/api/nothing", 404)  # is the caller's mistake
        got = self.get("/api/health/diagnostics?window=60&limit=2")
        self.assertEqual((got["status"], got["windowMinutes"], got["errorCount"], got["bufferSize"]), ("errors_detected", 60, 3, 3))
        [top] = got["topEndpoints"]
        self.assertEqual((top["endpoint"], top["count"], top["lastError"]), ("GET /api/containers", 3, words))
        self.assertEqual(got["byErrorType"], {"Service Unavailable": 3})
        self.assertEqual([each["errorId"] for each in got["recentErrors"]], ids[:2])
        newest = got["recentErrors"][0]
        self.assertEqual((newest["method"], newest["path"], newest["status"], newest["user"], newest["plugin"]),
                         ("GET", "/api/containers", 503, self.get("/api/auth/me")["username"], "docker"))
        self.assertEqual(newest["timestamp"], top["lastSeen"])

        all_of_them = self.get("/api/diagnostics/recent-errors")
        self.assertEqual((all_of_them["count"], all_of_them["filteredCount"], all_of_them["byEndpoint"]), (3, 3, {"GET /api/containers": 3}))
        self.assertEqual([each["errorId"] for each in all_of_them["errors"]], ids)
        other = self.get("/api/diagnostics/recent-errors?endpoint=/api/files")
        self.assertEqual((other["count"], other["filteredCount"], other["errors"]), (3, 0, []))

        self.assertEqual(self.get(f"/api/diagnostics/error/{ids[2]}"), all_of_them["errors"][2])
        self.assertIn("nothing-like-it", self.get("/api/diagnostics/error/nothing-like-it", 404)["error"])

        well = self.get("/api/diagnostics/health")
        self.assertEqual(well["status"], "ok")
        self.assertLessEqual({"database": "ok", "docker": "error", "recentErrors": "warning"}.items(), well["checks"].items())
        self.assertEqual(well["errors"], {"windowMinutes": 10, "count": 3})
        self.assertGreater(well["systemStats"]["memoryPercent"], 0)
        self.assertLess(well["systemStats"]["memoryPercent"], 100)

    def test_wrong_questions(self):
        for query, field in (("window=0", "window"), ("window=61", "window"), ("limit=0", "limit"), ("limit=101", "limit"), ("window=x", "window")):
            self.assertIn(field, self.get(f"/api/health/diagnostics?{query}", 400)["error"])
        self.assertIn("limit", self.get("/api/diagnostics/recent-errors?limit=201", 400)["error"])

    def test_only_for_administrators(self):
        answer = self.talomed.post("/api/users", {"username": "member", "password": "a long password 1", "role": "member"})
        self.assertEqual(answer.status, 201, answer)
        token = self.talomed.post("/api/auth/login", {"username": "member", "password": "a long password 1"}, token=None).json["token"]
        for path in ("/api/health/diagnostics", "/api/diagnostics/recent-errors", "/api/diagnostics/error/x"):
            self.assertEqual(self.talomed.get(path, token=token).status, 403, path)
            self.assertEqual(self.talomed.get(path, token=None).status, 401, path)


if __name__ == "__main__":
    unittest.main()
