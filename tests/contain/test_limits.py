"""What one plugin may take: time, streams, what waits for their clients, bodies. Whoever hits a limit is told which."""

import json
import pathlib
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, wait_until  # noqa: E402
from support.paths import build  # noqa: E402

PLUGINS = [build() / "tests/plugins" / name for name in ("glutton", "c-hello")]


def server(limits=""):
    config = f"plugins:\n  limits:\n    glutton: {{{limits}}}\n" if limits else None
    return Talomed(plugin_dirs=PLUGINS, config=config)


class Client:
    """A request whose answer nobody reads yet."""

    def __init__(self, talomed, method, path, headers=(), body=b""):
        self.socket = socket.create_connection(("127.0.0.1", talomed.port), timeout=30)
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {talomed.token}", *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode() + body)

    def head(self):
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(4096) or self.fail()
        return data

    def fail(self):
        raise AssertionError("the connection ended within the head")

    def close(self):
        self.socket.close()


class Case(unittest.TestCase):
    def start(self, limits=""):
        talomed = server(limits)
        self.addCleanup(talomed.close)
        talomed.start().login()
        return talomed

    def resources(self, talomed):
        return talomed.get("/api/plugins/glutton").json["resources"]


class TimeTest(Case):
    def test_a_handler_that_asks_returns_in_time(self):
        talomed = self.start()
        answer = talomed.get("/api/glutton/wait?ms=30000", timeout=30)
        self.assertEqual(answer.status, 504, answer)
        self.assertEqual(answer.json["error"], "glutton.wait did not answer within 400 ms, its time limit")
        answer = talomed.get("/api/glutton/wait?ms=1")
        self.assertEqual((answer.status, answer.json["cancelled"]), (200, False))

    def test_one_that_does_not_ask_is_answered_for(self):
        talomed = self.start()
        began = time.monotonic()
        answer = talomed.get("/api/glutton/wait?ms=15000&stubborn=true", timeout=30)
        self.assertEqual(answer.status, 504, answer)
        self.assertIn("glutton.wait did not answer within 400 ms", answer.json["error"])
        self.assertEqual(answer.headers["Connection"].lower(), "close")
        self.assertLess(time.monotonic() - began, 12)  # the handler takes 15 s
        self.assertEqual(self.resources(talomed)["callsRunning"], 1)
        self.assertEqual(self.resources(talomed)["callsOverdue"], 1)
        self.assertEqual(talomed.log.count("and still runs"), 1)
        self.assertIn("GET /api/glutton/wait", talomed.log)
        wait_until(lambda: self.resources(talomed)["callsRunning"] == 0, 30)
        self.assertEqual(talomed.get("/api/c-hello/Ann").status, 200)

    def test_who_calls_inside_a_call_has_its_time(self):
        talomed = self.start()
        answer = talomed.get("/api/glutton/outer", timeout=30)
        self.assertEqual(answer.status, 504, answer)

    def test_the_usual_limit_and_another(self):
        talomed = self.start()
        self.assertTrue(25_000 < talomed.get("/api/glutton/limit").json["deadlineMs"] <= 30_000)
        talomed = self.start("call_seconds: 7")
        self.assertTrue(2_000 < talomed.get("/api/glutton/limit").json["deadlineMs"] <= 7_000)

    def test_sixteen_that_hang_are_all_that_hang(self):
        """The limit of what can be done: the threads of handlers that do not return are gone until they do, at most as
        many as the plugin's calls. The others are served."""
        talomed = self.start()
        clients = [Client(talomed, "GET", "/api/glutton/wait?ms=6000&stubborn=true") for _ in range(16)]
        answers = [client.head() for client in clients]
        self.assertEqual({answer.split()[1] for answer in answers}, {b"504"})
        answer = talomed.get("/api/glutton/limit")
        self.assertEqual(answer.status, 503)
        self.assertIn("glutton is busy with 16 calls", answer.json["error"])
        self.assertIn("Retry-After", answer.headers)
        self.assertEqual(talomed.get("/api/c-hello/Ann").status, 200)
        for client in clients:
            client.close()
        wait_until(lambda: talomed.get("/api/glutton/limit").status == 200, 30)


class HoldingsTest(Case):
    def test_streams(self):
        talomed = self.start("streams: 2")
        held = [Client(talomed, "GET", "/api/glutton/stream") for _ in range(2)]
        for client in held:
            self.addCleanup(client.close)
            self.assertIn(b" 200 ", client.head())
        answer = talomed.get("/api/glutton/stream")
        self.assertEqual(answer.status, 503, answer)
        self.assertEqual(answer.json["error"], "glutton has 2 streams open, which is all that one plugin may have")
        self.assertIn("Retry-After", answer.headers)
        self.assertEqual(self.resources(talomed)["streams"], 2)
        self.assertEqual(self.resources(talomed)["callsRefused"], 1)
        held[0].close()
        wait_until(lambda: self.resources(talomed)["streams"] == 1)
        again = Client(talomed, "GET", "/api/glutton/stream")
        self.addCleanup(again.close)
        self.assertIn(b" 200 ", again.head())

    def test_what_waits_for_all_its_clients_together(self):
        """Two clients that read nothing: each may have 32 MiB waiting, both together 3."""
        talomed = self.start("queued: 3000000")
        for _ in range(2):
            client = Client(talomed, "GET", "/api/glutton/stream")
            self.addCleanup(client.close)
            client.head()
        sent = 0
        for _ in range(400):
            answer = talomed.post("/api/glutton/feed", {"ms": 500_000})
            self.assertEqual(answer.status, 200, answer)
            sent += answer.json
            if answer.json == 0:
                break
        self.assertEqual(answer.json, 0)
        queued = self.resources(talomed)["queuedBytes"]
        self.assertLessEqual(queued, 3_000_000 + 2 * 500_000)
        self.assertGreater(queued, 1_000_000)
        metrics = talomed.get("/metrics").text
        self.assertIn('talome_plugin_queued_bytes{plugin="glutton"}', metrics)

    def test_bodies(self):
        talomed = self.start("bodies: 100000")
        size = 90_000
        clients = [Client(talomed, "POST", "/api/glutton/take", ["Content-Type: application/json", f"Content-Length: {size}"],
                          b'{"text": "' + b"x" * 80_000) for _ in range(1)]
        for client in clients:
            self.addCleanup(client.close)

        def refused():
            answer = talomed.post("/api/glutton/take", {"text": "y" * 50_000})
            return answer if answer.status == 503 else None

        answer = wait_until(refused)
        self.assertIn("glutton is receiving 100000 bytes", answer.json["error"])
        clients[0].close()
        wait_until(lambda: talomed.post("/api/glutton/take", {"text": "y" * 50_000}).status < 300)

    def test_calls(self):
        talomed = self.start("calls: 1")
        client = Client(talomed, "GET", "/api/glutton/spin?ms=2000")
        self.addCleanup(client.close)
        wait_until(lambda: self.resources(talomed)["callsRunning"] == 1)
        answer = talomed.get("/api/glutton/limit")
        self.assertEqual(answer.status, 503)
        self.assertIn("glutton is busy with 1 calls", answer.json["error"])


class UseTest(Case):
    def test_cpu_and_counts(self):
        talomed = self.start()
        before = self.resources(talomed)
        for _ in range(3):
            talomed.get("/api/glutton/spin?ms=100")
        after = self.resources(talomed)
        self.assertEqual(after["callsTotal"] - before["callsTotal"], 3)
        self.assertGreater(after["cpuSeconds"], before["cpuSeconds"])
        self.assertLess(after["cpuSeconds"] - before["cpuSeconds"], 1)
        talomed.get("/api/glutton/wait?ms=30000", timeout=30)
        self.assertEqual(self.resources(talomed)["callsFailed"], before["callsFailed"] + 1)
        metrics = talomed.get("/metrics").text
        self.assertIn('talome_plugin_calls_total{plugin="glutton"} 4', metrics)
        self.assertIn('talome_plugin_cpu_seconds_total{plugin="glutton"}', metrics)


class ConfigTest(unittest.TestCase):
    def test_what_is_wrong_is_said(self):
        for limits, words in (("calls: 0", "plugins.limits.glutton.calls: expected a number from 1 to 64"),
                              ("threads: 3", "plugins.limits.glutton.threads: is not a known key"),
                              ("streams: many", "plugins.limits.glutton.streams: expected a number")):
            with self.subTest(limits):
                talomed = server(limits)
                self.assertIn(words, talomed.refuses_to_start())
                talomed.close()


if __name__ == "__main__":
    unittest.main()
