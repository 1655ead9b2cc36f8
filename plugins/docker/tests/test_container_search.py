"""What is found in logs, what is wrong with containers, why they ended, and how they are gathered and opened."""

import unittest

from engine_case import EngineCase, needs_engine, wait_until


@needs_engine
class SearchTest(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engine.run("search-a", "sh", "-c", "i=0; while [ $i -lt 700 ]; do echo line-$i; i=$((i+1)); done; sleep 86400")
        cls.engine.run("search-b", "sh", "-c", "echo needle two; sleep 86400", options=["--tty"])
        cls.engine.run("search-c", "sleep", "86400", options=["--log-driver", "none"])
        # The engine keeps no order between the two outputs: the needle comes when all of the other is there.
        wait_until(lambda: "line-699" in cls.engine.cli("logs", "search-a"), 30)
        cls.engine.cli("exec", "search-a", "sh", "-c", "echo Needle one > /proc/1/fd/2")
        wait_until(lambda: "Needle one" in cls.engine._docker("logs", "search-a").stderr and "two" in cls.engine.cli("logs", "search-b"), 10)

    def search(self, query, expected=200):
        answer = self.talomed.get(f"/api/containers/logs?{query}")
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def test_all_and_one(self):
        wait_until(lambda: {"search-a", "search-b", "search-c"} <= set(self.list("?stats=false")), 5)
        found = self.search("pattern=needle")
        self.assertEqual(sorted((each["container"], each["stream"], each["text"]) for each in found["matches"]),
                         [("search-a", "stderr", "Needle one"), ("search-b", "stdout", "needle two")])
        self.assertRegex(found["matches"][0]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
        self.assertEqual(([each["container"] for each in found["unread"]], found["truncated"]), (["search-c"], False))
        self.assertEqual([each["container"] for each in self.search("pattern=needle&caseSensitive=true")["matches"]], ["search-b"])
        self.assertEqual([each["container"] for each in self.search("pattern=needle&containerId=search-a")["matches"]], ["search-a"])
        self.assertEqual(self.search("pattern=line-1$&containerId=search-a")["matches"], [])  # beyond the last 500
        self.assertEqual(len(self.search("pattern=line-1$&containerId=search-a&tail=1000")["matches"]), 1)
        many = self.search("pattern=line&containerId=search-a&tail=1000")
        self.assertEqual((len(many["matches"]), many["truncated"]), (500, True))

    def test_wrong_questions(self):
        for query, word in (("", "pattern"), ("pattern=", "pattern"), ("pattern=a(", "pattern"), ("pattern=" + "a" * 513, "pattern"),
                            ("pattern=a&tail=0", "tail"), ("pattern=a&tail=10001", "tail"), ("pattern=a&containerId=..%2Fimages", "containerId")):
            self.assertIn(word, self.search(query, 400)["error"], query)
        self.search("pattern=a&containerId=nonesuch", 404)


@needs_engine
class ErrorsTest(EngineCase):
    def last(self, name, expected=200):
        answer = self.talomed.get(f"/api/containers/{name}/last-error")
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def test_an_end_that_nobody_asked_for(self):
        self.engine.run("needy", "sh", "-c", "echo begins; echo 'DATABASE_URL is not set' >&2; exit 3",
                        options=["--env", "PASSWORD=s3cret-value", "--label", "com.docker.compose.project=shop", "--label", "com.docker.compose.service=api"])
        shown = wait_until(lambda: (answer := self.talomed.get("/api/containers/needy/last-error")).status == 200 and answer, 10)
        self.assertNotIn("s3cret-value", shown.text)
        error = shown.json
        self.assertEqual((error["appId"], error["service"], error["containerName"], error["exitCode"]), ("shop", "api", "needy", 3))
        self.assertEqual((error["stdout"], error["stderr"]), ("begins\n", "DATABASE_URL is not set\n"))
        self.assertEqual(error["parsedIssue"], {"errorType": "missingVariable", "errorCode": 3, "variables": ["DATABASE_URL"],
                                                "variablesMissing": ["DATABASE_URL"], "services": ["api"], "context": "DATABASE_URL is not set"})
        self.assertEqual([each["variable"] for each in error["variablesMissing"]], ["DATABASE_URL"])
        self.assertIn("PASSWORD", error["variableNames"])
        self.assertIn("DATABASE_URL", error["suggestion"])
        errors = self.talomed.get("/api/containers/shop/startup-errors").json
        self.assertEqual((errors["appId"], len(errors["failures"])), ("shop", 1))
        self.assertIn("died", [each["event"] for each in errors["failures"][0]["containerEvents"]])

    def test_what_could_not_start(self):
        self.engine.cli("create", "--name", "programless", "busybox:latest", "/nonesuch")
        self.assertEqual(self.talomed.post("/api/containers/programless/start").status, 409)
        error = self.last("programless")
        self.assertEqual(error["parsedIssue"]["errorType"], "missingProgram")
        self.assertIn("/nonesuch", error["displayMessages"][0])
        failures = self.talomed.get("/api/containers/programless/startup-errors").json["failures"]
        self.assertGreaterEqual(len(failures), 1)

    def test_nothing_is_known(self):
        self.engine.run("content")
        self.assertEqual(self.talomed.post("/api/containers/content/stop").status, 200)
        self.last("content", 404)
        self.last("nonesuch", 404)
        self.last("a%2Fb", 400)
        self.assertEqual(self.talomed.get("/api/containers/content/startup-errors").json, {"appId": "content", "failures": []})
        self.assertEqual(self.talomed.get("/api/containers/nonesuch/startup-errors").status, 404)

    def check(self, query="", expected=200):
        answer = self.talomed.get(f"/api/containers/{query}")
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def test_checks(self):
        self.engine.run("well", options=["--label", "com.docker.compose.project=p"])
        self.engine.run("noisy", "sh", "-c", "for i in 1 2 3 4 5 6; do echo ERROR: it failed; done; sleep 86400", options=["--volume", "/data"])
        self.engine.run("failed", "sh", "-c", "exit 4", options=["--label", "com.docker.compose.project=p"])
        wait_until(lambda: self.status_of("failed") == "exited" and "ERROR" in self.engine.cli("logs", "noisy"), 10)
        issues = lambda name: [(each["severity"], each["category"]) for each in self.check(f"{name}/check")["issues"] if each["category"] != "disk"]
        self.assertEqual(issues("well"), [("warning", "dependencies")])
        self.assertEqual(issues("noisy"), [("critical", "errors")])
        self.assertEqual(issues("failed"), [("critical", "state")])
        whole = self.check("check")
        order = ["critical", "degraded", "healthy"]
        verdicts = [each["overallStatus"] for each in whole["reports"]]
        self.assertEqual(verdicts, sorted(verdicts, key=order.index))
        self.assertEqual(whole["summary"]["total"], len(self.list("?stats=false")))
        self.assertEqual(whole["summary"]["overallStatus"], "critical")
        two = self.check("check?containerIds=well&containerIds=noisy&containerIds=well&checks=dependencies&checks=memory")
        self.assertEqual([(each["name"], [issue["category"] for issue in each["issues"]]) for each in two["reports"]], [("well", ["dependencies"]), ("noisy", [])])
        self.assertEqual(sorted(two["checksRun"]), ["dependencies", "memory"])
        for query in ("check?checks=everything", "check?containerIds=a%2Fb"):
            self.check(query, 400)
        self.check("check?containerIds=nonesuch", 404)
        self.check("nonesuch/check", 404)


@needs_engine
class GatheredTest(EngineCase):
    def test_grouped_and_opened(self):
        project = ["--label", "com.docker.compose.project=shop"]
        self.engine.run("shop-db", options=[*project, "--label", "com.docker.compose.service=db", "--publish", "15432:5432"])
        self.engine.run("shop-web", options=[*project, "--publish", "18080:80", "--label", "homepage.name=The shop", "--label", "homepage.group=Sales",
                                             "--label", "com.centurylinklabs.watchtower.enable=false"])
        self.engine.run("lone", options=["--publish", "127.0.0.1:18081:80"])
        self.engine.run("linked", options=["--label", "homepage.href=https://linked.example/"])
        self.engine.run("proxy", options=["--label", "talome.role=proxy"])
        self.engine.cli("create", "--name", "shop-task", *project, "busybox:latest", "true")
        wait_until(lambda: len(self.list("?stats=false")) == 6, 5)
        wait_until(lambda: self.status_of("proxy") == "running", 5)
        flat = self.list("?stats=false")
        self.assertEqual(flat["shop-web"]["open"], {"scheme": "http", "port": 18080, "path": "/"})
        self.assertEqual(flat["linked"]["open"], {"url": "https://linked.example/"})
        for name in ("shop-db", "lone"):
            self.assertNotIn("open", flat[name])
        self.assertEqual(flat["shop-db"]["compose"], {"project": "shop", "service": "db", "oneOff": False})
        self.assertEqual(flat["shop-web"]["homepage"], {"name": "The shop", "group": "Sales"})
        self.assertEqual(flat["shop-web"]["watchtower"], {"enable": False, "monitorOnly": False, "noPull": False})
        answer = self.talomed.get("/api/containers?grouped=true")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual([(each["id"], each["name"], each["kind"], each["status"]) for each in answer.json],
                         [("linked", "linked", "standalone", "running"), ("lone", "lone", "standalone", "running"), ("shop", "The shop", "compose", "partial")])
        shop = answer.json[2]
        self.assertEqual((shop["primaryContainer"]["name"], shop["open"], shop["category"]), ("shop-db", {"scheme": "http", "port": 18080, "path": "/"}, "Sales"))
        self.assertEqual([each["name"] for each in shop["containers"]], ["shop-db", "shop-task", "shop-web"])
        self.assertEqual((shop["runningCount"], shop["totalCount"]), (2, 3))
        self.assertEqual([each["id"] for each in self.talomed.get("/api/containers/stacks").json], ["linked", "lone", "shop"])
        self.assertEqual([each["id"] for each in self.talomed.get("/api/containers?grouped=true&stats=false&limit=1&offset=2").json], ["shop"])
        detail = self.talomed.get("/api/containers/shop-web").json
        self.assertEqual((detail["open"], detail["homepage"]["name"]), (flat["shop-web"]["open"], "The shop"))


if __name__ == "__main__":
    unittest.main()
