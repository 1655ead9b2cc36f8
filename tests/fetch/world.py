"""A network of its own for tests of what plugins fetch: public, private and link-local addresses on one loopback device,
a name server that answers what a test says, and servers that write whatever a test wants. Needs root."""

import contextlib
import ctypes
import os
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed  # noqa: E402
from support.paths import build  # noqa: E402

PUBLIC, PUBLIC_TOO, PUBLIC6 = "93.184.216.34", "93.184.216.35", "2606:2800:220:1::1"
LAN, LAN_TOO, LAN6 = "10.9.8.7", "192.168.77.1", "fd12:3456::1"
LOOPBACK, LOOPBACK6 = "127.0.0.1", "::1"
NEVER = ["169.254.169.254", "100.100.100.200", "192.0.2.1", "198.18.0.1"]
NEVER6 = ["fd00:ec2::254", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:db8::1"]

OK, INVALID, DENIED, BAD_UPSTREAM, UNAVAILABLE, TIMEOUT, CANCELLED = 0, -1, -3, -11, -12, -13, -15

SLOW = 4 if any(word in str(build()) for word in ("asan", "tsan")) else 1
SANITIZED = SLOW > 1


def unavailable():
    if os.geteuid() != 0:
        return "needs root, for a network of its own"
    if not shutil.which("ip"):
        return "needs ip"
    return None


def _run(*command):
    subprocess.run(command, check=True, capture_output=True)


def enter():
    """Of a process that has no other thread yet, for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000 | 0x00020000) != 0:  # CLONE_NEWNET, CLONE_NEWNS
        raise unittest.SkipTest(f"no network of its own: {os.strerror(ctypes.get_errno())}")
    _run("mount", "--make-rprivate", "/")
    _run("ip", "link", "set", "lo", "up")
    for address in [PUBLIC, PUBLIC_TOO, LAN, LAN_TOO, *NEVER]:
        _run("ip", "address", "add", f"{address}/32", "dev", "lo")
    for address in [PUBLIC6, LAN6, *NEVER6]:
        _run("ip", "-6", "address", "add", f"{address}/128", "dev", "lo", "nodad")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="talome-world-"))
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    for name, text in {"resolv.conf": "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n",
                       "hosts": "127.0.0.1 localhost\n::1 localhost\n",
                       "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n"}.items():
        (folder / name).write_text(text)
        place = pathlib.Path("/etc", name)
        if not place.exists():
            place.touch()
        _run("mount", "--bind", str(folder / name), str(place.resolve()))
        unittest.addModuleCleanup(subprocess.run, ["umount", str(place.resolve())], capture_output=True)


class Names:
    """Answers on 127.0.0.1:53. `names["a.test"] = [["1.2.3.4"], ["127.0.0.1"]]`: that at the first question of a kind, then
    the next, the last for ever. A name that is None is never answered."""

    def __init__(self):
        self.names, self.asked = {}, []
        self._times = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def __setitem__(self, name, answers):
        self._times = {key: n for key, n in self._times.items() if key[0] != name}
        self.names[name] = answers if answers is None or isinstance(answers[0], list) else [answers]

    def _serve(self):
        while True:
            question, peer = self._socket.recvfrom(4096)
            labels, at = [], 12
            while question[at]:
                labels.append(question[at + 1:at + 1 + question[at]].decode())
                at += 1 + question[at]
            name, (kind,) = ".".join(labels).lower(), struct.unpack("!H", question[at + 1:at + 3])
            self.asked.append(name)
            if name in self.names and self.names[name] is None:
                continue
            family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
            records = []
            if name in self.names and family:
                answers = self.names[name]
                turn = self._times.get((name, kind), 0)
                self._times[name, kind] = turn + 1
                for each in answers[min(turn, len(answers) - 1)]:
                    if (":" in each) == (family == socket.AF_INET6):
                        records.append(socket.inet_pton(family, each))
            code = 0 if name in self.names else 3
            head = question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(records), 0, 0)
            body = question[12:at + 5]
            for data in records:
                body += struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(data)) + data
            self._socket.sendto(head + body, peer)


class Server:
    """Calls `handler(connection, request)` for each request: an object with send(), and the bytes that came. What it
    returns is sent; True keeps the connection, anything else ends it."""

    def __init__(self, handler, address=LOOPBACK, port=0, tls=None, path=None):
        self.handler, self.tls, self.requests, self.connections = handler, tls, [], 0
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(str(path))
        else:
            self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind((address, port))
        self.socket.listen(64)
        self.port = None if path else self.socket.getsockname()[1]
        host = f"[{address}]" if ":" in address else address
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with contextlib.suppress(OSError, ssl.SSLError), connection:
            connection.settimeout(60)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                data = b""
                while True:
                    while b"\r\n\r\n" not in data:
                        piece = connection.recv(65536)
                        if not piece:
                            return
                        if piece.startswith(b"\x16"):  # a TLS ClientHello, which is no HTTP
                            return connection.sendall(answer("", "400 Bad Request"))
                        data += piece
                    head, _, data = data.partition(b"\r\n\r\n")
                    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
                    if b"\r\ntransfer-encoding: chunked" in head.lower():
                        while not data.endswith(b"0\r\n\r\n"):
                            data += connection.recv(65536)
                        length = len(data)
                    while len(data) < length:
                        data += connection.recv(65536)
                    body, data = data[:length], data[length:]
                    request = head.decode("latin-1") + "\r\n\r\n" + body.decode("latin-1")
                    self.requests.append(request)
                    reply = self.handler(connection, request)
                    if isinstance(reply, bytes) and reply:
                        connection.sendall(reply)
                        reply = b"Connection: close" not in reply
                    if not reply:
                        return


def answer(body=b"", status="200 OK", *fields):
    body = body.encode() if isinstance(body, str) else body
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]).encode() + body


def redirect(to, status=302):
    return answer(b"", f"{status} Found", f"Location: {to}")


class World(unittest.TestCase):
    """A talomed with the plugin `fetcher`, in that network."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="talome-fetch-")))
        cls.talomed = cls.enterClassContext(Talomed(plugin_dirs=[build() / "tests/plugins/fetcher"],
                                                    env={"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}))
        cls.talomed.login()

    def serve(self, handler, *args, **options):
        server = Server(handler if callable(handler) else lambda *_: handler, *args, **options)
        self.addCleanup(server.close)
        return server

    def fetch(self, url, where="fetch", **order):
        answer = self.talomed.post(f"/api/fetcher/{where}", {"url": url, **order}, timeout=90)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def loopback(self, url, **order):
        return self.fetch(url, loopback=True, **order)

    def fails(self, status, result, words=""):
        self.assertEqual(result["failure"], status, result)
        self.assertIn(words, result["words"])
        self.assertNotRegex(result["words"], r"\d+\.\d+\.\d+\.\d+.*\d+\.\d+\.\d+\.\d+")
        return result


names = None


def begin():
    """For setUpModule()."""
    global names
    if unavailable():
        raise unittest.SkipTest(unavailable())
    enter()
    names = Names()
    return names
