"""Snapshots of the state through REST, and `talomectl restore`: whole, or not at all."""

import hashlib
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import PASSWORD, USERNAME, Talomed, build, wait_until

KILLS = int(os.environ.get("TALOME_FAULT_ROUNDS") or 12)


def tree(folder):
    """Every file of the state but the snapshots, with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and "snapshots" not in path.parts and path.name != "talomed.lock"}


class SnapshotCase(unittest.TestCase):
    env = {}

    def setUp(self):
        self.talomed = self.enterContext(Talomed(plugin_dirs=[build() / "tests" / "plugins"], plugins="greeter",
                                                 env={"LOG_LEVEL": "info", **self.env}))
        self.talomed.login()
        self.snapshots = self.talomed.state / "snapshots"

    def create(self):
        answer = self.talomed.post("/api/snapshots")
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def count(self, token=None):
        return self.talomed.get("/api/greeter/hello?name=ann", token or self.talomed.token).json["count"]

    def command(self, name):
        return [str(build() / "bin" / "talomectl"), "restore", str(name), "--state", str(self.talomed.state)]

    def restore(self, name):
        return subprocess.run(self.command(name), capture_output=True, text=True, timeout=60,
                              env={"PATH": "/usr/bin:/bin", **{k: v for k, v in os.environ.items() if k.endswith("_OPTIONS")}})

    def check_whole(self, name):
        folder = self.snapshots / name
        manifest = json.loads((folder / "manifest.json").read_text())
        self.assertEqual({f["name"] for f in manifest["files"]} | {"manifest.json"}, set(os.listdir(folder)))
        for file in manifest["files"]:
            data = (folder / file["name"]).read_bytes()
            self.assertEqual((len(data), hashlib.sha256(data).hexdigest()), (file["size"], file["sha256"]), file["name"])
            if file["name"].endswith(".db"):
                with sqlite3.connect(f"file:{folder / file['name']}?immutable=1", uri=True) as database:
                    self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",))
                database.close()
        return manifest


class SnapshotApiTest(SnapshotCase):
    def test_what_it_holds(self):
        made = self.create()
        self.assertRegex(made["name"], r"^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$")
        self.assertEqual((made["reason"], made["secret"], made["damaged"]), ("manual", True, None))
        names = {f["name"] for f in made["files"]}
        self.assertEqual(names, {p.name for p in self.talomed.state.glob("*.db")} | {"talome.secret"})
        self.assertLessEqual({"host.db", "greeter.db"}, names)
        self.assertEqual(self.check_whole(made["name"])["files"], made["files"])
        for path in [self.snapshots, self.snapshots / made["name"]]:
            self.assertEqual(path.stat().st_mode & 0o777, 0o700, path)
        for path in (self.snapshots / made["name"]).iterdir():
            self.assertEqual(path.stat().st_mode & 0o777, 0o600, path)
        self.assertEqual(self.talomed.get("/api/snapshots").json, [made])

    def test_two_at_once_and_two_in_a_second(self):
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.create()["name"])) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(set(answers)), 4)
        for name in answers:
            self.check_whole(name)

    def test_seven_are_kept(self):
        names = [self.create()["name"] for _ in range(9)]
        self.assertEqual([s["name"] for s in self.talomed.get("/api/snapshots").json], names[:1:-1])

    def test_only_administrators(self):
        self.assertEqual(self.talomed.get("/api/snapshots", token=None).status, 401)
        self.assertEqual(self.talomed.post("/api/snapshots", token=None).status, 401)
        made = self.talomed.post("/api/users", {"username": "member", "password": PASSWORD})
        self.assertEqual(made.status, 201, made)
        member = self.talomed.post("/api/auth/login", {"username": "member", "password": PASSWORD}, token=None).json["token"]
        self.assertEqual(self.talomed.get("/api/snapshots", member).status, 403)
        self.assertEqual(self.talomed.post("/api/snapshots", token=member).status, 403)
        reader = self.talomed.post("/api/auth/tokens", {"name": "reader", "scope": "read"}).json["token"]
        self.assertEqual(self.talomed.get("/api/snapshots", reader).status, 200)
        self.assertEqual(self.talomed.post("/api/snapshots", token=reader).status, 403)

    def test_one_that_was_cut_does_not_count(self):
        chance = random.Random(8)
        before = time.monotonic()
        self.create()
        usual = time.monotonic() - before
        for number in range(KILLS):
            threading.Thread(target=lambda: self.quietly(self.create), daemon=True).start()
            time.sleep(chance.random() * 1.2 * usual)
            self.talomed.kill9()
            self.talomed.start()
            names = [s["name"] for s in self.talomed.get("/api/snapshots").json if not s["damaged"]]
            self.assertEqual(len(names), len(self.talomed.get("/api/snapshots").json), f"round {number}")
            self.check_whole(names[0])
        self.create()
        self.assertEqual([p.name for p in self.snapshots.iterdir() if p.name.startswith(".")], [], "leftovers")

    @staticmethod
    def quietly(function):
        try:
            function()
        except Exception:  # of the kill: what counts is what is found afterwards
            pass


class SecretOfTheEnvironmentTest(SnapshotCase):
    env = {"TALOME_SECRET": "5e" * 32}

    def test_it_is_not_written_down(self):
        made = self.create()
        self.assertFalse(made["secret"])
        self.assertNotIn("talome.secret", os.listdir(self.snapshots / made["name"]))


@unittest.skipUnless("restore" in subprocess.run([build() / "bin" / "talomectl", "--help"], capture_output=True, text=True).stdout,
                     "this talomectl does not restore")
class RestoreTest(SnapshotCase):
    def test_damage_is_undone(self):
        self.count()
        made = self.create()
        later = self.talomed.post("/api/auth/login", {"username": USERNAME, "password": PASSWORD}, token=None).json["token"]
        self.count()
        self.talomed.stop()
        state = self.talomed.state
        (state / "host.db").write_bytes(os.urandom(8192))
        (state / "greeter.db").unlink()
        (state / "talome.secret").write_text("11" * 32 + "\n")
        self.talomed.refuses_to_start()
        done = self.restore(made["name"])
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.talomed.start()
        self.assertEqual(self.talomed.get("/api/auth/me").status, 200, "the session of before, under the old secret")
        self.assertEqual(self.talomed.get("/api/auth/me", later).status, 401, "the session that came after the snapshot")
        self.assertEqual(self.count(), 2)
        aside = list((state / "replaced").iterdir())
        self.assertEqual(len(aside), 1)
        self.assertIn(str(aside[0]), done.stdout)
        self.assertEqual((aside[0] / "talome.secret").read_text(), "11" * 32 + "\n")

    def test_onto_another_machine(self):
        self.count()
        made = self.create()
        with Talomed(plugin_dirs=[build() / "tests" / "plugins"], plugins="greeter") as other:
            other.stop()
            done = subprocess.run([build() / "bin" / "talomectl", "restore", f"{self.snapshots / made['name']}", "--state",
                                   other.state], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done)
            other.start()
            self.assertEqual(other.get("/api/auth/me", self.talomed.token).status, 200)
            self.assertEqual(other.get("/api/greeter/hello?name=ann", self.talomed.token).json["count"], 2)

    def test_refused_while_it_runs(self):
        made = self.create()
        done = self.restore(made["name"])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("in use", done.stderr)
        self.assertEqual(self.talomed.get("/api/auth/me").status, 200)
        self.assertFalse((self.talomed.state / "replaced").exists())

    def test_a_damaged_one_is_refused_and_nothing_changes(self):
        damage = {
            "a bit": lambda f: f.write_bytes(f.read_bytes()[:3000] + bytes([f.read_bytes()[3000] ^ 1]) + f.read_bytes()[3001:]),
            "cut": lambda f: f.write_bytes(f.read_bytes()[:4096]),
            "gone": lambda f: f.unlink(),
        }
        made = self.create()
        self.talomed.stop()
        folder = self.snapshots / made["name"]
        before = tree(self.talomed.state)
        for file in sorted(folder.iterdir()):
            for what, do in damage.items():
                if file.stat().st_size < 4096 and what != "gone":
                    continue
                with self.subTest(file=file.name, damage=what):
                    good = file.read_bytes()
                    do(file)
                    done = self.restore(made["name"])
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn(file.name if what != "gone" or file.name == "manifest.json" else "missing", done.stderr)
                    self.assertEqual(tree(self.talomed.state), before)
                    file.write_bytes(good)
        for name in ("2000-01-01T00-00-00Z", "..", "../" + made["name"], "/nowhere"):
            with self.subTest(name=name):
                self.assertNotEqual(self.restore(name).returncode, 0)
                self.assertEqual(tree(self.talomed.state), before)
        self.assertEqual(self.restore(made["name"]).returncode, 0, "the repaired one")

    def test_killed_in_the_middle_it_leaves_the_old_or_the_new(self):
        chance = random.Random(9)
        made = self.create()
        self.talomed.kill9()
        begin = time.monotonic()
        self.restore(made["name"])
        usual = time.monotonic() - begin
        self.talomed.start()
        seen = {"old": 0, "new": 0}
        for number in range(KILLS):
            with self.subTest(round=number):
                before = self.count()
                made = self.create()["name"]
                later = self.talomed.post("/api/auth/login", {"username": USERNAME, "password": PASSWORD}, token=None).json["token"]
                self.assertEqual(self.count(), before + 1)
                self.talomed.kill9()  # its logs are left for the restore to put aside
                process = subprocess.Popen(self.command(made), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(chance.random() * 1.1 * usual)
                process.kill()
                process.wait()
                self.talomed.start()
                status = self.talomed.get("/api/auth/me", later).status
                found = {(200, before + 2): "old", (401, before + 1): "new"}.get((status, self.count()))
                self.assertIsNotNone(found, f"neither the old nor the new state: {status}")
                seen[found] += 1
                for name in ("restore.pending", "restore.tmp"):
                    self.assertFalse((self.talomed.state / name).exists(), name)
                for file in self.talomed.state.glob("*.db"):
                    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
                        self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",), file.name)
                    database.close()
        print("killed restores left:", seen)
        if KILLS >= 100:
            self.assertTrue(seen["old"] and seen["new"], seen)


if __name__ == "__main__":
    unittest.main()
