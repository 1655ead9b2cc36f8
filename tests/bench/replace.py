#!/usr/bin/env python3
"""What 1,000 replaces of a plugin cost those who call it: wrk with 32 connections for as long as they take, beside a
control run of the same length without replaces.

usage: TALOME_BUILD=build/release python3 tests/bench/replace.py [--replaces 1000]
needs wrk (packaging/dependencies/install bench). Ends with what was wanted and what came out, and with 1 if something
was missed.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "http"))
from measure import Report
from shipped import shipped
from support import Talomed, build

PATH = "/api/greeter/hello?name=Ann"
UNITS = {"us": 1e-3, "ms": 1, "s": 1e3}


class Load:
    """wrk, started; result() waits for its end."""

    def __init__(self, server, seconds):
        self.process = subprocess.Popen(["wrk", "-t1", "-c32", f"-d{seconds}s", "--timeout", "30s", "--latency",
                                         "-H", f"Authorization: Bearer {server.token}", server.url + PATH],
                                        stdout=subprocess.PIPE, text=True)

    def result(self):
        text, _ = self.process.communicate()
        longest = re.search(r"Latency\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)", text)
        failed = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", text)))
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
        failed += sum(map(int, errors.groups())) if errors else 0
        return int(re.search(r"(\d+) requests in", text)[1]), failed, float(longest[1]) * UNITS[longest[2]]


def rss(server):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{server.pid}/status").read_text())[1]) / 1024


def replace(server, count):
    for _ in range(count):
        answer = server.post("/api/plugins/greeter/replace")
        assert answer.status == 200, answer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--replaces", type=int, default=1000)
    options = parser.parse_args()
    report = Report()
    folder = shipped(build() / "tests/plugins", "greeter")
    limits = "plugins:\n  limits:\n    greeter: {calls: 64}\n"  # else wrk's 32 connections meet the usual limit of 16
    with Talomed(plugin_dirs=[folder], config=limits, env={"LOG_LEVEL": "warn"}) as server:
        server.login()
        assert server.get(PATH).status == 200, server.get(PATH)
        began = time.monotonic()
        load = Load(server, 2)
        replace(server, 20)
        each = (time.monotonic() - began) / 20
        load.result()
        seconds = int(each * options.replaces * 1.5) + 5
        control = Load(server, seconds).result()
        print(f"control: {control[0]} requests in {seconds} s, {control[1]} failed, longest {control[2]:.1f} ms", flush=True)
        load = Load(server, seconds)
        began = time.monotonic()
        replace(server, 50)
        after_50 = rss(server)
        replace(server, options.replaces - 50)
        took = time.monotonic() - began
        still = load.process.poll() is None
        busy = load.result()
        time.sleep(2)
        at_end = rss(server)
        print(f"replaces: {options.replaces} in {took:.1f} s{'' if still else ', longer than wrk ran'}; {busy[0]} requests, {busy[1]} failed, "
              f"longest {busy[2]:.1f} ms; RSS after 50 {after_50:.1f} MiB, at the end {at_end:.1f} MiB")
        stays = server.log.count("stays in memory")
    report.at_most("failed requests", busy[1], 0)
    report.at_most("longest pause above that of the control run", busy[2] - control[2], 20, " ms")
    report.at_most("RSS at the end above that after 50 replaces", at_end - after_50, 2, " MiB")
    report.at_most("generations whose code stayed in memory", stays, 0)
    return 0 if report.print() else 1


if __name__ == "__main__":
    sys.exit(main())
