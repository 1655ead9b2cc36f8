"""The SDK as a stranger has it: installed, moved to another place, with nothing of this tree in reach. From
`talomectl plugin new` to an answer of the running host, in C++, in C without a C++ compiler, and without CMake."""

import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import transcript
from support import Talomed, build
from support.ctl import Ctl

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def output(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout


def sanitized():
    return "libasan" in output("ldd", build() / "bin/talomed") or "libtsan" in output("ldd", build() / "bin/talomed")


class InstalledSdkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="talome-sdk-")))
        subprocess.run(["cmake", "--install", build(), "--component", "sdk", "--prefix", "/opt/talome"], check=True,
                       capture_output=True, env={**os.environ, "DESTDIR": str(cls.root / "staged")})
        cls.prefix = cls.root / "elsewhere/sdk"
        cls.prefix.parent.mkdir()
        (cls.root / "staged/opt/talome").rename(cls.prefix)
        (cls.prefix / "bin/talomectl").symlink_to("../lib/talome/sdk/talomectl")  # as the package's postinst does it
        cls.seconds = {}

    def setUp(self):
        self.work = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="work-", dir=self.root)))
        self.path = f"{self.prefix}/bin:/usr/bin:/bin"

    def step(self, name, *command, folder=None):
        """Runs it as the author would; what it has printed."""
        begin = time.monotonic()
        environment = {"PATH": self.path, "HOME": str(self.work), "CMAKE_PREFIX_PATH": str(self.prefix), "LC_ALL": "C.UTF-8",
                       "PKG_CONFIG_PATH": f"{self.prefix}/share/pkgconfig"}
        for variable in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if variable in os.environ:  # of the tools
                environment[variable] = os.environ[variable] + ":detect_leaks=0"
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=folder or self.work, env=environment)
        self.assertEqual(done.returncode, 0, f"{name}: {done.stdout}{done.stderr}")
        self.seconds[name] = time.monotonic() - begin
        return done.stdout + done.stderr

    def only(self, *programs):
        """From here on no program but these can be found, and no C++ compiler with them."""
        folder = self.work / "bin"
        folder.mkdir()
        for program in programs:
            found = shutil.which(program)
            self.assertTrue(found, program)
            (folder / program).symlink_to(found)
        self.path = f"{self.prefix}/bin:{folder}"
        for compiler in ("c++", "g++", "clang++"):
            self.assertIsNone(shutil.which(compiler, path=self.path))

    def build_and_test(self, folder):
        self.step("configure", "cmake", "-S", ".", "-B", "build", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", folder=folder)
        self.step("build", "cmake", "--build", "build", folder=folder)
        if sanitized():
            return  # the testing library is, and a program that is not cannot link it
        self.assertIn("100% tests passed, 0 tests failed out of 1", self.step("test", "ctest", "--test-dir", "build", folder=folder))

    def check(self, file):
        if (self.prefix / "bin/talome-check").exists() and not sanitized():
            self.step("check", "talomectl", "plugin", "check", file)

    def seen_by_the_compiler(self, folder):
        """Every folder that a source of the plugin may include from."""
        commands = json.loads((folder / "build/compile_commands.json").read_text())
        return set(re.findall(r"(?:-I|-isystem )((?:\\ |\S)+)", " ".join(each["command"] for each in commands).replace('"', "")))

    def answer(self, name, files, text):
        """Put in place while the server runs, enabled, called, disabled."""
        with tempfile.TemporaryDirectory() as folder, Talomed(plugin_dirs=[folder], plugins="none") as talomed:
            begin = time.monotonic()
            talomed.login()
            ctl = Ctl(talomed)
            for ending in (".so", ".plugin.json"):
                shutil.copy(f"{files}{ending}", folder)
            enabled = ctl("plugin", "enable", name)
            self.assertEqual((enabled.code, enabled.out), (0, f"{name} 1.0.0 is active\n"), enabled)
            answer = talomed.get(f"/api/{name}/hello?name=Ann")
            self.assertEqual((answer.status, answer.json), (200, {"text": text, "count": 1}))
            self.assertEqual(ctl("plugin", "disable", name).code, 0)
            self.seconds["enable and call"] = time.monotonic() - begin

    def told(self, what, before):
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"{what}: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.seconds.items()) + f"; {cpu:.1f} s of CPU")
        self.assertLess(cpu, 120)  # a busy machine may take longer by the clock
        self.seconds.clear()

    def test_cpp(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.step("new", "talomectl", "plugin", "new", "greeter")
        folder = self.work / "greeter"
        self.build_and_test(folder)
        self.check("greeter/build/plugins/greeter.so")
        self.answer("greeter", folder / "build/plugins/greeter", "Hello, Ann")
        self.told("C++", before)

        manifest = json.loads((folder / "build/plugins/greeter.plugin.json").read_text())
        ours = json.loads((build() / "tests/plugins/greeter.plugin.json").read_text())
        self.assertEqual({**manifest, "digest": None, "size": None}, {**ours, "digest": None, "size": None})
        for seen in self.seen_by_the_compiler(folder):
            self.assertNotIn(str(REPOSITORY), seen)
        symbols = output("nm", "-D", "--defined-only", folder / "build/plugins/greeter.so")
        self.assertEqual([line.split()[-1] for line in symbols.splitlines()], ["talome_plugin_v1"])

    def test_the_first_plugin_as_the_readme_tells_it(self):
        if sanitized():
            self.skipTest("the testing library is sanitized, and a program that is not cannot link it")
        steps = transcript.steps(self.prefix / "share/doc/talome-sdk-dev/README.md", "## Your first plugin in ten minutes")
        self.assertIn("talome-sdk-dev", steps[0][0])  # its installation, which tests/packages has
        with tempfile.TemporaryDirectory() as folder, Talomed(plugin_dirs=[folder], plugins="none") as talomed:
            def here(command):
                for theirs, ours in (("sudo ", ""), ("/usr/lib/talome/plugins/", folder), ("http://localhost:4000", f"http://127.0.0.1:{talomed.port}")):
                    command = command.replace(theirs, ours)
                return command
            begin = time.monotonic()
            environment = {"PATH": self.path, "HOME": str(self.work), "CMAKE_PREFIX_PATH": str(self.prefix), "LC_ALL": "C.UTF-8",
                           "TALOME_STATE_DIR": str(talomed.state)}
            done = transcript.run([here(command) for command, _ in steps[1:]], self.work, environment)
            print(f"from nothing to a plugin that was replaced: {time.monotonic() - begin:.0f} s")
        for (command, expected), (printed, code) in zip(steps[1:], done, strict=True):
            self.assertEqual(code, 0, f"$ {command}\n{printed}")
            self.assertTrue(transcript.agrees(expected, printed), f"$ {command}\n{printed}\nis not\n" + "\n".join(expected))

    def test_a_plugin_that_runs_programs(self):
        if sanitized():
            self.skipTest("the testing library is sanitized, and a program that is not cannot link it")
        shutil.copytree(REPOSITORY / "tests/packages/lister", self.work / "lister")
        self.build_and_test(self.work / "lister")
        self.step("check", "talome-check", "lister/build/plugins/lister.so")

    def test_c_where_there_is_no_cpp_compiler(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.only("cmake", "ctest", "cc", "ld", "as", "ar", "make", "sh", "uname")
        self.step("new", "talomectl", "plugin", "new", "c-greeter", "--c")
        folder = self.work / "c-greeter"
        self.build_and_test(folder)
        self.check("c-greeter/build/plugins/c-greeter.so")
        self.answer("c-greeter", folder / "build/plugins/c-greeter", "Hello, Ann")
        self.told("C", before)
        self.assertNotIn("CXX", (folder / "build/CMakeCache.txt").read_text())

    def test_pkg_config_without_cmake(self):
        self.only("cc", "ld", "as", "pkg-config", "sh")
        self.step("new", "talomectl", "plugin", "new", "c-greeter", "--c")
        folder = self.work / "c-greeter"
        self.step("build", "sh", "-c", 'eval cc -O2 -Wall -Wextra -Werror $(pkg-config --cflags --libs talome) plugin.c -o c-greeter.so '
                                       '&& talome-manifest c-greeter.so', folder=folder)
        self.answer("c-greeter", folder / "c-greeter", "Hello, Ann")
        symbols = output("nm", "-D", "--defined-only", folder / "c-greeter.so")
        self.assertEqual([line.split()[-1] for line in symbols.splitlines()], ["talome_plugin_v1"])
        version = self.step("version", "pkg-config", "--modversion", "talome").strip()
        self.assertIn(f"project(talome VERSION {version} ", (REPOSITORY / "CMakeLists.txt").read_text())

    def test_pkg_config_in_cpp(self):
        self.step("new", "talomectl", "plugin", "new", "greeter")
        folder = self.work / "greeter"
        readme = (self.prefix / "share/doc/talome-sdk-dev/README.md").read_text()
        commands = re.search(r"^The same in C\+\+.*?^```sh\n(.*?)^```", readme, re.S | re.M)[1]
        self.assertEqual(commands.count("\n"), 2, commands)
        self.step("build", "sh", "-e", "-c", commands, folder=folder)
        self.answer("greeter", folder / "greeter", "Hello, Ann")
        symbols = output("nm", "-D", "--defined-only", folder / "greeter.so")
        self.assertEqual([line.split()[-1] for line in symbols.splitlines()], ["talome_plugin_v1"])

    def test_nothing_names_this_tree(self):
        for file in self.prefix.rglob("*"):
            if file.is_file() and not file.is_symlink() and file.suffix not in (".so", "") and "bin" not in file.parts:
                self.assertNotIn(str(REPOSITORY).encode(), file.read_bytes(), file)
        headers = {file.name for file in (self.prefix / "include/talome").iterdir()}
        self.assertEqual(headers, {file.name for file in (REPOSITORY / "sdk/include/talome").iterdir()})


if __name__ == "__main__":
    unittest.main()
