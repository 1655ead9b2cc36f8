"""Tasks by the calendar: a bad expression is refused, a good one is shown, and replacing loses nothing."""

import calendar
import pathlib
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build, wait_until

PLUGINS = build() / "tests" / "plugins" / "worker"


def at(*time):
    return calendar.timegm((*time, 0, 0)[:6]) * 1000


class CronTest(unittest.TestCase):
    def start(self, **options):
        talomed = self.enterContext(Talomed(plugin_dirs=[PLUGINS], **options))
        talomed.login()
        return talomed

    def plugin(self, talomed):
        return next(each for each in talomed.get("/api/plugins").json if each["id"] == "worker")

    def test_a_bad_expression_is_refused_at_create(self):
        for cron, why in (("61 * * * *", "worker.tick.cron: minute: 61 is not from 0 to 59"),
                          ("0 0 30 2 *", "no such day in the months"),
                          ("every day", "expected five fields")):
            with self.subTest(cron=cron):
                plugin = self.plugin(self.start(env={"WORKER_CRON": cron}))
                self.assertNotEqual(plugin["state"], "active")
                self.assertIn(why, plugin["reason"])

    def test_when_it_is_due(self):
        talomed = self.start()

        def due(cron, zone, after):
            query = urllib.parse.urlencode({"cron": cron, "zone": zone, "after": after})
            return talomed.get(f"/api/worker/next?{query}")

        # Europe/Berlin sets its clocks forward from 02:00 to 03:00 on 28 March 2027, at 01:00 UTC.
        after = at(2027, 3, 27, 12)
        self.assertEqual(due("30 2 * * *", "Europe/Berlin", after).json["at"], at(2027, 3, 28, 1))
        self.assertEqual(due("30 2 * * *", "UTC", after).json["at"], at(2027, 3, 28, 2) + 1800_000)
        for cron, zone in (("x", "UTC"), ("* * * * *", "Europe/Nowhere"), ("* * * * *", "../x")):
            answer = due(cron, zone, after)
            self.assertEqual(answer.status, 400, answer)

    def test_a_wake_survives_a_replace(self):
        talomed = self.start()
        self.assertEqual(talomed.post("/api/worker/wake", {}).status, 200)
        wait_until(lambda: talomed.get("/api/worker/ticks").json["woken"] == 1, 10)
        for _ in range(5):
            self.assertEqual(talomed.post("/api/plugins/worker/replace", {}).status, 200)
        self.assertEqual(talomed.get("/api/worker/ticks").json, {"cron": 0, "interval": 0, "woken": 0})


if __name__ == "__main__":
    unittest.main()
