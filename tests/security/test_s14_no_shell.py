"""S14: nothing is ever passed to a shell. No part of Talome refers to what would start one; programs are run by argument
vector (tests/process shows that hostile arguments arrive unchanged)."""

import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from support import REPOSITORY, build

FUNCTIONS = {"system", "popen", "wordexp", "execl", "execlp", "execle", "__libc_system"}
# Where a person's own interactive shell is named, which a terminal is for. It is started by argument vector like any
# program, and nothing is passed to it.
PEOPLES = {"plugins/terminal/pty/account.cpp", "plugins/terminal/sessions/session_create.cpp"}
PEOPLES_SHELL = re.compile(r'"/bin/(?:ba)?sh"')
SHELL = re.compile(r'bin/(?:ba|da|z|k)?sh"|"(?:ba|da)?sh", *"-c"|\b(?:std::|::)?(?:system|popen|wordexp)\s*\(')


def imports(file):
    """Names of functions that the dynamic linker finds elsewhere for it."""
    listed = subprocess.run(["readelf", "--wide", "--dyn-syms", file], capture_output=True, text=True, check=True).stdout
    return {words[7].split("@")[0] for words in map(str.split, listed.splitlines()) if len(words) > 7 and words[6] == "UND"}


class NoShellTest(unittest.TestCase):
    def test_nothing_is_linked_that_starts_one(self):
        files = [build() / "bin" / name for name in ("talomed", "talomectl", "talome-spawn", "talome-manifest")]
        files += [file for file in (build() / "bin/talome-pty", build() / "bin/talome-smart") if file.exists()]
        files += sorted((build() / "plugins").glob("*.so"))
        for file in files:
            with self.subTest(file.name):
                self.assertEqual(imports(file) & FUNCTIONS, set())

    def test_no_source_names_one(self):
        for folder in ("host", "sdk", "plugins"):
            for file in sorted((REPOSITORY / folder).rglob("*")):
                if file.suffix not in (".cpp", ".hpp", ".ipp", ".c", ".h") or "tests" in file.parts:
                    continue
                for number, line in enumerate(file.read_text().splitlines(), 1):
                    code = line.split("//")[0]
                    if str(file.relative_to(REPOSITORY)) in PEOPLES:
                        code = PEOPLES_SHELL.sub("", code)
                    self.assertIsNone(SHELL.search(code), f"{file.relative_to(REPOSITORY)}:{number}: {line.strip()}")


if __name__ == "__main__":
    unittest.main()
