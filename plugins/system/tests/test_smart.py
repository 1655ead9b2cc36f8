"""SMART, as a program named smartctl says it: its answers are those of smart/. What cannot be told apart would be
worthless: no smartctl, no disk, a disk without SMART, one that sleeps, one that fails."""

import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import unittest

from system_case import Talomed, build, wait_until

ANSWERS = pathlib.Path(__file__).resolve().parent / "smart"
DISKS = {"sda": "ata_healthy", "sdb": "ata_failing", "sdc": "ata_warning", "sdd": "ata_standby", "nvme0": "nvme_healthy", "nvme1": "nvme_failing",
         "sde": "no_smart", "sdf": "not_permitted", "sdg": "usb_no_status"}

RECORDED = {"sda": "qemu_ata", "sdb": "qemu_scsi", "nvme0": "qemu_nvme", "nvme1": "qemu_nvme_failing"}

PROGRAM = """#!/usr/bin/python3
import json, pathlib, sys
folder = pathlib.Path({folder!r})
if sys.argv[1:] == ["--scan"]:  # as text
    print("".join(f"{{each['name']}} -d {{each['type']}} # {{each['info_name']}}, a device\\n" for each in json.loads((folder / "scan.json").read_text())["devices"]), end="")
    sys.exit(0)
if "--scan" not in sys.argv and "nvme" not in sys.argv and "-t" not in sys.argv and ["-n", "standby"] != sys.argv[sys.argv.index("-n"):][:2]:
    sys.exit("a sleeping disk would have been woken")
if "scsi" in sys.argv:
    sys.exit("a scan calls SATA disks scsi: smartctl must find out itself")
try:
    (folder / "asked").open("a").write(" ".join(sys.argv[1:]) + "\\n")
except OSError:
    pass  # the plugin runs it where nothing can be written
name = "scan" if "--scan" in sys.argv else json.loads((folder / "disks.json").read_text())[sys.argv[-1].removeprefix("/dev/")]
text = (folder / (name + ".json")).read_text()
print(text)
sys.exit(json.loads(text)["smartctl"]["exit_status"] if "-t" not in sys.argv else 0)
"""


def in_namespace(steps):
    """What a command line begins with that is to have mounts of its own."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", " && ".join(steps + ['exec "$@"']), "sh"]


@unittest.skipIf(os.geteuid() != 0, "putting a program in the place of smartctl needs root")
class SmartCase(unittest.TestCase):
    def talomed(self, with_smartctl=True, disks=DISKS, env=None, scan="scan"):
        """A talomed that sees this smartctl, or none, by mounts of its own."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="talome-smart-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        for each in ANSWERS.glob("*.json"):
            shutil.copy(each, self.folder)
        shutil.copy(ANSWERS / f"{scan}.json", self.folder / "scan.json")
        (self.folder / "disks.json").write_text(json.dumps(disks))
        bin = self.folder / "bin"
        bin.mkdir()
        empty = self.folder / "empty"
        empty.mkdir()
        env = {"TALOME_SMART_SOCKET": self.folder / "none.sock", "TALOME_SETTING_SMART_POLL_MINUTES": "0", **(env or {})}
        steps = []
        if with_smartctl:
            (bin / "smartctl").write_text(PROGRAM.format(folder=str(self.folder)))
            (bin / "smartctl").chmod(0o755)
            steps = [f"mount --bind {bin} /usr/local/bin"]
        else:
            steps = [f"mount --bind {empty} {place}" for place in ("/usr/local/bin", "/usr/local/sbin")]
            if os.path.exists("/usr/sbin/smartctl"):
                steps.append(f"mount --bind {empty} /usr/sbin")
        talomed = Talomed(plugins="system", env=env, prefix=in_namespace(steps))
        self.enterContext(talomed)
        talomed.login()
        return talomed

    def asked(self, talomed, query=""):
        """The answer when the disks have been asked, for which a busy machine may need longer than a request waits."""
        return wait_until(lambda: "not answered yet" not in (a := talomed.get("/api/storage/smart" + query)).text and a, 30)


class SmartTest(SmartCase):
    def test_each_disk(self):
        talomed = self.talomed()
        answer = self.asked(talomed)
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

    def test_recorded_answers(self):
        talomed = self.talomed(disks=RECORDED, scan="qemu_scan")
        answer = self.asked(talomed)
        self.assertEqual(answer.status, 200, answer)
        disks = {each["device"].removeprefix("/dev/"): each for each in answer.json}
        self.assertEqual({name: (each["type"], each["health"]) for name, each in disks.items()},
                         {"sda": ("sat", "healthy"), "sdb": ("scsi", "unknown"), "nvme0": ("nvme", "healthy"), "nvme1": ("nvme", "failing")})
        self.assertEqual([(each["model"], each["serial"], each.get("temperature"), each.get("powerOnHours"), each.get("capacityBytes"))
                          for each in disks.values()],
                         [("QEMU HARDDISK", "QATA0001", 31, 1, 64 << 20), ("QEMU QEMU HARDDISK", "QSCSI0001", None, None, 16 << 20),
                          ("QEMU NVMe Ctrl", "QNVME0001", 50, 0, None), ("QEMU NVMe Ctrl", "QNVME0002", 50, 0, None)])
        self.assertEqual(disks["sdb"]["reasons"], ["it has no SMART"])
        whole = talomed.get("/api/storage/smart/sda").json
        self.assertEqual([each["id"] for each in whole["attributes"]], [1, 3, 4, 5, 9, 12, 190])
        self.assertEqual([(each["type"], each["passed"], each["atHours"]) for each in whole["selfTests"]], [("Short offline", True, 4660)])
        checks = {each["subject"]: each["status"] for each in talomed.get("/api/system/health").json["checks"] if each["name"] == "smart"}
        self.assertEqual(checks["/dev/nvme1"], "critical")
        self.assertEqual(talomed.post("/api/storage/smart/sda/test", {"type": "short"}).status, 202)
        refused = talomed.post("/api/storage/smart/nvme0/test", {"type": "short"})  # smartctl 7.3 ends with 0 and has begun none
        self.assertEqual(refused.status, 409, refused)
        self.assertIn("smartctl before 7.4", refused.json["error"])

    def test_errors_that_grow(self):
        talomed = self.talomed(disks=DISKS | {"sda": "ata_healthy"})
        self.assertEqual(self.asked(talomed, "?device=sda").json[0]["health"], "healthy")
        talomed.stop()
        with sqlite3.connect(talomed.state / "system.db") as database:
            (counters,) = database.execute("SELECT counters FROM smart_samples WHERE serial = 'WD-WCC7K0000001'").fetchone()
            self.assertEqual(json.loads(counters)["crcErrors"], 0)
            database.execute("UPDATE smart_samples SET day = day - 10")
        report = json.loads((self.folder / "ata_healthy.json").read_text())
        report["ata_smart_attributes"]["table"][-1]["raw"] = {"value": 7, "string": "7"}
        (self.folder / "ata_healthy.json").write_text(json.dumps(report))
        talomed.start()
        disk = self.asked(talomed, "?device=sda").json[0]
        self.assertEqual(disk["health"], "warning")
        self.assertIn("transfer errors have grown from 0 to 7 within 10 days", disk["reasons"])

    def test_no_smartctl(self):
        talomed = self.talomed(with_smartctl=False)
        answer = self.asked(talomed)
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("install smartmontools", answer.json["error"])
        storage = talomed.get("/api/storage").json["smart"]
        self.assertEqual((storage["available"], storage["devices"]), (False, []))
        self.assertIn("smartmontools", storage["reason"])


class ServiceTest(SmartCase):
    """talome-smart, started for each connection as systemd does it (Accept=yes), where talomed itself has no smartctl."""

    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="talome-service-"))
        self.addCleanup(shutil.rmtree, self.place, True)
        self.socket = self.place / "smart.sock"

    def serve(self, smartctl):
        """`smartctl`: the file that is bound to its place, or None to hide the real one."""
        if not os.path.exists("/usr/sbin/smartctl"):
            self.skipTest("smartmontools is not installed: there is no place for another smartctl")
        (self.place / "nothing").touch()
        prefix = in_namespace([f"mount --bind {smartctl or self.place / 'nothing'} /usr/sbin/smartctl"])
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.socket))
        listener.listen(4)
        self.served = []

        def loop():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    self.served.append(subprocess.Popen([*prefix, build() / "bin" / "talome-smart"], stdin=connection, stdout=connection))
        thread = threading.Thread(target=loop, daemon=True)
        thread.start()

        def close():
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            listener.close()
            self.assertEqual({each.wait(20) for each in self.served}, {0})
        self.addCleanup(close)

    def ask(self, line):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(str(self.socket))
            client.sendall(line)
            client.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: client.recv(65536), b"")).decode()

    def test_what_the_daemon_may_not_the_service_does(self):
        talomed = self.talomed(with_smartctl=False, env={"TALOME_SMART_SOCKET": self.socket})
        program = self.folder / "smartctl"
        program.write_text(PROGRAM.format(folder=str(self.folder)))
        program.chmod(0o755)
        self.serve(program)
        answer = self.asked(talomed)
        disks = {each["device"]: each["health"] for each in answer.json}
        self.assertEqual({name.removeprefix("/dev/"): health for name, health in disks.items()},
                         {"sda": "healthy", "sdb": "failing", "sdc": "warning", "sdd": "sleeping", "nvme0": "healthy", "nvme1": "failing",
                          "sde": "unknown", "sdf": "unknown", "sdg": "unknown"})
        self.assertEqual(talomed.post("/api/storage/smart/sda/test", {"type": "short"}).status, 202)
        asked = (self.folder / "asked").read_text().splitlines()
        self.assertIn("--json=c -d sat -t short /dev/sda", asked)
        self.assertIn("--json=c -d auto -a -n standby /dev/sde", asked)

        for line in (b"read sdz\n", b"read bus/0\n", b"read ../sda\n", b"read -a\n", b"read sda -s off\n", b"test sda offline\n", b"test sda\n", b"scan all\n",
                     b"\n", b"read sda", b"read " + b"a" * 200 + b"\n", b"read sd\0a\n", b"READ sda\n"):
            try:
                told = self.ask(line)
            except ConnectionResetError:  # it is gone before it has read all of that
                self.assertGreater(len(line), 100)
                continue
            self.assertRegex(told, "^no (that is no request|there is no such disk)\n$", line)
        self.assertEqual((self.folder / "asked").read_text().splitlines(), asked, "no disk was asked for these")
        head, report = self.ask(b"read sdb\n").split("\n", 1)
        self.assertEqual(head, f"ok {json.loads((ANSWERS / 'ata_failing.json').read_text())['smartctl']['exit_status']}")
        self.assertEqual(json.loads(report)["device"]["name"], "/dev/sdb")

    def test_no_smartctl_behind_the_service(self):
        talomed = self.talomed(with_smartctl=False, env={"TALOME_SMART_SOCKET": self.socket})
        self.serve(None)
        answer = self.asked(talomed)
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("install smartmontools", answer.json["error"])

    def test_a_service_that_cannot_be_reached(self):
        with socket.socket(socket.AF_UNIX) as nobody:
            nobody.bind(str(self.socket))  # and does not listen
            talomed = self.talomed(env={"TALOME_SMART_SOCKET": self.socket})
            answer = self.asked(talomed)
            self.assertEqual(answer.status, 503, answer)
            self.assertIn("talome-smart cannot be reached", answer.json["error"])

    def test_its_units(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        units = pathlib.Path(__file__).resolve().parents[1] / "smart_service"
        root = self.place / "root"
        (root / "usr/lib/talome").mkdir(parents=True)
        (root / "etc").mkdir()
        (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\ntalome:x:900:900::/:/bin/sh\n")
        shutil.copy(build() / "bin" / "talome-smart", root / "usr/lib/talome")
        lib = root / "usr/lib/systemd/system"
        lib.mkdir(parents=True)
        for unit in units.glob("talome-smart*"):
            shutil.copy(unit, lib)
        for place in ("/usr/lib/systemd/system", "/lib/systemd/system"):
            for basic in ("sysinit.target", "basic.target", "shutdown.target", "sockets.target", "-.slice", "system.slice"):
                if os.path.exists(f"{place}/{basic}"):
                    shutil.copy(f"{place}/{basic}", lib)
        done = subprocess.run(["systemd-analyze", "verify", f"--root={root}", "--man=no", "talome-smart.socket", "talome-smart@.service"],
                              capture_output=True, text=True)
        told = [line for line in (done.stdout + done.stderr).splitlines() if "talome-smart" in line]
        self.assertEqual(told, [])


if __name__ == "__main__":
    unittest.main()
