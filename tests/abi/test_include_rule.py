"""The build refuses a plugin that includes something of the host or of another plugin, and says which line."""

import json
import os
import pathlib
import re
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

    def check(self, text, name="plugin.cpp", ours=True):
        """What the step says of a plugin with this source, in Talome's tree or in another; empty if it is content."""
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)
        done = subprocess.run(["cmake", "-DNAME=mine", f"-DFOLDER={self.folder}", f"-DOURS={'ON' if ours else 'OFF'}", "-P", CHECK],
                              capture_output=True, text=True)
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

    def test_a_stranger_has_other_names_and_may_use_the_preprocessor(self):
        for line in ("#include HEADER", '#include "host/address.hpp"', "#include <plugins/registry.h>", "#include <sdk/version.h>"):
            with self.subTest(line):
                self.assertEqual(self.check(f"{line}\n", ours=False), "")
        self.assertIn("leaves the folder", self.check('#include "../other/secret.hpp"\n', ours=False))
        self.assertIn("is an absolute path", self.check('#include "/etc/secret.hpp"\n', ours=False))

    def test_what_others_have_written_is_not_looked_at(self):
        wrong = '#include "../../../other/secret.hpp"\n'
        self.assertIn("leaves the folder", self.check(wrong, "build-debug/deep/made.h"))
        (self.folder / "build-debug/CMakeCache.txt").write_text("")
        self.assertEqual(self.check(wrong, "build-debug/deep/made.h"), "")
        self.assertEqual(self.check(wrong, "web/node_modules/x/binding.cc"), "")
        self.assertIn("leaves the folder", self.check(wrong, "web/modules/binding.cc"))

    def inner(self):
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


def in_tree(path, build):
    """Of a file that was made while building: where it would lie in the source tree."""
    return str(REPOSITORY / pathlib.Path(path).relative_to(build)) if path.startswith(f"{build}/") else path


class EveryPluginTest(unittest.TestCase):
    """No plugin of this build can see the host, those of the tests no more than the others: without host/ nothing would
    change for them."""

    @classmethod
    def setUpClass(cls):
        build = pathlib.Path(os.environ.get("TALOME_BUILD") or REPOSITORY / "build/release").resolve()
        cls.plugins = {so.stem: [] for so in [*build.glob("plugins/*.so"), *build.glob("tests/plugins/**/*.so")]}
        objects = []
        for entry in json.loads((build / "compile_commands.json").read_text()):
            made = re.search(r"-D(\w+)_EXPORTS\b", entry["command"])
            name = re.sub(r"-\d+$", "", made[1].replace("_", "-")) if made else ""  # relay is built in several versions
            if name in cls.plugins:  # the commands of a plugin's sources
                cls.plugins[name].append((pathlib.Path(in_tree(entry["file"], build)), build / entry["directory"], entry["command"]))
                objects.append(re.search(r" -o (\S+)", entry["command"])[1])
        cls.read = {}  # object: what the compiler has read for it
        for block in subprocess.run(["ninja", "-C", build, "-t", "deps", *objects], capture_output=True, text=True).stdout.split("\n\n"):
            target, *files = block.strip().splitlines() or [""]
            cls.read[target.split(":")[0]] = [in_tree(os.path.normpath(build / line.strip()), build) for line in files]

    def test_all_are_looked_at(self):
        self.assertLessEqual({"docker", "greeter", "c-hello", "throws", "streamer", "keeper"}, set(self.plugins))
        self.assertEqual([name for name, commands in self.plugins.items() if not commands], [])

    def test_what_the_compiler_may_include_from(self):
        for name, commands in self.plugins.items():
            for file, directory, command in commands:
                for option in re.findall(r"(?:-I|-isystem |-iquote |-include )\s*(\S+)", command):
                    folder = pathlib.Path(directory, option).resolve()
                    if REPOSITORY not in [folder, *folder.parents]:
                        continue  # of the system
                    own = folder in file.parents and folder.parent not in (REPOSITORY, REPOSITORY.parent)
                    common = REPOSITORY / "plugins/common" == folder
                    self.assertTrue(own or common or folder == REPOSITORY / "sdk/include", f"{name} sees {folder}")

    def test_what_the_compiler_has_read(self):
        seen = 0
        for name, commands in self.plugins.items():
            for file, _, command in commands:
                read = self.read.get(re.search(r" -o (\S+)", command)[1], [])
                for each in read:
                    if each.startswith(f"{REPOSITORY}/") and not each.startswith((f"{REPOSITORY}/sdk/include/", f"{REPOSITORY}/plugins/common/")):
                        parts = file.relative_to(REPOSITORY).parts
                        own = REPOSITORY / pathlib.Path(*parts[:2]) if parts[0] in ("plugins", "tests") else file.parent
                        self.assertTrue(each.startswith(f"{own}/"), f"{name} has read {each}")
                seen += bool(read)
        self.assertGreater(seen, 0)


if __name__ == "__main__":
    unittest.main()
