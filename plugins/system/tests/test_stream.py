"""GET /api/stats-stream: at once, then each second; one sampler for all, which sleeps when nobody listens."""

import json
import os
import pathlib
import sys
import time
import unittest

from system_case import Events, SystemCase, member_of, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests" / "wire"))
from clients import Refused, WebSocket


class StreamTest(SystemCase):
    def follow(self, path="/api/stats-stream", **options):
        events = Events(self.talomed, path, **options)
        self.addCleanup(events.close)
        self.assertEqual(events.answer.status, 200)
        return events

    def test_the_first_at_once_then_each_second(self):
        events = self.follow()
        self.assertEqual(events.answer.getheader("Content-Type").split(";")[0], "text/event-stream")
        self.assertRegex(events.answer.getheader("Cache-Control"), "no-cache|no-store")
        wait_until(lambda: len(events.events) >= 4, 60)
        ids = [int(number) for _, number, _ in events.events]
        self.assertEqual(ids, sorted(set(ids)))
        for name, _, data in events.events:
            self.assertEqual(name, "stats")
            self.assertIn("usage", data["cpu"])
        gaps = [b - a for a, b in zip(ids[1:], ids[2:])]
        self.assertTrue(all(gap > 400 for gap in gaps), gaps)  # never more often, however busy the machine

    def test_all_are_sent_the_same_reading(self):
        first, second = self.follow(), self.follow("/api/stats/stream")
        wait_until(lambda: len(first.events) >= 3 and len(second.events) >= 3, 60)
        shared = {each[1] for each in first.events} & {each[1] for each in second.events}
        self.assertGreaterEqual(len(shared), 2)

    def test_interval_and_fields(self):
        events = self.follow("/api/stats-stream?interval=2&fields=cpu,memory")
        all_of_them = self.follow()
        wait_until(lambda: len(events.events) >= 2 and len(all_of_them.events) >= 2, 60)
        ids = [int(number) for _, number, _ in events.events]
        self.assertTrue(all(b - a > 1300 for a, b in zip(ids, ids[1:])), ids)  # some in between are left out
        self.assertEqual(set(events.events[0][2]), {"sampledAt", "cpu", "memory"})
        for wrong in ("interval=0", "interval=61", "interval=x", "fields=all", "fields=cpu,,memory", "other=1"):
            self.get(f"/api/stats-stream?{wrong}", 400)

    def test_who_comes_back_is_sent_what_it_missed(self):
        events = self.follow()
        wait_until(lambda: len(events.events) >= 4, 60)
        ids = [each[1] for each in events.events]
        again = self.follow(headers={"Last-Event-ID": ids[0]})
        wait_until(lambda: len(again.events) >= 3, 30)
        self.assertEqual([each[1] for each in again.events][:3], ids[1:4])

    def test_nobody_without_the_flag(self):
        nothing = member_of(self.talomed, {"dashboard": False})
        self.get("/api/stats-stream", 403, token=nothing)
        self.get("/api/stats-stream", 401, token=None)

    @unittest.skipUnless(os.environ.get("TALOME_TEST_FULL"), "waits for 21 s, and counts the time of a quiet machine")
    def test_the_sampler_sleeps_when_nobody_listens(self):
        events = self.follow()
        wait_until(lambda: len(events.events) >= 2, 5)
        events.close()
        time.sleep(13)  # ten seconds after the last look
        stat = pathlib.Path(f"/proc/{self.talomed.pid}/stat")
        ticks = lambda: sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13]))
        before = ticks()
        time.sleep(8)  # less than one round of the recorder, or one
        self.assertLessEqual(ticks() - before, 3, "ticks of 10 ms, of the whole server")


class SocketTest(SystemCase):
    """/api/stats/ws: the same by WebSocket."""

    def join(self, query="", **options):
        options.setdefault("token", self.talomed.token)
        return self.enterContext(WebSocket(self.talomed.port, f"/api/stats/ws{query}", **options))

    def test_the_same_readings_as_the_stream(self):
        events = Events(self.talomed, "/api/stats-stream")
        self.addCleanup(events.close)
        client = self.join()
        told = [json.loads(client.text())]
        told += [json.loads(client.text()) for _ in range(3)]
        self.assertEqual({each["type"] for each in told}, {"stats"})
        ids = [each["id"] for each in told]
        self.assertEqual(ids, sorted(set(ids)))
        wait_until(lambda: len(events.events) >= 4, 60)
        streamed = {int(number): data for _, number, data in events.events}
        both = [each for each in told if each["id"] in streamed]
        self.assertGreaterEqual(len(both), 2)
        for each in both:
            self.assertEqual(each["data"], streamed[each["id"]])

    def test_interval_fields_and_who_may(self):
        client = self.join("?fields=cpu&interval=2")
        first, second = json.loads(client.text()), json.loads(client.text())
        self.assertEqual(set(first["data"]), {"sampledAt", "cpu"})
        self.assertGreater(second["id"] - first["id"], 1400)
        nothing = member_of(self.talomed, {"dashboard": False})
        for query, token, status in (("?interval=0", self.talomed.token, 400), ("?fields=all", self.talomed.token, 400), ("", nothing, 403)):
            with self.assertRaises(Refused) as refused:
                self.join(query, token=token)
            self.assertEqual(refused.exception.status, status)


if __name__ == "__main__":
    unittest.main()
