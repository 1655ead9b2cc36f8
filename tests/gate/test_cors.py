"""Pages of other origins: what they may read, and that the cookie stays at home."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed

LISTED = "https://dash.example.org"
LOCAL = "http://192.168.1.5:3000"
FOREIGN = ("http://evil.example", "http://10.evil.com", "null", "http://192.168.1.5.evil.com", "http://8.8.8.8")


class CorsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.talomed = Talomed(plugins="none", env={"DASHBOARD_ORIGIN": LISTED}).start()
        cls.addClassCleanup(cls.talomed.close)
        cls.talomed.login()

    def get(self, origin, path="/api/auth/me", **options):
        return self.talomed.get(path, headers={"Origin": origin} if origin else {}, **options)

    def preflight(self, origin, method="POST", path="/api/auth/logout"):
        return self.talomed.request("OPTIONS", path, token=None, headers={
            "Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"})

    def test_a_listed_page_reads_with_the_cookie(self):
        answer = self.get(LISTED)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], LISTED)
        self.assertEqual(answer.headers["Access-Control-Allow-Credentials"], "true")
        self.assertIn("X-Total-Count", answer.headers["Access-Control-Expose-Headers"])

    def test_a_page_of_this_network_reads_with_a_token_only(self):
        answer = self.get(LOCAL)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], LOCAL)
        self.assertNotIn("Access-Control-Allow-Credentials", answer.headers)
        refused = self.talomed.post("/api/auth/logout", token=None, headers={"Origin": LOCAL, "Cookie": self.talomed.cookie})
        self.assertEqual(refused.status, 403, refused)

    def test_other_pages_read_nothing(self):
        for origin in FOREIGN:
            for path in ("/api/auth/me", "/api/health", "/api/nothing"):
                with self.subTest(origin=origin, path=path):
                    self.assertNotIn("Access-Control-Allow-Origin", self.get(origin, path).headers)

    def test_caches_keep_them_apart(self):
        for origin in (None, LISTED, LOCAL, *FOREIGN):
            self.assertIn("Origin", self.get(origin).headers["Vary"])
            self.assertIn("Origin", self.get(origin, "/api/nothing").headers["Vary"])
        self.assertNotIn("Access-Control-Allow-Origin", self.get(None).headers)

    def test_a_refusal_can_be_read_too(self):
        answer = self.get(LISTED, "/api/plugins", token="wrong")
        self.assertEqual(answer.status, 401)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], LISTED)

    def test_preflight(self):
        for origin in (LISTED, LOCAL):
            answer = self.preflight(origin)
            self.assertEqual(answer.status, 204, answer)
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], origin)
            self.assertIn("DELETE", answer.headers["Access-Control-Allow-Methods"])
            self.assertIn("Authorization", answer.headers["Access-Control-Allow-Headers"])
        for origin in FOREIGN:
            answer = self.preflight(origin)
            self.assertEqual(answer.status, 403, answer)
            self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
        self.assertEqual(self.talomed.request("OPTIONS", "/api/auth/logout", token=None).status, 405)

    def test_a_bad_list_stops_the_start(self):
        for wrong in ("*", "localhost:3000", "http://localhost:3000/"):
            words = Talomed(plugins="none", env={"DASHBOARD_ORIGIN": wrong}).refuses_to_start()
            self.assertIn("DASHBOARD_ORIGIN", words)


if __name__ == "__main__":
    unittest.main()
