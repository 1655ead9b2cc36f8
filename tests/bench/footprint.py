#!/usr/bin/env python3
"""How much memory and processor time talomed takes, alone and with every plugin of this repository, beside an empty Poco
HTTPServer: after its start, and again after 10,000 mixed requests, 20 logins and a quiet time in which nobody asks.

usage: TALOME_BUILD=build/release python3 tests/bench/footprint.py [--quiet-minutes 10]
With root and a Docker engine's programs the plugins find a real engine with three containers. Ends with what was wanted
and what came out, and with 1 if something was missed.
"""

import argparse
import contextlib
import http.client
import pathlib
import re
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "http"))
from measure import Report, cpu_seconds, median, mib
from servers import Program
from shipped import shipped
from support import Engine, PASSWORD, USERNAME, Talomed, build
from support.waiting import wait_until

LIMITS = {"alone": (20, 4), "every plugin": (40, 12)}  # MiB of RSS and of private dirty pages
MIXED = ("/healthz", "/api/auth/me", "/api/plugins", "/openapi.json", "/metrics", "/api/settings", "/api/nothing", "/api/users")
REQUESTS, LOGINS, STARTS = 10_000, 20, 9


def memory(pid):
    """(RSS, private dirty pages) in bytes."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return tuple(int(re.search(rf"^{key}: +(\d+) kB", text, re.M)[1]) * 1024 for key in ("Rss", "Private_Dirty"))


def tell(what, pid):
    rss, dirty = memory(pid)
    print(f"{what}: RSS {mib(rss)}, private dirty {mib(dirty)}", flush=True)
    return rss / (1 << 20), dirty / (1 << 20)


def ask(port, paths, count, token=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number in range(count):
        connection.request("GET", paths[number % len(paths)], headers={"Authorization": f"Bearer {token}"} if token else {})
        connection.getresponse().read()
    connection.close()


def poco(minutes):
    starts = []
    for _ in range(STARTS):
        begun = time.perf_counter()
        with Program("bench_poco", 16, "{}") as server:
            server.line()
            starts.append(time.perf_counter() - begun)
    print(f"Poco's HTTPServer with nothing in it: listens after {1000 * median(starts):.0f} ms (median of {STARTS})")
    with Program("bench_poco", 16, "{}") as server:
        port, pid = int(server.line()), server.process.pid
        tell("Poco's HTTPServer with nothing in it", pid)
        ask(port, ["/"], REQUESTS)
        tell(f"  after {REQUESTS} requests", pid)
        begun = cpu_seconds(pid)
        time.sleep(60 * minutes)
        print(f"  {minutes:g} quiet minutes: {cpu_seconds(pid) - begun:.3f} s of CPU")


def until_ready(options):
    """Seconds from the start of the process to the first 200 of /readyz, on a state folder that has been used before."""
    server = Talomed(**options)
    with server:
        server.stop()
        taken = []
        for _ in range(STARTS):
            begun = time.perf_counter()
            server.spawn()
            wait_until(lambda: answers(server.port), 30, 0.0005, "/readyz answers 200")
            taken.append(time.perf_counter() - begun)
            server.stop()
    return median(taken)


def answers(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def measure(name, options, minutes, report):
    rss_limit, dirty_limit = LIMITS[name]
    ready = until_ready(options)
    print(f"{name}: ready after {1000 * ready:.0f} ms (median of {STARTS})")
    if name == "every plugin":
        report.at_most("from the start to the first 200 of /readyz, every plugin", 1000 * ready, 50, " ms")
    with Talomed(**options) as server:
        time.sleep(3)
        rss, dirty = tell(f"{name}, started", server.pid)
        report.at_most(f"RSS, {name}", rss, rss_limit, " MiB")
        report.at_most(f"private dirty, {name}", dirty, dirty_limit, " MiB")
        server.login()
        active = [plugin["id"] for plugin in server.get("/api/plugins").json if plugin["state"] == "active"]
        paths = [*MIXED, *(["/api/containers"] if "docker" in active else [])]
        ask(server.port, paths, REQUESTS, server.token)
        for _ in range(LOGINS):
            answer = server.post("/api/auth/login", {"username": USERNAME, "password": PASSWORD}, token=None)
            assert answer.status == 200, answer
        tell(f"{name} ({', '.join(active) or 'none'}), after {REQUESTS} requests and {LOGINS} logins", server.pid)
        time.sleep(5)  # the last of them is over
        begun = cpu_seconds(server.pid)
        time.sleep(60 * minutes)
        cpu = (cpu_seconds(server.pid) - begun) * 10 / minutes
        rss, dirty = tell(f"{name}, after {minutes:g} quiet minutes ({cpu:.3f} s of CPU for each ten)", server.pid)
        report.at_most(f"RSS after requests and a quiet time, {name}", rss, rss_limit, " MiB")
        report.at_most(f"private dirty after requests and a quiet time, {name}", dirty, dirty_limit, " MiB")
        report.at_most(f"CPU of ten quiet minutes, {name}", cpu, 0.6, " s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quiet-minutes", type=float, default=10)
    minutes = parser.parse_args().quiet_minutes
    report = Report()
    plugins = shipped(build() / "plugins")
    poco(min(minutes, 1))
    with tempfile.TemporaryDirectory() as nothing:  # as talome-host is by itself
        measure("alone", {"plugins": "none", "plugin_dirs": [nothing], "env": {"LOG_LEVEL": "warn"}}, minutes, report)
    with contextlib.ExitStack() as stack:
        engine = None
        if why := Engine.unavailable():
            print(f"without an engine: {why}")
        else:
            engine = stack.enter_context(Engine())
            engine.import_busybox()
            for number in range(3):
                engine.run(f"c{number}")
        options = {"plugin_dirs": [plugins], "env": {"LOG_LEVEL": "warn"}, "docker": engine and engine.socket}
        measure("every plugin", options, minutes, report)
    return 0 if report.print() else 1


if __name__ == "__main__":
    sys.exit(main())
