"""tests/run itself: a crash, a time-out, a class that cannot be set up and a missing build must never look like success."""

import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest

RUN = pathlib.Path(__file__).resolve().parents[1] / "run"


class RunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name)
        (self.tree / "tests").mkdir()
        (self.tree / "build" / "bin").mkdir(parents=True)

    def python(self, text):
        (self.tree / "tests" / "test_it.py").write_text("import unittest, os, signal, time\n" + textwrap.dedent(text))

    def program(self, text):
        path = self.tree / "build" / "bin" / "some_tests"
        path.write_text("#!/bin/sh\n" + textwrap.dedent(text))
        path.chmod(0o755)

    def run_it(self, *options):
        ended = subprocess.run([sys.executable, RUN, "--tree", self.tree, "--build", self.tree / "build", *options],
                               capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]})
        self.assertEqual(ended.stderr, "")
        return ended.returncode, ended.stdout.splitlines()[-1], ended.stdout

    def test_counts_cases(self):
        self.python("""
            class A(unittest.TestCase):
                def test_good(self): pass
                def test_bad(self): self.fail("the reason")
                @unittest.skip("no such device")
                def test_left_out(self): pass
            """)
        code, last, text = self.run_it()
        self.assertEqual((code, last), (1, "1 passed, 1 failed, 1 skipped"))
        self.assertIn("the reason", text)
        self.assertIn("A.test_left_out: no such device", text)

    def test_all_well(self):
        self.python("""
            class A(unittest.TestCase):
                def test_good(self): pass
            """)
        self.assertEqual(self.run_it()[:2], (0, "1 passed, 0 failed"))

    def test_crash_keeps_what_had_passed(self):
        self.python("""
            class A(unittest.TestCase):
                def test_1(self): pass
                def test_2(self): os.kill(os.getpid(), signal.SIGSEGV)
                def test_3(self): pass
            """)
        code, last, text = self.run_it()
        self.assertEqual((code, last), (1, "1 passed, 1 failed"))
        self.assertIn("died of SIGSEGV in A.test_2", text)

    def test_time_limit(self):
        self.python("""
            class A(unittest.TestCase):
                def test_slow(self): time.sleep(60)
            """)
        code, last, text = self.run_it("--limit", "1")
        self.assertEqual((code, last), (1, "0 passed, 1 failed"))
        self.assertIn("did not end within 1 s in A.test_slow", text)

    def test_file_that_cannot_be_read(self):
        self.python("import no_such_module")
        code, last, text = self.run_it()
        self.assertEqual((code, last), (1, "0 passed, 1 failed"))
        self.assertIn("no_such_module", text)

    def test_every_test_of_a_class_without_set_up_fails(self):
        self.python("""
            class A(unittest.TestCase):
                @classmethod
                def setUpClass(cls): raise RuntimeError("nothing there")
                def test_1(self): pass
                def test_2(self): pass
            class B(unittest.TestCase):
                @classmethod
                def setUpClass(cls): raise unittest.SkipTest("needs root")
                def test_3(self): pass
            @unittest.skipIf(True, "no engine")
            class C(unittest.TestCase):
                def test_4(self): pass
            class D(unittest.TestCase):
                @classmethod
                def tearDownClass(cls): raise RuntimeError("left something")
                def test_5(self): pass
            """)
        code, last, text = self.run_it()
        self.assertEqual((code, last), (1, "1 passed, 3 failed, 2 skipped"))
        for words in ("nothing there", "B.test_3: needs root", "C.test_4: no engine", "left something"):
            self.assertIn(words, text)

    def test_sub_tests_count_once(self):
        self.python("""
            class A(unittest.TestCase):
                def test_rows(self):
                    for row in range(3):
                        with self.subTest(row=row): self.assertEqual(row, 0)
            """)
        code, last, text = self.run_it()
        self.assertEqual((code, last), (1, "0 passed, 1 failed"))
        self.assertIn("row=1", text)
        self.assertIn("row=2", text)

    def test_doctest_summary(self):
        self.program('echo "[doctest] test cases:  7 |  5 passed | 2 failed | 0 skipped"; echo "why it failed"; exit 1')
        code, last, text = self.run_it()
        self.assertEqual((code, last), (1, "5 passed, 2 failed"))
        self.assertIn("why it failed", text)

    def test_doctest_failure_in_a_long_log(self):
        self.program("""
            log() { for i in $(seq 1000); do echo "a line of the log, number $i"; done; }
            log
            echo; echo "a_test.cpp:1:"; echo "TEST CASE:  the sum"; echo; echo "a_test.cpp:3: ERROR: CHECK( 1 == 2 )"; echo
            log
            echo "[doctest] test cases: 1 | 0 passed | 1 failed | 0 skipped"; exit 1
            """)
        code, last, text = self.run_it()
        self.assertEqual((code, last), (1, "0 passed, 1 failed"))
        self.assertIn("TEST CASE:  the sum", text)
        self.assertIn("CHECK( 1 == 2 )", text)

    def test_doctest_names_what_it_leaves_out(self):
        self.program("""
            case "$*" in
            *--no-skip*) echo "one"; echo "two" ;;
            *--list-test-cases*) echo "one" ;;
            *) echo "[doctest] test cases: 1 | 1 passed | 0 failed | 1 skipped" ;;
            esac
            """)
        code, last, text = self.run_it()
        self.assertEqual((code, last), (0, "1 passed, 0 failed, 1 skipped"))
        self.assertIn("skipped: two", text)

    def test_doctest_program_that_ends_badly_after_success(self):
        self.program('echo "[doctest] test cases: 5 | 5 passed | 0 failed | 0 skipped"; echo "LeakSanitizer"; exit 23')
        code, last, text = self.run_it()
        self.assertEqual((code, last), (1, "5 passed, 1 failed"))
        self.assertIn("LeakSanitizer", text)

    def test_nothing_ran(self):
        code, last, text = self.run_it()
        self.assertEqual((code, last), (1, "0 passed, 0 failed"))
        self.assertIn("is it built?", text)


if __name__ == "__main__":
    unittest.main()
