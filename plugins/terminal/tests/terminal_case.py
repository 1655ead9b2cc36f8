"""What the black-box tests of this plugin share: a talomed whose shells run as nobody, and a client of the terminal's
WebSocket, written from the plugin's README."""

import json
import os
import pathlib
import signal
import sys
import time
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[3] / "tests" / part) for part in (".", "wire")]
from clients import BINARY, CLOSE, TEXT, Refused, WebSocket  # noqa: E402
from support import Talomed, build, free_port, wait_until  # noqa: E402

__all__ = ["BINARY", "CLOSE", "FULL", "TEXT", "Refused", "Shell", "Talomed", "Terminal", "TerminalCase", "build", "free_port", "member_of",
           "pty_of", "sanitized", "wait_until"]

FULL = os.environ.get("TALOME_TEST_FULL") == "1"


def sanitized():
    return "asan" in str(build()) or "tsan" in str(build())


def pty_of(talomed):
    """The process id of its talome-pty, or None."""
    socket = str(talomed.state / "terminal" / "pty.sock")
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                words = pathlib.Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"/talome-pty") and socket.encode() in words:
                return int(entry)
    return None


class Terminal(Talomed):
    """A talomed with this plugin, and with the talome-pty that it starts, which ends with it."""

    def __init__(self, **options):
        env = {"TERMINAL_DAEMON_PORT": free_port(), "TALOME_SETTING_TERMINAL_SHELL": "/bin/bash"}
        if os.geteuid() == 0:
            env["TALOME_SETTING_TERMINAL_RUN_AS"] = "nobody"
        env.update(options.pop("env", {}))
        options.setdefault("plugins", "terminal")
        super().__init__(env=env, **options)
        self.own_port = int(self.env["TERMINAL_DAEMON_PORT"])

    def pty_log(self):
        log = self.state / "terminal" / "pty.sock.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def close(self):
        if self.running:
            self.kill9()
        pid = pty_of(self)
        if pid:
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: pty_of(self) is None, 20, what="talome-pty ends")
        log = self.pty_log()
        super().close()
        assert "Sanitizer" not in log and "runtime error" not in log, log[-6000:]


class Shell:
    """A client of the WebSocket. `text` is all that has come."""

    def __init__(self, talomed, session=None, token=None, ticket=True, proto=None, port=None, path="/api/terminal/ws", fields=(),
                 connect_token=None, name=None, **words):
        self.talomed, self.text, self.closed_with, self.control, self.data = talomed, "", None, [], b""
        self.proto = proto
        if ticket is True:
            answer = talomed.post("/api/terminal/session", **({"token": token} if token else {}))
            assert answer.status == 200, answer
            ticket = answer.json["token"]
        self.ws = WebSocket(port or talomed.port, path, connect_token, fields, timeout=20)
        auth = {"type": "auth", **words}
        if ticket:
            auth["token"] = ticket
        if session:
            auth["sessionId"] = session
        if name:
            auth["sessionName"] = name
        if proto:
            auth["proto"] = proto
        self.say(auth)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ws.socket.close()

    def say(self, message):
        self.ws.send(TEXT, json.dumps(message))

    def type(self, keys):
        self.say({"type": "input", "data": keys})

    def resize(self, cols, rows):
        self.say({"type": "resize", "cols": cols, "rows": rows})

    def receive(self):
        """One message; False at the end."""
        opcode, payload, _, _ = self.ws.receive()
        if opcode == 9:
            self.ws.send(10, payload)
        elif opcode == CLOSE:
            code = int.from_bytes(payload[:2], "big") if payload else 1005
            self.closed_with = (code, payload[2:].decode())
            return False
        elif opcode == BINARY:
            self.data += payload
            self.text += payload.decode(errors="replace")
        elif self.proto == 2:
            self.control.append(json.loads(payload))
        else:
            self.text += payload.decode()
        return True

    def until(self, text, seconds=30):
        """Reads until that has come (after what was asked for before); gives what came up to it."""
        end = time.monotonic() + seconds
        while text not in self.text:
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} has not come: {self.text[-2000:]!r}")
            if not self.receive():
                raise AssertionError(f"closed with {self.closed_with} before {text!r}: {self.text[-2000:]!r}")
        part, self.text = self.text.split(text, 1)
        return part

    def until_control(self, kind):
        while True:
            for i, each in enumerate(self.control):
                if each["type"] == kind:
                    del self.control[:i + 1]
                    return each
            if not self.receive():
                raise AssertionError(f"closed with {self.closed_with} before {kind}")

    def run(self, command):
        """What a command writes."""
        number = time.monotonic_ns()
        self.type(f"echo be''gin{number}; {command}; echo e''nd{number}\r")
        self.until(f"begin{number}\r\n")
        return self.until(f"end{number}\r\n")

    def closed(self, seconds=20):
        """The code and the reason it is closed with."""
        end = time.monotonic() + seconds
        while self.closed_with is None:
            assert time.monotonic() < end, f"not closed: {self.text[-500:]!r}"
            try:
                self.receive()
            except (EOFError, ConnectionResetError):
                return (1006, "")
        return self.closed_with


def member_of(talomed, name, **flags):
    """The token of a new member with these flags."""
    made = talomed.post("/api/users", {"username": name, "password": f"a long enough {name}", "role": "member", "permissions": flags})
    assert made.status in (200, 201), made
    answer = talomed.post("/api/auth/login", {"username": name, "password": f"a long enough {name}"}, token=None)
    assert answer.status == 200, answer
    return answer.json["token"]


class TerminalCase(unittest.TestCase):
    """One server for a class. Each test has sessions of its own, and ends them."""

    env = {}

    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Terminal(env=cls.env))
        cls.talomed.login()

    def tearDown(self):
        wait_until(self.all_have_ended, 30, 0.05, "sessions end")

    def all_have_ended(self):
        for session in self.sessions():  # one may just be beginning whose client has left
            self.talomed.request("DELETE", f"/api/terminal/sessions/{session['id']}")
        return self.talomed.get("/api/terminal/health").json["sessions"] == 0

    def sessions(self, token=None):
        answer = self.talomed.get("/api/terminal/sessions", **({"token": token} if token else {}))
        self.assertEqual(answer.status, 200, answer)
        return answer.json["sessions"]

    def shell(self, session=None, **options):
        return self.enterContext(Shell(self.talomed, session, **options))
