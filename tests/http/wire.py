"""A running http_echo, and strict reading of what it answers; for the tests beside this file.

http_echo comes from the build directory in TALOME_BUILD (default: build/release)."""
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ECHO = os.path.join(ROOT, os.environ.get("TALOME_BUILD", "build/release"), "bin", "http_echo")

SANITIZED = 16 if re.search("[at]san", ECHO) else 1  # their allocators keep freed memory for a while


class Echo:
    """A running http_echo."""

    def __init__(self, **options):
        self.process = subprocess.Popen([ECHO] + [f"{k}={v}" for k, v in options.items()],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.log = []
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr))
        self.reader.start()
        line = self.process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError("http_echo did not start: " + "".join(self.log))
        self.port = int(line)

    def stop(self):
        """SIGTERM; returns (exit code, last line, seconds)."""
        start = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            out = self.process.stdout.read()
            code = self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.reader.join()
            self.process.stderr.close()
        return code, out.strip(), time.monotonic() - start

    def __enter__(self):
        return self

    def __exit__(self, *_):
        code, out, _ = self.stop()
        assert code == 0, (code, out, "".join(self.log)[-4000:])

    def status(self, key):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(rf"^{key}:\s+(\d+)", file.read(), re.M).group(1))

    def ticks(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def switches(self):
        total = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/status") as file:
                total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.M).group(1))
        return total

    def connect(self, timeout=10):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def say(self, data, timeout=10):
        """Sends bytes on a new connection and returns all that comes until the server closes it."""
        with self.connect(timeout) as s:
            s.sendall(data)
            return read_all(s)


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def __getitem__(self, name):
        values = [v for n, v in self.fields if n.lower() == name.lower()]
        return values[0] if values else None


def read_all(s):
    data = b""
    while True:
        try:
            part = s.recv(65536)
        except ConnectionResetError:
            return data
        if not part:
            return data
        data += part


class Reader:
    """Reads answers from a connection, strictly."""

    def __init__(self, s, data=b""):
        self.s, self.data = s, data

    def more(self):
        part = self.s.recv(65536) if self.s else b""
        if not part:
            raise EOFError(self.data)
        self.data += part

    def until(self, mark):
        while mark not in self.data:
            self.more()
        part, self.data = self.data.split(mark, 1)
        return part

    def exactly(self, n):
        while len(self.data) < n:
            self.more()
        part, self.data = self.data[:n], self.data[n:]
        return part

    def answer(self, head_only=False):
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Za-z -]*", lines[0]).group(1))
        fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
        answer = Answer(status, fields, b"")
        if head_only or status < 200 or status in (204, 304):
            return answer
        if answer["Transfer-Encoding"]:
            while True:
                size = int(self.until(b"\r\n"), 16)
                answer.body += self.exactly(size)
                assert self.exactly(2) == b"\r\n"
                if size == 0:
                    return answer
        answer.body = self.exactly(int(answer["Content-Length"]))
        return answer


def answers(data):
    reader, found = Reader(None, data), []
    while reader.data:
        found.append(reader.answer())
    return found


def request(path="/hello", method="GET", fields="", body=b"", version="1.1"):
    return f"{method} {path} HTTP/{version}\r\nHost: t\r\n{fields}\r\n".encode("latin-1") + body


HELLO = request()
LAST = request(fields="Connection: close\r\n")
SMUGGLED = request("/describe")


class Case(unittest.TestCase):
    def refused(self, echo, data, status):
        """One answer with that status, in the documented form, and the connection closes."""
        found = answers(echo.say(data))
        self.assertEqual([a.status for a in found], [status], data[:200])
        self.assertRegex(found[0].body, rb'^\{"error":"[^"]+"')
        self.assertEqual(found[0]["Connection"], "close")
        self.check_head(found[0])

    def check_head(self, answer):
        self.assertRegex(answer["X-Request-Id"], r"^[0-9a-f]{8}$")
        self.assertRegex(answer["Date"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        self.assertEqual(answer["X-Content-Type-Options"], "nosniff")
        self.assertEqual(answer["X-Frame-Options"], "DENY")
        self.assertIn("default-src 'none'", answer["Content-Security-Policy"])
        self.assertIsNotNone(answer["Referrer-Policy"])
        self.assertIsNotNone(answer["Permissions-Policy"])
        self.assertIsNone(answer["Strict-Transport-Security"])


class SharedCase(Case):
    """One server for all tests of a class."""
    options = {}

    @classmethod
    def setUpClass(cls):
        cls.echo = Echo(**cls.options)

    @classmethod
    def tearDownClass(cls):
        code, out, _ = cls.echo.stop()
        assert code == 0, (code, out, "".join(cls.echo.log)[-4000:])
