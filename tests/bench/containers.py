#!/usr/bin/env python3
"""How fast is GET /api/containers with 50 running containers, and how soon does it show what the docker CLI did?

Prints the latency of the list with stats over one keep-alive connection, and beside it that of nginx sending the same
bytes from a file to the same client in the same run: on a machine that others share, only the ratio means something.
Then the time from the exit of 50 docker start, stop and rm commands until the list shows it.

usage: TALOME_BUILD=build/release python3 tests/bench/containers.py [--containers N] [--requests N]
needs root, a Docker engine's programs, and nginx (packaging/dependencies/install test bench)
"""

import argparse
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Engine, Talomed, free_port, wait_until


class Connection:
    """The least that an HTTP client can be: one request at a time, the answer has a Content-Length."""

    def __init__(self, port, path, headers=()):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]
        self.request = "\r\n".join(lines).encode()

    def get(self) -> bytes:
        self.socket.sendall(self.request)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self.receive()
        head = data[:end].decode("latin-1").split("\r\n")
        if not head[0].startswith("HTTP/1.1 200 "):
            raise RuntimeError(head[0])
        length = next(int(line.split(":")[1]) for line in head if line.lower().startswith("content-length:"))
        body = data[end + 4:]
        while len(body) < length:
            body += self.receive()
        return body

    def receive(self):
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise RuntimeError("the server closed the connection")
        return piece


def nginx(directory, body) -> tuple[subprocess.Popen, int]:
    """nginx that serves `body` at /containers, in the foreground."""
    (directory / "containers").write_bytes(body)
    port = free_port()
    (directory / "nginx.conf").write_text(f"""
        daemon off; pid {directory}/pid; error_log {directory}/error.log; worker_processes 1; user root;
        events {{ worker_connections 64; }}
        http {{
            access_log off; default_type application/json; keepalive_requests 1000000; open_file_cache max=10;
            client_body_temp_path {directory}/b; proxy_temp_path {directory}/p; fastcgi_temp_path {directory}/f;
            uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
            server {{ listen 127.0.0.1:{port}; root {directory}; }}
        }}""")
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
    process = subprocess.Popen([program, "-c", directory / "nginx.conf", "-e", directory / "error.log"])

    def listens():
        if process.poll() is not None:
            raise RuntimeError((directory / "error.log").read_text())
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens, 10, what="nginx listens")
    return process, port


def share(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def line(name, seconds):
    ms = [1000 * s for s in seconds]
    print(f"{name:34} median {share(ms, .5):8.3f} ms   p95 {share(ms, .95):8.3f} ms   p99 {share(ms, .99):8.3f} ms"
          f"   max {max(ms):8.3f} ms   n {len(ms)}")


def latencies(ours, theirs, requests):
    """Both in turn, in blocks, so that whatever else the machine does meets both alike."""
    taken = ([], [])
    for _ in range(0, requests, 100):
        for connection, into in ((ours, taken[0]), (theirs, taken[1])):
            for _ in range(100):
                begin = time.perf_counter()
                connection.get()
                into.append(time.perf_counter() - begin)
    return taken


def visibility(engine, talomed, rounds=50):
    """Seconds from the exit of a docker command until the list shows what it did."""
    def listed(name):
        found = [c for c in talomed.get("/api/containers?stats=false").json if c["name"] == name]
        return found[0]["status"] if found else None

    taken = {"start": [], "stop": [], "rm": []}
    for number in range(rounds):
        name = f"seen-{number}"
        engine.cli("create", "--init", "--stop-timeout", "1", "--name", name, "busybox:latest", "sleep", "86400")
        for command, shows in (("start", lambda s: s == "running"), ("stop", lambda s: s in ("exited", "stopped")),
                               ("rm", lambda s: s is None)):
            engine.cli(command, name)
            begin = time.perf_counter()
            wait_until(lambda: shows(listed(name)), 10, 0.001, f"docker {command} shows")
            taken[command].append(time.perf_counter() - begin)
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--containers", type=int, default=50)
    parser.add_argument("--requests", type=int, default=5000)
    options = parser.parse_args()
    if reason := Engine.unavailable():
        sys.exit(reason)
    if not shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin"):
        sys.exit("nginx is not installed: packaging/dependencies/install bench")

    with Engine() as engine, tempfile.TemporaryDirectory(prefix="talome-bench-") as folder:
        engine.import_busybox()
        for number in range(options.containers):
            engine.run(f"c{number}", options=["--publish", f"{20000 + number}:80", "--label", "bench=yes"])
        with Talomed(docker=engine.socket, env={"LOG_LEVEL": "warn"}) as talomed:
            token = talomed.login()

            def complete():
                rows = talomed.get("/api/containers").json
                return len(rows) == options.containers and all(row.get("stats") for row in rows)

            wait_until(complete, 30, 0.05, "every container is listed with stats")
            ours = Connection(talomed.port, "/api/containers", [f"Authorization: Bearer {token}"])
            body = ours.get()
            process, port = nginx(pathlib.Path(folder), body)
            try:
                theirs = Connection(port, "/containers")
                assert theirs.get() == body
                latencies(ours, theirs, 300)  # warm up
                a, b = latencies(ours, theirs, options.requests)
            finally:
                process.terminate()
                process.wait()
            print(f"{options.containers} running containers, {len(body)} bytes\n")
            line("talomed GET /api/containers", a)
            line("nginx, the same bytes from a file", b)
            print(f"{'ratio of the medians':34} {share(a, .5) / share(b, .5):.2f}\n")
            for command, seconds in visibility(engine, talomed).items():
                line(f"docker {command} until the list shows it", seconds)
            talomed.stop()


if __name__ == "__main__":
    main()
