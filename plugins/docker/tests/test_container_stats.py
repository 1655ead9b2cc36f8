"""What containers use, through the REST API."""

import threading
import time
import unittest

from engine_case import EngineCase, needs_engine, wait_until


@needs_engine
class StatsTest(EngineCase):
    def stats(self, name, expected=200):
        answer = self.talomed.get(f"/api/containers/{name}/stats")
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def test_a_busy_container(self):
        self.engine.run("busy", "sh", "-c", "while :; do :; done")
        wait_until(lambda: self.status_of("busy") == "running", 5)
        self.stats("busy")

        def agrees():  # the machine may be busy with other things: what counts is that both see the same
            theirs = float(self.engine.cli("stats", "--no-stream", "--format", "{{.CPUPerc}}", "busy").rstrip("%"))
            ours = self.stats("busy")["cpuPercent"]
            return ours > 0 and abs(ours - theirs) <= max(10, 0.5 * theirs)
        wait_until(agrees, 60, 0.5, "cpuPercent is what docker stats says")
        self.engine.cli("kill", "busy")

    def test_memory_is_without_the_file_cache_and_has_the_containers_limit(self):
        self.engine.run("memory", "sh", "-c", "head -c 50000000 /dev/zero > /file; cat /file > /dev/null; sleep 86400",
                        options=["--memory", "128m"])
        wait_until(lambda: "running" == self.status_of("memory"), 5)
        wait_until(lambda: self.stats("memory")["memoryLimitMb"] == 128, 5)
        self.assertLess(self.stats("memory")["memoryUsageMb"], 40)

    def test_who_does_not_run_has_none(self):
        self.engine.cli("create", "--name", "idle", "busybox:latest", "true")
        wait_until(lambda: self.status_of("idle") == "created", 5)
        self.assertIn("not running", self.stats("idle", 409)["error"])

    def test_the_hosts_network_is_not_a_containers(self):
        self.engine.run("hostly", options=["--network", "host"])
        wait_until(lambda: self.status_of("hostly") == "running", 5)
        stats = self.stats("hostly")
        self.assertEqual((stats["networkRxBytes"], stats["networkTxBytes"]), (0, 0))

    def test_many_who_come_after_a_quiet_time_share_one_reading(self):
        self.engine.run("quiet")
        wait_until(lambda: self.status_of("quiet") == "running", 5)
        time.sleep(14)  # the sampler sleeps after ten seconds without a look
        seen = []

        def look():
            seen.append(self.list()["quiet"]["stats"])
        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(seen), 8)
        self.assertLessEqual(len({str(each) for each in seen}), 2, seen)  # of one reading, or of the next


if __name__ == "__main__":
    unittest.main()
