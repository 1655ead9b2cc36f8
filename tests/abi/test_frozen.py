"""Plugins built from frozen copies of the SDK, one in C (the binary of that time) and one in C++, on today's host: every
step of their life, an operation, a setting, the database, a task and events."""

import json
import pathlib
import platform
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from support import Talomed, build, wait_until

COPIES = sorted(path.parent for path in (HERE / "frozen").glob("*/plugin.map"))
PLUGINS = ["frozen-cpp"] + (["frozen-c"] if platform.machine() == "x86_64" else [])


class FrozenCopyTest(unittest.TestCase):
    def test_there_is_one_of_todays_revision(self):
        """What is promised has a copy that shows it; sdk/abi/freeze.py makes it."""
        define = re.compile(r'#define TALOME_OPERATIONS "(talome\.operations/\d+)"')
        today = define.search((HERE.parents[1] / "sdk/include/talome/operations.h").read_text())[1]
        self.assertIn(today, [define.search((copy / "include/talome/operations.h").read_text())[1] for copy in COPIES])

    def test_the_binary_exports_one_symbol_and_needs_only_c(self):
        for copy in COPIES:
            with self.subTest(copy.name):
                self.assertLess((copy / "frozen-c.so").stat().st_size, 100_000)
                needed = subprocess.run(["readelf", "-d", copy / "frozen-c.so"], capture_output=True, text=True, check=True).stdout
                self.assertEqual(re.findall(r"NEEDED.*\[(.*)\]", needed), ["libc.so.6"])

    def test_todays_tool_reads_the_old_plugin_as_the_old_one_did(self):
        for copy in COPIES:
            with self.subTest(copy.name):
                then = json.loads((copy / "frozen-cpp.plugin.json").read_text())
                now = json.loads((build() / "tests/frozen" / copy.name / "frozen-cpp.plugin.json").read_text())
                for key in ("id", "version", "needs", "operations", "settings", "migrations", "tasks", "topics", "subscriptions"):
                    self.assertLessEqual(_flat(then[key]), _flat(now[key]), key)


def _flat(value, path=""):
    """Every leaf with its place: what is added to a manifest is no break."""
    if isinstance(value, dict):
        return set().union(*(_flat(each, f"{path}.{key}") for key, each in value.items()))
    if isinstance(value, list):
        return set().union(*(_flat(each, f"{path}[{index}]") for index, each in enumerate(value)))
    return {(path, json.dumps(value))}


class FrozenPluginTest(unittest.TestCase):
    def test_a_life(self):
        for copy in COPIES:
            with self.subTest(copy.name), \
                    Talomed(plugin_dirs=[build() / "tests/frozen" / copy.name], plugins=",".join(PLUGINS)) as talomed:
                self.live(talomed)

    def live(self, talomed):
        talomed.login()
        for plugin in PLUGINS:
            self.assertEqual(self.state(talomed, plugin), self.fresh())
            self.add(talomed, plugin)
            self.settings(talomed, plugin)
        talomed.restart()
        for plugin in PLUGINS:
            self.assertEqual(self.state(talomed, plugin), self.fresh(word="snow", words=2, total=2))
        talomed.stop()
        for plugin in PLUGINS:
            said = re.findall(r"frozen: (\w+)", "\n".join(line for line in talomed.log.splitlines() if re.search(rf"\b{plugin}\b", line)))
            self.assertEqual(said, ["quiesce", "stop", "destroy"] * 2)

    def fresh(self, **other):
        return {"life": "active", "word": "ice", "words": 0, "total": 0, "heard": 0, "runs": 0, "admin": True, **other}

    def state(self, talomed, plugin):
        answer = talomed.get(f"/api/{plugin}/state")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def add(self, talomed, plugin):
        for _ in range(2):
            answer = talomed.post(f"/api/{plugin}/words/melt")
            self.assertEqual((answer.status, answer.json), (201, {"by": "admin"}))
        self.assertEqual(talomed.post(f"/api/{plugin}/words/rollback").status, 409)
        self.assertEqual(talomed.post(f"/api/{plugin}/words/NOT").status, 400)
        self.assertEqual(talomed.post(f"/api/{plugin}/words/melt", token=None).status, 401)

        def done():
            state = self.state(talomed, plugin)
            return (state["words"], state["total"], state["heard"]) == (2, 2, 2) and state["runs"] >= 1
        wait_until(done, 20, 0.02, "its events are heard and its task has run")

    def settings(self, talomed, plugin):
        key = plugin.replace("-", "_") + "_word"
        self.assertEqual(self.put(talomed, key, "snow").status, 200)
        refused = self.put(talomed, key, "never")
        self.assertEqual(refused.status, 400)
        self.assertIn("never say never", json.dumps(refused.json))
        self.assertEqual(self.put(talomed, key, "x" * 41).status, 400)
        self.assertEqual(self.state(talomed, plugin)["word"], "snow")

    def put(self, talomed, key, value):
        return talomed.request("PUT", "/api/settings", {key: value})


if __name__ == "__main__":
    unittest.main()
