"""Images: list, detail, remove, pull with progress, update checks, clean-up; from a real registry."""

import os
import pathlib
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from registry_case import Line, Registry, RegistryCase, needs_registry, wait_until
from engine_case import engine_truth

MEBIBYTES = 200 if os.environ.get("TALOME_TEST_FULL") == "1" else 40


@needs_registry
class ImagesTest(RegistryCase):
    def ask(self, method, path, body=None, expected=200):
        answer = self.talomed.request(method, path, body)
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def test_list_and_detail(self):
        self.engine.run("user-of-busybox")
        shown = {tag: each for each in self.ask("GET", "/api/images") for tag in each["tags"]}
        truth = engine_truth(self.engine, "busybox:latest")
        one = shown["busybox:latest"]
        self.assertEqual((one["id"], one["sizeBytes"], one["dangling"]), (truth["Id"][7:19], truth["Size"], False))
        self.assertIn("user-of-busybox", one["containers"])
        for ref in ("busybox:latest", "busybox", truth["Id"], one["id"], "docker.io%2Flibrary%2Fbusybox%3Alatest"):
            self.assertEqual(self.ask("GET", f"/api/images/{ref}")["id"], truth["Id"], ref)
        for ref, status in (("nonesuch", 404), ("%2e%2e", 400), ("..%2f..%2finfo", 400), ("A", 400), ("a%20b", 400), ("f" * 65, 404)):
            self.assertEqual(self.talomed.get(f"/api/images/{ref}").status, status, ref)

    def test_remove(self):
        self.engine.cli("tag", "busybox:latest", "spare:1")
        self.assertEqual(self.ask("DELETE", "/api/images/spare:1"), {"ok": True, "untagged": ["spare:1"], "deleted": []})
        self.ask("DELETE", "/api/images/spare:1", expected=404)
        self.engine.run("holds-it")
        self.engine.cli("tag", "busybox:latest", "spare:2")
        self.ask("DELETE", f"/api/images/{engine_truth(self.engine, 'busybox:latest')['Id'][7:19]}", expected=409)

    def test_pull(self):
        self.push("plain:1")
        job = self.ended(self.begin(image="127.0.0.1:5000/plain:1"))
        self.assertEqual(job["status"], "done", job)
        truth = engine_truth(self.engine, "127.0.0.1:5000/plain:1")
        self.assertEqual(job["result"]["id"], truth["Id"])
        self.assertEqual(job["result"]["digests"], truth["RepoDigests"])
        again = self.ended(self.begin(image="127.0.0.1:5000/plain:1"))
        self.assertEqual(again["result"]["upToDate"], True)
        for body in ({}, {"image": ""}, {"image": "A B"}, {"image": "--help"}, {"image": "a;b"}, {"image": "x", "platform": "; ls"}):
            self.begin(400, **body)

    def test_a_pull_that_fails_says_why(self):
        for image, words in (("127.0.0.1:5000/nonesuch:1", ("manifest unknown", "not found")), ("127.0.0.1:4999/x", ("refused",))):
            job = self.ended(self.begin(image=image))
            self.assertEqual(job["status"], "failed", job)
            self.assertTrue(any(word in str(job["error"]) for word in words), job)

    def test_update_checks(self):
        self.push("moving:1")
        self.ended(self.begin(image="127.0.0.1:5000/moving:1"))
        self.engine.cli("run", "--detach", "--init", "--name", "moves", "127.0.0.1:5000/moving:1", "sleep", "86400")
        path = "/api/images/update?image=127.0.0.1:5000/moving:1"
        first = self.ask("GET", path)
        self.assertEqual((first["state"], first["updateAvailable"]), ("current", False))
        before = len(self.registry.requests)
        self.assertEqual(self.ask("GET", path), first)
        self.assertEqual(len(self.registry.requests), before, "asked again within five minutes")
        with tempfile.TemporaryDirectory() as folder:
            content = pathlib.Path(folder, "new")
            content.write_text("newer\n")
            self.image_of(content, "newer:1")
        self.engine.cli("tag", "127.0.0.1:5000/moving:1", "keep:1")
        self.engine.cli("tag", "newer:1", "127.0.0.1:5000/moving:1")
        self.engine.cli("push", "127.0.0.1:5000/moving:1")
        self.engine.cli("rmi", "127.0.0.1:5000/moving:1")
        self.engine.cli("tag", "keep:1", "127.0.0.1:5000/moving:1")
        second = self.ask("GET", path + "&refresh=true")
        self.assertEqual((second["state"], second["updateAvailable"]), ("available", True))
        self.assertNotIn(second["latestDigest"], second["localDigests"])
        self.assertIn("HEAD /v2/moving/manifests/1", self.registry.requests[-1])
        job = self.ended(self.ask("POST", "/api/images/updates/check", expected=202)["jobId"])
        self.assertEqual((job["status"], job["result"]["available"]), ("done", 1), job)
        known = {each["image"]: each for each in self.ask("GET", "/api/images/updates")}
        self.assertEqual((known["127.0.0.1:5000/moving:1"]["state"], known["127.0.0.1:5000/moving:1"]["containers"]), ("available", ["moves"]))
        self.assertEqual(self.ask("GET", "/api/images/update?image=busybox")["state"], "local")
        digest = second["localDigests"][0]
        self.assertEqual(self.ask("GET", f"/api/images/update?image=127.0.0.1:5000/moving@{digest}")["state"], "pinned")
        self.ask("GET", "/api/images/update?image=nonesuch", expected=404)
        self.ask("GET", "/api/images/update?image=../x", expected=400)

    def test_registries_with_a_password(self):
        with Registry(5002, ("robot", "s3cret-password")):
            self.engine.cli("login", "--username", "robot", "--password", "s3cret-password", "127.0.0.1:5002")
            self.push("closed:1", 5002)
            self.engine.cli("logout", "127.0.0.1:5002")
            job = self.ended(self.begin(image="127.0.0.1:5002/closed:1"))
            self.assertEqual(job["status"], "failed", job)
            stored = self.talomed.request("PUT", "/api/settings", {"docker_registries": {"127.0.0.1:5002": {"username": "robot", "password": "s3cret-password"}}})
            self.assertEqual(stored.status, 200, stored)
            job = self.ended(self.begin(image="127.0.0.1:5002/closed:1"))
            self.assertEqual(job["status"], "done", job)
            self.assertEqual(self.ask("GET", "/api/images/update?image=127.0.0.1:5002/closed:1")["state"], "current")
            self.assertNotIn("s3cret-password", self.talomed.get("/api/settings").text)
            self.assertNotIn("s3cret-password", self.talomed.log)
            for file in self.talomed.state.rglob("*"):
                if file.is_file():
                    self.assertNotIn(b"s3cret-password", file.read_bytes(), file)

    def test_tokens_and_rate_limits(self):
        self.push("limited:1")
        seen = []

        class Scripted(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                seen.append((self.command, self.path, self.headers.get("Authorization")))
                if self.path.startswith("/token"):
                    return self.say(200, b'{"token":"abc"}')
                if self.path.startswith("/v2/limited") and self.headers.get("Authorization") == "Bearer abc":
                    if len([each for each in seen if each[2]]) > 1:
                        return self.say(429, b"", {"Retry-After": "77"})
                    return self.say(200, b"", {"Docker-Content-Digest": "sha256:" + "1" * 64})
                return self.say(401, b"", {"WWW-Authenticate": 'Bearer realm="http://127.0.0.1:5003/token",service="s",scope="x"'})

            def say(self, status, body, fields=None):
                self.send_response(status)
                for name, value in (fields or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = answer

            def log_message(self, *_):
                pass

        with Line(5003, 5000):  # for the engine to know a digest under this name
            self.engine.cli("pull", "127.0.0.1:5003/limited:1")
        server = ThreadingHTTPServer(("127.0.0.1", 5003), Scripted)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        path = "/api/images/update?refresh=true&image=127.0.0.1:5003/limited:1"
        first = self.ask("GET", path)
        self.assertEqual(first["state"], "available")
        self.assertIn("scope=repository%3Alimited%3Apull", seen[1][1])
        second = self.ask("GET", path)
        self.assertIn("left alone", second["error"])
        asked = len(seen)
        self.assertIn("left alone", self.ask("GET", path)["error"])
        self.assertEqual(len(seen), asked, "asked although it was told not to")

    def test_volumes(self):
        made = self.ask("POST", "/api/volumes", {"name": "box", "labels": {"a": "b"}}, 201)
        self.assertEqual(made, {"ok": True, "name": "box"})
        self.ask("POST", "/api/volumes", {"name": "box"}, 409)
        for body in ({}, {"name": ""}, {"name": "../x"}, {"name": "a b"}, {"name": "x" * 256}):
            self.ask("POST", "/api/volumes", body, 400)
        self.ask("POST", "/api/volumes", {"name": "x", "driver": "nonesuch"}, 400)
        self.engine.cli("create", "--name", "boxed", "--volume", "box:/data", "busybox:latest", "true")
        one = self.ask("GET", "/api/volumes/box")
        self.assertEqual((one["labels"], one["containers"], one["driver"]), ({"a": "b"}, ["boxed"], "local"))
        self.assertIn(one, self.ask("GET", "/api/volumes"))
        self.assertIn("boxed", self.ask("DELETE", "/api/volumes/box", expected=409)["error"])
        self.engine.cli("rm", "boxed")
        self.ask("DELETE", "/api/volumes/box")
        self.ask("DELETE", "/api/volumes/box", expected=404)
        self.ask("GET", "/api/volumes/%2e%2e", expected=400)

    def test_clean_up_takes_what_it_showed(self):
        self.engine.cli("create", "--name", "stopped-one", "--volume", "used:/d", "busybox:latest", "true")
        self.engine.cli("volume", "create", "unused")
        with tempfile.TemporaryDirectory() as folder:
            for i in range(2):
                content = pathlib.Path(folder, "layer")
                content.write_bytes(os.urandom(100_000))
                self.image_of(content, "layered:1")  # the first loses its name
        usage = self.ask("GET", "/api/docker/disk-usage?refresh=true")
        self.assertEqual([each["type"] for each in usage["categories"]], ["images", "containers", "volumes", "buildCache"])
        self.assertGreater(usage["totalReclaimableBytes"], 199_999)
        shown = self.ask("POST", "/api/docker/prune")
        self.assertEqual(([each["target"] for each in shown["results"]], shown["dryRun"]), (["images", "buildCache"], True))
        self.assertEqual(len(shown["results"][0]["items"]), 1)
        self.assertGreater(shown["bytes"], 99_000)
        done = self.ask("POST", "/api/docker/prune", {"dryRun": False})
        self.assertEqual(done["results"][0]["items"], shown["results"][0]["items"])
        self.assertEqual(self.ask("POST", "/api/images/prune")["results"][0]["items"], [])
        self.assertIn("layered:1", self.ask("POST", "/api/images/prune", {"all": True})["results"][1]["items"])
        self.assertIn("stopped-one", self.engine.cli("ps", "--all", "--format", "{{.Names}}"))
        volumes = self.ask("POST", "/api/volumes/prune", {"dryRun": False})["results"][0]["items"]
        self.assertIn("unused", volumes)
        self.assertNotIn("used", volumes)
        for body in ({"targets": []}, {"targets": ["everything"]}, {"dryRun": "no"}, {"targets": "images"}):
            self.ask("POST", "/api/docker/prune", body, 400)


@needs_registry
class PullTest(RegistryCase):
    """An image of 200 MiB (TALOME_TEST_FULL=1, else 40) over a line that is slow."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with tempfile.TemporaryDirectory() as folder:
            content = pathlib.Path(folder, "big")
            with open(content, "wb") as file:
                for _ in range(MEBIBYTES):
                    file.write(os.urandom(1 << 20))
            cls.image_of(content, "big:1")
        cls.push("big:1", source="big:1")
        cls.engine.cli("rmi", "big:1")
        cls.line = cls.enterClassContext(Line(5001, 5000))
        answer = cls.talomed.request("PUT", "/api/settings", {"docker_pull_stall_seconds": 5})
        assert answer.status == 200, answer

    def setUp(self):
        self.line.rate, self.line.stalled = MEBIBYTES << 18, False  # four seconds
        self.engine.cli("rmi", "--force", "127.0.0.1:5001/big:1", check=False)

    def progressing(self, number, least):
        return wait_until(lambda: (progress := self.job(number).get("progress", {})).get("done", 0) >= least and progress, 30, 0.05)

    def test_bytes_are_counted(self):
        number = self.begin(image="127.0.0.1:5001/big:1")
        seen = []
        while (job := self.job(number))["status"] not in ("done", "failed"):
            progress = job.get("progress", {})
            if progress.get("phase") == "download" and (not seen or progress["done"] != seen[-1]):
                seen.append(progress["done"])
                self.assertEqual(progress["unit"], "bytes")
            time.sleep(0.1)
        self.assertEqual(job["status"], "done", job)
        self.assertGreater(len(seen), 5)
        self.assertEqual(seen, sorted(seen))
        self.assertGreater(job["progress"]["total"], MEBIBYTES * 1_000_000)
        self.assertEqual(job["progress"]["done"], job["progress"]["total"])

    def test_cancelled(self):
        number = self.begin(image="127.0.0.1:5001/big:1")
        self.progressing(number, 5_000_000)
        self.assertEqual(self.talomed.request("DELETE", f"/api/jobs/{number}").status, 200)
        self.assertEqual(self.ended(number, 10)["status"], "cancelled")
        time.sleep(1)
        self.assertNotIn("big", self.engine.cli("images", "--format", "{{.Repository}}"))

    def test_a_registry_that_stalls(self):
        number = self.begin(image="127.0.0.1:5001/big:1")
        self.progressing(number, 5_000_000)
        self.line.stalled = True
        begun = time.monotonic()
        job = self.ended(number, 30)
        self.assertLess(time.monotonic() - begun, 15)
        self.assertEqual(job["status"], "failed", job)
        self.assertIn("stalled", str(job["error"]))


if __name__ == "__main__":
    unittest.main()
