"""The servers under measurement, and the programs that ask them."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading

from support import Talomed, build, free_port, wait_until

PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
PLUGINS = ("tests/plugins", "tests/plugins/bench", "tests/plugins/c-wire")  # of the build; greeter is in the first


class Skip(Exception):
    """A section cannot run here, and why."""


@contextlib.contextmanager
def talomed(options, **env):
    """A talomed with the plugins that the benchmarks call, logged in."""
    folders = [*(build() / name for name in PLUGINS), *map(pathlib.Path, options.plugin_dir)]
    with Talomed(plugins="all", plugin_dirs=[folder for folder in folders if folder.is_dir()],
                 env={"LOG_LEVEL": "warn", **env}) as server:
        server.login()
        yield server


def authorization(server) -> str:
    return f"Authorization: Bearer {server.token}"


def route_exists(server, path, method="GET") -> bool:
    """Asks for the head of the answer only: it may be a stream without an end."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", authorization(server),
             *(["Content-Length: 0"] if method == "POST" else []), "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode())
        head = connection.recv(4096).decode("latin-1")
    return not head.startswith("HTTP/1.1 404")


def need_route(server, path, method="GET"):
    if not route_exists(server, path, method):
        raise Skip(f"{method} {path} answers 404")


@contextlib.contextmanager
def publishing(server, path, period, body):
    """Publishes events while it lasts: `body` every `period` seconds."""
    ended = threading.Event()

    def publish():
        while not ended.wait(period):
            server.post(path, body)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Program:
    """A program that prints a line when it is ready, and ends when its input does."""

    def __init__(self, name, *args):
        path = build() / "bin" / name
        if not path.exists():
            raise SystemExit(f"{path} is not there: packaging/build release")
        self.process = subprocess.Popen([path, *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def line(self) -> str:
        text = self.process.stdout.readline()
        if not text:
            raise RuntimeError(f"{self.process.args[0].name} ended with {self.process.wait(10)}")
        return text

    def json(self) -> dict:
        return json.loads(self.line())

    def ask(self) -> dict:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.json()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def load(mode, server, path, **numbers) -> Program:
    """bench_load against a talomed (with its token) or another server that has a port."""
    headers = ["-H", authorization(server)] if getattr(server, "token", None) else []
    return Program("bench_load", mode, server.port, path, *(f"{k}={v}" for k, v in numbers.items()), *headers)


class Other:
    """A server that is not talomed: its port and its processes."""

    def __init__(self, port, pids):
        self.port, self.pids = port, pids


@contextlib.contextmanager
def poco(threads, answer):
    """Poco's HTTPServer that gives `answer`, with the headers that are not its own to write."""
    own = {"connection", "content-length", "date", "keep-alive"}
    headers = [word for name, value in answer.headers.items() if name.lower() not in own for word in (name, value)]
    with Program("bench_poco", threads, answer.text, *headers) as program:
        yield Other(int(program.line()), [program.process.pid])


@contextlib.contextmanager
def nginx(root):
    """nginx that serves the files in `root`, one process for each core."""
    program = shutil.which("nginx", path=PATH)
    with tempfile.TemporaryDirectory(prefix="talome-bench-nginx-") as folder:
        directory = pathlib.Path(folder)
        port = free_port()
        temporary = " ".join(f"{name}_temp_path {directory}/{name};"
                             for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (directory / "nginx.conf").write_text(f"""
            daemon off; pid {directory}/pid; error_log {directory}/error.log; worker_processes auto; user root;
            worker_rlimit_nofile 20000;
            events {{ worker_connections 10000; }}
            http {{
                access_log off; default_type application/json; keepalive_requests 100000000; open_file_cache max=10;
                sendfile on; tcp_nopush on; {temporary}
                server {{ listen 127.0.0.1:{port} backlog=4096; root {root}; }}
            }}""")
        process = subprocess.Popen([program, "-c", directory / "nginx.conf", "-e", directory / "error.log"])

        def listens():
            if process.poll() is not None:
                raise RuntimeError((directory / "error.log").read_text())
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        try:
            wait_until(listens, 10, what="nginx listens")
            with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
                yield Other(port, [process.pid, *map(int, file.read().split())])
        finally:
            process.terminate()
            process.wait()


class Rate:
    """What wrk saw."""

    def __init__(self, text):
        def number(pattern):
            found = re.search(pattern, text)
            return float(found.group(1)) if found else 0
        self.per_second = number(r"Requests/sec:\s+([\d.]+)")
        self.requests = int(number(r"(\d+) requests in"))
        self.read_errors = int(number(r"Socket errors:.* read (\d+)"))
        self.other_errors = sum(int(number(rf"Socket errors:.*{kind} (\d+)"))
                                for kind in ("connect", "write", "timeout"))
        self.refusals = int(number(r"Non-2xx or 3xx responses: (\d+)"))
        if not self.requests:
            raise RuntimeError(f"wrk made no request:\n{text}")


def wrk(port, path, connections, seconds, header=None) -> Rate:
    command = ["wrk", f"-t{min(2, connections)}", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s",
               *(["-H", header] if header else []), f"http://127.0.0.1:{port}{path}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {ended.stdout}{ended.stderr}")
    return Rate(ended.stdout)
