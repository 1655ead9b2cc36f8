"""Freezing is one command: tried on a copy of the tree, with a compiler for C++ that only makes a file."""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class FreezeTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="talome-freeze-"))
        self.addCleanup(shutil.rmtree, self.root)
        for part in ("sdk/include", "sdk/src", "sdk/cmake", "sdk/abi", "sdk/template", "sdk/template-c", "cmake", "tests/abi"):
            shutil.copytree(ROOT / part, self.root / part)
        for part in ("CMakeLists.txt", "sdk/ABI.md"):
            shutil.copy(ROOT / part, self.root / part)
        self.is_version("0.1.0")  # whatever the tree's is
        for folder in ("host", "plugins", "build/bin", "programs"):
            (self.root / folder).mkdir(parents=True)
        self.program("build/bin/talome-manifest", 'echo {} > "${1%.so}.plugin.json"')
        self.program("programs/c++", 'while [ "$1" != -o ]; do shift; done; : > "$2"')
        self.program("programs/cmake", "exit 0")
        for header in (self.root / "sdk/include/talome").glob("*.h"):  # also once the real ones are promised
            header.write_text(header.read_text().replace('/1"', '/0"'))
        shutil.rmtree(self.root / "tests/abi/frozen")
        self.python("import layout; layout.PROMISED.write_text(layout.measure())")

    def program(self, name, text):
        path = self.root / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def python(self, *words):
        return subprocess.run([sys.executable, "-c", *words], cwd=self.root / "sdk/abi", check=True)

    def freeze(self, *words):
        environment = {**os.environ, "PATH": f"{self.root}/programs:{os.environ['PATH']}", "CXX": str(self.root / "programs/c++")}
        done = subprocess.run([sys.executable, self.root / "sdk/abi/freeze.py", "--build", self.root / "build", *words],
                              capture_output=True, text=True, env=environment)
        return done.returncode, done.stdout + done.stderr

    def is_version(self, number):
        cmake = self.root / "CMakeLists.txt"
        cmake.write_text(re.sub(r"(project\(talome VERSION )[\d.]+", rf"\g<1>{number}", cmake.read_text()))

    def cmake_says(self):
        """Whether the packages, and find_package(), will take it as promised."""
        script = self.root / "says/CMakeLists.txt"
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"cmake_minimum_required(VERSION 3.25)\nproject(says NONE)\nset(PROJECT_SOURCE_DIR {self.root})\n"
                          f"include({self.root}/cmake/TalomeRevision.cmake)\nmessage(\"promised: ${{TALOME_PROMISED}}\")\n")
        done = subprocess.run(["cmake", "-S", script.parent, "-B", script.parent / "build"], capture_output=True, text=True)
        return re.search("promised: (.*)", done.stderr)[1]

    def revision(self, folder):
        text = (self.root / folder / "talome/operations.h").read_text()
        return text.split('TALOME_OPERATIONS "talome.operations/')[1][0]

    def test_while_the_areas_may_change(self):
        copy = self.root / "tests/abi/frozen/0.1.0"
        older = self.root / "tests/abi/frozen/0.0.1"
        self.assertEqual(self.freeze(), (0, "frozen: tests/abi/frozen/0.1.0\n"))
        shutil.copytree(copy, older)
        self.assertEqual(self.freeze()[0], 0)
        self.assertEqual(self.revision(copy / "include"), "0")
        self.assertFalse(older.exists())
        self.assertEqual({path.name for path in copy.iterdir()},
                         {"include", "src", "plugin.map", "frozen-c.c", "frozen-c.so", "frozen-c.plugin.json", "frozen-cpp.cpp",
                          "frozen-cpp.plugin.json"})
        self.assertFalse(list(copy.rglob("testing*")))

    def test_the_promise(self):
        self.freeze()
        self.assertEqual(self.freeze("--promise"), (1, "the promise begins with version 1.0.0, and this is 0.1.0: "
                                                       "change it in CMakeLists.txt first\n"))
        self.assertEqual((self.revision("sdk/include"), self.cmake_says()), ("0", "OFF"))
        copy = self.root / "tests/abi/frozen/1.0.0"
        self.is_version("1.0.0")
        code, said = self.freeze("--promise")
        self.assertEqual(code, 0, said)
        self.assertIn("/1 in sdk/include/talome/operations.h", said)
        self.assertEqual((self.revision("sdk/include"), self.revision(copy / "include")), ("1", "1"))
        self.assertEqual(self.cmake_says(), "ON")
        self.assertFalse((self.root / "tests/abi/frozen/0.1.0").exists())
        for template in ("template", "template-c"):
            self.assertIn("find_package(Talome 1.0 REQUIRED)", (self.root / "sdk" / template / "CMakeLists.txt").read_text())
        self.assertNotIn("talome.operations/0", (self.root / "sdk/ABI.md").read_text())
        self.assertIn("talome.teleport/7", (self.root / "tests/abi/doctor.py").read_text())
        compared = subprocess.run([sys.executable, self.root / "sdk/abi/layout.py"], capture_output=True, text=True)
        self.assertEqual((compared.returncode, compared.stdout), (0, ""))

        before = (copy / "frozen-c.so").stat().st_mtime_ns
        self.assertEqual(self.freeze(), (1, "tests/abi/frozen/1.0.0 holds a promise: it is never made anew. A new version has a new copy\n"))
        self.assertEqual(self.freeze("--promise"), (1, "the areas are promised already\n"))
        self.assertEqual((copy / "frozen-c.so").stat().st_mtime_ns, before)
        self.is_version("1.1.0")
        self.assertEqual(self.freeze(), (0, "frozen: tests/abi/frozen/1.1.0\n"))
        self.assertEqual((copy / "frozen-c.so").stat().st_mtime_ns, before)


if __name__ == "__main__":
    unittest.main()
