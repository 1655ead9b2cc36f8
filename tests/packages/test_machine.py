"""The packages on a Debian 12 that is booted: installed, crashed, frozen, restarted, upgraded, purged. Long form only."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from debs import REPOSITORY, build, packages, run, version
from machine import SYSTEM, Machine, make_root, needed, unavailable, workplace
from support import Engine
from support.waiting import wait_until

OURS = ("talome-host", "talome-plugin-docker")
UNITS = ("talomed.socket", "talomed-ctl.socket", "talomed.service")
NOTHING = unavailable("systemd-nspawn", "nsenter", "curl")


def setUpModule():
    if NOTHING:
        raise unittest.SkipTest(NOTHING)
    global base
    base = unittest.enterModuleContext(workplace())
    make_root(base / "clean", [*SYSTEM, *needed(OURS)])


class Case(unittest.TestCase):
    """Each class boots a machine of its own, and installs host, tool and docker plugin on it."""

    BINDS = ()

    @classmethod
    def setUpClass(cls):
        root = base / cls.__name__.lower()
        run("cp", "-a", "--reflink=auto", base / "clean", root)
        cls.machine = cls.enterClassContext(Machine(root, cls.BINDS))
        cls.debs = [packages()[name] for name in OURS]
        cls.machine.install(*cls.debs)
        cls.installed = time.monotonic()
        wait_until(cls.machine.answers, 60, 0.05, "the API answers")
        cls.seconds = time.monotonic() - cls.installed

    def note(self, text):
        print(f"{self._testMethodName}: {text}", file=sys.stderr, flush=True)

    def state(self, unit):
        return self.machine.show(unit, "ActiveState")["ActiveState"]

    def give(self, name, folder="usr/lib/talome/plugins", version=None):
        """Puts a plugin of the tests into a folder of the machine, as another version if one is named."""
        found = next(build().glob(f"tests/plugins/**/{name}.so"))
        target = self.machine.root / folder / found.name
        target.parent.mkdir(parents=True, exist_ok=True)
        code, manifest = found.read_bytes(), json.loads(found.with_suffix(".plugin.json").read_text())
        if version:
            assert len(version) == len(manifest["version"])
            code = code.replace(f"{manifest['version']}\0".encode(), f"{version}\0".encode())
            manifest |= {"version": version, "digest": "sha256:" + hashlib.sha256(code).hexdigest()}
        for path, content in ((target, code), (target.with_suffix(".plugin.json"), json.dumps(manifest).encode())):
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            path.chmod(0o644)

    def configure(self, text):
        """For this test: more lines of talome.yaml."""
        yaml = self.machine.root / "etc/talome/talome.yaml"
        was = yaml.read_text()
        yaml.write_text(was + text)
        return lambda: yaml.write_text(was)

    def wait_for_new(self, pid, seconds=60):
        wait_until(lambda: self.machine.pid() not in ("0", pid), seconds, 0.02, "another talomed runs")


class InstalledTest(Case):
    """What is seen while it runs."""

    @classmethod
    def setUpClass(cls):
        cls.engine = None
        if not Engine.unavailable():
            cls.engine = cls.enterClassContext(Engine())
            cls.engine.import_busybox()
            cls.engine.run("web")
            cls.BINDS = ((cls.engine.socket, "/run/docker.sock"),)
        super().setUpClass()

    def test_the_api_answers_soon_after_the_installation(self):
        self.note(f"{self.seconds:.2f} s")
        self.assertLess(self.seconds, 10)

    def test_it_is_locked_in(self):
        told = self.machine.run("systemd-analyze", "security", "--no-pager", "talomed.service").strip().splitlines()[-1]
        self.note(told)
        self.assertLessEqual(float(told.split(": ")[1].split()[0]), 3.0)
        self.assertEqual(self.machine.run("stat", "-c", "%U %a", "/var/lib/talome").strip(), "talome 700")
        status = self.machine.run("cat", f"/proc/{self.machine.pid()}/status")
        uid = self.machine.run("id", "-u", "talome").strip()
        self.assertIn(f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}", status)
        self.assertIn("CapBnd:\t0000000000000000", status)

    def test_it_reaches_the_docker_engine(self):
        if not self.engine:
            self.skipTest(Engine.unavailable())
        group = int(self.machine.run("getent", "group", "docker").split(":")[2])
        os.chown(self.engine.socket, 0, group)
        os.chmod(self.engine.socket, 0o660)
        self.machine.run("talomectl", "plugin", "enable", "docker")
        wait_until(lambda: [each["name"] for each in self.machine.call("containers.list")] == ["web"], 30, 0.1)

    def test_a_second_plugin_needs_no_restart(self):
        with tempfile.TemporaryDirectory() as work:
            plugin = pathlib.Path(work, "x/usr/lib/talome/plugins")
            plugin.mkdir(parents=True)
            for name in ("greeter.so", "greeter.plugin.json"):
                shutil.copy(build() / "tests/plugins" / name, plugin)
                os.chmod(plugin / name, 0o644)
            control = pathlib.Path(work, "x/DEBIAN")
            control.mkdir()
            (control / "control").write_text("Package: talome-plugin-greeter\nVersion: 1\nArchitecture: all\n"
                                             "Maintainer: nobody\nDepends: talome-host\nDescription: greets\n")
            run("dpkg-deb", "--root-owner-group", "-b", f"{work}/x", f"{work}/talome-plugin-greeter.deb")
            pid = self.machine.pid()
            self.machine.install(f"{work}/talome-plugin-greeter.deb")
        wait_until(lambda: "greeter" in self.machine.run("talomectl", "plugin", "list"), 30, 0.1)
        self.machine.run("talomectl", "plugin", "enable", "greeter")
        self.assertIn("Ann", json.dumps(self.machine.call("greeter.hello", '{"name": "Ann"}')))
        self.assertEqual(self.machine.pid(), pid)

    def test_a_plugin_is_updated_by_the_words_of_the_readme(self):
        words = {line.removeprefix("$ sudo ").strip() for file in ("README.md", "template/README.md", "template-c/README.md")
                 for line in (REPOSITORY / "sdk" / file).read_text().splitlines() if " /usr/lib/talome/plugins/" in line}
        words = {each.removeprefix("sudo ") for each in words}
        self.assertEqual(len(words), 1, words)  # the same everywhere
        place = ("sh", "-e", "-c", f"cd /root/greeter && {words.pop()}")
        self.give("greeter", "root/greeter/build/plugins")
        self.machine.run(*place)
        self.machine.run("talomectl", "plugin", "enable", "greeter")
        pid = self.machine.pid()
        versions = ["1.1.0", "1.2.0", "1.3.0"]
        with self.machine.asker() as told:
            for version in versions:
                self.give("greeter", "root/greeter/build/plugins", version)
                self.machine.run(*place)
                self.machine.call("greeter.hello", '{"name": "Ann"}')  # of the one that is mapped
                self.assertEqual(self.machine.run("talomectl", "plugin", "replace", "greeter"), f"greeter {version} is active\n")
                self.machine.call("greeter.hello", '{"name": "Ann"}')
        self.note(told)
        self.assertEqual((told["answered"], self.machine.pid()), (told["asked"], pid))

    def test_plugins_run_programs_and_fetch_under_the_unit(self):
        for plugin in ("runner", "fetcher"):
            self.give(plugin)
            self.machine.run("talomectl", "plugin", "enable", plugin)
        done = self.machine.call("runner.run", json.dumps({"argv": ["cat"], "input": "hello", "network": False, "readOnly": True}))
        self.assertEqual((done["exitCode"], done["endedBy"], done["output"]), (0, "itself", "hello"), done)
        told = self.machine.call("fetcher.fetch", json.dumps({"url": "http://127.0.0.1:4000/healthz", "loopback": True}))
        self.assertEqual((told["status"], told["failure"]), (200, 0), told)

    def test_the_sdk_beside_the_host(self):
        """talomectl is then the host's; and each is what it was when the other goes."""
        which = lambda: self.machine.run("readlink", "-f", "/usr/bin/talomectl").strip()  # noqa: E731
        self.assertEqual(which(), "/usr/lib/talome/host/talomectl")
        for link, end in (("/usr/share/man/man1/talomectl.1.gz", "talomectl.1.gz"), ("/usr/share/bash-completion/completions/talomectl", "talomectl.bash")):
            self.assertEqual(self.machine.run("readlink", "-f", link).strip(), f"/usr/lib/talome/host/{end}")
        shutil.copy(packages()["talome-sdk-dev"], self.machine.root / "sdk.deb")
        self.machine.run("dpkg", "--force-depends", "-i", "/sdk.deb")  # CMake and a compiler are not the matter here
        try:
            self.assertEqual(which(), "/usr/lib/talome/host/talomectl")
            self.assertIn("made /root/x:", self.machine.run("talomectl", "plugin", "new", "x", "--dir", "/root"))
            self.machine.run("update-alternatives", "--remove", "talomectl", "/usr/lib/talome/host/talomectl")
            self.assertEqual(which(), "/usr/lib/talome/sdk/talomectl")
            self.machine.run("dpkg-reconfigure", "-f", "noninteractive", "talome-host")
            self.assertEqual(which(), "/usr/lib/talome/host/talomectl")
        finally:
            self.machine.run("dpkg", "--purge", "talome-sdk-dev")
        self.assertEqual(which(), "/usr/lib/talome/host/talomectl")
        self.assertEqual(self.machine.run("find", "/usr/lib/talome", "/usr/share/talome", "-path", "*sdk*", check=False).count("/usr/lib/talome/sdk"), 0)

    def test_restarts_refuse_no_connection(self):
        with self.machine.asker() as told:
            for _ in range(5):
                self.machine.run("systemctl", "restart", "talomed.service")
        self.note(told)
        self.assertEqual((told["refused"], told["cut"], told["other"]), (0, 0, {}))
        self.assertEqual(told["answered"], told["asked"])

    def test_after_a_crash_it_is_back_within_a_second(self):
        gaps = []
        for _ in range(3):  # the best of them: the machine may have other things to do
            pid = self.machine.pid()
            with self.machine.asker() as told:
                self.machine.run("sh", "-c", f"kill -SEGV {pid}")
                self.wait_for_new(pid)
                wait_until(self.machine.answers, 30, 0.05)
            gaps.append(told["longest"])
            self.assertEqual(told["refused"], 0, told)
        self.note(f"longest wait for an answer {', '.join(f'{gap:.2f}' for gap in gaps)} s")
        self.assertLess(min(gaps), 1)

    def test_one_that_hangs_is_started_anew(self):
        self.machine.drop_in("talomed.service", "[Service]\nWatchdogSec=2s\n")
        self.machine.run("systemctl", "restart", "talomed.service")
        pid = self.machine.pid()
        begin = time.monotonic()
        self.machine.run("sh", "-c", f"kill -STOP {pid}")
        self.wait_for_new(pid)
        self.note(f"{time.monotonic() - begin:.2f} s, of which 2 s are the watchdog's")
        self.assertIn("watchdog", self.machine.run("journalctl", "-u", "talomed.service", "--no-pager").lower())
        wait_until(self.machine.answers, 30, 0.05)

    def test_a_wrong_configuration(self):
        """It is said, and not tried again but for clients; and not for ever for these."""
        mend = self.configure("\nnonsense: 1\n")
        self.addCleanup(mend)
        self.machine.run("systemctl", "restart", "talomed.service", check=False)
        shown = self.machine.show("talomed.service", "ExecMainStatus", "ActiveState")
        self.assertEqual((shown["ExecMainStatus"], shown["ActiveState"]), ("78", "failed"))
        self.assertIn("nonsense", self.machine.run("journalctl", "-u", "talomed.service", "--no-pager", "-n", "20"))
        self.assertEqual(self.state("talomed.socket"), "active")

        begin = time.monotonic()
        with self.machine.asker() as told:
            wait_until(lambda: self.state("talomed.socket") == "failed", 120, 0.1, "systemd closes the socket")
            seconds = time.monotonic() - begin
        starts = self.machine.run("journalctl", "-u", "talomed.service", "--no-pager", "-o", "cat").count("nonsense")
        self.note(f"closed {seconds:.1f} s after a client came: {self.machine.show('talomed.socket', 'Result')['Result']}, {starts} starts; {told}")
        self.assertEqual(told["answered"], 0)
        self.assertLessEqual(starts, 40)
        mend()
        self.machine.run("systemctl", "reset-failed", *UNITS)
        self.machine.run("systemctl", "start", "talomed.service")
        self.assertEqual([self.state(unit) for unit in UNITS], ["active"] * 3)
        self.assertTrue(self.machine.answers())

    def test_a_socket_that_is_disabled(self):
        """What talomed says when its file names another address than the socket has, and that it helps."""
        self.addCleanup(self.machine.run, "systemctl", "start", "talomed.service")
        self.addCleanup(self.machine.run, "systemctl", "reset-failed", *UNITS)
        self.addCleanup(self.machine.run, "systemctl", "enable", "talomed.socket")
        self.addCleanup(self.machine.run, "systemctl", "stop", *UNITS)
        mend = self.configure("\nhttp:\n  host: 127.0.0.1\n  port: 4080\n")
        self.addCleanup(mend)
        self.machine.run("systemctl", "restart", "talomed.service", check=False)
        said = self.machine.run("journalctl", "-u", "talomed.service", "--no-pager", "-n", "20")
        self.assertIn("systemctl disable --now talomed.socket", said)
        self.machine.run("systemctl", "disable", "--now", "talomed.socket")
        for how in ("start", "restart"):
            self.machine.run("systemctl", how, "talomed.service")
            self.assertEqual((self.state("talomed.socket"), self.state("talomed-ctl.socket")), ("inactive", "active"))
            with self.machine.asker(4080) as told:
                time.sleep(0.2)
            self.assertEqual((told["answered"], told["asked"] > 0), (told["asked"], True))
        self.assertFalse(self.machine.answers())

    def test_a_snapshot_is_put_back(self):
        """By the words of packaging/README.md."""
        self.machine.run("talomectl", "settings", "set", "audit_retention_days", "55")
        name = json.loads(self.machine.run("talomectl", "--json", "snapshot"))["name"]
        self.machine.run("talomectl", "settings", "set", "audit_retention_days", "66")
        block = re.search(r"A snapshot is restored.*?```sh\n(.*?)```", (REPOSITORY / "packaging/README.md").read_text(), re.S)[1]
        with self.machine.asker() as told:  # who connects meanwhile does not start it
            self.machine.run("sh", "-e", "-c", block.replace("NAME", name))
            wait_until(self.machine.answers, 60, 0.05)
        self.note(told)
        self.assertGreater(told["answered"], 0)
        self.assertIn("55", self.machine.run("talomectl", "settings", "get", "audit_retention_days"))
        self.assertEqual([self.state(unit) for unit in UNITS], ["active"] * 3)


class UpgradeTest(Case):
    """What stays over a change of version."""

    def test_state_stays_over_an_upgrade_and_a_downgrade(self):
        machine = self.machine
        with tempfile.TemporaryDirectory() as work:
            newer = [version(deb, "0.9.0-1", work) for deb in self.debs]
            self.assertEqual(machine.run("dpkg-query", "-W", "-f", "${Version}", "talome-host"), "0.1.0-1")
            machine.run("talomectl", "settings", "set", "audit_retention_days", "77")
            machine.run("talomectl", "plugin", "enable", "docker")
            secret = machine.run("cat", "/var/lib/talome/talome.secret")
            pid = machine.pid()
            with machine.asker() as told:
                machine.install(*newer)
                wait_until(machine.answers, 60, 0.05)
            self.note(told)
            self.assertEqual((told["refused"], told["answered"]), (0, told["asked"]))
            self.assertNotEqual(machine.pid(), pid)
        machine.install(*self.debs, more=["--allow-downgrades"])
        wait_until(machine.answers, 60, 0.05)
        self.assertEqual(machine.run("cat", "/var/lib/talome/talome.secret"), secret)
        self.assertIn("77", machine.run("talomectl", "settings", "get", "audit_retention_days"))
        self.assertIn("active", machine.run("talomectl", "plugin", "list", "docker"))

    def test_data_of_a_newer_version_is_refused_with_words(self):
        machine = self.machine
        machine.run("systemctl", "stop", "talomed.service", "talomed.socket", "talomed-ctl.socket")
        with sqlite3.connect(machine.root / "var/lib/talome/host.db") as database:
            database.execute("INSERT INTO schema_migrations VALUES (999, 0)")
        database.close()
        machine.run("systemctl", "start", "talomed.service", check=False)
        words = machine.run("journalctl", "-u", "talomed.service", "--no-pager", "-n", "20")
        self.assertIn("install the newer program again", words)
        self.note(next(line for line in words.splitlines() if "newer program" in line))
        wait_until(lambda: machine.show("talomed.service", "ActiveState")["ActiveState"] == "failed", 120, 0.2)
        with sqlite3.connect(machine.root / "var/lib/talome/host.db") as database:
            database.execute("DELETE FROM schema_migrations WHERE version = 999")
        database.close()
        machine.run("chown", "-R", "talome:talome", "/var/lib/talome")
        machine.run("systemctl", "reset-failed", "talomed.service", "talomed.socket", "talomed-ctl.socket")
        machine.run("systemctl", "start", "talomed.socket", "talomed-ctl.socket", "talomed.service")
        wait_until(machine.answers, 60, 0.05)


class PurgeTest(Case):
    """What a purge leaves."""

    def left(self):
        found = self.machine.run("find", "/etc", "/run", "/usr", "/var", "(", "-name", "talome*", "-o", "-name", "docker.so", ")",
                                 "-not", "-path", "/var/cache/*", "-not", "-path", "/var/log/*")
        return sorted(found.split())

    def test_a_plugin_alone(self):
        machine = self.machine
        data = machine.root / "var/lib/talome"
        others = set(data.glob("*.db"))
        for kept in (True, False):
            for ending in ("", "-wal", "-shm"):
                (data / f"docker.db{ending}").touch()
            pid = machine.pid()
            if not kept:
                machine.run("sh", "-c", "echo talome-plugin-docker talome-plugin-docker/purge-data boolean true | debconf-set-selections")
            machine.run("apt-get", "-q", "-y", "purge", "talome-plugin-docker")
            self.assertEqual(sorted(path.name for path in data.glob("docker.db*")), ["docker.db", "docker.db-shm", "docker.db-wal"] if kept else [])
            self.assertLessEqual(others, set(data.glob("*.db")))
            self.assertEqual((machine.pid(), machine.answers()), (pid, True))
            machine.install(*self.debs)
            wait_until(machine.answers, 60, 0.05)

    def test_data_is_kept_unless_told_otherwise_and_nothing_else_is(self):
        machine = self.machine
        machine.run("apt-get", "-q", "-y", "purge", *OURS)
        kept = self.left()
        self.assertIn("/var/lib/talome", kept)
        self.assertEqual([path for path in kept if not path.startswith("/var/lib/talome")], [])
        machine.install(*self.debs)
        wait_until(machine.answers, 60, 0.05)
        machine.run("sh", "-c", "echo talome-host talome-host/purge-data boolean true | debconf-set-selections")
        machine.run("apt-get", "-q", "-y", "purge", *OURS)
        self.assertEqual(self.left(), [])


if __name__ == "__main__":
    unittest.main()
