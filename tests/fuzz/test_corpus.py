"""Each input of the corpus, through its target as the usual builds have it (with sanitizers: TALOME_BUILD=build/asan)."""

import os
import pathlib
import subprocess
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / (os.environ.get("TALOME_BUILD") or "build/release")
TARGETS = sorted(path.name.removesuffix("_fuzz.cpp") for path in HERE.glob("*_fuzz.cpp"))


class CorpusTest(unittest.TestCase):
    def replay(self, target):
        inputs = sorted(path for path in (HERE / "corpus" / target).iterdir() if path.is_file())
        self.assertTrue(inputs, f"the corpus of {target} is empty")
        done = subprocess.run([BUILD / "bin" / f"fuzz_{target}", *inputs], capture_output=True, text=True, errors="replace",
                              timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])
        named = {line for line in done.stderr.splitlines() if line.startswith(str(HERE))}
        self.assertEqual(named, {str(path) for path in inputs})  # it has really run each of them

    def test_every_corpus_has_a_target(self):
        self.assertTrue(TARGETS)
        self.assertEqual(sorted(path.name for path in (HERE / "corpus").iterdir() if path.is_dir()), TARGETS)

    def test_an_input_that_cannot_be_read_is_a_failure(self):
        done = subprocess.run([BUILD / "bin" / f"fuzz_{TARGETS[0]}", HERE / "corpus/none"], capture_output=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)


for name in TARGETS:
    setattr(CorpusTest, f"test_{name}", lambda self, name=name: self.replay(name))

if __name__ == "__main__":
    unittest.main()
