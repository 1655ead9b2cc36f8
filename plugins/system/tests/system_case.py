"""What the black-box tests of this plugin share."""

import json
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests"))
from support import Talomed, build, wait_until

__all__ = ["Events", "SystemCase", "Talomed", "build", "member_of", "wait_until"]


class Events:
    """A client of an event stream, in a thread: (name, id, data) of each event, as they come."""

    def __init__(self, talomed, path, token=None, headers=None):
        import http.client
        self.connection = http.client.HTTPConnection("127.0.0.1", talomed.port, timeout=30)
        sent = {"Authorization": f"Bearer {token or talomed.token}", "Accept": "text/event-stream", **(headers or {})}
        self.connection.request("GET", path, headers=sent)
        self.answer = self.connection.getresponse()
        self.events, self.ended = [], False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        name, number, data = "message", None, []
        try:
            for line in self.answer:
                line = line.decode().rstrip("\r\n")
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("id: "):
                    number = line[4:]
                elif line.startswith("data: "):
                    data.append(line[6:])
                elif not line and data:
                    self.events.append((name, number, json.loads("\n".join(data))))
                    name, data = "message", []
        except (OSError, ValueError, AttributeError):
            pass
        self.ended = True

    def named(self, name):
        return [each for each in self.events if each[0] == name]

    def close(self):
        import socket
        try:
            self.answer.fp.raw._sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self._thread.join(5)
        self.connection.close()


def member_of(talomed, permissions):
    """The token of a new member with these flags."""
    name = f"member{sum(permissions.values())}{len(permissions)}"
    made = talomed.post("/api/users", {"username": name, "password": "a long enough password", "role": "member",
                                       "permissions": permissions})
    assert made.status in (200, 201), made
    answer = talomed.post("/api/auth/login", {"username": name, "password": "a long enough password"}, token=None)
    assert answer.status == 200, answer
    return answer.json["token"]


class SystemCase(unittest.TestCase):
    """One talomed for a class, with this plugin alone."""

    env = {}

    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Talomed(plugins="system", env=cls.env))
        cls.talomed.login()

    def get(self, path, status=200, **options):
        answer = self.talomed.get(path, **options)
        self.assertEqual(answer.status, status, answer)
        return answer.json
