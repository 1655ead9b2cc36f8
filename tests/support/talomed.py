"""A real talomed for tests: state in a temporary folder, a free port on 127.0.0.1, everything else by environment."""

import atexit
import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from . import wire
from .paths import build
from .waiting import free_port, wait_until

USERNAME = "admin"
PASSWORD = "correct horse battery staple"
DEFAULT = object()  # as a token: the one that login() got

_libc = ctypes.CDLL(None)
_sanitizer = re.compile(r"(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: \w+Sanitizer)")


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Talomed:
    """`with Talomed(docker=engine.socket) as talomed: talomed.login(); talomed.get("/api/containers")`.

    docker      path of the engine's socket; None: a path at which nothing listens
    plugins     TALOME_PLUGINS: "all", "none" or a comma list
    plugin_dirs folders instead of the build's own (TALOME_PLUGIN_DIR)
    config      text of talome.yaml
    state       a state folder to use and keep, instead of a temporary one
    env         further variables; a value of None leaves one out
    """

    def __init__(self, docker=None, plugins="all", plugin_dirs=None, config=None, state=None, env=None, prefix=()):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="talome-test-"))
        self.state = pathlib.Path(state) if state else self.directory / "state"
        self.port = free_port()
        self.prefix = list(prefix)
        self.token = None
        self.cookie = None
        self._process = None
        self._log = self.directory / "log"
        self.env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.directory),
            "CORE_HOST": "127.0.0.1",
            "CORE_PORT": str(self.port),
            "TALOME_STATE_DIR": str(self.state),
            "TALOME_PLUGINS": plugins,
            "DOCKER_SOCKET": str(docker or self.directory / "no-engine.sock"),
            "LOG_LEVEL": "debug",
            "TERMINAL_DAEMON_PORT": "0",  # any that is free: tests run several at once
        }
        for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        if plugin_dirs is not None:
            self.env["TALOME_PLUGIN_DIR"] = ":".join(map(str, plugin_dirs))
        self.env["TALOME_CONFIG"] = str(self.directory / "talome.yaml")
        if config is None:
            del self.env["TALOME_CONFIG"]
        else:
            (self.directory / "talome.yaml").write_text(config)
        for name, value in (env or {}).items():
            if value is None:
                self.env.pop(name, None)
            else:
                self.env[name] = str(value)
        atexit.register(self.close)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.running:
                self.stop()
        finally:
            self.close()

    # Life and death

    @property
    def program(self) -> pathlib.Path:
        return build() / "bin" / "talomed"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything it has written, over all its starts."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def spawn(self):
        """Starts the process without waiting for it."""
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen([*self.prefix, str(self.program)], env=self.env, cwd=self.directory,
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             preexec_fn=_die_with_parent)
        return self

    def start(self, seconds=30):
        """Starts it and returns when it answers GET /api/health."""
        self.spawn()
        wait_until(self._answers, seconds, 0.01, "talomed answers /api/health")
        return self

    def _answers(self):
        if self._process.poll() is not None:
            raise AssertionError(f"talomed ended with {self._process.returncode}:\n{self.log[-6000:]}")
        try:
            return self.get("/api/health", token=None, timeout=5).status in (200, 503)
        except OSError:
            return False

    def refuses_to_start(self, seconds=15) -> str:
        """Starts it, expects it to end by itself with a failure, and returns what it wrote."""
        self.spawn()
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"talomed did not refuse to start:\n{self.log[-4000:]}") from None
        assert code != 0, f"talomed ended with 0:\n{self.log[-4000:]}"
        assert code > 0, f"talomed died of signal {-code}:\n{self.log[-4000:]}"
        self.check_sanitizers()
        return self.log

    def stop(self, seconds=20) -> int:
        """SIGTERM; returns the exit code, negative if a signal killed it."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self, seconds=20) -> int:
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"talomed did not end within {seconds} s:\n{self.log[-6000:]}") from None
        self.check_sanitizers()
        return code

    def kill9(self):
        self._process.kill()
        self._process.wait()
        self.check_sanitizers()

    def restart(self):
        """Stops it if it runs, and starts it again on the same state and port."""
        if self.running:
            code = self.stop()
            assert code == 0, f"talomed ended with {code}:\n{self.log[-4000:]}"
        return self.start()

    def check_sanitizers(self):
        log = self.log
        found = _sanitizer.search(log)
        assert not found, f"a sanitizer reports:\n{log[max(0, found.start() - 500):found.start() + 6000]}"

    def close(self):
        """Ends what still runs and removes the temporary folder. Its log must hold no sanitizer report."""
        atexit.unregister(self.close)
        if self.running:
            self._process.kill()
            self._process.wait()
        try:
            self.check_sanitizers()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    # Requests

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(self, method, path, body=None, token=DEFAULT, headers=None, **options) -> wire.Answer:
        """token: DEFAULT is the one of login(), None sends none. options: timeout, source."""
        sent = dict(headers or {})
        token = self.token if token is DEFAULT else token
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token}")
        try:
            return wire.request(self.port, method, path, body, sent, **options)
        except OSError as error:
            if self._process and self._process.poll() not in (None, 0, -signal.SIGKILL, -signal.SIGTERM):
                raise AssertionError(f"talomed ended with {self._process.returncode}:\n{self.log[-6000:]}") from error
            raise

    def get(self, path, token=DEFAULT, headers=None, **options) -> wire.Answer:
        return self.request("GET", path, None, token, headers, **options)

    def post(self, path, body=None, token=DEFAULT, headers=None, **options) -> wire.Answer:
        return self.request("POST", path, body, token, headers, **options)

    def exchange(self, data: bytes, **options) -> bytes:
        """Raw bytes there and back; see wire.exchange."""
        return wire.exchange(self.port, data, **options)

    def login(self, username=USERNAME, password=PASSWORD) -> str:
        """Logs in (the first login makes this user the admin), keeps the token for later requests and returns it."""
        answer = self.post("/api/auth/login", {"username": username, "password": password}, token=None)
        assert answer.status == 200, f"login: {answer}"
        self.token = answer.json["token"]
        self.cookie = answer.cookies["talome_session"].split(";")[0] if "talome_session" in answer.cookies else None
        return self.token
