"""GET /api/stats-stream: at once, then each second; one sampler for all, which sleeps when nobody listens."""

import pathlib
import time
import unittest

from system_case import build, Events, SystemCase, member_of, wait_until


class StreamTest(SystemCase):
    def follow(self, path="/api/stats-stream", **options):
        events = Events(self.talomed, path, **options)
        self.addCleanup(events.close)
        self.assertEqual(events.answer.status, 200)
        return events

    def test_the_first_at_once_then_each_second(self):
        begun = time.monotonic()
        events = self.follow()
        self.assertEqual(events.answer.getheader("Content-Type").split(";")[0], "text/event-stream")
        self.assertRegex(events.answer.getheader("Cache-Control"), "no-cache|no-store")
        wait_until(lambda: events.events, 2)
        self.assertLess(time.monotonic() - begun, 0.6)
        wait_until(lambda: len(events.events) >= 5, 6)
        took = time.monotonic() - begun
        self.assertTrue(3 <= took < 6, took)
        ids = [int(number) for _, number, _ in events.events]
        self.assertEqual(ids, sorted(set(ids)))
        for name, _, data in events.events:
            self.assertEqual(name, "stats")
            self.assertIn("usage", data["cpu"])
        gaps = [b - a for a, b in zip(ids[1:], ids[2:])]
        self.assertTrue(all(700 < gap < 1400 for gap in gaps), gaps)

    def test_all_are_sent_the_same_reading(self):
        first, second = self.follow(), self.follow("/api/stats/stream")
        wait_until(lambda: len(first.events) >= 4 and len(second.events) >= 4, 8)
        shared = {each[1] for each in first.events} & {each[1] for each in second.events}
        self.assertGreaterEqual(len(shared), 3)

    def test_interval_and_fields(self):
        events = self.follow("/api/stats-stream?interval=2&fields=cpu,memory")
        wait_until(lambda: len(events.events) >= 3, 8)
        ids = [int(number) for _, number, _ in events.events]
        self.assertTrue(all(1500 < b - a < 2900 for a, b in zip(ids, ids[1:])), ids)
        self.assertEqual(set(events.events[0][2]), {"sampledAt", "cpu", "memory"})
        for wrong in ("interval=0", "interval=61", "interval=x", "fields=all", "fields=cpu,,memory", "other=1"):
            self.get(f"/api/stats-stream?{wrong}", 400)

    def test_who_comes_back_is_sent_what_it_missed(self):
        events = self.follow()
        wait_until(lambda: len(events.events) >= 4, 6)
        ids = [each[1] for each in events.events]
        again = self.follow(headers={"Last-Event-ID": ids[0]})
        wait_until(lambda: len(again.events) >= 3, 2)
        self.assertEqual([each[1] for each in again.events][:3], ids[1:4])

    def test_nobody_without_the_flag(self):
        nothing = member_of(self.talomed, {"dashboard": False})
        self.get("/api/stats-stream", 403, token=nothing)
        self.get("/api/stats-stream", 401, token=None)

    def test_what_a_reading_costs(self):
        """In processor time of the whole server, less what it uses while nobody looks: reading, JSON, sending to one."""
        tasks = pathlib.Path(f"/proc/{self.talomed.pid}/task")

        def used():  # nanoseconds, of all threads
            return sum(int((each / "schedstat").read_text().split()[0]) for each in tasks.iterdir())
        time.sleep(12)  # whoever looked before: the sampler sleeps
        before = used()
        time.sleep(20)
        idle = (used() - before) / 20
        events = self.follow()
        wait_until(lambda: len(events.events) >= 3, 5)
        begun, before, since = len(events.events), used(), time.monotonic()
        wait_until(lambda: len(events.events) >= begun + 20, 30)
        n = len(events.events) - begun
        each = (used() - before - idle * (time.monotonic() - since)) / n / 1e6
        print(f"{each:.3f} ms of CPU for each of {n} readings; while nobody looks {idle / 1e6:.3f} ms a second", flush=True)
        self.assertLessEqual(each, 0.3 if build().name == "release" else 5)

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


if __name__ == "__main__":
    unittest.main()
