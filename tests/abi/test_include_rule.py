"""The build refuses a plugin that includes something of the host or of another plugin, and says which line."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CHECK = REPOSITORY / "sdk/cmake/check_includes.cmake"


class IncludeRuleTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="talome-includes-"))
        self.addCleanup(shutil.rmtree, self.root)
        for path in ("host/http/server.hpp", "plugins/other/secret.hpp", "plugins/mine/own.hpp", "plugins/mine/tests/x.hpp"):
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text("#pragma once\n")
        self.folder = self.root / "plugins/mine"

    def check(self, text, name="plugin.cpp"):
        """What the step says of a plugin with this source; empty if it is content."""
        (self.folder / name).write_text(text)
        done = subprocess.run(["cmake", "-DNAME=mine", f"-DFOLDER={self.folder}", "-P", CHECK], capture_output=True, text=True)
        self.assertEqual(done.returncode == 0, done.stderr == "", done.stderr)
        return " ".join(done.stderr.split())

    def test_what_is_allowed(self):
        self.assertEqual(self.check('#include <talome/plugin.hpp>\n#include "talome/json.hpp"\n#include <Poco/Net/Socket.h>\n'
                                    '#include "own.hpp"\n#include "tests/x.hpp"\n#include "cron/cron.hpp"\n// host/http/server.hpp\n'), "")
        self.assertEqual(self.check('#include "../own.hpp"\n', "tests/own_test.cpp"), "")

    def test_what_is_refused(self):
        for line, why in [
            ('#include "host/http/server.hpp"', "belongs to another part"),
            ("#include <host/http/server.hpp>", "belongs to another part"),
            ('#include "plugins/other/secret.hpp"', "belongs to another part"),
            ('#include "sdk/manifest/manifest.hpp"', "belongs to another part"),
            ('#include "../other/secret.hpp"', "leaves the folder"),
            ('  #  include "../../host/http/server.hpp"', "leaves the folder"),
            ('#include "tests/../../other/secret.hpp"', "leaves the folder"),
            ('#include "../minestrone/soup.hpp"', "leaves the folder"),
            ("#include <../other/secret.hpp>", "leaves the folder"),
            (f'#include "{self.root}/host/http/server.hpp"', "is an absolute path"),
            ("#include HEADER", 'is neither "a file" nor <a file>'),
        ]:
            with self.subTest(line):
                said = self.check(f"int a;\n{line}\n")
                self.assertIn(why, said)
                self.assertIn("plugin.cpp: " + " ".join(line.split()), said)
                self.assertIn("mine may include only the SDK", said)

    def test_headers_are_looked_at_as_well(self):
        self.assertIn("deep/inner.h: ", self.inner())

    def inner(self):
        (self.folder / "deep").mkdir()
        return self.check('#include "../../other/secret.hpp"\n', "deep/inner.h")


class WholeBuildTest(unittest.TestCase):
    """The step is part of the build of every plugin, and what is linked is looked at when it is configured."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="talome-includes-"))
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / "mine").mkdir()
        (self.root / "other").mkdir()
        (self.root / "other/secret.h").write_text("enum { secret = 1 };\n")
        (self.root / "CMakeLists.txt").write_text(f"""
cmake_minimum_required(VERSION 3.25)
project(rule LANGUAGES C)
include({REPOSITORY}/sdk/cmake/TalomeAddPlugin.cmake)
add_library(talome_sdk INTERFACE)
add_executable(talome-manifest IMPORTED)
set_target_properties(talome-manifest PROPERTIES IMPORTED_LOCATION /bin/true)
add_library(other STATIC other/secret.c)
add_subdirectory(mine)
""")
        (self.root / "other/secret.c").write_text("int other(void);\nint other(void) { return 1; }\n")
        (self.root / "mine/plugin.c").write_text('int talome_plugin_v1(void);\nint talome_plugin_v1(void) { return 0; }\n')

    def cmake(self, mine):
        (self.root / "mine/CMakeLists.txt").write_text(mine)
        command = ["cmake", "-G", "Ninja", "-S", self.root, "-B", self.root / "build"]
        return subprocess.run(command, capture_output=True, text=True)

    def build(self):
        return subprocess.run(["cmake", "--build", self.root / "build"], capture_output=True, text=True)

    def test_an_include_stops_the_build(self):
        configured = self.cmake("talome_add_plugin(mine SOURCES plugin.c)\n")
        self.assertEqual(configured.returncode, 0, configured.stderr)
        built = self.build()
        self.assertEqual(built.returncode, 0, built.stdout)
        self.assertTrue((self.root / "build/plugins/mine.so").exists())

        with open(self.root / "mine/plugin.c", "a") as source:
            source.write('#include "../other/secret.h"\n')
        built = self.build()
        self.assertNotEqual(built.returncode, 0)
        self.assertIn('plugin.c: #include "../other/secret.h" leaves the folder', " ".join(built.stdout.split()))

    def test_a_library_of_another_part_stops_the_configuring(self):
        configured = self.cmake("talome_add_plugin(mine SOURCES plugin.c LIBRARIES other)\n")
        self.assertNotEqual(configured.returncode, 0)
        self.assertIn("mine must not link other", " ".join(configured.stderr.split()))

    def test_a_source_of_another_folder_stops_the_configuring(self):
        configured = self.cmake("talome_add_plugin(mine SOURCES plugin.c ../other/secret.c)\n")
        self.assertNotEqual(configured.returncode, 0)
        self.assertIn("is not in its own folder", " ".join(configured.stderr.split()))


if __name__ == "__main__":
    unittest.main()
