"""Programs that a plugin runs: what reaches them, what they are held to, and that nothing of them is left."""

import concurrent.futures
import os
import pathlib
import signal
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build, wait_until

PLUGIN = build() / "tests/plugins/runner"
MIB = 1 << 20


def state_of(pid):
    """"R", "S", "Z", …; None if there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def alive(pid):
    return state_of(pid) not in (None, "Z", "X")


def children_of(pid):
    found = []
    for each in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(each.read_text().rsplit(") ", 1)[1].split()[1]) == pid:
                found.append(int(each.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


class Case(unittest.TestCase):
    """One server for all tests of a class, and a folder for each."""

    prefix = ()

    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(cls.server())
        cls.talomed.login()

    @classmethod
    def server(cls):
        return Talomed(plugin_dirs=[PLUGIN], prefix=cls.prefix)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="talome-process-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.spawned = []
        self.addCleanup(self.end_all)

    def end_all(self):
        for number in self.spawned if self.talomed.running else ():
            self.talomed.post("/api/runner/act", {"id": number, "what": "drop"})
        if self.talomed.running:
            self.nothing_runs()

    def nothing_runs(self):
        wait_until(lambda: children_of(self.talomed.pid) == [], 30, 0.05, "nothing is left")

    def ask(self, path, status=200, **body):
        answer = self.talomed.post(f"/api/runner/{path}", body, timeout=120)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def run_probe(self, *words, status=200, **spec):
        return self.ask("run", status, argv=["probe", *words], **spec)

    def lines(self, *words, **spec):
        result = self.run_probe(*words, **spec)
        self.assertEqual((result["exitCode"], result["endedBy"], result["errors"]), (0, "itself", ""), result)
        return result["output"].splitlines()

    def answers(self, *words, **spec):
        """{"what": "ok" or the name of an error}"""
        return dict(line.split() for line in self.lines(*words, **spec))

    def spawn(self, *words, **spec):
        self.spawned.append(self.ask("spawn", argv=["probe", *words], **spec)["id"])
        return self.spawned[-1]

    def state(self, number):
        answer = self.talomed.get(f"/api/runner/state?id={number}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def sleeping(self, *words, **spec):
        """A program that has said that it sleeps."""
        number = self.spawn(*words, **spec)
        wait_until(lambda: "sleeps" in self.state(number)["tail"], 30, 0.02, "it sleeps")
        return number

    def exited(self, number):
        return wait_until(lambda: self.state(number).get("exited"), 60, 0.02, "it has exited")

    def escaped(self, path):
        """The processes that `probe escape` has left, and itself, once all have written their numbers."""
        wait_until(lambda: path.exists() and len(path.read_text().splitlines()) == 4, 30, 0.02, "all have escaped")
        return [int(line) for line in path.read_text().splitlines()]

    def gone(self, pids):
        wait_until(lambda: not any(map(alive, pids)), 30, 0.02, f"{pids} are gone")


class ArgumentsTest(Case):
    def test_arguments_arrive_unchanged(self):
        hostile = ["$(id)", "`id`", "; rm -rf /", "| cat", "&", "a\nb", "\r", "'", '"', "\\", "--flag", "-rf", "*", "~",
                   "%s%n", "$IFS", "", " ", "\t", "ä☃", "\x01\x7f", "<>", "a" * 20000]
        self.assertEqual([bytes.fromhex(line).decode() for line in self.lines("arguments", *hostile)], hostile)

    def test_what_is_too_long_or_holds_zero_is_refused(self):
        self.run_probe("arguments", "a" * (128 * 1024), status=413)
        self.run_probe("arguments", "a\0b", status=400)

    def test_only_what_is_declared_runs(self):
        for program in ("sh", "/bin/sh", "/bin/cat", "../cat", "cat "):
            self.assertIn("has not declared", self.ask("run", 403, argv=[program])["error"])
        self.assertEqual(self.ask("run", argv=["cat"], input="in")["output"], "in")

    def test_what_is_not_there_is_named(self):
        self.assertIn("no-such-program", self.ask("run", 404, argv=["no-such-program"])["error"])
        self.run_probe("exit", "0", status=404, directory="/nowhere")
        self.run_probe("exit", "0", status=404, readOnly=True, writable=["/nowhere"])

    def test_the_manifest_names_the_programs(self):
        text = (PLUGIN / "runner.plugin.json").read_text()
        self.assertIn('"programs": [', text)
        self.assertIn('"name": "no-such-program"', text)


class SurroundingsTest(Case):
    def test_environment_is_minimal(self):
        got = dict(line.split("=", 1) for line in self.lines("environment"))
        self.assertEqual(set(got), {"PATH", "LANG", "HOME"})
        self.assertEqual(got["PATH"], "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin")
        got = self.lines("environment", env={"A": "1\n2", "LANG": "C"})
        self.assertIn("LANG=C", got)
        self.assertIn("A=1", got)

    def test_descriptors_are_those_that_are_named(self):
        self.assertEqual(sorted(self.lines("descriptors")), ["0", "1", "2"])
        self.assertEqual(sorted(self.lines("descriptors", descriptor="x")), ["0", "1", "2", "9"])
        self.assertEqual(self.lines("fd", "9", descriptor="through"), ["through"])

    def test_signals_are_as_at_the_beginning(self):
        self.assertEqual(self.lines("signals"), [])

    def test_status(self):
        got = self.lines("status", nice=7)
        for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapAmb:\t0000000000000000", "nice 7", "session 1"):
            self.assertIn(line, got)

    def test_directory(self):
        self.assertEqual(self.lines("directory"), ["/"])
        self.assertEqual(self.lines("directory", directory=str(self.folder)), [str(self.folder)])

    def test_exit_code_and_signal(self):
        self.assertEqual(self.run_probe("exit", "7")["exitCode"], 7)
        died = self.run_probe("die", str(int(signal.SIGSEGV)))
        self.assertEqual((died["exitCode"], died["signal"], died["endedBy"]), (-1, signal.SIGSEGV, "itself"))


class IsolationTest(Case):
    def test_no_network(self):
        got = self.answers("network", network=False)
        self.assertEqual({got[name] for name in ("inet", "inet6", "unix", "netlink")}, {"EACCES"})
        self.assertEqual((got["uring"], got["pair"]), ("ENOSYS", "ok"))
        self.assertEqual(self.answers("connect", str(self.talomed.port), network=False)["connect"], "EACCES")
        self.assertEqual(self.answers("connect", str(self.talomed.port))["connect"], "ok")

    def test_read_only(self):
        (self.folder / "file").write_text("kept")
        got = self.answers("change", str(self.folder), readOnly=True)
        self.assertEqual(got.pop("null"), "ok")
        self.assertEqual({name: what for name, what in got.items() if what not in ("EACCES", "EPERM", "EXDEV")}, {})
        self.assertEqual(os.listdir(self.folder), ["file"])
        self.assertEqual((self.folder / "file").read_text(), "kept")
        self.assertEqual(self.folder.stat().st_mode & 0o777, 0o700)

    def test_read_only_but_for_a_path(self):
        (self.folder / "file").write_text("kept")
        inside = self.folder / "inside"
        inside.mkdir()
        (inside / "file").write_text("old")
        got = self.answers("change", str(inside), readOnly=True, writable=[str(inside)])
        self.assertEqual({got[name] for name in ("write", "create", "link", "rename")}, {"ok"})
        self.assertEqual({got[name] for name in ("chmod", "chmod2", "utime")}, {"EPERM"})
        outside = self.answers("change", str(self.folder), readOnly=True, writable=[str(inside)])
        self.assertEqual({outside[name] for name in ("write", "create", "empty", "truncate", "unlink")} - {"EACCES", "EPERM"}, set())
        self.assertEqual((self.folder / "file").read_text(), "kept")

    def test_without_read_only_files_are_as_ever(self):
        (self.folder / "file").write_text("old")
        got = self.answers("change", str(self.folder))
        self.assertEqual({got[name] for name in ("write", "create", "truncate", "rename", "chmod", "utime")}, {"ok"})

    def test_what_no_program_may(self):
        got = self.answers("forbidden", str(self.talomed.pid))
        self.assertEqual({name: what for name, what in got.items() if what not in ("EPERM", "EACCES")}, {})
        self.assertEqual(self.talomed.get("/api/health").status, 200)


class LimitsTest(Case):
    def test_time(self):
        result = self.run_probe("sleep", timeMs=200)
        self.assertEqual((result["endedBy"], result["signal"]), ("time", signal.SIGTERM))

    def test_time_for_one_that_ignores_sigterm(self):
        result = self.run_probe("sleep", "stubborn", timeMs=200, graceMs=200)
        self.assertEqual((result["endedBy"], result["signal"]), ("time", signal.SIGKILL))

    def test_cpu_time(self):
        result = self.run_probe("spin", cpuMs=300, timeMs=60000)
        self.assertEqual(result["endedBy"], "cpu")
        self.assertGreaterEqual(result["cpuMs"], 250)
        self.assertEqual(self.run_probe("spin-two", cpuMs=300, timeMs=60000)["endedBy"], "cpu")

    def test_memory(self):
        result = self.run_probe("allocate", "2000", memory=64 * MIB)
        self.assertEqual(result["endedBy"], "memory")
        self.assertLess(result["peakMemory"], 160 * MIB)
        self.assertEqual(self.run_probe("allocate", "20", memory=64 * MIB)["endedBy"], "itself")

    def test_output(self):
        result = self.run_probe("yes", output=100000)
        self.assertEqual((result["endedBy"], result["outputCut"], result["outputBytes"]), ("output", True, 100000))
        result = self.run_probe("flood", output=1000, cutOutput=True)
        self.assertEqual((result["endedBy"], result["exitCode"], result["outputCut"], result["errorsCut"]), ("itself", 0, True, True))
        self.assertEqual((result["outputBytes"], result["errorBytes"]), (1000, 1000))

    def test_both_streams_at_once(self):
        result = self.run_probe("flood", output=4 * MIB)
        self.assertEqual((result["exitCode"], result["outputBytes"], result["errorBytes"]), (0, 500 * 4096, 500 * 4096))

    def test_file_size(self):
        result = self.run_probe("write-file", str(self.folder / "large"), fileSize=MIB)
        self.assertEqual((result["endedBy"], result["signal"]), ("fileSize", signal.SIGXFSZ))
        self.assertEqual((self.folder / "large").stat().st_size, MIB)

    def test_processes(self):
        self.assertEqual(self.lines("forks", "100", processes=8), ["7 EAGAIN thread 0"])
        self.assertEqual(self.lines("forks", "100", processes=1), ["0 EAGAIN thread 0"])
        self.assertEqual(self.lines("forks", "20"), ["20 ok thread 0"])

    def test_a_fork_bomb_ends(self):
        result = self.run_probe("bomb", processes=40, timeMs=300, graceMs=50)
        self.assertEqual(result["endedBy"], "time")
        self.nothing_runs()

    def test_as_many_as_a_plugin_may(self):
        numbers = [self.sleeping("sleep") for _ in range(16)]
        self.ask("spawn", 429, argv=["probe", "sleep"])
        self.run_probe("exit", "0", status=429)
        self.ask("act", id=numbers[0], what="end")
        self.exited(numbers[0])
        self.run_probe("exit", "0")

    def test_resource_use_counts_them(self):
        before = self.talomed.get("/api/plugins/runner").json["resources"]
        self.run_probe("spin", cpuMs=200)
        after = self.talomed.get("/api/plugins/runner").json["resources"]
        self.assertEqual((after["programsRunning"], after["programsTotal"]), (0, before["programsTotal"] + 1))
        self.assertGreater(after["programCpuSeconds"], before["programCpuSeconds"] + 0.1)


class OwnServerCase(Case):
    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        self.talomed = self.enterContext(self.server())
        self.talomed.login()
        super().setUp()


class StuckPluginTest(OwnServerCase):
    """Its stop() never returns."""

    @classmethod
    def server(cls):
        return Talomed(plugin_dirs=[PLUGIN], env={"RUNNER_STOP_BLOCKS": "1", "TALOME_LIFECYCLE_SECONDS": "3"})

    def test_its_programs_end_all_the_same(self):
        self.sleeping("escape-sleep", str(self.folder / "pids"))
        pids = self.escaped(self.folder / "pids")
        self.assertEqual(self.talomed.post("/api/plugins/runner/disable", timeout=60).status, 200)
        self.gone(pids)
        self.spawned.clear()
        self.nothing_runs()


class FamilyTest(OwnServerCase):
    """Grandchildren that have left the session, and whose parents are gone."""

    def test_end_with_their_program(self):
        self.assertEqual(self.run_probe("escape", str(self.folder / "pids"))["exitCode"], 0)
        self.gone(self.escaped(self.folder / "pids"))

    def test_end_with_the_time(self):
        self.assertEqual(self.run_probe("escape-sleep", str(self.folder / "pids"), timeMs=2000, graceMs=100)["endedBy"], "time")
        self.gone(self.escaped(self.folder / "pids"))

    def test_end_when_the_plugin_is_disabled(self):
        self.sleeping("escape-sleep", str(self.folder / "pids"))
        self.sleeping("sleep", "stubborn")
        self.assertEqual(self.talomed.post("/api/plugins/runner/disable").status, 200)
        self.gone(self.escaped(self.folder / "pids"))
        self.spawned.clear()
        self.nothing_runs()

    def test_what_ends_late_is_not_left_as_a_zombie(self):
        self.sleeping("sleep")
        [helper] = children_of(self.talomed.pid)
        os.kill(helper, signal.SIGSTOP)
        try:
            self.assertEqual(self.talomed.post("/api/plugins/runner/disable").status, 200)
            wait_until(lambda: self.talomed.get("/api/plugins/runner").json["draining"] == 0, 60, 0.05, "it has left")
        finally:
            os.kill(helper, signal.SIGCONT)
        self.spawned.clear()
        self.nothing_runs()

    def test_end_with_the_server(self):
        self.sleeping("escape-sleep", str(self.folder / "pids"))
        pids = self.escaped(self.folder / "pids")
        self.assertEqual(self.talomed.stop(), 0)
        self.gone(pids)

    def test_end_with_the_server_however_it_ends(self):
        self.sleeping("escape-sleep", str(self.folder / "pids"))
        stubborn = self.sleeping("sleep", "stubborn")
        self.assertTrue(stubborn)
        helpers = children_of(self.talomed.pid)
        self.assertEqual(len(helpers), 2)
        programs = [pid for helper in helpers for pid in children_of(helper)]
        pids = self.escaped(self.folder / "pids")
        self.assertLess(set(pids), {*programs, *pids})
        self.talomed.kill9()
        self.gone([*helpers, *programs, *pids])

    def test_a_program_ends_with_what_looks_after_it(self):
        number = self.sleeping("sleep", "stubborn")
        [helper] = children_of(self.talomed.pid)
        [program] = children_of(helper)
        os.kill(helper, signal.SIGKILL)
        self.gone([helper, program])
        self.assertEqual(self.exited(number)["signal"], signal.SIGKILL)

    def test_a_caller_that_leaves_ends_it(self):
        with self.assertRaises(OSError):
            self.talomed.post("/api/runner/run", {"argv": ["probe", "escape-sleep", str(self.folder / "pids")]}, timeout=3)
        pids = self.escaped(self.folder / "pids")
        self.gone(pids)


class LongLivedTest(Case):
    def test_echo(self):
        number = self.spawn("echo")
        self.assertEqual(self.ask("write", id=number, text="hello\n")["times"], 1)
        wait_until(lambda: self.state(number)["tail"] == "hello\n", 30, 0.02, "it says it back")
        self.ask("act", id=number, what="close")
        result = self.exited(number)
        self.assertEqual((result["exitCode"], result["endedBy"]), (0, "itself"))
        self.ask("write", 410, id=number, text="x")

    def test_output_waits_for_the_plugin_and_input_for_the_program(self):
        number = self.spawn("echo", queue=MIB)
        self.ask("act", id=number, what="pause")
        block = "x" * 65536
        written = self.ask("write", id=number, text=block, times=1000)["times"]
        self.assertLess(written, 100)
        self.assertGreaterEqual(written, 16)
        before = self.state(number)["outputBytes"]
        self.assertLessEqual(before, 65536 * 2)
        self.ask("act", id=number, what="resume")
        wait_until(lambda: self.state(number)["outputBytes"] == written * 65536, 60, 0.02, "everything comes back")
        wait_until(lambda: self.state(number)["rooms"] >= 1, 30, 0.02, "there is room again")
        self.ask("write", 413, id=number, text="x" * (MIB // 2 + 1) * 2)
        self.ask("act", id=number, what="close")
        self.assertEqual(self.exited(number)["exitCode"], 0)

    def test_the_end_is_told_after_the_last_output(self):
        number = self.spawn("flood")
        self.exited(number)
        state = self.state(number)
        self.assertEqual((state["outputBytes"], state["errorBytes"]), (500 * 4096, 500 * 4096))

    def test_signal_and_end(self):
        number = self.sleeping("sleep")
        self.ask("act", id=number, what="signal", number=int(signal.SIGUSR1))
        result = self.exited(number)
        self.assertEqual((result["signal"], result["endedBy"]), (signal.SIGUSR1, "itself"))
        number = self.sleeping("sleep", "stubborn", graceMs=100)
        self.ask("act", id=number, what="end")
        result = self.exited(number)
        self.assertEqual((result["signal"], result["endedBy"]), (signal.SIGKILL, "us"))

    def test_one_whose_handle_goes_is_ended(self):
        number = self.sleeping("sleep")
        self.ask("act", id=number, what="drop")
        self.nothing_runs()
        self.assertIsNone(self.state(number).get("exited"))

    def test_cannot_be_started_at_once(self):
        self.ask("spawn", 404, argv=["no-such-program"])

    def test_many_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            results = list(pool.map(lambda n: self.run_probe("arguments", str(n))["output"], range(100)))
        self.assertEqual([bytes.fromhex(each.strip()).decode() for each in results], [str(n) for n in range(100)])


@unittest.skipUnless(os.geteuid() == 0, "needs root to become somebody else")
class UnprivilegedTest(OwnServerCase):
    """The server runs as nobody, may gain no rights and make no namespaces, as under its systemd unit."""

    prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all",
              sys.executable, str(pathlib.Path(__file__).with_name("without_namespaces.py")))

    @classmethod
    def server(cls):
        talomed = super().server()
        os.chown(talomed.directory, 65534, 65534)
        return talomed

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o777)

    def test_confined_as_ever(self):
        (self.folder / "file").write_text("kept")
        got = self.answers("change", str(self.folder), readOnly=True)
        self.assertEqual({got[name] for name in ("write", "create", "unlink")} - {"EACCES", "EPERM"}, set())
        self.assertEqual(self.answers("network", network=False)["inet"], "EACCES")
        got = self.answers("forbidden", str(self.talomed.pid))
        self.assertEqual({name: what for name, what in got.items() if what not in ("EPERM", "EACCES")}, {})
        self.assertEqual(self.lines("forks", "100", processes=4), ["3 EAGAIN thread 0"])

    def test_nothing_is_left_after_kill_9(self):
        self.sleeping("escape-sleep", str(self.folder / "pids"))
        pids = self.escaped(self.folder / "pids")
        self.talomed.kill9()
        self.gone(pids)


class NoLandlockTest(Case):
    """Where the kernel's Landlock may not be used, what needs it is refused, and nothing else."""

    prefix = (sys.executable, str(pathlib.Path(__file__).with_name("without_namespaces.py")), "--no-landlock")

    def test_read_only_is_refused_with_words(self):
        self.assertIn("Landlock", self.run_probe("exit", "0", status=501, readOnly=True)["error"])
        self.assertEqual(self.run_probe("exit", "0", network=False)["exitCode"], 0)


if __name__ == "__main__":
    unittest.main()
