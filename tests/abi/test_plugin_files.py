"""What talome_add_plugin() makes of a plugin: one exported symbol, no search path of its own, and it unloads."""

import _ctypes
import ctypes
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ.get("TALOME_BUILD") or pathlib.Path(__file__).resolve().parents[2] / "build/release").resolve()
PLUGINS = sorted(plugin for plugin in [*BUILD.glob("plugins/*.so"), *BUILD.glob("tests/plugins/**/*.so")]
                 if plugin.stem != "two-symbols")  # talome-check's, which talome_add_plugin() has not made


def lines(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def sanitized():
    return any("libasan" in line or "libtsan" in line for line in lines("readelf", "-d", PLUGINS[0]))


class PluginFilesTest(unittest.TestCase):
    def test_there_are_some(self):
        names = {plugin.stem for plugin in PLUGINS}
        self.assertLessEqual({"greeter", "c-hello", "throws"}, names)

    def test_they_export_one_symbol(self):
        for plugin in PLUGINS:
            with self.subTest(plugin.name):
                symbols = [line.split()[-1] for line in lines("nm", "-D", "--defined-only", plugin)]
                self.assertEqual(symbols, ["talome_plugin_v1"])

    def test_they_bring_no_search_path(self):
        for plugin in PLUGINS:
            with self.subTest(plugin.name):
                self.assertFalse([line for line in lines("readelf", "-d", plugin) if "RPATH" in line or "RUNPATH" in line])

    def test_the_plain_c_one_needs_no_cpp(self):
        needed = [line for line in lines("readelf", "-d", BUILD / "tests/plugins/c-hello/c-hello.so") if "NEEDED" in line]
        self.assertFalse([line for line in needed if "stdc++" in line and not sanitized()], needed)

    def test_each_has_its_manifest(self):
        for plugin in PLUGINS:
            with self.subTest(plugin.name):
                manifest = json.loads(plugin.with_suffix(".plugin.json").read_text())
                self.assertIn("talome.operations/0", manifest["needs"])
                if plugin.stem != "other-id":
                    self.assertEqual(manifest["id"], plugin.stem)

    @unittest.skipIf(PLUGINS and sanitized(), "a sanitizer has to be loaded before python")
    def test_they_unload(self):
        for plugin in PLUGINS:
            with self.subTest(plugin.name):
                library = ctypes.CDLL(str(plugin))
                library.talome_plugin_v1()
                self.assertIn(str(plugin), pathlib.Path("/proc/self/maps").read_text())
                _ctypes.dlclose(library._handle)
                self.assertNotIn(str(plugin), pathlib.Path("/proc/self/maps").read_text())


class ManifestToolTest(unittest.TestCase):
    """talome-manifest says what is wrong with a file, and leaves no half manifest."""

    def refusal(self, plugin):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([BUILD / "bin/talome-manifest", plugin, f"{folder}/x.plugin.json"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, done)
            self.assertEqual(os.listdir(folder), [])
        return done.stderr

    def test_a_plugin_whose_create_fails(self):
        self.assertEqual(self.refusal(BUILD / "tests/plugins/create-fails/create-fails.so"),
                         "talome-manifest: create-fails: the moon is in the wrong phase\n")

    def test_a_plugin_that_needs_what_nobody_has(self):
        self.assertEqual(self.refusal(BUILD / "tests/plugins/needs-missing/needs-missing.so"),
                         "talome-manifest: needs-missing: this host does not offer talome.teleport/7\n")

    def test_a_file_that_is_no_plugin(self):
        maps = pathlib.Path("/proc/self/maps").read_text().splitlines()
        some_library = next(line.split()[-1] for line in maps if "libc.so" in line)
        self.assertIn("cannot open shared object file", self.refusal("/nowhere/x.so"))
        self.assertIn("invalid ELF header", self.refusal(__file__))
        self.assertIn("does not export talome_plugin_v1", self.refusal(some_library))


if __name__ == "__main__":
    unittest.main()
