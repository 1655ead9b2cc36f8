"""The SDK as its reader has it: a clean Debian 12 with the package talome-sdk-dev and a compiler, from nothing to a plugin
that answers on a running host. Long form only."""

import json
import os
import pathlib
import shutil
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from debs import packages, run
from machine import ENVIRONMENT, make_root, needed, unavailable, workplace
from support import Talomed

OURS = ("talome-sdk-dev",)


class SdkRootTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if unavailable():
            raise unittest.SkipTest(unavailable())
        cls.root = cls.enterClassContext(workplace()) / "sdk"
        make_root(cls.root, ["apt-utils", "g++", *needed(OURS)])
        run("mount", "-t", "proc", "proc", cls.root / "proc")
        cls.addClassCleanup(run, "umount", "--lazy", cls.root / "proc")  # before the folder is removed
        for name in OURS:
            shutil.copy(packages()[name], cls.root / "root")
        cls.inside("sh", "-c", "apt-get -q -y install /root/*.deb")

    @classmethod
    def inside(cls, *command, folder="/root") -> str:
        variables = [f"{name}={value}" for name, value in {**ENVIRONMENT, "HOME": "/root"}.items()]
        return run("chroot", cls.root, "env", "-i", "-C", folder, *variables, *command)

    def from_nothing(self, name, *kind):
        """New, built, tested, checked, enabled, called; how many lines and seconds it took."""
        with Talomed(plugins="none", plugin_dirs=[self.root.parent / "plugins"]) as talomed:
            talomed.login()
            begin = time.monotonic()
            self.inside("talomectl", "plugin", "new", name, *kind)
            folder = f"/root/{name}"
            self.inside("cmake", "-S", ".", "-B", "build", folder=folder)
            self.inside("cmake", "--build", "build", folder=folder)
            self.inside("ctest", "--test-dir", "build", "--output-on-failure", folder=folder)
            self.inside("talome-check", f"build/plugins/{name}.so", folder=folder)
            (self.root.parent / "plugins").mkdir(exist_ok=True)
            for suffix in ("so", "plugin.json"):
                made = self.root / f"root/{name}/build/plugins/{name}.{suffix}"
                target = self.root.parent / "plugins" / made.name
                shutil.copy(made, target)
                os.chmod(target, 0o644)
            ctl = [talomed.program.parent / "talomectl", "--socket", talomed.state / "talomed.sock"]
            run(*ctl, "plugin", "enable", name)
            answer = talomed.get(f"/api/{name}/hello?name=Ann")
            self.assertEqual(answer.status, 200, answer)
            self.assertIn("Ann", json.dumps(answer.json))
            seconds = time.monotonic() - begin
        source = next(each for each in (self.root / f"root/{name}").glob("plugin.c*"))
        lines = len(source.read_text().splitlines())
        print(f"{name}: {seconds:.0f} s, {lines} lines", file=sys.stderr)
        return seconds, lines

    def test_1_a_plugin_in_cpp(self):
        seconds, lines = self.from_nothing("greeter")
        self.assertLess(seconds, 120)
        self.assertLessEqual(lines, 40)

    def test_1_a_plugin_that_runs_programs(self):
        shutil.copytree(pathlib.Path(__file__).with_name("lister"), self.root / "root/lister")
        self.inside("sh", "-c", "cmake -S . -B build && cmake --build build", folder="/root/lister")
        self.inside("ctest", "--test-dir", "build", "--output-on-failure", folder="/root/lister")

    def test_2_a_plugin_in_c_without_a_cpp_compiler(self):
        self.inside("sh", "-c", "dpkg --purge --force-depends $(dpkg-query -W -f '${Package}\\n' | grep '^g++')")
        self.assertFalse((self.root / "usr/bin/g++").exists())
        self.assertFalse((self.root / "usr/bin/c++").exists())
        seconds, lines = self.from_nothing("plain", "--c")
        self.assertLess(seconds, 120)
        self.assertLessEqual(lines, 80)


if __name__ == "__main__":
    unittest.main()
