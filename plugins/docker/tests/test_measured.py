"""What is promised in numbers: many containers, idleness, many viewers, long logs. The numbers themselves (200 containers, a minute
of idleness, 1 GB of log) need TALOME_TEST_FULL=1 and a machine that is not busy; otherwise it is a small form of each, without times."""

import collections
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import threading
import time
import unittest

from engine_case import CountingSocket, Engine, EngineCase, FULL, Talomed, needs_engine, wait_until
from support import build

SANITIZED = "san" in build().name  # keeps what was freed: its memory says nothing

def engine_api(engine, path):
    done = subprocess.run(["curl", "--silent", "--fail", "--unix-socket", engine.socket, f"http://docker{path}"], check=True, capture_output=True)
    return json.loads(done.stdout)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    return int(next(line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


class CountedCase(EngineCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = cls.enterClassContext(Engine())
        cls.engine.import_busybox()
        cls.counted = cls.enterClassContext(CountingSocket(cls.engine.socket))
        cls.talomed = cls.enterClassContext(Talomed(docker=cls.counted.path))
        cls.talomed.login()

    def create(self, n, options=()):
        body = "; ".join(f"docker create --name many-{i} {' '.join(options)} busybox:latest sleep 86400 >/dev/null" for i in range(n))
        subprocess.run(["sh", "-e", "-c", body], check=True, env={"PATH": os.environ["PATH"], "HOME": "/", "DOCKER_HOST": f"unix://{self.engine.socket}"})


@needs_engine
class ManyTest(CountedCase):
    def test_many_containers(self):
        count = 200 if FULL else 30
        self.create(count, ["--label", "com.docker.compose.project=p", "--publish", "127.0.0.1::80"])
        self.engine.cli("start", *[f"many-{i}" for i in range(5)])
        wait_until(lambda: len(self.list("?stats=false")) == count, 20)
        wait_until(lambda: sum(each["status"] == "running" for each in self.list("?stats=false").values()) == 5, 10)
        truth = {each["Id"][:12]: each for each in engine_api(self.engine, "/v1.41/containers/json?all=1")}
        shown = self.list("?stats=false")
        self.assertEqual({each["id"] for each in shown.values()}, set(truth))
        for each in shown.values():
            real = truth[each["id"]]
            self.assertEqual((each["name"], each["image"], each["status"], each["labels"]),
                             (real["Names"][0][1:], real["Image"], real["State"], real["Labels"]))
            self.assertEqual(each["created"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(real["Created"])))
            self.assertEqual([(port["host"], port["container"], port["protocol"]) for port in each["ports"]],
                             sorted((port["PublicPort"], port["PrivatePort"], port["Type"]) for port in real["Ports"] if "PublicPort" in port))
        asked = lambda: [line for line in self.counted.requests if "/containers/" in line]
        calls = len(asked())
        connection = http.client.HTTPConnection("127.0.0.1", self.talomed.port)
        delays = []
        for _ in range(200):
            begun = time.perf_counter()
            connection.request("GET", "/api/containers?stats=false", headers={"Authorization": f"Bearer {self.talomed.token}"})
            answer = connection.getresponse()
            body = answer.read()
            delays.append(time.perf_counter() - begun)
            self.assertEqual((answer.status, body.count(b'"created":')), (200, count))
        median = statistics.median(delays) * 1000
        print(f"\n{count} containers: median {median:.2f} ms, p95 {sorted(delays)[190] * 1000:.2f} ms")
        if FULL:
            self.assertLess(median, 5)
        self.assertEqual(len(asked()), calls, "the engine was asked for a list")


@needs_engine
class IdleTest(CountedCase):
    def test_idle_with_50_containers_and_then_100_viewers(self):
        self.create(47)
        for i in range(3):
            self.engine.run(f"runs-{i}")
        wait_until(lambda: len(self.list("?stats=false")) == 50, 20)
        def quiet():
            before = len(self.counted.requests)
            time.sleep(2)  # what is measured is that nothing comes
            return len(self.counted.requests) == before
        wait_until(quiet, 20, 0.05, "the last look at usage is over")
        calls, cpu, begun = len(self.counted.requests), cpu_seconds(self.talomed.pid), time.monotonic()
        time.sleep(62 if FULL else 5)
        spent, seconds = cpu_seconds(self.talomed.pid) - cpu, time.monotonic() - begun
        asked = self.counted.requests[calls:]
        print(f"\nidle for {seconds:.0f} s: {len(asked)} calls of the engine, {spent:.2f} s of CPU")
        self.assertLessEqual(len(asked), 2, asked)
        self.assertLess(spent, 0.2 if FULL else 0.5)

        calls, cpu = len(self.counted.requests), cpu_seconds(self.talomed.pid)
        streams = [self.events("/api/containers/runs-0/stats?stream=true") for _ in range(100)]
        for _ in range(4):
            for stream in streams:
                self.assertEqual(stream.next()[0], "stats")
        asked = collections.Counter(line.split("?")[0] for line in self.counted.requests[calls:])
        print(f"100 viewers for 4 events each: calls of the engine {dict(asked)}, {cpu_seconds(self.talomed.pid) - cpu:.2f} s of CPU")
        self.assertLessEqual(sum(asked.values()), 5)


@needs_engine
class LongLogTest(EngineCase):
    def test_a_long_log_in_constant_memory(self):
        size = (8 << 20) if SANITIZED else (1 << 30) if FULL else (48 << 20)
        line = "0123456789" * 20
        self.engine.run("long", "sh", "-c", f"yes {line} | head -c {size}; echo; echo needle in the haystack")
        self.engine.cli("wait", "long", timeout=500)
        self.talomed.get("/api/containers/long/logs?tail=10")
        before = resident(self.talomed.pid)
        most = [before]
        over = threading.Event()

        def watch():
            while not over.wait(0.05):
                most[0] = max(most[0], resident(self.talomed.pid))
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            begun = time.monotonic()
            stream = self.events("/api/containers/long/logs?follow=true&tail=all&grep=needle", timeout=500)
            self.assertEqual(stream.json()["text"], "needle in the haystack")
            self.assertEqual(stream.next()[0], "end")
            searched = time.monotonic() - begun
            begun, received = time.monotonic(), 0
            stream = self.events("/api/containers/long/logs?follow=true&tail=all", timeout=500)
            while True:
                if b"event: end" in stream.data[-400:]:
                    break
                received += len(stream.data) - 400 if len(stream.data) > 400 else 0
                stream.data = stream.data[-400:]
                stream.more()
            followed = time.monotonic() - begun
        finally:
            over.set()
            watcher.join()
        print(f"\n{size >> 20} MiB of log: searched in {searched:.1f} s, followed in {followed:.1f} s ({received >> 20} MiB of events); "
              f"resident {before >> 20} MiB before, {most[0] >> 20} MiB at most")
        self.assertGreater(received, size)
        if not SANITIZED:
            self.assertLess(most[0] - before, 16 << 20)


if __name__ == "__main__":
    unittest.main()
