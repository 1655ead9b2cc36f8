"""The first run: what the server says of itself, and how it gets its administrator."""

import concurrent.futures
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import PASSWORD, USERNAME, Talomed

FIRST = {"username": USERNAME, "password": PASSWORD}


class Case(unittest.TestCase):
    plugins = "none"

    def setUp(self):
        self.talomed = self.enterContext(Talomed(plugins=self.plugins))

    def refused(self, answer, status, *words):
        self.assertEqual(answer.status, status, answer)
        self.assertIsInstance(answer.json["error"], str)
        for word in words:
            self.assertIn(word, answer.text)
        return answer

    def status(self):
        answer = self.talomed.get("/api/setup/status", token=None)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def init(self, body=FIRST, **options):
        return self.talomed.post("/api/setup/init", body, token=None, **options)


class StatusTest(Case):
    def test_before_and_after(self):
        before = self.status()
        self.assertEqual(set(before), {"needsSetup", "version", "steps"})
        self.assertIs(before["needsSetup"], True)
        self.assertRegex(before["version"], r"^\d+\.\d+\.\d+")
        self.assertEqual(before["steps"], {"admin": False, "docker": None, "storage": None, "ai": None, "domains": None})
        self.assertEqual(self.talomed.get("/api/auth/status", token=None).json, {"passwordConfigured": False})
        self.assertEqual(self.init().status, 200)
        after = self.status()
        self.assertIs(after["needsSetup"], False)
        self.assertIs(after["steps"]["admin"], True)
        self.assertEqual(self.talomed.get("/api/auth/status", token=None).json, {"passwordConfigured": True})


class DockerStepTest(Case):
    plugins = "docker"

    def test_an_engine_that_does_not_answer(self):
        self.assertIs(self.status()["steps"]["docker"], False)


class InitTest(Case):
    def test_makes_the_administrator(self):
        answer = self.init({**FIRST, "username": "  Anna "})
        self.assertEqual(answer.status, 200, answer)
        found = answer.json
        self.assertEqual((found["ok"], found["setup"], found["user"]["username"], found["user"]["role"]), (True, True, "Anna", "admin"))
        self.assertRegex(found["recoveryCode"], r"^[A-Za-z0-9_-]{24}$")
        self.assertNotIn("refused", found)
        self.assertIn("talome_session", answer.cookies)
        self.assertEqual(self.talomed.get("/api/auth/me", found["token"]).json["username"], "Anna")

    def test_only_once(self):
        self.assertEqual(self.init().status, 200)
        self.refused(self.init(), 409)
        self.refused(self.init({"username": "another", "password": PASSWORD}), 409)
        token = self.talomed.login()
        self.refused(self.talomed.post("/api/setup/init", FIRST, token), 409)

    def test_five_at_once_make_one(self):
        names = ["anna", "berta", "carla", "dora", "emma"]
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda n: self.init({"username": n, "password": PASSWORD}), names))
        self.assertEqual(sorted(a.status for a in answers), [200, 409, 409, 409, 409], [str(a) for a in answers])
        token = next(a.json["token"] for a in answers if a.status == 200)
        self.assertEqual(len(self.talomed.get("/api/users", token).json), 1)

    def test_wrong_fields(self):
        for body, name in [({"username": "a", "password": PASSWORD}, "username"), ({"username": " a ", "password": PASSWORD}, "username"),
                           ({"username": "admin", "password": "seven77"}, "password"), ({"password": PASSWORD}, "username"),
                           ({**FIRST, "role": "admin"}, "role"), ({**FIRST, "mediaRoot": 7}, "mediaRoot"),
                           ({**FIRST, "mediaRoot": "/srv/media"}, "mediaRoot"),  # no plugin has such a setting here
                           ({**FIRST, "timezone": "Europe/Berlin"}, "timezone")]:
            with self.subTest(body=body):
                self.refused(self.init(body), 400, name)
        self.assertIs(self.status()["needsSetup"], True)

    def test_a_foreign_page_cannot_do_it(self):
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            self.refused(self.init(headers=headers), 403)

    def test_through_an_unnamed_proxy_the_setup_code_is_needed(self):
        headers = {"X-Forwarded-For": "203.0.113.7"}
        self.refused(self.init(headers=headers), 403, "setupCode")
        self.refused(self.init({**FIRST, "setupCode": "wrong"}, headers=headers), 403, "setupCode")
        code = re.search(r"setup code ([A-Za-z0-9_-]+)\)", self.talomed.log)[1]
        self.assertEqual(self.init({**FIRST, "setupCode": code}, headers=headers).status, 200)


if __name__ == "__main__":
    unittest.main()
