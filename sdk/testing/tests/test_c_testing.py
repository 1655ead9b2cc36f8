"""A plugin's test in plain C, on talome/testing.h."""

import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests"))
from support.paths import build


class CTestingTest(unittest.TestCase):
    def test_a_test_program_without_cxx(self):
        run = subprocess.run([build() / "bin/testing_c"], capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)


if __name__ == "__main__":
    unittest.main()
