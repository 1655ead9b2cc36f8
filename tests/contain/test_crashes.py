"""A plugin that crashes the server: the report names it and what it did, and the second time it is held back."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, wait_until  # noqa: E402
from support.paths import build  # noqa: E402

PLUGINS = [build() / "tests/plugins" / name for name in ("crasher", "c-hello")]
# A sanitizer would tell of the signal by itself, and end the process otherwise.
HANDS_OFF = ":".join(f"handle_{name}=0" for name in ("segv", "abort", "sigill", "sigfpe", "sigbus"))


def server(**more):
    env = more.pop("env", {})
    for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
        env[name] = ":".join(filter(None, (os.environ.get(name), HANDS_OFF)))
    return Talomed(plugin_dirs=more.pop("plugin_dirs", PLUGINS), env=env, **more)


class Case(unittest.TestCase):
    def start(self, **more):
        talomed = server(**more)
        self.addCleanup(talomed.close)
        talomed.start().login()
        return talomed

    def crash(self, talomed, how):
        """Asks for it, and returns the signal by which the server has died."""
        try:
            talomed.post(f"/api/crasher/{how}", {}, timeout=30)
        except (OSError, AssertionError):
            pass  # the connection breaks, or the answer was faster than a crash on another thread
        return -talomed.wait(60)

    def records(self, talomed):
        return [json.loads(line) for line in (talomed.state / "crashes.log").read_text().splitlines()]

    def plugin(self, talomed, name="crasher"):
        answer = talomed.get(f"/api/plugins/{name}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json


class ReportTest(Case):
    """Each way of crashing: the signal is the process's end, and its record says whose code it was."""

    def check(self, how, number, operation, **more):
        talomed = self.start()
        self.assertEqual(self.crash(talomed, how), number, talomed.log[-3000:])
        (record,) = self.records(talomed)
        expected = {"signal": signal.Signals(number).name, "plugin": "crasher", "operation": operation, **more}
        self.assertEqual({name: record[name] for name in expected}, expected)
        self.assertGreater(record["thread"], 0)
        self.assertIn(f"crashed by {signal.Signals(number).name} in crasher", talomed.log)
        return talomed, record

    def test_null(self):
        talomed, record = self.check("null", signal.SIGSEGV, "crasher.crash", address="0x0", caller="")
        self.assertIn("crasher", record["module"])
        self.assertNotEqual(record["offset"], "0x0")
        talomed.start()
        self.assertEqual((talomed.state / "crashes.log").read_text(), "")  # it is kept in the database now
        self.assertIn("talomed crashed by SIGSEGV in crasher, crasher.crash", talomed.log)
        plugin = self.plugin(talomed)
        self.assertEqual(plugin["state"], "active")
        (crash,) = plugin["crashes"]
        self.assertEqual((crash["signal"], crash["operation"]), ("SIGSEGV", "crasher.crash"))
        self.assertEqual(self.plugin(talomed, "c-hello")["crashes"], [])

    def test_stack_overflow(self):
        self.check("overflow", signal.SIGSEGV, "crasher.crash")

    def test_abort(self):
        self.check("abort", signal.SIGABRT, "crasher.crash", address="0x0")

    def test_terminate(self):
        self.check("terminate", signal.SIGABRT, "crasher.crash")

    def test_pure_virtual(self):
        self.check("pureVirtual", signal.SIGABRT, "crasher.crash")

    def test_task(self):
        self.check("task", signal.SIGSEGV, "crasher.work")

    def test_event(self):
        self.check("event", signal.SIGSEGV, "crasher.told")

    def test_thread_of_its_own(self):
        self.check("thread", signal.SIGSEGV, "")

    def test_abort_in_a_thread_of_its_own(self):
        self.check("abortInThread", signal.SIGABRT, "")

    def test_lifecycle(self):
        for moment in ("create", "start"):
            with self.subTest(moment):
                talomed = server(env={"CRASHER_AT": moment})
                self.addCleanup(talomed.close)
                self.assertEqual(-talomed.spawn().wait(60), signal.SIGSEGV, talomed.log[-3000:])
                (record,) = self.records(talomed)
                self.assertEqual((record["plugin"], record["operation"]), ("crasher", f"{moment}()"))

    def test_the_host_itself(self):
        """A signal from outside is nobody's fault: no plugin is named, and none is held back."""
        talomed = self.start()
        for _ in range(3):
            talomed.signal(signal.SIGABRT)
            self.assertEqual(-talomed.wait(60), signal.SIGABRT)
            self.assertEqual(self.records(talomed)[0]["plugin"], "")
            talomed.start()
        self.assertEqual(self.plugin(talomed)["state"], "active")


class QuarantineTest(Case):
    def test_the_second_time_it_is_held_back(self):
        talomed = self.start()
        self.assertEqual(self.crash(talomed, "null"), signal.SIGSEGV)
        talomed.start()
        self.assertEqual(talomed.get("/api/crasher").status, 200)
        self.assertEqual(self.crash(talomed, "task"), signal.SIGSEGV)
        for _ in range(2):  # and it stays so
            talomed.start()
            plugin = self.plugin(talomed)
            self.assertEqual(plugin["state"], "quarantined")
            for word in ("crashed the server 2 times", "crasher.crash", "crasher.work", "SIGSEGV", "nable it again"):
                self.assertIn(word, plugin["reason"])
            self.assertEqual(talomed.get("/api/crasher").status, 404)
            self.assertEqual(talomed.get("/api/c-hello/Ann").status, 200)
            self.assertEqual(talomed.get("/readyz").status, 200)
            talomed.stop()
        talomed.start()
        self.assertEqual(talomed.post("/api/plugins/crasher/enable").status, 200)
        self.assertEqual(talomed.get("/api/crasher").status, 200)
        talomed.restart()  # what was counted before does not count any more
        self.assertEqual(self.plugin(talomed)["state"], "active")
        self.assertEqual(self.crash(talomed, "null"), signal.SIGSEGV)
        talomed.start()
        self.assertEqual(self.plugin(talomed)["state"], "active")
        self.assertEqual(len(self.plugin(talomed)["crashes"]), 3)

    def test_crashes_at_every_start_do_not_keep_the_server_down(self):
        talomed = server(env={"CRASHER_AT": "start"})
        self.addCleanup(talomed.close)
        for _ in range(2):
            self.assertEqual(-talomed.spawn().wait(60), signal.SIGSEGV)
        talomed.start().login()
        self.assertEqual(self.plugin(talomed)["state"], "quarantined")

    def test_it_can_be_turned_off(self):
        talomed = self.start(env={"TALOME_QUARANTINE_SECONDS": "0"})
        for _ in range(3):
            self.assertEqual(self.crash(talomed, "null"), signal.SIGSEGV)
            talomed.start()
        self.assertEqual(self.plugin(talomed)["state"], "active")

    def test_crashes_far_apart_do_not_count_together(self):
        talomed = self.start(env={"TALOME_QUARANTINE_SECONDS": "60"})
        self.assertEqual(self.crash(talomed, "null"), signal.SIGSEGV)
        (record,) = self.records(talomed)
        old = record | {"at": record["at"] - 3_600_000}
        (talomed.state / "crashes.log").write_text(json.dumps(old) + "\n" + json.dumps(record) + "\nno record\n")
        talomed.start()
        self.assertEqual(self.plugin(talomed)["state"], "active")
        self.assertEqual(len(self.plugin(talomed)["crashes"]), 2)


@unittest.skipUnless(os.geteuid() == 0, "a small file system needs root")
class FullDiskTest(Case):
    def test_the_record_is_not_lost(self):
        talomed = server()
        self.addCleanup(talomed.close)
        talomed.state.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "talome-test", talomed.state], check=False)
        if mounted.returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", talomed.state], check=False)
        talomed.start().login()
        with open(talomed.state / "filler", "wb", buffering=0) as filler:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError:
                    pass
        self.assertEqual(self.crash(talomed, "null"), signal.SIGSEGV)
        (record,) = self.records(talomed)
        self.assertEqual(record["plugin"], "crasher")


if __name__ == "__main__":
    unittest.main()
