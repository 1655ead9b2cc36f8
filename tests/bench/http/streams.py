"""Event streams: what a delivered event costs and how soon it is there, what subscribers leave behind that come and go,
and what one that stops reading does to the others."""

import os
import time

from measure import Watch, cpu_seconds, mib, status
from servers import load, need_route, publishing, talomed

SUBSCRIBERS = 1000
CYCLES = 5000
BESIDE_STALLED = 20


def idle_cpu(pid, seconds=2.0) -> float:
    """Share of a core that it uses when nobody asks."""
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return (cpu_seconds(pid) - before) / seconds


def descriptors(pid) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def deliver(server, options, report):
    with load("streams", server, options.sse_path, count=SUBSCRIBERS, seconds=options.stream_seconds) as clients:
        opened = clients.json()["open"]
        with Watch([server.pid]) as used:
            seen = clients.json()
    if not seen["events"]:
        report.holds("events with sentNs in the stream", 0, "some")
        return
    size = seen["bytes"] // seen["events"]
    with load("yardstick", server, "/", count=SUBSCRIBERS, bytes=size, rounds=10) as bare:
        bare_us = bare.json()["usPerSend"]
    each = used.cpu / seen["events"] * 1e6
    print(f"{opened} subscribers, {used.wall:.1f} s: {seen['events']} events of {size} bytes, {each:.1f} us CPU each "
          f"(bare send(): {bare_us:.1f}); delivered after {seen['p50Ms']:.1f} ms (median), {seen['p99Ms']:.1f} (p99), "
          f"{seen['maxMs']:.1f} (at most); {used.threads} threads, RSS {mib(used.rss)}, {seen['closed']} closed",
          flush=True)
    report.at_most("CPU per delivered event", each, 20, " us")
    report.at_most("p99 of the delivery", seen["p99Ms"], 50, " ms")
    report.at_most("streams that were closed", seen["closed"], 0)
    report.at_most(f"threads with {SUBSCRIBERS} subscribers", used.threads, 16)


def come_and_go(server, options, report):
    with load("churn", server, options.sse_path, cycles=200) as clients:  # what grows once, grows now
        clients.json()
    time.sleep(1)
    rss, cpu, files = status(server.pid, "VmRSS"), idle_cpu(server.pid), descriptors(server.pid)
    with load("churn", server, options.sse_path, cycles=CYCLES) as clients:
        took = clients.json()["seconds"]
    time.sleep(3)  # two events at least: whoever has left is noticed
    rss_after, cpu_after, files_after = status(server.pid, "VmRSS"), idle_cpu(server.pid), descriptors(server.pid)
    print(f"{CYCLES} came and left in {took:.1f} s: RSS {mib(rss * 1024)} -> {mib(rss_after * 1024)}, CPU at rest "
          f"{100 * cpu:.2f} % -> {100 * cpu_after:.2f} %, descriptors {files} -> {files_after}", flush=True)
    report.at_most(f"RSS that {CYCLES} subscribers leave behind", (rss_after - rss) / 1024, 2, " MiB")
    report.at_most("CPU at rest that they leave behind", 100 * max(0.0, cpu_after - cpu), 0.5, " % of a core")
    report.at_most("descriptors that they leave behind", files_after - files, 0)


def stalled(server, options, report):
    before = descriptors(server.pid)
    begun = time.monotonic()
    seconds = options.stream_seconds
    with load("streams", server, options.sse_path, count=BESIDE_STALLED, stalled=1, seconds=seconds) as clients, \
            publishing(server, options.publish_path, 0.05, {"count": 25, "text": "x" * 1000}):
        clients.json()
        dropped = None
        while dropped is None and time.monotonic() < begun + seconds - 1:
            time.sleep(0.1)
            if descriptors(server.pid) <= before + BESIDE_STALLED:
                dropped = time.monotonic() - begun
        seen = clients.json()
    when = "not seen to be dropped" if dropped is None else f"dropped after {dropped:.1f} s"
    print(f"one of {BESIDE_STALLED + 1} does not read: {when}; the others: {seen['events']} events, p99 "
          f"{seen['p99Ms']:.1f} ms, {seen['closed']} closed", flush=True)
    report.holds("subscribers dropped since they do not read", seen["dropped"], 1)
    report.at_most("p99 of the others meanwhile", seen["p99Ms"], 50, " ms")
    report.at_most("others that were closed", seen["closed"], 0)


def run(options, report):
    with talomed(options) as server:
        need_route(server, options.sse_path)
        with publishing(server, options.publish_path, 1, {"count": 1}):
            deliver(server, options, report)
            come_and_go(server, options, report)
        stalled(server, options, report)
