"""S1: nobody is believed to be near because a header says so. From several addresses, and from a peer beyond loopback,
every mix of proxy headers opens no door, moves no count of failures, and does not claim a new server."""

import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

from house import House, PASSWORD, USERNAME, first_answer

NAMES = ("X-Forwarded-For", "X-Real-Ip", "Forwarded", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "X-Forwarded-Host",
         "X-Original-Forwarded-For", "X-Remote-Addr", "X-Talome-User", "X-Talome-Role", "Remote-User", "X-Authenticated-User")
VALUES = ("127.0.0.1", "::1", "[::1]", "localhost", "for=127.0.0.1", 'for="[::1]";proto=https', "127.0.0.1, 127.0.0.1", "admin", "0.0.0.0",
          "::ffff:127.0.0.1", "127.1", "2130706433")
PEERS = ("127.0.0.1", "127.0.3.1", "127.0.77.200", "127.254.254.254")
DOORS = ("/api/plugins", "/api/auth/me", "/api/counter/admin/Read", "/api/counter/session/events", "/api/counter/session/socket")


def mixes():
    """Each name with each value, each value under all names at once, and some as several fields."""
    for name, value in itertools.product(NAMES, VALUES):
        yield [(name, value)]
    for value in VALUES:
        yield [(name, value) for name in NAMES]
    for name in NAMES[:3]:
        yield [(name, "203.0.113.9"), (name, "127.0.0.1")]
        yield [(name, "127.0.0.1"), (name, "203.0.113.9")]


def request(path, fields, method="GET", body=b"", host="127.0.0.1"):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *(f"{n}: {v}" for n, v in fields)]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def login_body(password, username=USERNAME, **more):
    return json.dumps({"username": username, "password": password, **more}).encode()


class LoopbackPeersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = cls.enterClassContext(House())
        cls.house.login()

    def test_no_header_opens_a_door(self):
        for number, fields in enumerate(mixes()):
            peer = PEERS[number % len(PEERS)]
            for door in DOORS if number % 10 == 0 else DOORS[:1]:
                with self.subTest(peer=peer, door=door, fields=fields):
                    answer = first_answer(self.house.port, request(door, fields), source=peer)
                    self.assertIn(answer.status, (400, 401), answer)

    def test_headers_that_name_a_user_are_only_text(self):
        fields = [("X-Talome-User", USERNAME), ("X-Talome-Role", "admin"), ("Remote-User", USERNAME)]
        answer = first_answer(self.house.port, request("/api/auth/me", fields))
        self.assertEqual(answer.status, 401, answer)
        self.assertNotIn(USERNAME, answer.text)

    def test_a_count_of_failures_is_of_the_peer(self):
        for number in range(5):
            fields = [("X-Forwarded-For", f"192.0.2.{number}"), ("Forwarded", f"for=192.0.2.{number}"), ("X-Real-Ip", f"192.0.2.{number}")]
            answer = first_answer(self.house.port, request("/api/auth/login", fields, "POST", login_body("wrong password")), source="127.0.4.1")
            self.assertEqual(answer.status, 401, answer)
        answer = first_answer(self.house.port, request("/api/auth/login", [("X-Forwarded-For", "192.0.2.200")], "POST", login_body(PASSWORD)), source="127.0.4.1")
        self.assertEqual(answer.status, 429, answer)
        self.assertEqual(self.house.post("/api/auth/login", {"username": USERNAME, "password": PASSWORD}, token=None, source="127.0.4.2").status, 200)

    def test_sessions_tell_the_true_peer(self):
        self.house.require("GET /api/auth/sessions")
        token = self.house.session(USERNAME, source="127.0.5.1", headers={"X-Forwarded-For": "203.0.113.5", "X-Real-Ip": "203.0.113.5"})
        row = next(row for row in self.house.get("/api/auth/sessions", token=token).json if row["current"])
        self.assertEqual(row["ip"], "127.0.5.1")


class TrustedProxyTest(unittest.TestCase):
    def test_only_the_nearest_untrusted_address_counts(self):
        """A client behind a trusted proxy cannot put another address before its own: the proxy's word is the last one."""
        with House(env={"TRUSTED_PROXIES": "127.0.0.9"}) as house:
            house.login()
            for number in range(5):
                fields = [("X-Forwarded-For", f"127.0.0.{number + 20}, 198.51.100.7")]
                self.assertEqual(first_answer(house.port, request("/api/auth/login", fields, "POST", login_body("wrong password")), source="127.0.0.9").status, 401)
            answer = first_answer(house.port, request("/api/auth/login", [("X-Forwarded-For", "127.0.0.99, 198.51.100.7")], "POST", login_body(PASSWORD)), source="127.0.0.9")
            self.assertEqual(answer.status, 429, answer)
            for fields in mixes():
                answer = first_answer(house.port, request("/api/plugins", fields), source="127.0.0.9")
                self.assertIn(answer.status, (400, 401), (fields, answer))


def command(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, **options)


@contextlib.contextmanager
def neighbour(server="198.51.100.1", client="198.51.100.2"):
    """A network namespace that is a peer with a public address (documentation range, RFC 5737). Gives its command prefix."""
    name, here, there = f"talome-{os.getpid()}-s1", f"ts1h{os.getpid() % 100000}", f"ts1p{os.getpid() % 100000}"
    steps = [("ip", "netns", "add", name), ("ip", "link", "add", here, "type", "veth", "peer", "name", there),
             ("ip", "link", "set", there, "netns", name), ("ip", "addr", "add", f"{server}/30", "dev", here), ("ip", "link", "set", here, "up"),
             ("ip", "-n", name, "addr", "add", f"{client}/30", "dev", there), ("ip", "-n", name, "link", "set", there, "up"),
             ("ip", "-n", name, "link", "set", "lo", "up")]
    try:
        for step in steps:
            done = command(*step)
            if done.returncode:
                raise unittest.SkipTest(f"no network namespace can be made: {' '.join(step)}: {done.stderr.strip()}")
        yield ["nsenter", f"--net=/run/netns/{name}"]
    finally:
        command("ip", "link", "del", here)
        command("ip", "netns", "del", name)


# Runs in the namespace: sends each request of its input, and prints the statuses.
SENDER = """
import json, socket, sys
host, port = sys.argv[1], int(sys.argv[2])
statuses = []
for text in json.load(sys.stdin):
    with socket.create_connection((host, port), timeout=20) as connection:
        connection.sendall(text.encode())
        data = b""
        while piece := connection.recv(65536):
            data += piece
            if data.startswith(b"HTTP/1.1 200 ") and b"event-stream" in data or data.startswith(b"HTTP/1.1 101 "): break
    statuses.append([int(data.split(b" ")[1]), data.decode(errors="replace")])
print(json.dumps(statuses))
"""


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("ip") and shutil.which("nsenter"), "needs root, ip and nsenter")
class BeyondLoopbackTest(unittest.TestCase):
    def send(self, prefix, house, requests):
        done = command(*prefix, sys.executable, "-c", SENDER, "198.51.100.1", str(house.port), input=json.dumps([r.decode() for r in requests]))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_from_a_public_address(self):
        with neighbour() as prefix, House(env={"CORE_HOST": "0.0.0.0"}) as house:
            host = f"198.51.100.1:{house.port}"
            # The new server cannot be claimed from there without the code that it has printed.
            claims = [request("/api/auth/login", fields, "POST", login_body(PASSWORD), host) for fields in
                      [[], [("X-Forwarded-For", "127.0.0.1")], [("X-Real-Ip", "::1")], [("Forwarded", "for=127.0.0.1")], [("X-Forwarded-For", "10.0.0.1")]]]
            self.assertEqual([status for status, _ in self.send(prefix, house, claims)], [403] * len(claims))
            code = re.search(r"setup code ([A-Za-z0-9_-]+)\)", house.log)[1]
            (status, text), = self.send(prefix, house, [request("/api/auth/login", [], "POST", login_body(PASSWORD, setupCode=code), host)])
            self.assertEqual(status, 200, text)
            requests = [request(door, fields, host=host) for number, fields in enumerate(mixes())
                        for door in (DOORS if number % 10 == 0 else DOORS[:1])]
            statuses = {status for status, _ in self.send(prefix, house, requests)}
            self.assertLessEqual(statuses, {400, 401, 403})


if __name__ == "__main__":
    unittest.main()
