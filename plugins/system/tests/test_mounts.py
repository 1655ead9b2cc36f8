"""A file system that hangs delays nobody, and is reported."""

import os
import signal
import socket
import time
import unittest

import fuse
from system_case import SystemCase, Talomed, wait_until


@unittest.skipIf(fuse.unavailable(), fuse.unavailable())
class HangingMountTest(SystemCase):
    def row(self, path):
        rows = [each for each in self.get("/api/storage/mounts")["mounts"] if each["mount"] == str(path)]
        return rows[0] if rows else None

    def test_it_is_reported_and_holds_up_nothing(self):
        with fuse.Fuse() as nas:
            self.addCleanup(nas.answer_again)
            well = wait_until(lambda: (row := self.row(nas.path)) and "usedBytes" in row and row, 5)
            self.assertEqual((well["fstype"], well["percent"], well["stale"]), ("fuse.nas", 75.0, False))
            self.assertEqual(well["inodesPercent"], 50.0)

            nas.hang.set()
            rounds = 0
            paths = ("/api/system/stats", "/api/storage/mounts", "/api/storage", "/api/system/health", "/api/system", "/api/health", "/metrics",
                     "/api/storage/forecast", "/api/storage/reclaimable")
            while True:
                for path in paths:  # each answers while nobody answers for the file system
                    self.assertEqual(self.talomed.get(path).status, 200, path)
                rounds += 1
                if self.row(nas.path)["stale"]:
                    break
                self.assertLess(rounds, 1000)
            self.assertEqual(nas.waits(self.talomed.pid), 1, "one question waits, and no request with it")

            stale = self.row(nas.path)
            self.assertEqual(stale["usedBytes"], well["usedBytes"])  # the last that is known
            self.assertIn("does not answer", stale["problem"])
            self.assertEqual(self.get("/api/storage/mounts")["unresponsive"], 1)
            finding = [each for each in self.get("/api/system/health")["checks"] if each["name"] == "mount" and each["subject"] == str(nas.path)][0]
            self.assertEqual((finding["status"], finding["severity"]), ("critical", "critical"))
            self.assertIn("does not answer", finding["message"])
            self.assertIn("umount -l", finding["fix"])
            self.assertRegex(finding["since"], r"Z$")
            self.assertIn(f'mountpoint="{nas.path}"}} 1', [line for line in self.talomed.get("/metrics").text.splitlines() if "device_error" in line and str(nas.path) in line][0])

            for _ in range(5):
                self.get("/api/system/stats")
            self.assertEqual(nas.waits(self.talomed.pid), 1, "it is not asked again while it hangs")
            threads = len(os.listdir(f"/proc/{self.talomed.pid}/task"))
            self.assertLess(threads, 40)

            nas.answer_again()
            wait_until(lambda: not self.row(nas.path)["stale"], 5)
            status = lambda: [each["status"] for each in self.get("/api/system/health")["checks"] if each["name"] == "mount" and each["subject"] == str(nas.path)]
            wait_until(lambda: status() == ["ok"], 5)
        wait_until(lambda: self.row(nas.path) is None, 5)



@unittest.skipIf(fuse.unavailable(), fuse.unavailable())
class ScanPathTest(SystemCase):
    """One that hangs altogether, and is a folder to measure: nobody opens it, neither requests nor the job."""

    def test_it_is_left_out(self):
        with fuse.Fuse() as nas:
            nas.hang_all = True
            nas.hang.set()
            path = str(nas.path)
            answer = self.talomed.request("PUT", "/api/settings", {"storage_scan_paths": [path, path + "/films"]})
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual({each["state"] for each in self.get("/api/storage/breakdown") if each["path"].startswith(path)}, {"pending"})
            job = self.talomed.post("/api/storage/scan").json["jobId"]
            wait_until(lambda: self.get(f"/api/jobs/{job}")["status"] == "done", 60)
            rows = [each for each in self.get("/api/storage/breakdown") if each["path"].startswith(path)]
            self.assertEqual([each["state"] for each in rows], ["unreadable"] * 2)
            self.assertIn("may not answer", rows[0]["reason"])
            for each in ("/api/storage", "/api/storage/tree", "/api/storage/apps"):
                self.get(each)
            self.assertEqual(self.talomed.post("/api/storage/duplicates", {"path": path}).status, 409)


@unittest.skipIf(fuse.unavailable(), fuse.unavailable())
class StoppingTest(unittest.TestCase):
    """Where even SIGKILL does not end a wait, the process is there until the file system answers, but out of the way."""

    def stale(self, talomed, path):
        return [each["stale"] for each in talomed.get("/api/storage/mounts").json["mounts"] if each["mount"] == str(path)] == [True]

    def test_another_server_takes_its_place_though_one_hangs(self):
        with fuse.Fuse() as nas, Talomed(plugins="system") as talomed:
            try:
                self.one_after_the_other(nas, talomed)
            finally:
                nas.answer_again()  # else nothing could end the process

    def one_after_the_other(self, nas, talomed):
        talomed.login()
        nas.hang.set()
        wait_until(lambda: self.stale(talomed, nas.path), 8, 0.2)
        begun = time.monotonic()
        for action in ("disable", "enable"):
            answer = talomed.post(f"/api/plugins/system/{action}")
            self.assertLess(answer.status, 300, answer)
        self.assertEqual(talomed.get("/api/system/stats").status, 200)
        print(f"disabled and enabled in {time.monotonic() - begun:.1f} s", flush=True)
        wait_until(lambda: self.stale(talomed, nas.path), 8, 0.2)

        begun = time.monotonic()
        talomed.signal(signal.SIGTERM)
        wait_until(lambda: not self.answers(talomed.port), 10)
        print(f"gone from its port after {time.monotonic() - begun:.1f} s", flush=True)
        next = Talomed(plugins="system", state=talomed.state, env={"CORE_PORT": str(talomed.port)})
        next.port, next.token = talomed.port, talomed.token
        self.addCleanup(next.close)
        wait_until(lambda: self.starts(next), 15, 0.5, "the state directory is free")
        self.assertEqual(next.get("/api/system/stats").status, 200)
        self.assertTrue(talomed.running, "the wait has outlasted its server")
        nas.answer_again()
        self.assertEqual(talomed.wait(5), 0, "it ends well as soon as it can")
        self.assertEqual(next.get("/api/system/stats").status, 200)
        self.assertEqual(next.stop(), 0)

    def starts(self, talomed):
        try:
            talomed.start()
            return True
        except AssertionError:
            return False

    def answers(self, port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    unittest.main()
