"""SMART, as a program named smartctl says it: its answers are those of smart/. What cannot be told apart would be
worthless: no smartctl, no disk, a disk without SMART, one that sleeps, one that fails."""

import json
import os
import pathlib
import shutil
import sqlite3
import tempfile
import unittest

from system_case import Talomed

ANSWERS = pathlib.Path(__file__).resolve().parent / "smart"
DISKS = {"sda": "ata_healthy", "sdb": "ata_failing", "sdc": "ata_warning", "sdd": "ata_standby", "nvme0": "nvme_healthy", "nvme1": "nvme_failing",
         "sde": "no_smart", "sdf": "not_permitted", "sdg": "usb_no_status"}

PROGRAM = """#!/usr/bin/python3
import json, pathlib, sys
folder = pathlib.Path({folder!r})
if "--scan" not in sys.argv and "nvme" not in sys.argv and "-t" not in sys.argv and ["-n", "standby"] != sys.argv[sys.argv.index("-n"):][:2]:
    sys.exit("a sleeping disk would have been woken")
name = "scan" if "--scan" in sys.argv else json.loads((folder / "disks.json").read_text())[sys.argv[-1].removeprefix("/dev/")]
text = (folder / (name + ".json")).read_text()
print(text)
sys.exit(json.loads(text)["smartctl"]["exit_status"] if "-t" not in sys.argv else 0)
"""


@unittest.skipIf(os.geteuid() != 0, "putting a program in the place of smartctl needs root")
class SmartTest(unittest.TestCase):
    def talomed(self, with_smartctl=True, disks=DISKS):
        """A talomed that sees this smartctl, or none, by mounts of its own."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="talome-smart-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        for each in ANSWERS.glob("*.json"):
            shutil.copy(each, self.folder)
        (self.folder / "disks.json").write_text(json.dumps(disks))
        bin = self.folder / "bin"
        bin.mkdir()
        empty = self.folder / "empty"
        empty.mkdir()
        steps = []
        if with_smartctl:
            (bin / "smartctl").write_text(PROGRAM.format(folder=str(self.folder)))
            (bin / "smartctl").chmod(0o755)
            steps = [f"mount --bind {bin} /usr/local/bin"]
        else:
            steps = [f"mount --bind {empty} {place}" for place in ("/usr/local/bin", "/usr/local/sbin")]
            if os.path.exists("/usr/sbin/smartctl"):
                steps.append(f"mount --bind {empty} /usr/sbin")
        talomed = Talomed(plugins="system", prefix=["unshare", "--mount", "--propagation", "private", "sh", "-c", " && ".join(steps + ['exec "$@"']), "sh"])
        self.enterContext(talomed)
        talomed.login()
        return talomed

    def test_each_disk(self):
        talomed = self.talomed()
        answer = talomed.get("/api/storage/smart")
        self.assertEqual(answer.status, 200, answer)
        disks = {each["device"]: each for each in answer.json}
        self.assertEqual({name.removeprefix("/dev/"): each["health"] for name, each in disks.items()},
                         {"sda": "healthy", "sdb": "failing", "sdc": "warning", "sdd": "sleeping", "nvme0": "healthy", "nvme1": "failing",
                          "sde": "unknown", "sdf": "unknown", "sdg": "unknown"})
        self.assertEqual((disks["/dev/sda"]["temperature"], disks["/dev/sda"]["powerOnHours"], disks["/dev/sda"]["type"]), (31, 35123, "sat"))
        self.assertIs(disks["/dev/sde"]["smartSupported"], False)
        self.assertIn("Permission denied", disks["/dev/sdf"]["reasons"][0])
        self.assertEqual(disks["/dev/nvme1"]["usedPercent"], 112)

        whole = talomed.get("/api/storage/smart/sdb").json
        self.assertEqual([each["name"] for each in whole["attributes"] if each["whenFailed"] == "now"], ["Reallocated_Sector_Ct"])
        self.assertIs(whole["selfTests"][0]["passed"], False)
        self.assertEqual(talomed.get("/api/storage/smart/sdz").status, 404)
        self.assertEqual(talomed.get("/api/storage/smart/..%2Fsda").status, 400)
        self.assertEqual(talomed.get("/api/storage/smart?device=-a").status, 400)
        self.assertEqual(len(talomed.get("/api/storage/smart?device=nvme0").json), 1)
        self.assertEqual(talomed.get("/api/storage").json["smart"]["available"], True)

        checks = {each["subject"]: each for each in talomed.get("/api/system/health").json["checks"] if each["name"] == "smart"}
        self.assertEqual(checks["/dev/sdb"]["status"], "critical")
        self.assertIn("replace it now", checks["/dev/sdb"]["fix"])
        self.assertEqual(checks["/dev/sdd"]["status"], "unknown")
        self.assertEqual(talomed.post("/api/storage/smart/sda/test", {"type": "short"}).status, 202)
        self.assertEqual(talomed.post("/api/storage/smart/sda/test", {"type": "all"}).status, 400)

    def test_errors_that_grow(self):
        talomed = self.talomed(disks=DISKS | {"sda": "ata_healthy"})
        self.assertEqual(talomed.get("/api/storage/smart?device=sda").json[0]["health"], "healthy")
        talomed.stop()
        with sqlite3.connect(talomed.state / "system.db") as database:
            (counters,) = database.execute("SELECT counters FROM smart_samples WHERE serial = 'WD-WCC7K0000001'").fetchone()
            self.assertEqual(json.loads(counters)["crcErrors"], 0)
            database.execute("UPDATE smart_samples SET day = day - 10")
        report = json.loads((self.folder / "ata_healthy.json").read_text())
        report["ata_smart_attributes"]["table"][-1]["raw"] = {"value": 7, "string": "7"}
        (self.folder / "ata_healthy.json").write_text(json.dumps(report))
        talomed.start()
        disk = talomed.get("/api/storage/smart?device=sda").json[0]
        self.assertEqual(disk["health"], "warning")
        self.assertIn("transfer errors have grown from 0 to 7 within 10 days", disk["reasons"])

    def test_no_smartctl(self):
        talomed = self.talomed(with_smartctl=False)
        answer = talomed.get("/api/storage/smart")
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("install smartmontools", answer.json["error"])
        storage = talomed.get("/api/storage").json["smart"]
        self.assertEqual((storage["available"], storage["devices"]), (False, []))
        self.assertIn("smartmontools", storage["reason"])


if __name__ == "__main__":
    unittest.main()
