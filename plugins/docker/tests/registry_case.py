"""A real registry (Debian's docker-registry) beside the engine, in the engine's network namespace, with a slow line to it."""

import crypt
import ctypes
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from engine_case import Engine, EngineCase, Talomed, wait_until

OVER = {"done", "failed", "cancelled", "interrupted"}
_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000

needs_registry = unittest.skipIf(Engine.unavailable() or not shutil.which("docker-registry"),
                                 Engine.unavailable() or "docker-registry is not installed")


class Registry:
    """docker-registry at 127.0.0.1:port of the namespace that the caller is in; with name and password if `login` is given."""

    def __init__(self, port, login=None):
        self.port = port
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="talome-registry-"))
        lines = ["version: 0.1", "log: {accesslog: {disabled: false}, level: info}",
                 f"storage: {{filesystem: {{rootdirectory: {self.directory}/data}}, delete: {{enabled: true}}}}",
                 f"http: {{addr: '127.0.0.1:{port}'}}"]
        if login:
            hashed = crypt.crypt(login[1], crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))
            (self.directory / "passwords").write_text(f"{login[0]}:{hashed}\n")
            lines.append(f"auth: {{htpasswd: {{realm: test, path: {self.directory}/passwords}}}}")
        (self.directory / "config.yml").write_text("\n".join(lines) + "\n")

    def __enter__(self):
        self.log = open(self.directory / "log", "wb")
        self.process = subprocess.Popen(["docker-registry", "serve", self.directory / "config.yml"], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        wait_until(self.answers, 10, 0.05, "the registry answers")
        return self

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    @property
    def requests(self):
        return [line for line in (self.directory / "log").read_text(errors="replace").splitlines() if '" 2' in line or '" 4' in line]

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class Line:
    """A TCP line to a port, slow, that can be made to stall."""

    def __init__(self, port, target):
        self.target, self.rate, self.stalled, self.open = target, None, False, True
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open = False
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self.listener.close()

    def accept(self):
        while self.open:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, True), daemon=True).start()

    def pump(self, source, sink, slow):
        try:
            while data := source.recv(65536):
                while self.stalled and self.open:
                    time.sleep(0.05)
                if slow and self.rate:
                    time.sleep(len(data) / self.rate)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        source.close()


class RegistryCase(EngineCase):
    """A registry at 127.0.0.1:5000, and the test, talomed and the engine in one network namespace."""

    @classmethod
    def setUpClass(cls):
        cls.engine = cls.enterClassContext(Engine())
        cls.engine.import_busybox()
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        cls.addClassCleanup(os.close, home)
        there = os.open(f"/run/netns/{cls.engine.namespace}", os.O_RDONLY)
        assert _libc.setns(there, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        os.close(there)
        cls.addClassCleanup(_libc.setns, home, CLONE_NEWNET)
        cls.registry = cls.enterClassContext(Registry(5000))
        cls.talomed = cls.enterClassContext(Talomed(docker=cls.engine.socket))
        cls.talomed.login()

    @classmethod
    def push(cls, name, port=5000, source="busybox:latest"):
        cls.engine.cli("tag", source, f"127.0.0.1:{port}/{name}")
        cls.engine.cli("push", f"127.0.0.1:{port}/{name}")
        cls.engine.cli("rmi", f"127.0.0.1:{port}/{name}")

    @classmethod
    def image_of(cls, content: pathlib.Path, name):
        """An image with one file."""
        archive = subprocess.Popen(["tar", "-c", "-C", content.parent, content.name], stdout=subprocess.PIPE)
        subprocess.run(["docker", "-H", f"unix://{cls.engine.socket}", "import", "-", name], stdin=archive.stdout, check=True,
                       stdout=subprocess.DEVNULL)
        archive.wait()

    def begin(self, expected=202, **body):
        answer = self.talomed.post("/api/images/pull", body)
        self.assertEqual(answer.status, expected, answer)
        return answer.json.get("jobId")

    def job(self, number):
        answer = self.talomed.get(f"/api/jobs/{number}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def ended(self, number, seconds=60):
        return wait_until(lambda: (job := self.job(number))["status"] in OVER and job, seconds, 0.05, f"job {number} is over")
