"""/api/health/container-connectivity: asked from inside of real containers, where there is an engine."""

import json
import unittest
import urllib.parse

from system_case import SystemCase, Talomed, member_of, wait_until
from support import Engine

PATH = "/api/health/container-connectivity"


class WithoutDockerTest(SystemCase):
    def test_it_says_so(self):
        answer = self.talomed.post(PATH, {"pairs": [{"from": "a", "to": "b"}]})
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("no enabled plugin offers containers.exec", answer.json["error"])

    def test_bad_questions(self):
        for pairs in ([], [{"from": "a"}], [{"from": "a", "to": "-x"}], [{"from": "a", "to": "b c"}], [{"from": "a", "to": "b", "port": 0}],
                      [{"from": "a", "to": "b", "port": 65536}], [{"from": "a", "to": "b"}] * 21, [{"from": "$(id)", "to": "b"}]):
            for answer in (self.talomed.post(PATH, {"pairs": pairs}), self.talomed.get(PATH + "?pairs=" + urllib.parse.quote(json.dumps(pairs)))):
                self.assertEqual(answer.status, 400, (pairs, answer))
                self.assertIn("pairs", answer.json["error"])
        self.get(PATH + "?pairs=nonsense", 400)
        self.get(PATH, 400)
        self.get(PATH + "?pairs=[]", 403, token=member_of(self.talomed, {"system": True}))


@unittest.skipIf(Engine.unavailable(), Engine.unavailable())
class ContainersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = cls.enterClassContext(Engine())
        cls.engine.import_busybox()
        cls.talomed = cls.enterClassContext(Talomed(docker=cls.engine.socket))
        cls.talomed.login()
        operations = cls.talomed.get("/api/openapi.json").json["paths"]
        if "/api/containers/{id}/exec" not in operations:
            raise unittest.SkipTest("this docker plugin runs nothing in containers")
        cls.engine.cli("network", "create", "shared")
        cls.engine.cli("network", "create", "other")
        cls.engine.run("web", "httpd", "-f", "-p", "8080", options=["--network", "shared"])
        cls.engine.run("client", options=["--network", "shared"])
        cls.engine.run("stranger", options=["--network", "other"])

    def test_who_reaches_whom(self):
        pairs = [{"from": "client", "to": "web", "port": 8080}, {"from": "client", "to": "web", "port": 8081}, {"from": "client", "to": "web"},
                 {"from": "stranger", "to": "web", "port": 8080}, {"from": "nobody", "to": "web"}]
        wait_until(lambda: "stranger" in {each["name"] for each in self.talomed.get("/api/containers").json}, 10)
        reached = lambda: self.talomed.post(PATH, {"pairs": pairs[:1]}).json["results"][0].get("reachable")  # noqa: E731
        wait_until(reached, 90, 0.5, "the server in the container listens")
        rows = []
        for pair in pairs:  # one at a time: together they may take longer than a busy machine is given
            answer = self.talomed.post(PATH, {"pairs": [pair]})
            self.assertEqual(answer.status, 200, answer)
            rows += answer.json["results"]
        self.assertEqual([(each.get("dnsResolvable"), each.get("reachable")) for each in rows],
                         [(True, True), (True, False), (True, True), (False, False), (None, None)], rows)
        self.assertLess(rows[0]["latency"], 5000)
        self.assertIn("port", rows[1]["error"])
        self.assertIn("its name", rows[3]["error"])
        self.assertIn("nobody", rows[4]["error"])
        again = self.talomed.get(PATH + "?pairs=" + urllib.parse.quote(json.dumps(pairs[:1])))
        self.assertEqual((again.status, again.json["results"][0]["reachable"]), (200, True), again)


if __name__ == "__main__":
    unittest.main()
