"""talomectl plugin: what runs and why something does not, changed while the server runs; and the first steps of an author,
which need no server."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build
from support.ctl import Ctl

FOR_TESTS = build() / "tests/plugins"


class ServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="talome-ctl-")))
        for source in (FOR_TESTS / "greeter", FOR_TESTS / "create-fails/create-fails"):
            for ending in (".so", ".plugin.json"):
                shutil.copy(f"{source}{ending}", cls.folder)
        cls.talomed = cls.enterClassContext(Talomed(plugin_dirs=[cls.folder], plugins="none"))
        cls.ctl = Ctl(cls.talomed)

    def good(self, *words):
        result = self.ctl("plugin", *words)
        self.assertEqual((result.code, result.err), (0, ""), result)
        return result

    def bad(self, *words):
        result = self.ctl("plugin", *words)
        self.assertEqual(result.code, 1, result)
        return result.err

    def test_there_and_back(self):
        self.good("disable", "greeter")
        listed = self.good("list").out
        self.assertRegex(listed, r"(?m)^ID +VERSION +STATE +REASON\b")
        self.assertRegex(listed, r"(?m)^greeter +1\.0\.0 +disabled")
        self.assertIn("greeter: talomectl plugin enable greeter\n", listed)

        self.assertEqual(self.good("enable", "greeter").out, "greeter 1.0.0 is active\n")
        self.assertEqual(self.ctl("call", "greeter.hello", '{"name":"Ann"}').json["text"], "Hello, Ann")
        self.assertNotIn("plugin enable greeter", self.good("list").out)
        self.assertEqual(self.good("replace", "greeter").out, "greeter 1.0.0 is active\n")
        self.assertEqual(self.ctl("call", "greeter.hello", '{"name":"Ann"}').json["count"], 2)
        self.assertEqual(self.good("disable", "greeter").out, "greeter is disabled; its data stays\n")
        self.assertEqual(self.ctl("call", "greeter.hello", '{"name":"Ann"}').code, 1)

    def test_all_about_one(self):
        self.good("enable", "greeter")
        shown = self.good("list", "greeter").out
        self.assertIn("state: active\n", shown)
        self.assertNotIn("migrations", shown)
        self.assertEqual(self.good("list", "greeter", "--json").json["manifest"]["id"], "greeter")
        self.assertEqual({each["id"] for each in self.good("list", "--json").json}, {"greeter", "create-fails"})
        self.assertEqual(self.good("replace", "greeter", "--json").json["state"], "active")

    def test_one_that_cannot_start(self):
        self.assertIn("the moon is in the wrong phase", self.bad("enable", "create-fails"))
        listed = self.good("list").out
        self.assertRegex(listed, r"(?m)^create-fails .*the moon is in the wrong phase")

    def test_one_that_is_not_there(self):
        for action in ("list", "enable", "disable", "replace"):
            said = self.bad(action, "../nothing?")
            self.assertIn("404", said)
            self.assertEqual(said.count("\n"), 1, said)


class AuthorTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="talome-ctl-")))

    def run_it(self, *words, path="/usr/bin:/bin", program=None):
        return subprocess.run([program or build() / "bin/talomectl", "plugin", *words], capture_output=True, text=True, timeout=60,
                              cwd=self.root, env={"PATH": path, "HOME": "/nonexistent", "TALOME_SOCKET": "/nonexistent/socket"})

    def test_a_new_one(self):
        done = self.run_it("new", "my-plugin", "--dir", "deep/er")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        made = self.root / "deep/er/my-plugin"
        self.assertIn("cd deep/er/my-plugin", done.stdout)
        self.assertEqual({path.name for path in made.iterdir()}, {"CMakeLists.txt", "README.md", "plugin.cpp", "my_plugin_test.cpp"})
        source = (made / "plugin.cpp").read_text()
        for part in ("class MyPluginPlugin", '"myPlugin.hello"', '"/api/my-plugin/hello"', '"my_plugin_word"', '"my_plugin_hello"',
                     '"my-plugin.report"', 'TALOME_PLUGIN(MyPluginPlugin, "my-plugin"'):
            self.assertIn(part, source)
        for file in made.iterdir():
            self.assertNotIn("greeter", file.read_text().lower(), file.name)
        self.assertIn("talome_add_plugin_test(my_plugin_tests PLUGIN my-plugin SOURCES my_plugin_test.cpp)",
                      (made / "CMakeLists.txt").read_text())

    def test_a_new_one_in_c(self):
        made = json.loads(self.run_it("new", "my-plugin", "--c", "--json").stdout)
        self.assertEqual(made, {"folder": "my-plugin", "files": ["CMakeLists.txt", "README.md", "my_plugin_test.c", "plugin.c"]})
        for file in (self.root / "my-plugin").iterdir():
            self.assertNotIn("greeter", file.read_text().lower(), file.name)

    def test_the_templates_are_as_short_as_is_said(self):
        self.run_it("new", "greeter")
        self.run_it("new", "greeter", "--c", "--dir", "c")
        for file, most in (("greeter/plugin.cpp", 40), ("greeter/CMakeLists.txt", 10), ("c/greeter/plugin.c", 80),
                           ("c/greeter/CMakeLists.txt", 10)):
            self.assertLessEqual(len((self.root / file).read_text().splitlines()), most, file)

    def test_what_is_there_already_stays(self):
        (self.root / "mine").mkdir()
        (self.root / "mine/file").write_text("kept")
        done = self.run_it("new", "mine")
        self.assertEqual((done.returncode, done.stderr), (1, "talomectl: mine is there already\n"))
        self.assertEqual(os.listdir(self.root / "mine"), ["file"])

    def test_names(self):
        for name in ("Mine", "2nd", "a_b", "../up", "a" * 33, "", "test"):
            done = self.run_it("new", name)
            self.assertEqual(done.returncode, 2, name)
            self.assertIn("usage: talomectl plugin new NAME", done.stderr)
        self.assertEqual(os.listdir(self.root), [])

    def test_where_the_sdk_is_not_installed(self):
        shutil.copy(build() / "bin/talomectl", self.root)
        done = self.run_it("new", "mine", program=self.root / "talomectl")
        if not pathlib.Path("/usr/share/talome/template").exists():
            self.assertIn("it comes with the package talome-sdk-dev", done.stderr)
            self.assertEqual(os.listdir(self.root), ["talomectl"])

    def test_check_runs_the_program_beside_it_or_on_the_path(self):
        shutil.copy(build() / "bin/talomectl", self.root)
        (self.root / "x.so").write_text("")
        here = {"program": self.root / "talomectl", "path": str(self.root / "bin")}
        self.assertIn("there is no such file", self.run_it("check", "none.so", **here).stderr)
        self.assertIn("it comes with the package talome-sdk-dev", self.run_it("check", "x.so", **here).stderr)
        for folder in ("bin", "."):
            (self.root / folder).mkdir(exist_ok=True)
            checker = self.root / folder / "talome-check"
            checker.write_text(f'#!/bin/sh\necho {folder}: "$@"; exit 7\n')
            checker.chmod(0o755)
            done = self.run_it("check", "x.so", **here)
            self.assertEqual((done.returncode, done.stdout), (7, f"{folder}: x.so\n"))
        self.assertEqual(self.run_it("check", "x.so", "--json", **here).stdout, ".: x.so --json\n")


if __name__ == "__main__":
    unittest.main()
