"""What the black-box tests of this plugin share: one engine and one talomed for a class."""

import json
import os
import pathlib
import socket
import sys
import tempfile
import threading
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[3] / "tests" / part) for part in (".", "wire")]
from clients import Events, Refused  # noqa: E402
from support import Engine, Talomed, wait_until  # noqa: E402

FULL = os.environ.get("TALOME_TEST_FULL") == "1"  # also what takes long, or needs a machine that is not busy

__all__ = ["CountingSocket", "Engine", "EngineCase", "Events", "FULL", "Refused", "Talomed", "engine_truth", "needs_engine", "wait_until"]

needs_engine = unittest.skipIf(Engine.unavailable(), Engine.unavailable())


def engine_truth(engine, name):
    return json.loads(engine.cli("inspect", name))[0]


class CountingSocket:
    """A unix socket before the engine's, that notes each request."""

    def __init__(self, target):
        self.target, self.requests = str(target), []
        self.folder = tempfile.TemporaryDirectory(prefix="talome-count-")
        self.path = pathlib.Path(self.folder.name, "docker.sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.folder.cleanup()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self.target)
            for ends in ((client, engine, True), (engine, client, False)):
                threading.Thread(target=self.pump, args=ends, daemon=True).start()

    def allowed(self, line):
        return True

    def pump(self, source, sink, counts):
        try:
            while data := source.recv(65536):
                if counts and b" HTTP/1.1\r\n" in data:
                    line = data.split(b"\r\n", 1)[0].decode()
                    self.requests.append(line)
                    if not self.allowed(line):
                        source.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 22\r\nConnection: close\r\n\r\n<h1>403 Forbidden</h1>")
                        break
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        source.close()


class EngineCase(unittest.TestCase):
    """Each test names its own containers."""

    @classmethod
    def setUpClass(cls):
        cls.engine = cls.enterClassContext(Engine())
        cls.engine.import_busybox()
        cls.talomed = cls.enterClassContext(Talomed(docker=cls.engine.socket))
        cls.talomed.login()

    def list(self, query=""):
        answer = self.talomed.get(f"/api/containers{query}")
        self.assertEqual(answer.status, 200, answer)
        return {each["name"]: each for each in answer.json}

    def status_of(self, name):
        return self.list("?stats=false").get(name, {}).get("status")

    def events(self, path, fields=(), **options):
        """An event stream of the REST API."""
        return self.enterContext(Events(self.talomed.port, path, self.talomed.token, fields, **options))

    def member(self, name, **flags):
        """The token of a member who has these feature flags."""
        made = self.talomed.post("/api/users", {"username": name, "password": f"a long enough {name}", "role": "member"})
        self.assertEqual(made.status, 201, made)
        changed = self.talomed.request("PUT", f"/api/users/{made.json['id']}", {"permissions": flags})
        self.assertEqual(changed.status, 200, changed)
        answer = self.talomed.post("/api/auth/login", {"username": name, "password": f"a long enough {name}"}, token=None)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["token"]
