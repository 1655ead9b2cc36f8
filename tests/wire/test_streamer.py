"""The C++ layer's files, uploads, streams and WebSockets against a real host, with the plugin streamer."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import sys
import tempfile
import time
import unittest

from clients import BINARY, TEXT, Events, Refused, WebSocket, build, token_of, wire_server

sys.path.insert(0, str(build().parents[1] / "tests"))
from support import free_port, wait_until  # noqa: E402


class Shared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.talomed = cls.enterClassContext(wire_server(plugin_dirs=[build() / "tests/plugins/streamer"],
                                                        env={"STREAMER_PORT": cls.port}))
        cls.token = token_of(cls.talomed)

    def events(self, path="/api/streamer/events", **options):
        return self.enterContext(Events(self.talomed.port, path, self.token, **options))

    def socket(self, path="/api/streamer/ws", port=None, token="", **options):
        token = self.token if token == "" else token
        return self.enterContext(WebSocket(port or self.talomed.port, path, token, **options))

    def post(self, name, body):
        self.assertEqual(self.talomed.post(f"/api/streamer/{name}", body).status, 200)

    def state(self):
        return self.talomed.get("/api/streamer/state").json

    def ended(self, what):
        """The newest end of this kind, once there is one more than before."""
        before = len([line for line in self.state()["ended"] if line.startswith(what)])
        return lambda: wait_until(lambda: (now := [e for e in self.state()["ended"] if e.startswith(what)]) and
                                  len(now) > before and now[-1], 5, 0.02, f"{what} ends")


class EventsTest(Shared):
    def test_events_to_all_and_to_one(self):
        stream = self.events()
        self.post("publish", {"count": 3, "text": "a"})
        wait_until(lambda: stream.json().get("text") == "a", 5, 0)
        me = self.talomed.get("/api/auth/me").json["userId"]
        self.post("whisper", {"userId": "another", "text": "not for me"})
        self.post("whisper", {"userId": me, "text": "for me"})
        wait_until(lambda: stream.json().get("text") != "a", 5, 0)
        latest = self.events()  # the newest that it may see
        self.assertEqual(latest.json()["text"], "for me")

    def test_clock(self):
        stream = self.events()
        self.post("clock", {"periodMs": 20})
        numbers = []
        while len(numbers) < 5:
            tick = stream.json()
            if "text" not in tick:
                numbers.append(tick["n"])
                self.assertLess(time.clock_gettime_ns(time.CLOCK_MONOTONIC) - tick["sentNs"], 2e9)
        self.post("clock", {"periodMs": 0})
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 5)))

    def test_audience(self):
        stream = self.events()
        wait_until(lambda: self.state()["audience"], 5, 0.02, "an audience is told of")
        stream.socket.close()
        wait_until(lambda: not self.state()["audience"], 5, 0.02, "its end is told of")

    def test_a_stream_of_its_own(self):
        stream = self.events("/api/streamer/follow")
        wait_until(lambda: self.state()["followers"] == 1, 5, 0.02, "there is a follower")
        self.post("publish", {"count": 2, "text": "by hand"})
        self.assertEqual([(event, json.loads(data)["n"]) for event, data, _ in (stream.next(), stream.next())],
                         [("tick", 0), ("tick", 1)])
        ended = self.ended("follow")
        stream.socket.close()
        self.assertEqual(ended(), "follow 1 0 ")
        self.assertEqual(self.state()["followers"], 0)

    def test_a_body_that_waits_for_its_client(self):
        for count in (0, 1000, 20_000_000):
            answer = self.talomed.get(f"/api/streamer/body?bytes={count}")
            self.assertEqual((answer.status, len(answer.body)), (200, count))


class FilesTest(Shared):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_a_file(self):
        path = self.folder / "a.bin"
        path.write_bytes(b"0123456789")
        answer = self.talomed.get(f"/api/streamer/file?path={path}", headers={"Range": "bytes=2-4"})
        self.assertEqual((answer.status, answer.body, answer.headers["Cache-Control"]), (206, b"234", "no-store"))
        answer = self.talomed.get(f"/api/streamer/file?path={path}&name=x.csv&attachment=true")
        self.assertRegex(answer.headers["Content-Disposition"], '^attachment; filename="?x.csv')
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "text/csv")
        answer = self.talomed.get(f"/api/streamer/file?path={path}&contentType=text/x-mine")
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "text/x-mine")
        answer = self.talomed.get(f"/api/streamer/file?path={path}.none")
        self.assertEqual((answer.status, answer.json["error"]), (404, "there is nothing to open there"))

    def upload(self, query="", parts=None, body=None):
        headers = {"Content-Type": "application/octet-stream"}
        if parts is not None:
            headers = {"Content-Type": "multipart/form-data; boundary=cut"}
            body = b"".join(b"--cut\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + data + b"\r\n"
                            for head, data in parts) + b"--cut--\r\n"
        return self.talomed.post(f"/api/streamer/upload?dir={self.folder}{query}", body, headers=headers)

    def test_a_form(self):
        parts = [('name="to"', b"shelf"), ('name="f"; filename="a.txt"', b"first"), ('name="f"; filename="b"', b"")]
        answer = self.upload(parts=parts)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["fields"], {"to": "shelf"})
        self.assertEqual([(f["name"], f["filename"], f["size"], f["sha256"]) for f in answer.json["files"]],
                         [("f", "a.txt", 5, hashlib.sha256(b"first").hexdigest()),
                          ("f", "b", 0, hashlib.sha256(b"").hexdigest())])
        self.assertEqual((self.folder / "a.txt").read_bytes(), b"first")
        self.assertEqual(self.upload(parts=parts).status, 409)
        again = [('name="f"; filename="a.txt"', b"second")]
        self.assertEqual(self.upload("&replace=true", parts=again).status, 200)
        self.assertEqual((self.folder / "a.txt").read_bytes(), b"second")
        self.assertEqual(sorted(os.listdir(self.folder)), ["a.txt", "b"])

    def test_a_body(self):
        self.assertEqual(self.upload(body=b"x" * 300_000).json["files"][0]["size"], 300_000)
        self.assertEqual((self.folder / "body").stat().st_size, 300_000)

    def test_refused(self):
        self.assertEqual(self.upload("&maxBytes=10", body=b"x" * 11).status, 413)
        self.assertEqual(self.talomed.post("/api/streamer/upload?dir=/none", b"x").status, 404)
        self.assertEqual(self.upload("&replace=perhaps", body=b"x").status, 400)
        self.assertEqual(os.listdir(self.folder), [])


class SocketsTest(Shared):
    def test_echo_at_both_places(self):
        for socket in (self.socket(), self.socket("/ws", self.port), self.socket("/api/streamer/ws-deflate")):
            socket.send(TEXT, "hello")
            self.assertEqual(socket.text(), "hello")
            socket.send(BINARY, bytes(range(256)) * 100)
            self.assertEqual(socket.receive()[:2], (BINARY, bytes(range(256)) * 100))
        with self.assertRaises(Refused):
            self.socket("/api/streamer/ws", self.port)

    def test_closed_by_the_plugin(self):
        socket, ended = self.socket(), self.ended("ws")
        wait_until(lambda: self.state()["sockets"] >= 1, 5, 0.02, "it is open")
        socket.send(TEXT, "close")
        self.assertEqual(socket.closed(), (4000, "as you wish"))
        self.assertRegex(ended(), "^ws 0 ")

    def test_closed_by_the_client(self):
        socket, ended = self.socket(), self.ended("ws")
        socket.send(8, (4321).to_bytes(2, "big") + b"bye")
        self.assertRegex(ended(), "^ws [01] 4321 bye$")

    def test_first_message(self):
        path = "/api/streamer/ws-first"
        socket = self.socket(path, token=None)
        socket.send(TEXT, json.dumps({"type": "auth", "token": self.token}))
        socket.send(TEXT, "now it hears")
        wait_until(lambda: self.state()["sockets"] >= 1, 5, 0.02, "it is let in")
        socket.send(TEXT, "and again")
        self.assertIn(socket.text(), ("now it hears", "and again"))
        other = self.socket(path, token=None)
        other.send(TEXT, json.dumps({"type": "auth", "token": "nonsense"}))
        self.assertEqual(other.closed()[0], 1008)

    def test_many_at_once(self):
        sockets = [self.socket() for _ in range(50)]

        def talk(socket):
            for number in range(20):
                socket.send(TEXT, f"{number}")
                self.assertEqual(socket.text(), f"{number}")
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            list(pool.map(talk, sockets))
        self.assertGreaterEqual(self.state()["sockets"], 50)
        self.doCleanups()
        wait_until(lambda: self.state()["sockets"] == 0, 5, 0.02, "all have left")


class DocumentTest(Shared):
    def test_every_kind_is_told_of(self):
        document = self.talomed.get("/api/openapi.json").json
        paths = document["paths"]
        upload = paths["/api/streamer/upload"]["post"]
        self.assertEqual(set(upload["requestBody"]["content"]), {"multipart/form-data", "application/octet-stream"})
        self.assertEqual({p["name"] for p in upload["parameters"]}, {"dir", "replace", "maxBytes"})
        events = paths["/api/streamer/events"]["get"]
        self.assertEqual(list(events["responses"]["200"]["content"]), ["text/event-stream"])
        self.assertEqual(events["x-events"], [{"topic": "streamer.tick", "event": "tick"}])
        socket = paths["/api/streamer/ws"]["get"]
        self.assertIn("101", socket["responses"])
        self.assertEqual((socket["x-websocket"], socket["x-protocols"]), (True, ["echo.v2", "echo.v1"]))
        self.assertNotIn("content", paths["/api/streamer/file"]["get"]["responses"]["200"])
        self.assertNotIn("/ws", paths)
        self.assertTrue(document["x-listeners"]["ws"]["/ws"]["get"]["x-websocket"])


class EndTest(unittest.TestCase):
    def test_the_server_ends_with_everything_open(self):
        with wire_server(plugin_dirs=[build() / "tests/plugins/streamer"]) as talomed:
            token = token_of(talomed)
            follower = Events(talomed.port, "/api/streamer/follow", token)
            body = Events(talomed.port, "/api/streamer/body?bytes=100000000", token, receive_buffer=4096)
            socket = WebSocket(talomed.port, "/api/streamer/ws", token)
            socket.send(TEXT, "hello")
            self.assertEqual(socket.text(), "hello")
            self.assertEqual(talomed.stop(), 0)
            for each in (follower, body, socket):
                each.socket.close()


if __name__ == "__main__":
    unittest.main()
