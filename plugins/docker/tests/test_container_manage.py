"""What can be done with a container besides start, stop and restart; its inspection, usage as a stream, and events."""

import json
import unittest

from engine_case import EngineCase, Refused, engine_truth, needs_engine, wait_until


@needs_engine
class ManageTest(EngineCase):
    def act(self, name, action, body=None, expected=200):
        answer = self.talomed.post(f"/api/containers/{name}/{action}", body)
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def delete(self, path, expected=200):
        answer = self.talomed.request("DELETE", f"/api/containers/{path}")
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def patch(self, name, body, expected=200):
        answer = self.talomed.request("PATCH", f"/api/containers/{name}", body)
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def test_pause_unpause_and_kill(self):
        self.engine.run("held")
        for action, status in (("pause", "paused"), ("pause", "paused"), ("unpause", "running"), ("unpause", "running")):
            self.assertEqual(self.act("held", action), {"ok": True})
            self.assertEqual(self.status_of("held"), status)
            self.assertEqual(engine_truth(self.engine, "held")["State"]["Status"], status)
        for wrong in ("NOSUCH", "sig kill", "", "SIGKILL;", 9):
            self.assertIn("signal", self.act("held", "kill", {"signal": wrong}, 400)["error"], wrong)
        self.act("held", "kill", {"signal": "SIGCONT"})
        self.assertEqual(self.status_of("held"), "running")
        self.act("held", "kill")
        wait_until(lambda: self.status_of("held") == "exited", 5)
        for action in ("pause", "unpause", "kill"):
            self.act("held", action, expected=409)
            self.act("nonesuch", action, expected=404)
            self.act("a%2Fb", action, expected=400)

    def test_limits_and_policy(self):
        self.engine.run("limited")
        self.patch("limited", {"restartPolicy": "on-failure", "maximumRetryCount": 3, "cpus": 0.5, "memoryMb": 64})
        config = engine_truth(self.engine, "limited")["HostConfig"]
        self.assertEqual(config["RestartPolicy"], {"Name": "on-failure", "MaximumRetryCount": 3})
        self.assertEqual((config["NanoCpus"], config["Memory"]), (500_000_000, 64 << 20))
        self.assertEqual(self.patch("limited", {"restartPolicy": "unless-stopped"})["ok"], True)
        for body, word in (({}, "change"), ({"cpus": 0}, "cpus"), ({"memoryMb": 1}, "memoryMb"), ({"restartPolicy": "sometimes"}, "restartPolicy"),
                           ({"maximumRetryCount": 2}, "maximumRetryCount"), ({"memorySwapMb": 64}, "memorySwapMb"),
                           ({"memoryMb": 64, "memorySwapMb": 32}, "memorySwapMb"), ({"privileged": True}, "privileged")):
            self.assertIn(word, self.patch("limited", body, 400)["error"], body)
        self.patch("nonesuch", {"cpus": 1}, 404)

    def test_remove(self):
        self.engine.run("gone", options=["--volume", "/data"])
        volume = engine_truth(self.engine, "gone")["Mounts"][0]["Name"]
        self.assertEqual(self.delete("gone?volumes=true"), {"ok": True})
        self.assertIsNone(self.status_of("gone"))
        self.assertNotIn(volume, self.engine.cli("volume", "ls", "--quiet"))
        self.delete("gone", 404)
        self.delete("a%2Fb", 400)
        self.engine.run("paused-gone")
        self.engine.cli("pause", "paused-gone")
        self.delete("paused-gone")
        for label in ("talome.role=proxy", "talome.app=shop", "talome.managed=true"):
            self.engine.run("ours", options=["--label", label])
            self.assertIn("not removed by itself", self.delete("ours", 409)["error"])
            self.assertEqual(engine_truth(self.engine, "ours")["State"]["Status"], "running")
            self.delete("ours?force=true")
        self.assertIsNone(self.status_of("ours"))

    def test_top_and_inspect(self):
        self.engine.run("seen", options=["--env", "PASSWORD=s3cret-value"])
        def shown():  # the engine says that it runs while it is still runc's own process
            answer = self.talomed.get("/api/containers/seen/top")
            self.assertEqual(answer.status, 200, answer)
            command = answer.json["titles"].index("CMD")
            return any("sleep 86400" in row[command] for row in answer.json["processes"])
        wait_until(shown, 20, 0.1, "its process is listed")
        raw = self.talomed.get("/api/containers/seen/inspect").json
        truth = engine_truth(self.engine, "seen")
        for field in ("Id", "Config", "HostConfig", "Mounts"):
            self.assertEqual(raw[field], truth[field])
        self.engine.cli("create", "--name", "unseen", "busybox:latest", "true")
        self.assertEqual(self.talomed.get("/api/containers/unseen/top").status, 409)
        for path, status in (("nonesuch", 404), ("a%2Fb", 400), ("%2e%2e", 400), ("f" * 65, 400)):
            for what in ("top", "inspect"):
                self.assertEqual(self.talomed.get(f"/api/containers/{path}/{what}").status, status, path)

    def test_usage_as_a_stream(self):
        self.engine.run("busy", "sh", "-c", "while :; do :; done")
        stream = self.events("/api/containers/busy/stats?stream=true")
        used = 0
        for _ in range(4):
            event, data, _ = stream.next()
            self.assertEqual(event, "stats")
            used = max(used, json.loads(data)["cpuPercent"])
        self.assertGreater(used, 0)  # how much it gets is the machine's affair
        self.engine.cli("kill", "busy")
        while event == "stats":
            event, data, _ = stream.next()
        self.assertEqual((event, json.loads(data)), ("end", {"reason": "the container is not running"}))
        for path, status in (("busy", 409), ("nonesuch", 404), ("a%2Fb", 400)):
            with self.assertRaises(Refused) as refused:
                self.events(f"/api/containers/{path}/stats?stream=true")
            self.assertEqual(refused.exception.status, status)

    def test_events_as_a_stream(self):
        stream = self.events("/api/containers/events")
        whole = self.engine.run("told", "sh", "-c", "while [ ! -e /go ]; do usleep 10000; done; exit 7")
        seen = [stream.next() for _ in range(2)]
        self.assertEqual([each[0] for each in seen], ["container.created", "container.started"])
        self.assertEqual(json.loads(seen[0][1])["id"], whole[:12])
        self.engine.cli("exec", "told", "touch", "/go")
        event, data, number = stream.next()
        self.assertEqual((event, json.loads(data)["exitCode"], json.loads(data)["reason"]), ("container.died", 7, "failed"))
        self.engine.cli("rm", "told")
        self.assertEqual(stream.next()[0], "container.removed")
        again = self.events("/api/containers/events", [f"Last-Event-ID: {number}"])
        self.assertEqual(again.next()[0], "container.removed")


    def history(self, name, query=""):
        answer = self.talomed.get(f"/api/containers/{name}/events{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_history_tells_crashes_from_stops(self):
        self.engine.run("eventful", "sh", "-c", "if [ -e /crash ]; then exit 9; fi; trap 'exit 0' TERM; while :; do usleep 50000; done")
        self.act("eventful", "stop")
        self.act("eventful", "start")
        self.engine.cli("exec", "eventful", "touch", "/crash")
        self.act("eventful", "kill", {"signal": "KILL"})
        wait_until(lambda: self.status_of("eventful") == "exited", 5)
        self.act("eventful", "start")
        wait_until(lambda: len(self.history("eventful", "?crashes=true")) == 1, 5)
        crash = self.history("eventful", "?crashes=true")[0]
        self.assertEqual((crash["event"], crash["exitCode"], crash["reason"], crash["name"]), ("died", 9, "failed", "eventful"))
        self.assertRegex(crash["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        ends = [(each["event"], each.get("reason")) for each in self.history("eventful") if each["event"] in ("stopped", "died")]
        self.assertEqual(ends, [("died", "failed"), ("stopped", "asked"), ("stopped", "asked")])
        self.assertEqual(len(self.history("eventful", "?limit=2")), 2)
        self.engine.cli("rm", "eventful")
        wait_until(lambda: self.history("eventful")[0]["event"] == "removed", 5)
        self.assertEqual(self.talomed.get("/api/containers/nonesuch/events").status, 404)
        self.assertEqual(self.talomed.get("/api/containers/eventful/events?limit=0").status, 400)


@needs_engine
class MembersTest(EngineCase):
    SECRET = "s3cret-value-of-the-environment"

    def test_who_may_what(self):
        self.engine.run("private", options=["--env", f"PASSWORD={self.SECRET}"])
        wait_until(lambda: self.status_of("private") == "running", 5)
        member, outsider = self.member("member", apps=True), self.member("outsider", apps=False)
        reads = ["", "/private", "/private/logs", "/private/stats", "/private/top", "/events", "/private/events", "/private/check", "/check",
                 "/logs?pattern=PASSWORD", "/stacks", "?grouped=true", "/private/startup-errors"]
        for path in reads:
            if path != "/events":
                answer = self.talomed.get(f"/api/containers{path}", token=member)
                self.assertEqual(answer.status, 200, (path, answer))
                self.assertNotIn(self.SECRET, answer.text)
            self.assertEqual(self.talomed.get(f"/api/containers{path}", token=outsider).status, 403, path)
            self.assertEqual(self.talomed.get(f"/api/containers{path}", token=None).status, 401, path)
        for method, path, body in (("GET", "/private/inspect", None), ("DELETE", "/private", None), ("PATCH", "/private", {"cpus": 1}),
                                   ("POST", "/private/exec", {"command": "env"}), ("GET", "/networks", None),
                                   ("POST", "/networks", {"name": "mine"})):
            for token in (member, outsider):
                answer = self.talomed.request(method, f"/api/containers{path}", body, token=token)
                self.assertEqual(answer.status, 403, (method, path, answer))
        for method, path in (("GET", "networks"), ("GET", "images"), ("GET", "volumes"), ("DELETE", "networks/bridge"), ("DELETE", "images/busybox"),
                             ("POST", "networks/prune"), ("POST", "images/prune")):
            self.assertEqual(self.talomed.request(method, f"/api/{path}", token=member).status, 403, (method, path))


if __name__ == "__main__":
    unittest.main()
