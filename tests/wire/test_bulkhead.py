"""A plugin that is slow, and clients that are: neither holds up the others."""

import concurrent.futures
import json
import socket
import sys
import time
import unittest

from clients import SANITIZED, Connection, build, head, token_of, wire_server

sys.path.insert(0, str(build().parents[1] / "tests"))
from support import wait_until  # noqa: E402


def post(path, fields=(), token=None):
    return head(path, token, fields).replace(b"GET", b"POST", 1)


class BulkheadTest(unittest.TestCase):
    def test_sixteen_run_and_the_rest_is_told_to_come_again(self):
        plugins = [build() / "tests/plugins/c-wire", build() / "tests/plugins/c-hello"]
        with wire_server(plugin_dirs=plugins) as talomed:
            token = token_of(talomed)
            held = [Connection(talomed.port) for _ in range(64)]
            for connection in held:
                connection.socket.sendall(head("/api/c-wire/wait?ms=3000", token, ["Connection: close"]))
            time.sleep(0.2)
            taken = []
            with Connection(talomed.port) as other:
                for _ in range(300):
                    begin = time.monotonic()
                    other.socket.sendall(head("/api/c-hello/Ann", token))
                    answer = other.until(b"\r\n\r\n")
                    other.exactly(int(answer.split(b"Content-Length: ")[1].split(b"\r\n")[0]))
                    self.assertTrue(answer.startswith(b"HTTP/1.1 200 "))
                    taken.append(time.monotonic() - begin)
            self.assertLess(sorted(taken)[int(len(taken) * 0.99)], 0.01 if SANITIZED == 1 else 0.1)
            answers = [connection.rest() for connection in held]
            for connection in held:
                connection.socket.close()
            refused = [a for a in answers if a.startswith(b"HTTP/1.1 503 ")]
            self.assertEqual(sum(a.startswith(b"HTTP/1.1 200 ") for a in answers), 16)
            self.assertEqual(len(refused), 48)
            for answer in refused:
                self.assertIn(b"Retry-After: 1\r\n", answer)
                self.assertIn("c-wire is busy", json.loads(answer.split(b"\r\n\r\n")[1])["error"])
            metrics = talomed.get("/metrics").text
            self.assertIn('talome_plugin_refused_total{plugin="c-wire"} 48', metrics)
            self.assertIn('talome_plugin_calls_running{plugin="c-wire"} 0', metrics)


class SlowClientsTest(unittest.TestCase):
    """A stranger's connections, each with a byte of what it promised."""

    def hold(self, talomed, request, n=70):
        held = []
        for _ in range(n):
            connection = Connection(talomed.port)
            self.addCleanup(connection.socket.close)
            connection.socket.sendall(request)
            held.append(connection)
        return held

    def assert_quick(self, talomed):
        taken = []
        for _ in range(20):
            begin = time.monotonic()
            self.assertEqual(talomed.get("/api/health", token=None).status, 200)
            taken.append(time.monotonic() - begin)
        self.assertLess(max(taken), 1)

    def test_bodies_that_do_not_come(self):
        with wire_server() as talomed:
            login = "/api/auth/login"
            for request in (post(login, ["Content-Type: application/json", "Content-Length: 500"]) + b"{",
                            post(login, ["Content-Type: application/json", "Transfer-Encoding: chunked"]) + b"1",
                            post(login, ["Content-Type: application/json", "Transfer-Encoding: chunked"]) + b"1\r\n{\r\n"):
                held = self.hold(talomed, request)
                self.assert_quick(talomed)
                for connection in held:
                    connection.socket.close()

    def test_bodies_that_nobody_wants(self):
        with wire_server() as talomed:
            for request in (post("/api/nothing", ["Content-Length: 500000"]) + b"x", head("/api/health", None, ["Content-Length: 500000"]) + b"x"):
                held = self.hold(talomed, request)
                self.assert_quick(talomed)
                for connection in held:
                    connection.until(b"\r\n\r\n")
                    connection.socket.close()

    def test_a_body_that_comes_late_is_served(self):
        with wire_server() as talomed:
            token = token_of(talomed)
            body = json.dumps({"count": 0}).encode()
            with Connection(talomed.port) as connection:
                for _ in range(3):
                    connection.socket.sendall(post("/api/c-wire/publish", ["Content-Type: application/json", f"Content-Length: {len(body)}"], token))
                    for byte in body:
                        time.sleep(0.02)
                        connection.socket.sendall(bytes([byte]))
                    self.assertTrue(connection.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 "))
                    connection.exactly(11)

    def test_huge_login_body(self):
        with wire_server() as talomed:
            token_of(talomed)
            chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"

            def rss():
                with open(f"/proc/{talomed.pid}/status") as file:
                    return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

            before = rss()
            with Connection(talomed.port) as connection:
                connection.socket.sendall(post("/api/auth/login", ["Content-Type: application/json", "Transfer-Encoding: chunked"]))
                try:
                    for _ in range(300 << 4):
                        connection.socket.sendall(chunk)
                    self.fail("all of it was taken")
                except OSError:
                    pass
            with Connection(talomed.port) as connection:
                connection.socket.sendall(post("/api/auth/login", ["Content-Type: application/json", "Transfer-Encoding: chunked"]) + chunk)
                self.assertTrue(connection.rest().startswith(b"HTTP/1.1 413 "))
            self.assertLess(rss() - before, SANITIZED * 1024)


class StopTest(unittest.TestCase):
    def test_answers_and_bodies_under_way_are_finished(self):
        with wire_server() as talomed:
            token = token_of(talomed)
            body = json.dumps({"count": 0}).encode()
            slow, late = Connection(talomed.port), Connection(talomed.port)
            slow.socket.sendall(head("/api/c-wire/wait?ms=1500", token))
            late.socket.sendall(post("/api/c-wire/publish", ["Content-Type: application/json", f"Content-Length: {len(body)}"], token) + body[:3])
            time.sleep(0.3)
            talomed.signal(15)
            time.sleep(0.3)
            late.socket.sendall(body[3:])
            for connection in (slow, late):
                self.assertTrue(connection.rest().startswith(b"HTTP/1.1 200 "))
                connection.socket.close()
            self.assertEqual(talomed.wait(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
