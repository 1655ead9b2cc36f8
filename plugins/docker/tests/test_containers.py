"""Containers through the REST API: a real talomed in front of a real Docker engine."""

import json
import pathlib
import statistics
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests"))
from support import Engine, Talomed, wait_until


def engine_truth(engine, name):
    return json.loads(engine.cli("inspect", name))[0]


class EngineCase(unittest.TestCase):
    """One engine and one talomed for a class; each test names its own containers."""

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


@unittest.skipIf(Engine.unavailable(), Engine.unavailable())
class ListTest(EngineCase):
    def test_fields_are_the_engines(self):
        self.engine.run("fields", options=["--publish", "8081:80", "--publish", "127.0.0.1:8082:81/udp", "--expose", "99",
                                           "--label", "color=blue"])
        self.engine.cli("create", "--name", "fields-created", "busybox:latest", "true")
        wait_until(lambda: {"fields", "fields-created"} <= set(self.list()), 5)
        for name in ("fields", "fields-created"):
            truth, shown = engine_truth(self.engine, name), self.list()[name]
            self.assertEqual(shown["id"], truth["Id"][:12])
            self.assertEqual(shown["image"], "busybox:latest")
            self.assertEqual(shown["status"], truth["State"]["Status"])
            self.assertEqual(shown["labels"], truth["Config"]["Labels"])
            self.assertEqual(shown["created"], truth["Created"][:19] + "Z")
        self.assertEqual(self.list()["fields"]["ports"], [{"host": 8081, "container": 80, "protocol": "tcp"},
                                                          {"host": 8082, "container": 81, "protocol": "udp"}])
        self.assertEqual(self.list()["fields-created"]["ports"], [])
        self.assertNotIn("stats", self.list()["fields-created"])

    def test_stats_are_there_at_once_and_can_be_left_out(self):
        self.engine.run("with-stats")
        wait_until(lambda: self.status_of("with-stats") == "running", 5)
        wait_until(lambda: "stats" in self.list()["with-stats"], 4, 0.2)
        stats = self.list()["with-stats"]["stats"]
        self.assertEqual(set(stats), {"cpuPercent", "memoryUsageMb", "memoryLimitMb", "networkRxBytes", "networkTxBytes",
                                      "blockReadBytes", "blockWriteBytes", "pids"})
        self.assertGreater(stats["memoryLimitMb"], 0)
        self.assertNotIn("stats", self.list("?stats=false")["with-stats"])

    def test_a_part_of_the_list(self):
        self.engine.run("part-1", options=["--label", "part=1"])
        self.engine.cli("create", "--name", "part-2", "--label", "part=2", "busybox:latest", "true")
        wait_until(lambda: len(self.list("?label=part")) == 2, 5)
        self.assertEqual(set(self.list("?label=part=2")), {"part-2"})
        self.assertEqual(set(self.list("?label=part&all=false")), {"part-1"})
        every = self.talomed.get("/api/containers?label=part&stats=false").json
        answer = self.talomed.get("/api/containers?label=part&limit=1&offset=1&stats=false")
        self.assertEqual(answer.json, every[1:2])
        self.assertEqual(answer.headers["X-Total-Count"], "2")
        self.assertEqual(self.talomed.get("/api/containers?label=part&offset=9").json, [])

    def test_wrong_questions_name_the_field(self):
        for query, field in (("stats=maybe", "stats"), ("limit=0", "limit"), ("limit=x", "limit"), ("offset=-1", "offset"),
                             ("colour=red", "colour")):
            answer = self.talomed.get(f"/api/containers?{query}")
            self.assertEqual(answer.status, 400, (query, answer))
            self.assertIsInstance(answer.json["error"], str)
            self.assertEqual(answer.json["details"][0]["path"], field)

    def test_paused_shows_at_once(self):
        self.engine.run("pausing")
        for command, status in (("pause", "paused"), ("unpause", "running")) * 5:
            self.engine.cli(command, "pausing")
            wait_until(lambda: self.status_of("pausing") == status, 1)
            time.sleep(0.05)
            self.assertEqual(self.status_of("pausing"), status, "an older answer came after the newer one")

    def test_the_command_line_shows_within_200_ms(self):
        self.engine.cli("create", "--name", "seen", "--stop-timeout", "0", "busybox:latest", "sleep", "86400")
        delays = []
        for _ in range(25):
            for command, status in (("start", "running"), ("kill", "exited")):
                self.engine.cli(command, "seen")
                begun = time.monotonic()
                wait_until(lambda: self.status_of("seen") == status, 5, 0.002)
                delays.append(time.monotonic() - begun)
        self.engine.cli("rm", "seen")
        begun = time.monotonic()
        wait_until(lambda: self.status_of("seen") is None, 5, 0.002)
        delays.append(time.monotonic() - begun)
        p95 = sorted(delays)[int(len(delays) * 0.95)]
        self.assertLess(p95, 0.2, f"p95 {p95 * 1000:.0f} ms, median {statistics.median(delays) * 1000:.1f} ms")

    def test_many_changes_at_once_end_in_the_truth(self):
        names = [f"many-{i}" for i in range(12)]
        for name in names:
            self.engine.cli("create", "--name", name, "busybox:latest", "sleep", "86400")
        self.engine.cli("start", *names)
        self.engine.cli("kill", *names[:6])
        self.engine.cli("rm", *names[:3])
        self.engine.cli("rename", names[5], "many-renamed")

        def truth():
            lines = self.engine.cli("ps", "--all", "--format", "{{.Names}} {{.State}}").splitlines()
            return dict(line.split() for line in lines)

        def shown():
            return {name: each["status"] for name, each in self.list("?stats=false").items()}
        try:
            wait_until(lambda: truth() == shown(), 5, 0.1)
        except AssertionError:
            self.assertEqual(shown(), truth())


@unittest.skipIf(Engine.unavailable(), Engine.unavailable())
class DetailTest(EngineCase):
    def test_detail(self):
        self.engine.run("detail", "sleep", "999", options=["--env", "PASSWORD=s3cret-value", "--restart", "on-failure:2", "--tmpfs", "/t",
                                                           "--volume", "data:/data:ro",
                                                           "--label", "com.docker.compose.project=shop"])
        wait_until(lambda: self.status_of("detail") == "running", 5)
        answer = self.talomed.get("/api/containers/detail")
        self.assertEqual(answer.status, 200, answer)
        shown = answer.json
        self.assertEqual(shown["state"], "running")
        self.assertEqual(shown["restartPolicy"], "on-failure")
        self.assertEqual(shown["restartCount"], 0)
        self.assertEqual(shown["networks"][0]["name"], "bridge")
        self.assertIn({"type": "volume", "name": "data", "destination": "/data", "readOnly": True},
                      [{k: v for k, v in mount.items() if k != "source"} for mount in shown["mounts"]])
        self.assertEqual(shown["command"][-2:], ["sleep", "999"])
        self.assertEqual(shown["appId"], "shop")
        self.assertIn("PASSWORD", shown["env"])
        self.assertNotIn("s3cret-value", answer.text)
        self.assertNotIn("exitCode", shown)
        self.assertTrue(shown["startedAt"].endswith("Z"))

    def test_an_end_and_its_exit_code(self):
        self.engine.run("ended", "sh", "-c", "exit 3")
        wait_until(lambda: self.status_of("ended") == "exited", 5)
        shown = self.talomed.get("/api/containers/ended").json
        self.assertEqual(shown["exitCode"], 3)
        self.assertIn("finishedAt", shown)

    def test_health(self):
        self.engine.run("healthy", options=["--health-cmd", "true", "--health-interval", "1s"])
        wait_until(lambda: self.talomed.get("/api/containers/healthy").json.get("health") == "healthy", 10, 0.1)

    def test_ways_to_name_a_container(self):
        whole = self.engine.run("named")
        wait_until(lambda: self.status_of("named") == "running", 5)
        for ref in (whole, whole[:12], whole[:8], "named"):
            answer = self.talomed.get(f"/api/containers/{ref}")
            self.assertEqual((answer.status, answer.json.get("id")), (200, whole[:12]), ref)
        for ref in ("f" * 65, "..%2Fimages", "%2e%2e", "a%2Fb", "a%20b", "%00", "x" * 129, "a%3Fb"):
            for path in (ref, f"{ref}/logs", f"{ref}/stats"):
                self.assertEqual(self.talomed.get(f"/api/containers/{path}").status, 400, path)
            self.assertEqual(self.talomed.post(f"/api/containers/{ref}/stop").status, 400, ref)
        for path in ("nonesuch", "nonesuch/logs", "nonesuch/stats", whole[:-1] + "x"):
            answer = self.talomed.get(f"/api/containers/{path}")
            self.assertEqual(answer.status, 404, path)
            self.assertIsInstance(answer.json["error"], str)

    def test_the_start_of_several_ids_is_ambiguous(self):
        ids = [self.engine.cli("create", "busybox:latest", "true") for _ in range(20)]
        first = [i[0] for i in ids]
        digit = max(set(first), key=first.count)
        wait_until(lambda: len(self.list("?stats=false")) >= 20, 5)
        answer = self.talomed.get(f"/api/containers/{digit}")
        self.assertEqual(answer.status, 409, answer)
        self.assertIn("several", answer.json["error"])


@unittest.skipIf(Engine.unavailable(), Engine.unavailable())
class ActionTest(EngineCase):
    def act(self, name, action, body=None, expected=200):
        answer = self.talomed.post(f"/api/containers/{name}/{action}", body)
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def test_what_is_already_so_is_a_success_and_the_list_is_true_at_once(self):
        self.engine.run("acted")
        for action, status in (("start", "running"), ("stop", "exited"), ("stop", "exited"), ("start", "running"),
                               ("restart", "running")):
            self.assertEqual(self.act("acted", action), {"ok": True})
            self.assertEqual(self.status_of("acted"), status)
            self.assertEqual(engine_truth(self.engine, "acted")["State"]["Status"], status)

    def test_a_container_made_a_moment_ago(self):
        for i in range(5):
            self.engine.cli("create", "--name", f"fresh-{i}", "busybox:latest", "sleep", "86400")
            self.act(f"fresh-{i}", "start")

    def test_timeout(self):
        self.engine.cli("run", "--detach", "--name", "stubborn", "busybox:latest", "sleep", "86400")  # ignores SIGTERM
        begun = time.monotonic()
        self.act("stubborn", "stop", {"timeout": 1})
        self.assertLess(time.monotonic() - begun, 5)
        for wrong in (-1, 601, "soon", 1.5):
            self.assertEqual(self.act("stubborn", "stop", {"timeout": wrong}, 400)["details"][0]["path"], "timeout")

    def test_what_cannot_start_says_why(self):
        self.engine.cli("create", "--name", "no-program", "busybox:latest", "/nonesuch")
        self.assertIn("/nonesuch", self.act("no-program", "start", expected=409)["error"])
        self.engine.run("port-1", options=["--publish", "8090:80"])
        self.engine.cli("create", "--name", "port-2", "--publish", "8090:80", "busybox:latest", "sleep", "9")
        self.assertIn("8090", self.act("port-2", "start", expected=409)["error"])
        self.engine.run("asleep")
        self.engine.cli("pause", "asleep")
        self.assertIn("paused", self.act("asleep", "start", expected=409)["error"])

    def test_unknown_and_wrong_methods(self):
        for action in ("start", "stop", "restart"):
            self.act("nonesuch", action, expected=404)
            self.assertEqual(self.talomed.get(f"/api/containers/x/{action}").status, 405)
        self.act("nonesuch", "explode", expected=404)


@unittest.skipIf(Engine.unavailable(), Engine.unavailable())
class LogTest(EngineCase):
    STAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z "

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        script = ("echo out-1; echo err-1 >&2; head -c 20000 /dev/zero | tr '\\0' a; echo; "
                  "head -c 70000 /dev/zero | tr '\\0' b; echo; printf 'no end'")
        for name, options in (("plain", ()), ("terminal", ("--tty",))):
            cls.engine.run(name, "sh", "-c", script, options=options)
        cls.engine.run("counting", "sh", "-c", "i=0; while [ $i -lt 500 ]; do echo line-$i; i=$((i+1)); done; sleep 86400")
        cls.engine.run("bytes", "sh", "-c", "printf 'a\\377b\\000c\\n'")
        for name in ("plain", "terminal", "bytes"):
            cls.engine.cli("wait", name)
        wait_until(lambda: "line-499" in cls.engine.cli("logs", "counting"), 10)

    def logs(self, name, query="", expected=200):
        answer = self.talomed.get(f"/api/containers/{name}/logs{query}")
        self.assertEqual(answer.status, expected, answer)
        return answer

    def lines(self, name, query=""):
        text = self.logs(name, query).text
        self.assertTrue(text == "" or text.endswith("\n"))
        return text.split("\n")[:-1]

    def test_each_line_begins_with_its_time_and_holds_no_frame_bytes(self):
        for name in ("plain", "terminal"):
            lines = self.lines(name)
            self.assertEqual(len(lines), 5, name)
            for line in lines:
                self.assertRegex(line, self.STAMP, name)
        self.assertEqual(self.logs("plain").headers["Content-Type"], "text/plain; charset=utf-8")

    def test_lines_are_whole(self):
        expected = ["out-1", "err-1", "a" * 20000, "b" * 70000, "no end"]
        for name in ("plain", "terminal"):
            self.assertEqual(sorted(self.lines(name, "?timestamps=false")), sorted(expected), name)
            self.assertEqual(sorted(line[31:] for line in self.lines(name)), sorted(expected), name)

    def test_streams(self):
        self.assertEqual(self.lines("plain", "?timestamps=false&stdout=false"), ["err-1"])
        self.assertNotIn("err-1", self.lines("plain", "?timestamps=false&stderr=false"))
        self.logs("plain", "?stdout=false&stderr=false", 400)

    def test_tail(self):
        every = [f"line-{i}" for i in range(500)]
        for query, expected in (("", every[-200:]), ("&tail=3", every[-3:]), ("&tail=0", []), ("&tail=all", every),
                                ("&tail=10000", every)):
            self.assertEqual(self.lines("counting", f"?timestamps=false{query}"), expected, query)
        for wrong in ("-1", "10001", "some", "1.5", ""):
            self.assertEqual(self.logs("counting", f"?tail={wrong}", 400).json["details"][0]["path"], "tail", wrong)

    def test_since_and_until(self):
        marks = self.lines("plain")
        first, last = marks[0][:30], marks[-1][:30]
        self.assertEqual(len(self.lines("plain", "?since=10m")), 5)
        self.assertEqual(len(self.lines("plain", f"?since={int(time.time()) - 3600}")), 5)
        self.assertEqual(len(self.lines("plain", f"?since={first}")), 5)
        self.assertEqual(self.lines("plain", f"?since={last}")[-1], marks[-1])
        self.assertEqual(self.lines("plain", f"?since={int(time.time()) + 3600}"), [])
        self.assertEqual(self.lines("plain", "?until=2020-01-01T00:00:00Z"), [])
        self.assertEqual(len(self.lines("plain", f"?until={int(time.time()) + 3600}")), 5)
        for field in ("since", "until"):
            for wrong in ("yesterday", "-5", "10x", "2023-02-30", "1%27%20OR"):
                self.assertIn(field, self.logs("plain", f"?{field}={wrong}", 400).json["error"])

    def test_odd_bytes_are_still_utf8(self):
        self.assertEqual(self.logs("bytes", "?timestamps=false").body.decode("utf-8"), "a\ufffdb\0c\n")

    def test_a_long_log_is_cut_at_the_front(self):
        self.engine.run("long", "sh", "-c", "yes 0123456789012345678901234567890123456789 | head -n 400000; echo the end")
        self.engine.cli("wait", "long")
        text = self.logs("long", "?tail=all&timestamps=false").text
        self.assertLess(len(text), 9 << 20)
        self.assertTrue(text.startswith("[older lines are left out"))
        self.assertTrue(text.endswith("\nthe end\n"))


@unittest.skipIf(Engine.unavailable(), Engine.unavailable())
class StatsTest(EngineCase):
    def stats(self, name, expected=200):
        answer = self.talomed.get(f"/api/containers/{name}/stats")
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def test_a_busy_container(self):
        self.engine.run("busy", "sh", "-c", "while :; do :; done")
        wait_until(lambda: self.status_of("busy") == "running", 5)
        self.stats("busy")

        def agrees():  # the machine may be busy with other things: what counts is that both see the same
            theirs = float(self.engine.cli("stats", "--no-stream", "--format", "{{.CPUPerc}}", "busy").rstrip("%"))
            ours = self.stats("busy")["cpuPercent"]
            return ours > 20 and abs(ours - theirs) < 25
        wait_until(agrees, 20, 0.5, "cpuPercent is what docker stats says")
        self.engine.cli("kill", "busy")

    def test_memory_is_without_the_file_cache_and_has_the_containers_limit(self):
        self.engine.run("memory", "sh", "-c", "head -c 50000000 /dev/zero > /file; cat /file > /dev/null; sleep 86400",
                        options=["--memory", "128m"])
        wait_until(lambda: "running" == self.status_of("memory"), 5)
        wait_until(lambda: self.stats("memory")["memoryLimitMb"] == 128, 5)
        self.assertLess(self.stats("memory")["memoryUsageMb"], 40)

    def test_who_does_not_run_has_none(self):
        self.engine.cli("create", "--name", "idle", "busybox:latest", "true")
        wait_until(lambda: self.status_of("idle") == "created", 5)
        self.assertIn("not running", self.stats("idle", 409)["error"])

    def test_the_hosts_network_is_not_a_containers(self):
        self.engine.run("hostly", options=["--network", "host"])
        wait_until(lambda: self.status_of("hostly") == "running", 5)
        stats = self.stats("hostly")
        self.assertEqual((stats["networkRxBytes"], stats["networkTxBytes"]), (0, 0))

    def test_many_who_come_after_a_quiet_time_share_one_reading(self):
        self.engine.run("quiet")
        wait_until(lambda: self.status_of("quiet") == "running", 5)
        time.sleep(14)  # the sampler sleeps after ten seconds without a look
        took = []

        def look():
            begun = time.monotonic()
            self.assertIn("stats", self.list()["quiet"])
            took.append(time.monotonic() - begun)
        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(took), 8)
        self.assertLess(max(took), 0.25 + 0.25, took)  # 250 ms, and as much for a busy machine


@unittest.skipIf(Engine.unavailable(), Engine.unavailable())
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
            wait_until(lambda: talomed.get("/api/containers").status == 200, 5)
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
