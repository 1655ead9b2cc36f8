"""The template plugin in a real talomed: route, input check, setting, database and manifest."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
from support import Talomed
from support.paths import build


def greeter(**options):
    return Talomed(plugin_dirs=[build() / "tests/plugins"], plugins="greeter", **options)


class GreeterTest(unittest.TestCase):
    def test_greets_and_counts(self):
        with greeter() as talomed:
            talomed.login()
            for count in (1, 2):
                answer = talomed.get("/api/greeter/hello?name=Ann")
                self.assertEqual((answer.status, answer.json), (200, {"text": "Hello, Ann", "count": count}))
            self.assertEqual(talomed.get("/api/greeter/hello?name=Bob").json["count"], 1)

    def test_the_count_outlives_a_restart(self):
        with greeter() as talomed:
            talomed.login()
            talomed.get("/api/greeter/hello?name=Ann")
            talomed.restart()
            self.assertEqual(talomed.get("/api/greeter/hello?name=Ann").json["count"], 2)

    def test_the_host_checks_the_input(self):
        with greeter() as talomed:
            talomed.login()
            for query, path in (("", "name"), ("?name=", "name"), ("?name=" + "x" * 81, "name"), ("?name=Ann&nmae=Bob", "nmae")):
                answer = talomed.get("/api/greeter/hello" + query)
                self.assertEqual(answer.status, 400, answer)
                self.assertEqual([detail["path"] for detail in answer.json["details"]], [path])

    def test_a_stranger_is_not_greeted(self):
        with greeter() as talomed:
            self.assertEqual(talomed.get("/api/greeter/hello?name=Ann", token=None).status, 401)


if __name__ == "__main__":
    unittest.main()
