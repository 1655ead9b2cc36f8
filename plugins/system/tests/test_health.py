"""GET /api/system/health, and what is told when a threshold is crossed: once, and once more when all is well."""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

import fuse
from system_case import Events, SystemCase, Talomed, wait_until


def no_loop():
    if os.geteuid() != 0:
        return "mounting a file system needs root"
    if not shutil.which("mkfs.ext4") or not os.path.exists("/dev/loop-control"):
        return "there is no loop device, or no mkfs.ext4"
    return None


class SmallDisk:
    """A file system of 40 MB of one's own."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="talome-disk-"))
        self.image, self.path = self.folder / "image", self.folder / "mnt"
        self.path.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(40 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(self.image)], check=True)
        subprocess.run(["mount", "-o", "loop", str(self.image), str(self.path)], check=True)
        return self

    def fill(self, percent):
        """Until it is that full, as df says it."""
        about = os.statvfs(self.path)
        old = self.path / "filling"
        size = old.stat().st_size if old.exists() else 0
        used = (about.f_blocks - about.f_bfree) * about.f_frsize
        whole = used + about.f_bavail * about.f_frsize
        with open(old, "ab") as file:
            wanted = size + int(whole * percent / 100) - used
            file.truncate(max(0, min(size, wanted)))
            while (more := wanted - size) > 0:
                size += file.write(b"x" * min(more, 1 << 20))
            file.flush()
            os.fsync(file.fileno())

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self.path)], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


@unittest.skipIf(fuse.unavailable(), fuse.unavailable())
class FullDatabaseTest(unittest.TestCase):
    """The disk with the databases is full: what is wrong is said all the same, and told as soon as it can be stored."""

    def test_it_says_what_is_wrong(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="talome-full-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(folder)])
        state = folder / "state"
        with Talomed(plugins="system", state=state) as talomed:
            talomed.login()
            self.assertEqual(talomed.request("PUT", "/api/settings/alert-thresholds", {"disk": {"warning": 50, "critical": 70}}).status, 200)
            with open(folder / "filling", "wb", buffering=0) as file:
                try:
                    while file.write(bytes(4096)) == 4096:
                        pass
                except OSError:
                    pass
            with fuse.Fuse() as nas:
                def said():
                    answer = talomed.get("/api/system/health")
                    self.assertEqual(answer.status, 200, answer)
                    return [each["status"] for each in answer.json["checks"] if (each["name"], each["subject"]) == ("disk", str(nas.path))] == ["critical"]
                wait_until(said, 20)
                with contextlib.closing(sqlite3.connect(state / "system.db")) as database:
                    stored = lambda: database.execute("SELECT count(*) FROM alerts WHERE key = ?", (f"disk:{nas.path}",)).fetchone()[0]
                    self.assertEqual(stored(), 0, "there was no room")
                    (folder / "filling").unlink()
                    wait_until(lambda: said() and stored() == 1, 20)


class AssessmentTest(SystemCase):
    def test_its_shape(self):
        health = self.get("/api/system/health")
        self.assertIn(health["status"], ("ok", "degraded", "critical"))
        self.assertTrue(0 <= health["score"] <= 100)
        names = {each["name"] for each in health["checks"]}
        self.assertLessEqual({"db", "docker", "disk", "inodes", "mount", "memory", "cpu"}, names)
        for check in health["checks"]:
            self.assertIn(check["status"], ("ok", "warning", "critical", "unknown"))
            self.assertTrue(check["message"], check)
            if check["status"] in ("warning", "critical"):
                self.assertTrue(check["since"] and check["fix"] and check["evidence"], check)
        order = [{"critical": 0, "warning": 1}.get(each["status"], 2) for each in health["checks"]]
        self.assertEqual(order, sorted(order), "the worst first")
        docker = [each for each in health["checks"] if each["name"] == "docker"][0]
        self.assertEqual((docker["status"], docker["message"]), ("unknown", "no enabled plugin offers docker.health"))

    def test_deep(self):
        deep = [each for each in self.get("/api/system/health?deep=1")["checks"] if each["name"] == "db"][0]
        self.assertIn("quick_check: ok", deep["evidence"])

    def test_the_public_health_asks_it(self):
        self.assertEqual(self.talomed.get("/api/health", token=None).json["checks"]["system"], "ok")

    def test_thresholds(self):
        path = "/api/settings/alert-thresholds"
        self.assertEqual(self.get(path)["disk"], {"warning": 80, "critical": 90})
        answer = self.talomed.post(path, {"cpu": {"warning": 50, "critical": 60}})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.get(path)["cpu"], {"warning": 50, "critical": 60})
        for wrong in ({"cpu": {"warning": 60, "critical": 60}}, {"disk": {"warning": 0, "critical": 60}}, {"memory": {"warning": 10, "critical": 101}},
                      {"gpu": {"warning": 1, "critical": 2}}, {"cpu": {"warning": 5}}):
            self.assertEqual(self.talomed.post(path, wrong).status, 400, wrong)
            self.assertEqual(self.talomed.request("PUT", "/api/settings", {"alert_thresholds": wrong}).status, 400, wrong)
        self.assertEqual(self.talomed.request("DELETE", path).status, 200)
        self.assertEqual(self.get(path)["cpu"], {"warning": 90, "critical": 98})


@unittest.skipIf(no_loop(), no_loop())
class DiskFillsTest(unittest.TestCase):
    def test_a_disk_that_fills_and_is_emptied(self):
        with SmallDisk() as disk, Talomed(plugins="system") as talomed:
            talomed.login()
            stream = Events(talomed, "/api/stats-stream?fields=uptime")
            self.addCleanup(stream.close)
            mine = lambda: [data for name, _, data in stream.events if name == "alert" and data["subject"] == str(disk.path)]

            def check():
                return [each for each in talomed.get("/api/system/health").json["checks"] if each["name"] == "disk" and each["subject"] == str(disk.path)][0]
            self.assertEqual(wait_until(lambda: (c := check())["status"] == "ok" and c, 6)["severity"], "none")
            disk.fill(85)
            warned = wait_until(lambda: (c := check())["status"] == "warning" and c, 6, 0.2)
            self.assertGreaterEqual(warned["value"], 80)
            self.assertIn("free on", warned["evidence"])
            told = wait_until(lambda: mine(), 3)
            self.assertEqual((told[0]["level"], told[0]["previous"], told[0]["threshold"], told[0]["key"]), ("warning", "ok", 80, f"disk:{disk.path}"))
            disk.fill(79)  # below the limit, but not by the margin
            wait_until(lambda: 78 <= check()["value"] < 80, 6, 0.2)
            self.assertEqual(check()["status"], "warning")
            disk.fill(93)
            wait_until(lambda: check()["status"] == "critical", 6, 0.2)
            self.assertEqual(talomed.get("/api/system/health").json["status"], "critical")
            self.assertEqual(talomed.get("/api/health", token=None).json["checks"]["system"], "error")
            since = check()["since"]
            wait_until(lambda: len(mine()) == 2, 3)

            stream.close()
            talomed.restart()
            talomed.login()
            again = Events(talomed, "/api/stats-stream?fields=uptime")
            self.addCleanup(again.close)
            stream = again
            self.assertEqual(wait_until(lambda: (c := check())["status"] == "critical" and c, 6)["since"], since, "a restart forgets nothing")
            disk.fill(30)
            wait_until(lambda: check()["status"] == "ok", 6, 0.2)
            told = wait_until(lambda: mine(), 3)
            self.assertEqual([(each["level"], each["previous"]) for each in told], [("ok", "critical")], "nothing twice")
            self.assertEqual(told[0]["since"], since)
            talomed.stop()
            with sqlite3.connect(talomed.state / "system.db") as database:
                self.assertEqual(database.execute("SELECT count(*) FROM alerts WHERE name = 'disk'").fetchone(), (0,))


if __name__ == "__main__":
    unittest.main()
