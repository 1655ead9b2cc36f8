"""Long work: begun with 202, told as a stream, waited for, cancelled, cut off and gone on with, and nobody else's."""

import json
import pathlib
import socket
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build, wait_until

PLUGINS = build() / "tests" / "plugins" / "worker"
OVER = {"done", "failed", "cancelled", "interrupted"}


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="talome-jobs-")
        self.addCleanup(folder.cleanup)
        self.gate = pathlib.Path(folder.name) / "gate"
        self.talomed = self.enterContext(Talomed(plugin_dirs=[PLUGINS]))
        self.talomed.login()

    def open_gate(self, steps):
        with open(self.gate, "a") as gate:
            gate.write("\n" * steps)

    def begin(self, what="walk", headers=None, token=None, **body):
        answer = self.talomed.post(f"/api/worker/{what}", body, headers=headers, **({"token": token} if token else {}))
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(answer.json["ok"], True)
        self.assertEqual(answer.headers["Location"], "/api/jobs/" + answer.json["jobId"])
        return answer.json["jobId"]

    def job(self, id, **options):
        answer = self.talomed.get(f"/api/jobs/{id}", **options)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def ended(self, id, seconds=20):
        return wait_until(lambda: (job := self.job(id))["status"] in OVER and job, seconds, 0.02, f"job {id} is over")

    def at_step(self, id, step):
        wait_until(lambda: self.job(id).get("progress", {}).get("done") == step, 20, 0.02, f"job {id} is at step {step}")

    def member(self, name="mia"):
        password = "another long password"
        answer = self.talomed.post("/api/users", {"username": name, "password": password})
        self.assertIn(answer.status, (200, 201), answer)
        login = self.talomed.post("/api/auth/login", {"username": name, "password": password}, token=None)
        return answer.json["id"], login.json["token"]

    def events(self, id, last=None, token=None):
        """Reads the stream to its end: [(id, event, data)]."""
        headers = {"Authorization": f"Bearer {token or self.talomed.token}"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        request = urllib.request.Request(f"{self.talomed.url}/api/jobs/{id}/events", headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            if answer.status == 204:
                return None
            self.assertTrue(answer.headers["Content-Type"].startswith("text/event-stream"))
            text = answer.read().decode()
        found = []
        for block in text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
            if "data" in fields and "id" in fields:
                found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
        return found


class LifeTest(Case):
    def test_done(self):
        id = self.begin(steps=3)
        job = self.ended(id)
        self.assertEqual((job["status"], job["kind"], job["plugin"], job["title"]), ("done", "worker.walk", "worker", "A walk"))
        self.assertEqual(job["result"], {"from": 0, "to": 3, "username": "admin"})
        self.assertEqual((job["username"], job["origin"], job["attempts"]), ("admin", "rest", 1))
        self.assertNotIn("error", job)
        self.assertLessEqual(job["createdAt"], job["startedAt"])
        self.assertLessEqual(job["startedAt"], job["endedAt"])

    def test_failed(self):
        job = self.ended(self.begin(steps=1, fail="there is no way"))
        self.assertEqual((job["status"], job["error"], job["errorStatus"]), ("failed", "there is no way", 409))
        self.assertNotIn("result", job)

    def test_over_its_time(self):
        answer = self.talomed.post("/api/worker/late", {})
        job = self.ended(answer.json["jobId"])
        self.assertEqual((job["status"], job["errorStatus"]), ("failed", 504))

    def test_list(self):
        ids = [self.begin(steps=1) for _ in range(3)]
        failed = self.begin(steps=1, fail="no")
        for id in [*ids, failed]:
            self.ended(id)
        answer = self.talomed.get("/api/jobs?limit=2")
        self.assertEqual([job["id"] for job in answer.json], [failed, ids[2]])
        self.assertEqual(answer.headers["X-Total-Count"], "4")
        self.assertEqual([job["id"] for job in self.talomed.get("/api/jobs?limit=2&offset=2").json], [ids[1], ids[0]])
        self.assertEqual([job["id"] for job in self.talomed.get("/api/jobs?status=failed").json], [failed])
        self.assertEqual(len(self.talomed.get("/api/jobs?kind=worker.walk&plugin=worker").json), 4)
        self.assertEqual(self.talomed.get("/api/jobs?kind=worker.other").json, [])
        self.assertEqual(self.talomed.get("/api/jobs?status=odd").status, 400)

    def test_removed(self):
        id = self.begin(steps=1)
        self.ended(id)
        self.assertEqual(self.talomed.request("DELETE", f"/api/jobs/{id}").status, 200)
        self.assertEqual(self.talomed.get(f"/api/jobs/{id}").status, 404)
        self.assertEqual(self.talomed.request("DELETE", f"/api/jobs/{id}").status, 404)

    def test_cancelled_while_it_runs(self):
        id = self.begin(steps=3, gate=str(self.gate))
        self.at_step(id, 0)
        self.assertEqual(self.talomed.request("DELETE", f"/api/jobs/{id}").status, 200)
        job = self.ended(id)
        self.assertEqual(job["status"], "cancelled")

    def test_cancelled_while_it_waits(self):
        running = [self.begin(steps=1, gate=str(self.gate)) for _ in range(2)]
        waits = self.begin(steps=1)
        for id in running:
            self.at_step(id, 0)
        self.assertEqual(self.job(waits)["status"], "queued")  # two of one plugin at once
        self.talomed.request("DELETE", f"/api/jobs/{waits}")
        self.assertEqual(self.job(waits)["status"], "cancelled")
        self.open_gate(1)
        for id in running:
            self.assertEqual(self.ended(id)["status"], "done")

    def test_too_many(self):
        ids = [self.begin(steps=1, gate=str(self.gate)) for _ in range(100)]
        answer = self.talomed.post("/api/worker/walk", {"steps": 1})
        self.assertEqual(answer.status, 429, answer)
        self.open_gate(1)
        for id in ids:
            self.assertEqual(self.ended(id, 60)["status"], "done")
        self.begin(steps=1)


class WaitTest(Case):
    def test_the_result_at_once(self):
        answer = self.talomed.post("/api/worker/walk", {"steps": 2}, headers={"Prefer": "wait=30"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json, {"from": 0, "to": 2, "username": "admin"})
        self.assertEqual(answer.headers["Preference-Applied"], "wait")

    def test_a_failure_at_once(self):
        answer = self.talomed.post("/api/worker/walk", {"steps": 0, "fail": "no way"}, headers={"Prefer": "wait=30"})
        self.assertEqual(answer.status, 409, answer)
        self.assertIn("no way", answer.json["error"])
        self.assertEqual(self.job(answer.json["jobId"])["status"], "failed")

    def test_not_in_time(self):
        id = self.begin(headers={"Prefer": "wait=1"}, steps=1, gate=str(self.gate))
        self.open_gate(1)
        self.ended(id)

    def test_the_same_key_is_the_same_job(self):
        first = self.begin(headers={"Idempotency-Key": "k 1"}, steps=1)
        self.assertEqual(self.begin(headers={"Idempotency-Key": "k 1"}, steps=1), first)
        self.ended(first)
        self.assertEqual(self.begin(headers={"Idempotency-Key": "k 1"}, steps=1), first)
        self.assertNotEqual(self.begin(headers={"Idempotency-Key": "k 2"}, steps=1), first)
        _, token = self.member()
        self.assertNotEqual(self.begin(headers={"Idempotency-Key": "k 1"}, token=token, steps=1), first)
        answer = self.talomed.post("/api/worker/walk", {}, headers={"Idempotency-Key": "k" * 300})
        self.assertEqual(answer.status, 400, answer)


class StreamTest(Case):
    def test_from_its_beginning_to_its_end(self):
        id = self.begin(steps=3)
        events = self.events(id)
        numbers = [number for number, _, _ in events]
        self.assertEqual(numbers, sorted(set(numbers)))
        states = [data["status"] for _, event, data in events if event == "status"]
        self.assertEqual(states, ["running", "done"])
        self.assertEqual(events[-1][1], "status")
        self.assertEqual([data["text"] for _, event, data in events if event == "log"], ["step 0", "step 1", "step 2"])
        self.assertTrue(any(event == "progress" for _, event, _ in events))
        again = self.events(id)  # of one that is over
        self.assertEqual([data["text"] for _, event, data in again if event == "log"], ["step 0", "step 1", "step 2"])
        self.assertEqual(self.events(id, last=again[1][0]), again[2:])
        self.assertIsNone(self.events(id, last=again[-1][0]))  # 204: do not come again

    def test_while_it_runs(self):
        id = self.begin(steps=2, gate=str(self.gate))
        self.at_step(id, 0)
        with socket.create_connection(("127.0.0.1", self.talomed.port)) as client:
            client.settimeout(20)
            client.sendall(f"GET /api/jobs/{id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                           f"{self.talomed.token}\r\n\r\n".encode())
            got = b""
            while b"step 0" not in got:
                got += client.recv(65536)
            self.assertNotIn(b"step 1", got)
            self.open_gate(2)
            while b'"status":"done"' not in got:
                got += client.recv(65536)
            self.assertIn(b"step 1", got)
        self.ended(id)

    def test_many_lines_for_a_slow_start(self):
        id = self.begin(steps=1, lines=2000)
        self.ended(id)
        lines = [data["text"] for _, event, data in self.events(id) if event == "log"]
        self.assertLessEqual(len(lines), 1000)  # the first ones are gone
        self.assertEqual(lines[-1], "step 0")
        self.assertEqual(lines[-2], "line 1999")


class OthersTest(Case):
    def test_a_job_of_another_is_not_there(self):
        _, token = self.member()
        own, other = self.begin(token=token, steps=1), self.begin(steps=1)
        self.ended(own), self.ended(other)
        self.assertEqual([job["id"] for job in self.talomed.get("/api/jobs", token=token).json], [own])
        for method, path in (("GET", ""), ("GET", "/events"), ("DELETE", "")):
            answer = self.talomed.request(method, f"/api/jobs/{other}{path}", token=token)
            self.assertEqual(answer.status, 404, (method, path, answer))
        self.assertEqual({job["id"] for job in self.talomed.get("/api/jobs").json}, {own, other})
        self.assertEqual(self.talomed.get(f"/api/jobs/{own}").json["username"], "mia")
        for path in ("/api/jobs", f"/api/jobs/{own}", f"/api/jobs/{own}/events"):
            self.assertEqual(self.talomed.get(path, token=None).status, 401)

    def test_one_of_the_plugin_itself(self):
        answer = self.talomed.post("/api/worker/own", {})
        self.assertEqual(answer.status, 200, answer)
        job = self.ended(answer.json["jobId"])
        self.assertEqual((job["status"], job["userId"]), ("done", "plugin:worker"))
        _, token = self.member()
        self.assertEqual(self.talomed.get("/api/jobs", token=token).json, [])

    def test_a_kind_that_the_user_may_not_have(self):
        _, token = self.member()
        answer = self.talomed.post("/api/worker/admin", {}, token=token)
        self.assertEqual(answer.status, 403, answer)
        job = self.ended(self.begin("admin"))
        self.assertEqual((job["status"], job["result"]), ("done", {"text": "admin admin rest"}))

    def test_a_user_who_is_deleted(self):
        user, token = self.member()
        running = self.begin(token=token, steps=2, gate=str(self.gate))
        self.at_step(running, 0)
        answer = self.talomed.request("DELETE", f"/api/users/{user}")
        self.assertIn(answer.status, (200, 204), answer)
        job = self.ended(running)
        self.assertEqual((job["status"], job["errorStatus"]), ("cancelled", 403))
        self.assertIn("gone", job["error"])


class CutOffTest(Case):
    def test_goes_on_from_its_checkpoint(self):
        id = self.begin("resume", steps=4, gate=str(self.gate))
        self.open_gate(2)
        self.at_step(id, 2)
        self.talomed.kill9()
        self.open_gate(2)
        self.talomed.start()
        job = self.ended(id)
        self.assertEqual((job["status"], job["attempts"]), ("done", 2))
        self.assertEqual(job["result"], {"from": 2, "to": 4, "username": "admin"})
        events = self.events(id)
        numbers = [number for number, _, _ in events]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(events[-1][2]["status"], "done")

    def test_or_is_settled(self):
        running = [self.begin(steps=2, gate=str(self.gate)) for _ in range(2)]
        for id in running:
            self.at_step(id, 0)
        waits = [self.begin(steps=1) for _ in range(2)]
        self.talomed.kill9()
        self.talomed.start()
        for id in running:
            job = self.ended(id)
            self.assertEqual(job["status"], "interrupted")
            self.assertIn("server ended", job["error"])
        for each in waits:  # those that had not begun do so now
            self.assertEqual(self.ended(each)["status"], "done")

    def test_an_orderly_stop(self):
        on, off = self.begin("resume", steps=3, gate=str(self.gate)), self.begin(steps=3, gate=str(self.gate))
        self.at_step(on, 0), self.at_step(off, 0)
        self.open_gate(1)  # both go one step, then see that they are to end
        self.at_step(on, 1), self.at_step(off, 1)
        self.talomed.signal(15)
        self.open_gate(1)
        self.assertEqual(self.talomed.wait(60), 0)
        self.open_gate(3)
        self.talomed.start()
        self.assertEqual(self.ended(on)["status"], "done")
        self.assertIn(self.ended(off)["status"], ("done", "interrupted"))

    def test_without_its_plugin_it_waits(self):
        id = self.begin("resume", steps=2, gate=str(self.gate))
        self.at_step(id, 0)
        self.talomed.kill9()
        self.talomed.env["TALOME_PLUGIN_DIR"] = "/nonexistent"
        self.talomed.start()
        self.assertEqual(self.job(id)["status"], "queued")
        self.talomed.kill9()
        self.talomed.env["TALOME_PLUGIN_DIR"] = str(PLUGINS)
        self.open_gate(2)
        self.talomed.start()
        self.assertEqual(self.ended(id)["status"], "done")


class ReplaceTest(Case):
    def replace(self):
        answer = self.talomed.post("/api/plugins/worker/replace", {})
        self.assertEqual(answer.status, 200, answer)

    def test_one_that_is_resumable_goes_on_in_the_new_generation(self):
        id = self.begin("resume", steps=3, gate=str(self.gate))
        self.at_step(id, 0)
        self.replace()
        self.assertEqual(self.job(id)["status"], "running")  # until its next checkpoint
        self.open_gate(3)
        job = self.ended(id)
        self.assertEqual((job["status"], job["attempts"]), ("done", 2))
        self.assertEqual(job["result"]["from"], 1)

    def test_one_that_is_not_ends_in_the_old_one(self):
        id = self.begin(steps=3, gate=str(self.gate))
        self.at_step(id, 0)
        self.replace()
        self.open_gate(3)
        job = self.ended(id)
        self.assertEqual((job["status"], job["attempts"]), ("done", 1))

    def test_a_disabled_plugin(self):
        running = [self.begin("resume", steps=1, gate=str(self.gate)) for _ in range(2)]
        for id in running:
            self.at_step(id, 0)
        waits = self.begin(steps=1)
        self.open_gate(1)  # what runs comes to its checkpoint
        self.assertEqual(self.talomed.post("/api/plugins/worker/disable", {}).status, 200)
        self.assertIn(self.job(waits)["status"], ("queued", "done"))
        self.assertEqual(self.talomed.post("/api/plugins/worker/enable", {}).status, 200)
        for id in [*running, waits]:
            self.assertEqual(self.ended(id)["status"], "done")


if __name__ == "__main__":
    unittest.main()
