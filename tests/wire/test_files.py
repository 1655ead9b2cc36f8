"""Files of a plugin down and up: ranges, conditions, what a name may hold; multipart and raw uploads, cut and overlong."""

import hashlib
import http.client
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

from clients import SANITIZED, Connection, build, head, token_of, wire_server

sys.path.insert(0, str(build().parents[1] / "tests"))
from support import wait_until  # noqa: E402


class Shared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="talome-files-")))
        cls.talomed = cls.enterClassContext(wire_server())
        cls.token = token_of(cls.talomed)

    def rss(self):
        with open(f"/proc/{self.talomed.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


class DownloadTest(Shared):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.content = random.Random(1).randbytes(1_000_003)
        cls.path = cls.folder / "film.mp4"
        cls.path.write_bytes(cls.content)

    def get(self, fields=None, path=None, name=None, method="GET"):
        query = urllib.parse.urlencode({"path": path or self.path, **({"name": name} if name else {})})
        return self.talomed.request(method, f"/api/c-wire/file?{query}", None, headers=fields or {})

    def test_whole(self):
        answer = self.get()
        self.assertEqual((answer.status, answer.body == self.content), (200, True))
        self.assertEqual(answer.headers["Accept-Ranges"], "bytes")
        self.assertEqual(answer.headers["Content-Length"], str(len(self.content)))

    def test_ranges_are_those_of_dd(self):
        for spec, skip, count in (("0-0", 0, 1), ("5-99", 5, 95), ("999-", 999, len(self.content) - 999), ("-7", len(self.content) - 7, 7),
                                  ("1000000-2000000", 1_000_000, 3), ("-2000000", 0, len(self.content))):
            answer = self.get({"Range": f"bytes={spec}"})
            by_dd = subprocess.run(["dd", f"if={self.path}", "iflag=skip_bytes,count_bytes", f"skip={skip}", f"count={count}", "status=none"],
                                   capture_output=True, check=True).stdout
            self.assertEqual((answer.status, answer.body == by_dd), (206, True), spec)
            self.assertEqual(answer.headers["Content-Range"], f"bytes {skip}-{skip + count - 1}/{len(self.content)}")
        answer = self.get({"Range": f"bytes={len(self.content)}-"})
        self.assertEqual((answer.status, answer.headers["Content-Range"]), (416, f"bytes */{len(self.content)}"))
        self.assertIn("error", answer.json)
        for ignored in ("bytes=0-1,5-6", "bytes=x", "items=0-1"):
            self.assertEqual(self.get({"Range": ignored}).status, 200, ignored)

    def test_conditions(self):
        first = self.get(method="HEAD")
        self.assertEqual((first.status, first.body, first.headers["Content-Length"]), (200, b"", str(len(self.content))))
        tag, date = first.headers["ETag"], first.headers["Last-Modified"]
        self.assertEqual(self.get({"If-None-Match": tag}).status, 304)
        self.assertEqual(self.get({"If-Modified-Since": date}).status, 304)
        self.assertEqual(self.get({"If-Match": '"other"'}).status, 412)
        self.assertEqual(self.get({"Range": "bytes=0-3", "If-Range": tag}).body, self.content[:4])
        self.assertEqual(self.get({"Range": "bytes=0-3", "If-Range": '"other"'}).status, 200)

    def test_names_and_what_could_run(self):
        answer = self.get(name="Käse; alt.mp4")
        self.assertIn("filename*=UTF-8''K%C3%A4se", answer.headers["Content-Disposition"])
        self.assertEqual(answer.headers["Content-Type"], "video/mp4")
        page = self.get(name="page.html")
        self.assertTrue(page.headers["Content-Disposition"].startswith("attachment"))
        self.assertIn("sandbox", page.headers["Content-Security-Policy"])
        self.assertEqual(page.headers["X-Content-Type-Options"], "nosniff")

    def test_what_is_no_file(self):
        self.assertEqual(self.get(path=self.folder).status, 400)
        self.assertEqual(self.get(path=self.folder / "none").status, 404)
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        self.assertEqual(self.get(path=pipe).status, 400)

    def test_slow_readers_hold_no_worker(self):
        big = self.folder / "big"
        with open(big, "wb") as file:
            file.truncate(256 << 20)
        path = "/api/c-wire/file?path=" + urllib.parse.quote(str(big))
        before = self.rss()
        held = [Connection(self.talomed.port, receive_buffer=4096) for _ in range(100)]
        for connection in held:
            connection.socket.sendall(head(path, self.token))
        for connection in held:
            connection.until(b"\r\n\r\n")
        wait_until(lambda: 'kind="transfer"} 100' in self.talomed.get("/metrics").text, what="all wait for their clients")
        begin = time.monotonic()
        self.assertEqual(self.get().status, 200)
        self.assertLess(time.monotonic() - begin, 1)
        with open(f"/proc/{self.talomed.pid}/status") as file:
            threads = next(int(line.split()[1]) for line in file if line.startswith("Threads"))
        self.assertLess(threads, 64)  # those that a busy machine needs, and none for each of the hundred
        self.assertLess(self.rss() - before, SANITIZED * (16 << 10))
        for connection in held:
            connection.socket.close()
        wait_until(lambda: 'kind="transfer"} 0' in self.talomed.get("/metrics").text, what="they are gone")

    def test_pipelined_behind_a_file(self):
        path = "/api/c-wire/file?path=" + urllib.parse.quote(str(self.path))
        with Connection(self.talomed.port) as connection:
            connection.socket.sendall(head(path, self.token) * 2 + head("/healthz"))
            for _ in range(2):
                connection.until(b"\r\n\r\n")
                self.assertEqual(connection.exactly(len(self.content)), self.content)
            self.assertTrue(connection.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200"))

    def test_file_that_becomes_shorter_is_cut(self):
        path = self.folder / "shrinks"
        path.write_bytes(bytes(64 << 20))
        with Connection(self.talomed.port, receive_buffer=4096) as connection:
            connection.socket.sendall(head("/api/c-wire/file?path=" + urllib.parse.quote(str(path)), self.token))
            connection.until(b"\r\n\r\n")
            os.truncate(path, 1000)
            with self.assertRaises((EOFError, ConnectionResetError)):
                connection.exactly(64 << 20)


class UploadTest(Shared):
    def setUp(self):
        self.to = self.folder / self._testMethodName
        self.to.mkdir()

    def url(self, **query):
        return "/api/c-wire/upload?" + urllib.parse.urlencode({"dir": query.pop("to", self.to), **query})

    def send(self, body, content_type="application/octet-stream", **query):
        return self.talomed.request("POST", self.url(**query), body, headers={"Content-Type": content_type})

    @staticmethod
    def form(*parts, boundary="=limit="):
        out = b""
        for name, filename, content in parts:
            out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
            out += f'; filename="{filename}"\r\nContent-Type: text/plain'.encode() if filename is not None else b""
            out += b"\r\n\r\n" + content + b"\r\n"
        return out + f"--{boundary}--\r\n".encode(), f'multipart/form-data; boundary="{boundary}"'

    def left(self):
        return sorted(os.listdir(self.to))

    def test_form(self):
        body, kind = self.form(("path", None, b"/here"), ("file", "a.txt", b"A" * 100_000), ("file", "b.bin", bytes(range(256))), ("note", None, b"x"))
        answer = self.send(body, kind)
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json, {"fields": 2, "files": [
            {"name": "a.txt", "size": 100_000, "sha256": hashlib.sha256(b"A" * 100_000).hexdigest()},
            {"name": "b.bin", "size": 256, "sha256": hashlib.sha256(bytes(range(256))).hexdigest()}]})
        self.assertEqual((self.to / "a.txt").read_bytes(), b"A" * 100_000)
        self.assertEqual(self.left(), ["a.txt", "b.bin"])

    def test_raw_and_replaced(self):
        self.assertEqual(self.send(b"one").json["files"][0]["size"], 3)
        answer = self.send(b"two")
        self.assertEqual((answer.status, (self.to / "body").read_bytes()), (409, b"one"))
        self.assertEqual(self.send(b"three", exists="replace").status, 201)
        self.assertEqual((self.to / "body").read_bytes(), b"three")

    def test_json_that_speaks_of_files_is_a_file_itself(self):
        body = b'{"files":{"f":{"filepath":"/etc/passwd","originalFilename":"x"}}}'
        answer = self.send(body, "application/json")
        self.assertEqual((answer.status, (self.to / "body").read_bytes()), (201, body))

    def test_chunked_in_small_pieces(self):
        body, kind = self.form(("file", "a.txt", b"content " * 50))
        with Connection(self.talomed.port) as connection:
            connection.socket.sendall(head(self.url(), self.token, [f"Content-Type: {kind}", "Transfer-Encoding: chunked"]).replace(b"GET", b"POST", 1))
            for i in range(0, len(body), 7):
                piece = body[i:i + 7]
                connection.socket.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            connection.socket.sendall(b"0\r\n\r\n")
            self.assertTrue(connection.until(b"\r\n\r\n").startswith(b"HTTP/1.1 201"))
        self.assertEqual((self.to / "a.txt").read_bytes(), b"content " * 50)

    def test_what_is_refused(self):
        good, kind = self.form(("file", "a.txt", b"x"))
        for body, content_type, status in ((good, "multipart/form-data", 400), (good[:-6], kind, 400), (b"nothing", kind, 400),
                                           (self.form(("file", "../../evil", b"x"))[0], kind, 400), (self.form(("file", "..", b"x"))[0], kind, 400),
                                           (self.form(*[("f", str(i), b"") for i in range(11)])[0], kind, 413)):
            answer = self.send(body, content_type)
            self.assertEqual(answer.status, status, (answer, body[:80]))
            self.assertIsInstance(answer.json["error"], str)
        self.assertEqual(self.send(b"x", to=self.folder / "none").status, 404)
        self.assertEqual(self.send(b"x" * 11, most=10).status, 413)
        self.assertEqual(self.talomed.request("POST", self.url(), b"x", token=None).status, 401)
        self.assertEqual(self.send(b"").status, 400)
        self.assertEqual(self.left(), [])
        self.assertEqual(os.listdir(self.folder.parent / self.folder.name / ".." / self.folder.name).count("evil"), 0)

    def test_cut_leaves_nothing(self):
        body, kind = self.form(("file", "a.txt", bytes(8 << 20)))
        for cut in (100, 1 << 20, len(body) - 1):
            with Connection(self.talomed.port) as connection:
                fields = [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
                connection.socket.sendall(head(self.url(), self.token, fields).replace(b"GET", b"POST", 1) + body[:cut])
        wait_until(lambda: 'kind="transfer"} 0' in self.talomed.get("/metrics").text, what="the cut ones are gone")
        wait_until(lambda: not self.open_files(), what="their files are gone")
        self.assertEqual(self.left(), [])

    def open_files(self):
        folder = f"/proc/{self.talomed.pid}/fd"
        links = []
        for each in os.listdir(folder):
            try:
                links.append(os.readlink(f"{folder}/{each}"))
            except FileNotFoundError:
                pass
        return [link for link in links if str(self.to) in link and link != str(self.to)]

    def test_slow_uploads_hold_no_worker(self):
        fields = ["Content-Type: application/octet-stream", "Content-Length: 1000000"]
        held = [Connection(self.talomed.port) for _ in range(100)]
        for connection in held:
            connection.socket.sendall(head(self.url(), self.token, fields).replace(b"GET", b"POST", 1) + b"x")
        wait_until(lambda: 'kind="transfer"} 100' in self.talomed.get("/metrics").text, what="all are under way")
        begin = time.monotonic()
        self.assertEqual(self.talomed.get("/api/health").status, 200)
        self.assertEqual(self.send(b"quick", exists="replace").status, 201)
        self.assertLess(time.monotonic() - begin, 1)
        for connection in held:
            connection.socket.close()

    def test_every_end_is_audited(self):
        body, kind = self.form(("file", "a.txt", b"x" * 100))
        for answer, status, outcome in ((self.send(body, kind, to=self.folder / "none"), 404, "failed"),
                                        (self.send(b"x" * 11, most=10), 413, "failed"), (self.send(body, kind), 201, "done")):
            self.assertEqual(answer.status, status)
            request = f'"requestId":"{answer.headers["X-Request-Id"]}"'
            wait_until(lambda: [line for line in self.talomed.log.splitlines()
                                if "cwire.upload {" in line and request in line and f'"outcome":"{outcome}"' in line],
                       5, what=f"{status} has its line")

    def test_full_disk(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        small = self.to / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", small], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", small])
        answer = self.send(bytes(8 << 20), to=small)  # said before it is sent
        self.assertEqual(answer.status, 507, answer)
        with Connection(self.talomed.port) as connection:  # found while it comes
            connection.socket.sendall(head(self.url(to=small), self.token, ["Transfer-Encoding: chunked"]).replace(b"GET", b"POST", 1))
            try:
                for _ in range(64):
                    connection.socket.sendall(b"20000\r\n" + bytes(0x20000) + b"\r\n")
            except OSError:
                pass
            self.assertTrue(connection.until(b"\r\n\r\n").startswith(b"HTTP/1.1 507"))
        self.assertEqual(os.listdir(small), [])
        self.assertEqual(self.send(b"fits", to=small).status, 201)

    def test_large_one_in_flat_memory(self):
        before, size = self.rss(), 200 << 20
        digest, block = hashlib.sha256(), os.urandom(1 << 20)
        connection = http.client.HTTPConnection("127.0.0.1", self.talomed.port, timeout=60)
        self.addCleanup(connection.close)

        def pieces():
            for _ in range(200):
                digest.update(block)
                yield block

        connection.request("POST", self.url(), pieces(), {"Authorization": f"Bearer {self.token}", "Content-Length": str(size)})
        answer = connection.getresponse().read().decode()
        self.assertIn(digest.hexdigest(), answer)
        self.assertLess(self.rss() - before, SANITIZED * (8 << 10))
        self.assertEqual((self.to / "body").stat().st_size, size)


if __name__ == "__main__":
    unittest.main(verbosity=2)
