"""talome-check: every plugin of the repository passes, and each way to misbehave is found."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests"))
from support.paths import build


def check(plugin, *options):
    run = subprocess.run([build() / "bin/talome-check", "--json", *options, plugin], capture_output=True, text=True, timeout=120)
    return run, json.loads(run.stdout) if run.stdout else None


def failed(report):
    return {each["name"]: each["reason"] for each in report["checks"] if each["outcome"] == "failed"}


class PluginsOfTheRepositoryTest(unittest.TestCase):
    def test_they_pass(self):
        plugins = [*sorted((build() / "plugins").glob("*.so")), build() / "tests/plugins/greeter.so",
                   build() / "tests/plugins/c-hello/c-hello.so", build() / "tests/plugins/clockwork/clockwork.so"]
        for plugin in plugins:
            with self.subTest(plugin.stem):
                run, report = check(plugin)
                self.assertEqual(run.returncode, 0, (failed(report) if report else "", run.stderr))
                self.assertGreater(report["passed"], 10)

    def test_all_of_a_harmless_one(self):
        run, report = check(build() / "tests/plugins/clockwork/clockwork.so", "--all")
        self.assertEqual(run.returncode, 0, failed(report))
        outcomes = {each["name"]: each["outcome"] for each in report["checks"]}
        self.assertEqual(outcomes["operation clockwork.wind"], "ok")
        self.assertEqual(outcomes["task clockwork.tick"], "ok")


class MisbehavingTest(unittest.TestCase):
    OPERATION = "operation misbehaves.use"

    def found(self, name, where, words, *options):
        run, report = check(build() / f"tests/plugins/misbehaving/{name}.so", *options)
        self.assertIsNotNone(report, run.stderr)
        wrong = failed(report)
        self.assertEqual(run.returncode, 1, report)
        self.assertIn(where, wrong)
        self.assertIn(words, wrong[where])
        return wrong

    def test_a_well_behaved_one_passes(self):
        run, report = check(build() / "tests/plugins/misbehaving/good-manners.so")
        self.assertEqual((run.returncode, failed(report)), (0, {}))

    def test_keeping_what_it_is_lent(self):
        self.found("keeps", "borrowed", "keeps a pointer to what it was lent in misbehaves.use")

    def test_keeping_a_call(self):
        self.found("keeps-call", "borrowed", "misbehaves.use, which has returned")

    def test_writing_into_an_input(self):
        self.found("writes", "borrowed", "writes to, or reads beyond the end of, what it is lent in misbehaves.use")

    def test_reading_beyond_the_end_of_an_input(self):
        self.found("reads-beyond", "borrowed", "writes to, or reads beyond the end of, what it is lent in misbehaves.use")

    def test_declaring_from_a_worker(self):
        self.found("declares", "threads", "talome.operations/0 uses() is called by a worker, in misbehaves.use")

    def test_a_thread_of_its_own_that_calls_what_only_the_host_may(self):
        self.found("own-thread-calls", "threads", "uses() is called by a thread of the plugin's own")

    def test_blocking(self):
        self.found("blocks", self.OPERATION, "does not return within 1000 ms in misbehaves.use", "--limit", "1")

    def test_crashing(self):
        self.found("crashes", self.OPERATION, "dies of SIGSEGV in misbehaves.use")

    def test_an_answer_that_its_schema_denies(self):
        self.found("wrong-answer", self.OPERATION, "not what its schema says: text: ")

    def test_a_status_that_does_not_exist(self):
        self.found("wrong-status", self.OPERATION, "-4711")

    def test_no_words(self):
        self.found("no-words", "without talome.operations/0", "gives no reason")

    def test_leaving_a_thread(self):
        self.found("leaks-thread", "threads left", "after destroy()")

    def test_leaving_a_descriptor(self):
        self.found("leaks-descriptor", "descriptors left", "/dev/null")

    def test_a_start_that_fails(self):
        self.found("start-fails", "life", "the moon is in the wrong phase")

    def test_throwing_across(self):
        self.found("throws-across", "exceptions", "an exception leaves throws.across: nobody catches this")

    def test_two_symbols_and_a_path_to_libraries(self):
        wrong = self.found("two-symbols", "symbols", "one_more_symbol")
        self.assertIn("/opt/somewhere", wrong["rpath"])

    def test_a_manifest_of_before(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            good = build() / "tests/plugins/misbehaving/good-manners.so"
            (folder / good.name).write_bytes(good.read_bytes())
            manifest = json.loads(good.with_suffix(".plugin.json").read_text())
            manifest["operations"][0]["summary"] = "Something else"
            (folder / "good-manners.plugin.json").write_text(json.dumps(manifest))
            _, report = check(folder / good.name)
            self.assertIn("'operations'", failed(report)["manifest"])
            (folder / "good-manners.plugin.json").unlink()
            _, report = check(folder / good.name)
            self.assertIn("missing", failed(report)["manifest"])


class CommandTest(unittest.TestCase):
    def test_what_cannot_be_checked(self):
        for arguments in ([], ["--no-such-option"], ["/nowhere/absent.so"], ["--limit", "x", "a.so"]):
            run = subprocess.run([build() / "bin/talome-check", *arguments], capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 2, arguments)
            self.assertIn("talome-check: ", run.stderr)

    def test_what_is_no_plugin(self):
        with tempfile.NamedTemporaryFile(suffix=".so") as file:
            file.write(b"no ELF file at all")
            file.flush()
            run, report = check(file.name)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(set(failed(report)), {"file", "load"})

    def test_help(self):
        run = subprocess.run([build() / "bin/talome-check", "--help"], capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0)
        self.assertIn("--all", run.stdout)


if __name__ == "__main__":
    unittest.main()
