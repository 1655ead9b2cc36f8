"""talomectl of the build under test, and HTTP over a unix socket."""

import http.client
import json
import os
import socket
import subprocess

from .paths import build


class Ctl:
    """`Ctl(talomed)("users", "list").out`: runs it with that server's state folder in its environment."""

    def __init__(self, talomed, env=None):
        self.env = {"PATH": "/usr/bin:/bin", "HOME": str(talomed.directory), "TALOME_STATE_DIR": str(talomed.state)}
        for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.env.update({name: str(value) for name, value in (env or {}).items()})

    def __call__(self, *words, stdin="", env=None, timeout=60):
        done = subprocess.run([str(build() / "bin" / "talomectl"), *words], input=stdin, text=True,
                              capture_output=True, env={**self.env, **(env or {})}, timeout=timeout)
        return Result(done.returncode, done.stdout, done.stderr)


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"<{self.code} out={self.out!r} err={self.err!r}>"


class UnixConnection(http.client.HTTPConnection):
    """http.client over the socket at that path."""

    def __init__(self, path, timeout=20):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def ask(self, method, path, body=None, headers=None):
        """(status, parsed answer or None)"""
        self.request(method, path, None if body is None else json.dumps(body),
                     {"Content-Type": "application/json", **(headers or {})})
        answer = self.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None
