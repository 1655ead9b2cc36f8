"""/api/storage: sizes measured in the background, and what could go: shown first, deleted only as it was shown."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from system_case import Talomed, wait_until


class StorageTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="talome-root-"))
        self.addCleanup(shutil.rmtree, self.root)
        for name, size, days in (("var/log/syslog.2.gz", 200_000, 20), ("var/log/app/old.log.1", 100_000, 9), ("var/log/young.gz", 9000, 1),
                                 ("var/log/syslog", 5000, 30), ("var/cache/apt/archives/one.deb", 50_000, 0), ("var/tmp/left", 30_000, 40),
                                 ("var/lib/systemd/coredump/core.x", 80_000, 2)):
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.urandom(size))
            when = time.time() - days * 86400
            os.utime(path, (when, when))
        self.talomed = self.enterContext(Talomed(plugins="system", env={"HOST_ROOT": self.root, "TALOME_STATE_DIR": self.root / "state"}))
        self.talomed.login()

    def get(self, path, status=200):
        answer = self.talomed.get(path)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def reclaim(self, status=200, **body):
        answer = self.talomed.post("/api/storage/reclaim", body)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def test_preview_and_plan(self):
        preview = self.get("/api/storage/reclaimable")
        paths = {pathlib.Path(each["path"]).name: each for each in preview["entries"]}
        self.assertEqual(set(paths), {"syslog.2.gz", "old.log.1", "one.deb", "left", "core.x"})
        self.assertEqual(paths["left"]["risk"], "medium")
        self.assertEqual(preview["totalReclaimableBytes"], sum(each["bytes"] for each in preview["entries"]))
        self.assertIn("docker.diskUsage", preview["dockerReason"])
        ids = [each["id"] for each in preview["entries"]]

        dry = self.reclaim(targets=ids, plan=preview["plan"])
        self.assertTrue(dry["dryRun"])
        self.assertEqual(dry["count"], 5)
        self.assertTrue(all(pathlib.Path(each["path"]).exists() for each in preview["entries"]))
        self.assertIn("plan", self.reclaim(400, targets=ids, dryRun=False)["error"])
        self.reclaim(409, targets=ids, dryRun=False, plan="0" * 32)
        self.reclaim(400, targets=["nonsense"], plan=preview["plan"])
        self.reclaim(400, targets=[], plan=preview["plan"])
        self.reclaim(400, targets=["nonsense"], plan=preview["plan"], dryRun=False)  # ends no plan

        changed, replaced = pathlib.Path(paths["syslog.2.gz"]["path"]), pathlib.Path(paths["core.x"]["path"])
        before = changed.stat()
        changed.write_bytes(os.urandom(before.st_size))
        os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))  # the same size and time
        replaced.rename(replaced.with_name("moved"))
        shutil.copy2(replaced.with_name("moved"), replaced)
        done = {pathlib.Path(each["path"]).name: each for each in self.reclaim(targets=ids, dryRun=False, plan=preview["plan"])["results"]}
        self.assertEqual({name for name, each in done.items() if each["removed"]}, {"old.log.1", "one.deb", "left"})
        self.assertIn("changed", done["syslog.2.gz"]["reason"])
        self.assertTrue(changed.exists() and replaced.exists())
        self.assertFalse((self.root / "var/tmp/left").exists())
        self.assertEqual([each.name for each in self.root.rglob(".talome-reclaim*")], [])
        self.reclaim(409, targets=ids, dryRun=False, plan=preview["plan"])  # a plan counts once

    @unittest.skipIf(os.geteuid(), "mounting needs root")
    def test_what_it_may_not_delete_is_not_shown(self):
        folder = str(self.root / "var/log")
        subprocess.run(["mount", "--bind", folder, folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        names = {pathlib.Path(each["path"]).name for each in self.get("/api/storage/reclaimable")["entries"]}
        self.assertEqual(names, {"one.deb", "left", "core.x"})

    def test_its_tier_and_who_may(self):
        document = self.get("/api/openapi.json")
        operation = document["paths"]["/api/storage/reclaim"]["post"]
        self.assertEqual((operation["x-tier"], operation["x-permission"]), ("destructive", "admin"))
        self.assertEqual(document["paths"]["/api/storage/reclaimable"]["get"]["x-tier"], "read")

    def test_sizes_are_measured_in_the_background(self):
        rows = {each["path"]: each for each in self.get("/api/storage/breakdown")}
        self.assertEqual(rows["/var/log"]["state"], "pending")
        self.assertNotIn("sizeBytes", rows["/var/log"])
        self.assertEqual(rows["/srv"]["state"], "pending")  # no request looks
        app = self.root / str(self.root / "state")[1:] / "app-data/jellyfin"
        app.mkdir(parents=True)
        (app / "data").write_bytes(os.urandom(123_456))
        started = self.talomed.post("/api/storage/scan")
        self.assertEqual(started.status, 202, started)
        job = started.json["jobId"]
        wait_until(lambda: self.get(f"/api/jobs/{job}")["status"] not in ("queued", "running"), 20)
        rows = {each["path"]: each for each in self.get("/api/storage/breakdown")}
        du = int(subprocess.run(["du", "-s", "-B1", str(self.root / "var/log")], capture_output=True, text=True).stdout.split()[0])
        self.assertEqual(rows["/var/log"]["sizeBytes"], du)
        self.assertEqual(rows["/var/log"]["state"], "measured")
        self.assertEqual(rows["/srv"]["state"], "absent")
        self.assertRegex(rows["/var/log"]["asOf"], "Z$")
        apps = self.get("/api/storage/apps")
        self.assertEqual(apps["apps"][0]["app"], "jellyfin")
        self.assertGreaterEqual(apps["apps"][0]["dataBytes"], 123_456)
        self.assertFalse(apps["dockerKnown"])
        self.assertIn("docker.diskUsage", apps["dockerReason"])

    def job(self, answer):
        self.assertEqual(answer.status, 202, answer)
        job = answer.json["jobId"]
        return wait_until(lambda: (j := self.get(f"/api/jobs/{job}"))["status"] not in ("queued", "running") and j, 30)

    def test_what_is_in_a_folder(self):
        self.assertEqual(self.get("/api/storage/tree")["folders"], [])
        self.get("/api/storage/tree?path=/var/log", 404)
        big = self.root / "var/log/app/deep/er"
        big.mkdir(parents=True)
        (big / "file").write_bytes(os.urandom(3 << 20))
        (self.root / "var/log/other").mkdir()
        (self.root / "var/log/other/file").write_bytes(os.urandom(2 << 20))
        self.job(self.talomed.post("/api/storage/scan"))
        tree = self.get("/api/storage/tree?path=/var/log&depth=3")
        (log,) = tree["folders"]
        self.assertRegex(tree["asOf"], "Z$")
        self.assertEqual([(each["path"], each["name"]) for each in log["children"]], [("/var/log/app", "app"), ("/var/log/other", "other")])
        deep = log["children"][0]["children"][0]
        self.assertEqual((deep["path"], deep["children"][0]["path"]), ("/var/log/app/deep", "/var/log/app/deep/er"))
        du = int(subprocess.run(["du", "-s", "-B1", str(big.parent)], capture_output=True, text=True).stdout.split()[0])
        self.assertEqual(deep["sizeBytes"], du)
        self.assertEqual(self.get("/api/storage/tree?path=/var/log&depth=0")["folders"][0]["children"], [])
        self.assertEqual(self.get("/api/storage/tree?path=/var/log/app")["folders"][0]["children"][0]["children"], [])
        self.assertIn("/var/log", [each["path"] for each in self.get("/api/storage/usage?depth=0")["folders"]])
        for wrong in ("path=var", "path=/var/log/", "depth=6", "depth=-1"):
            self.get(f"/api/storage/tree?{wrong}", 400)
        self.get("/api/storage/tree?path=/var/log/../../etc", 404)

    def test_files_twice(self):
        content = os.urandom(2 << 20)
        for name in ("srv/a/film", "srv/b/the same", "srv/b/c/again"):
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        os.link(self.root / "srv/a/film", self.root / "srv/a/another name")
        (self.root / "srv/other").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        self.assertEqual(self.get("/api/storage/duplicates"), [])
        job = self.job(self.talomed.post("/api/storage/duplicates", {"path": "/srv"}))
        self.assertEqual(job["status"], "done", job)
        (report,) = self.get("/api/storage/duplicates")
        self.assertEqual((report["path"], report["files"], report["cut"], report["wastedBytes"]), ("/srv", 4, False, 4 << 20))
        (group,) = report["groups"]
        self.assertEqual((group["count"], group["sizeBytes"]), (3, 2 << 20))
        self.assertLess({"b/c/again", "b/the same"}, set(group["paths"]))
        for wrong in ("/etc", "/srv2", "srv"):
            answer = self.talomed.post("/api/storage/duplicates", {"path": wrong})
            self.assertEqual(answer.status, 400, answer)
        self.assertNotEqual(self.job(self.talomed.post("/api/storage/duplicates", {"path": "/srv/../etc"}))["status"], "done")

    def test_the_whole(self):
        self.assertNotIn("packageCache", [each["type"] for each in self.get("/api/storage")["reclaimable"]["categories"]])
        storage = wait_until(lambda: "filesReason" not in (s := self.get("/api/storage"))["reclaimable"] and s, 30)
        self.assertIn("packageCache", [each["type"] for each in storage["reclaimable"]["categories"]])
        self.assertEqual(set(storage), {"mounts", "breakdown", "smart", "reclaimable", "forecast", "generatedAt"})
        self.get("/api/storage/docker-usage", 503)


if __name__ == "__main__":
    unittest.main()
