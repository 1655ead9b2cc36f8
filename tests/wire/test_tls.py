"""The same server over TLS: requests, files, uploads, streams, WebSockets; handshakes that do not come to an end."""

import hashlib
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

from clients import TEXT, Connection, Events, WebSocket, build, head, wire_server

sys.path.insert(0, str(build().parents[1] / "tests"))
from support import wait_until  # noqa: E402
from support.talomed import PASSWORD, USERNAME  # noqa: E402


def certificate(folder):
    files = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="talome-tls-")))
        cert, key = certificate(cls.folder)
        cls.context = ssl.create_default_context(cafile=cert)
        cls.talomed = wire_server(env={"CORE_TLS_CERT": cert, "CORE_TLS_KEY": key})
        cls.addClassCleanup(cls.talomed.close)
        cls.talomed.spawn()
        wait_until(lambda: "listens on https://" in cls.talomed.log, 20, what="talomed listens")
        answer = cls.ask("POST", "/api/auth/login", json.dumps({"username": USERNAME, "password": PASSWORD}), {"Content-Type": "application/json"}, token="")
        cls.token = json.loads(answer[2])["token"]
        cls.cookie = answer[1]["Set-Cookie"]

    @classmethod
    def ask(cls, method, path, body=None, fields=None, token=None):
        connection = http.client.HTTPSConnection("localhost", cls.talomed.port, timeout=20, context=cls.context)
        sent = dict(fields or {})
        token = cls.token if token is None else token
        if token:
            sent["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def test_requests(self):
        status, headers, body = self.ask("GET", "/healthz")
        self.assertEqual((status, body), (200, b'{"status":"ok"}'))
        self.assertIn("max-age", headers["Strict-Transport-Security"])
        with Connection(self.talomed.port, tls=self.context) as connection:
            connection.socket.sendall(head("/healthz") * 50)
            for _ in range(50):
                self.assertTrue(connection.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 "))
                connection.exactly(15)
            for byte in head("/healthz"):
                connection.socket.sendall(bytes([byte]))
            self.assertTrue(connection.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 "))

    def test_the_cookie_comes_back_by_https_only(self):
        self.assertTrue(self.cookie.endswith("; Secure"), self.cookie.split(";")[1:])

    def test_files_both_ways(self):
        content = os.urandom(20 << 20)
        (self.folder / "up").mkdir()
        query = urllib.parse.urlencode({"dir": self.folder / "up"})
        status, _, body = self.ask("POST", f"/api/c-wire/upload?{query}", content, {"Content-Type": "application/octet-stream"})
        self.assertEqual(status, 201, body)
        self.assertIn(hashlib.sha256(content).hexdigest(), body.decode())
        query = urllib.parse.urlencode({"path": self.folder / "up" / "body"})
        self.assertEqual(self.ask("GET", f"/api/c-wire/file?{query}")[2] == content, True)
        status, _, part = self.ask("GET", f"/api/c-wire/file?{query}", fields={"Range": "bytes=70000-200000"})
        self.assertEqual((status, part == content[70000:200001]), (206, True))

    def test_streams(self):
        with Events(self.talomed.port, "/api/c-wire/events", self.token, tls=self.context) as events, \
                WebSocket(self.talomed.port, "/api/c-wire/ws", self.token, tls=self.context) as ws:
            for n in (1, 100, 16384, 100_000):
                ws.send(TEXT, "x" * n)
                self.assertEqual(ws.text(), "x" * n)
            ws.socket.sendall(b"".join(ws.frame(TEXT, str(i)) for i in range(2000)))
            self.assertEqual([ws.text() for _ in range(2000)], [str(i) for i in range(2000)])
            self.ask("POST", "/api/c-wire/publish", json.dumps({"count": 3}), {"Content-Type": "application/json"})
            self.assertEqual([events.json()["n"] for _ in range(3)], [0, 1, 2])

    def test_plain_http_is_told(self):
        with Connection(self.talomed.port) as connection:
            connection.socket.sendall(head("/healthz"))
            answer = connection.rest()
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
            self.assertIn(b"https://", answer)

    def test_unfinished_handshakes_and_nonsense_hold_no_worker(self):
        held = [Connection(self.talomed.port) for _ in range(100)]
        for i, connection in enumerate(held):
            connection.socket.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[:1 + i % 11] if i % 2 else b"\x16\x03\x01\x00\x01\x00")
        begin = time.monotonic()
        self.assertEqual(self.ask("GET", "/healthz")[0], 200)
        self.assertLess(time.monotonic() - begin, 2)
        for connection in held:
            connection.socket.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
