"""A plugin that fails or never returns in any function of its life: it is told why, and all else goes on."""

import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build

FOR_TESTS = build() / "tests/plugins"


class StumblesTest(unittest.TestCase):
    def run_with(self, stumble, visit):
        with tempfile.TemporaryDirectory() as folder:
            for source in (FOR_TESTS / "greeter", FOR_TESTS / "stumbles/stumbles"):
                for ending in (".so", ".plugin.json"):
                    shutil.copy(f"{source}{ending}", folder)
            with Talomed(plugin_dirs=[folder], plugins="greeter,stumbles",
                         env={"STUMBLE": stumble, "TALOME_LIFECYCLE_SECONDS": "1"}) as talomed:
                talomed.login()
                visit(talomed)
                self.assertEqual(talomed.get("/api/greeter/hello?name=Ann").status, 200)
                self.assertEqual(talomed.stop(), 0)
                return talomed.log

    def state(self, talomed):
        return talomed.get("/api/plugins/stumbles").json

    def test_on_its_way_up(self):
        for where in ("create", "start", "activate"):
            for how, words in (("throws", f"stumbled in {where}"), ("throws a number", f"{where}() failed: "),
                               ("blocks", f"{where}() has not returned within 1 s")):
                with self.subTest(f"{where} {how}"):
                    def failed(talomed):
                        plugin = self.state(talomed)
                        self.assertEqual(plugin["state"], "failed", plugin)
                        self.assertIn(words, plugin["reason"])
                        self.assertEqual(talomed.get("/api/stumbles").status, 404)
                        again = talomed.post("/api/plugins/stumbles/enable")
                        self.assertEqual(again.status, 409, again)
                        self.assertIn(words, again.json["error"])
                    self.run_with(f"{where} {how}", failed)

    def test_on_its_way_down(self):
        def disabled(talomed):
            self.assertEqual(talomed.get("/api/stumbles").status, 200)
            answer = talomed.post("/api/plugins/stumbles/disable")
            self.assertEqual((answer.status, answer.json["state"]), (200, "disabled"), answer)
            self.assertEqual(talomed.get("/api/stumbles").status, 404)

        for where in ("quiesce", "stop"):
            for how, words in (("throws", f"stumbled in {where}"), ("throws a number", "stumbles"),
                               ("blocks", f"{where}() has not returned within 1 s")):
                with self.subTest(f"{where} {how}"):
                    self.assertIn(words, self.run_with(f"{where} {how}", disabled))


if __name__ == "__main__":
    unittest.main()
