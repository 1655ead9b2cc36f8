"""GET /api/metrics: rows as documented, in three resolutions, of bounded size and quick to read."""

import csv
import datetime
import io
import json
import os
import pathlib
import random
import sqlite3
import time
import unittest

from system_case import SystemCase, Talomed, build, wait_until

FIELDS = {"timestamp", "cpu", "memory_used", "memory_total", "disk_used", "disk_total", "network_rx", "network_tx"}
SERIES = ("cpu", "memory_used", "disk_used", "network_rx", "network_tx", "load", "temperature", "swap_used")


def rows_between(database, width, first, last):
    """Made rows of one resolution, as varied as real ones."""
    columns = ["tier", "t", "n"] + [name + end for name in SERIES for end in ("_min", "", "_max")] + ["memory_total", "disk_total"]
    def row(t):
        values = []
        for name in SERIES:
            size = {"memory_used": 8e9, "disk_used": 1e12, "swap_used": 1e9, "network_rx": 1e7, "network_tx": 1e6}.get(name, 9000)
            mean = random.randint(0, int(size))
            values += [max(0, mean - random.randint(0, 500)), mean, mean + random.randint(0, 500)]
        return (width, t, width // 10, *values, 16_000_000_000, 2_000_000_000_000)
    database.executemany(f"INSERT OR REPLACE INTO history ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                         (row(t) for t in range(first // width * width, last, width)))


class RowsTest(SystemCase):
    def test_a_minute_is_written_and_shown(self):
        rows = wait_until(lambda: self.get("/api/metrics?period=1h"), 90, 1, "a row is written when its minute is over")
        self.assertLessEqual(FIELDS, set(rows[0]))
        self.assertRegex(rows[0]["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$")
        self.assertTrue(0 <= rows[0]["cpu"] <= 100)
        self.assertGreater(rows[0]["memory_used"], 0)
        self.assertGreater(rows[0]["disk_total"], rows[0]["disk_used"])
        latest = self.get("/api/metrics/latest")
        self.assertLessEqual(latest["cpu_min"], latest["cpu"])
        self.assertLessEqual(latest["cpu"], latest["cpu_max"])
        week = self.get("/api/metrics?period=7d")
        self.assertRegex(week[0]["timestamp"], r":[0-5][05]:00\.000Z$")
        self.assertEqual(self.talomed.stop(), 0)
        self.talomed.start()
        self.assertEqual(self.get("/api/metrics?period=1h")[0], rows[0])

    def test_bad_questions(self):
        for query, field in {"period=2h": "period", "range=x": "range", "period=1h&range=6h": "range", "metric=gpu": "metric", "from=yesterday": "from",
                             "from=2025-01-02&to=2025-01-01": "from", "step=61": "step", "step=59": "step", "points=1": "points",
                             "step=60&points=9": "points", "from=2001-01-01&to=2021-01-01&step=3600": "step", "nonsense=1": "nonsense"}.items():
            answer = self.talomed.get(f"/api/metrics?{query}")
            self.assertEqual(answer.status, 400, query)
            self.assertIn(field, answer.json["error"], query)
        self.get("/api/metrics?range=7d")
        self.get("/api/metrics/forecast?mount=/nowhere", 404)


class HistoryTest(unittest.TestCase):
    """A history of two years, written into the database as the recorder writes it."""

    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Talomed(plugins="system"))
        cls.talomed.login()
        cls.talomed.stop()
        now = int(time.time())
        cls.file = cls.talomed.state / "system.db"
        with sqlite3.connect(cls.file) as database:
            database.execute("DELETE FROM history")
            rows_between(database, 60, now - 7 * 86400, now)
            rows_between(database, 300, now - 7 * 86400, now)
            rows_between(database, 3600, now - 7 * 86400, now)
        cls.size = cls.compact()
        with sqlite3.connect(cls.file) as database:
            rows_between(database, 60, now - 8 * 86400, now)
            rows_between(database, 300, now - 60 * 86400, now)
            rows_between(database, 3600, now - 730 * 86400, now)
            mount = [each.split() for each in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if each.split()[4] == "/"][-1]
            source = mount[mount.index("-") + 2]
            database.execute("INSERT INTO mounts VALUES (1, '/', ?)", (source,))
            database.executemany("INSERT INTO mount_hours VALUES (1, ?, ?, ?)",
                                 [(t, 10**9 + (t - now + 14 * 86400) * 1000, 10**9 - (t - now + 14 * 86400) * 100) for t in range((now - 14 * 86400) // 3600 * 3600, now, 3600)])
        cls.whole = cls.compact()
        cls.talomed.start()

    @classmethod
    def compact(cls):
        database = sqlite3.connect(cls.file)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        return os.path.getsize(cls.file)

    def rows(self, query):
        answer = self.talomed.get(f"/api/metrics?{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_size(self):
        print(f"a week: {self.size / 1e6:.1f} MB, all that is ever kept: {self.whole / 1e6:.1f} MB", flush=True)
        self.assertLess(self.size, 20e6)
        self.assertLess(self.whole, 30e6)

    def test_a_week_is_read_quickly(self):
        """In processor time, for the machine may be busy with other things; how long it took is printed."""
        stat = pathlib.Path(f"/proc/{self.talomed.pid}/stat")
        ticks = lambda: sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13]))
        self.rows("period=7d")
        before, n = ticks(), 50 if os.environ.get("TALOME_TEST_FULL") else 5
        for _ in range(n):
            answer = self.talomed.get("/api/metrics?period=7d")
        each = (ticks() - before) * 1000 / os.sysconf("SC_CLK_TCK") / n
        self.assertGreater(len(answer.json), 2010)
        log = [line for line in self.talomed.log.splitlines() if '"route":"/api/metrics"' in line][-n:]
        took = sorted(int(line.split('"durationUs":')[1].split(",")[0]) / 1000 for line in log)
        print(f"7 days: {len(answer.json)} rows, {len(answer.body)} bytes, {each:.1f} ms of CPU; took {took[0]:.1f} ms at least, "
              f"{took[n // 2]:.1f} median", flush=True)
        if os.environ.get("TALOME_TEST_FULL"):  # on a machine that does nothing else
            self.assertLessEqual(each, 10)

    def test_resolutions(self):
        step = lambda rows: {(datetime.datetime.fromisoformat(b["timestamp"]) - datetime.datetime.fromisoformat(a["timestamp"])).total_seconds()
                             for a, b in zip(rows, rows[1:])}
        for period, width, count in (("1h", 60, 60), ("6h", 60, 360), ("24h", 60, 1440), ("7d", 300, 2016), ("30d", 3600, 720),
                                     ("90d", 3 * 3600, 720), ("1y", 12 * 3600, 730)):
            rows = self.rows(f"period={period}")
            self.assertEqual(step(rows), {width}, period)
            self.assertTrue(count - 2 <= len(rows) <= count + 1, (period, len(rows)))
        self.assertEqual(len(self.rows("")), len(self.rows("period=24h")))
        self.assertTrue(90 <= len(self.rows("period=24h&points=100")) <= 104)
        self.assertEqual(step(self.rows("period=24h&step=600")), {600})

    def test_coarser_rows_are_the_finer_ones_together(self):
        fine, coarse = self.rows("period=1h&detail=true&metric=cpu"), self.rows("period=1h&step=240&detail=true&metric=cpu")
        self.assertEqual(set(coarse[0]), {"timestamp"} | {n + e for n in ("cpu", "load", "temperature") for e in ("", "_min", "_max")})
        part = [row for row in fine if coarse[-2]["timestamp"] <= row["timestamp"] < coarse[-1]["timestamp"]]
        self.assertEqual(len(part), 4)
        self.assertAlmostEqual(coarse[-2]["cpu_max"], max(row["cpu_max"] for row in part), delta=0.11)
        self.assertAlmostEqual(coarse[-2]["cpu_min"], min(row["cpu_min"] for row in part), delta=0.11)
        self.assertAlmostEqual(coarse[-2]["cpu"], sum(row["cpu"] for row in part) / len(part), delta=0.2)

    def test_where_nothing_is_known(self):
        self.talomed.stop()
        now = int(time.time())
        with sqlite3.connect(self.file) as database:
            database.execute("DELETE FROM history WHERE tier = 60 AND t BETWEEN ? AND ?", (now - 2400, now - 1200))
        self.talomed.start()
        missing = 60 - len(self.rows("period=1h"))
        self.assertTrue(18 <= missing <= 23, missing)
        filled = self.rows("period=1h&fill=true")
        gaps = [row for row in filled if row.get("gap")]
        self.assertTrue(18 <= len(gaps) <= 23, len(gaps))
        self.assertIsNone(gaps[0]["cpu"])

    def export(self, query="", **headers):
        return self.talomed.get(f"/api/metrics/export?{query}", headers=headers)

    def test_as_csv_and_as_columns(self):
        window = "from=2000-01-01&to=" + datetime.datetime.fromtimestamp(time.time() - 3600, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        window = window.replace("2000-01-01", datetime.datetime.fromtimestamp(time.time() - 7200, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
        rows = self.rows(window + "&step=60&detail=true")
        answer = self.export(window + "&step=60&detail=true")
        self.assertEqual(answer.status, 200, answer)
        self.assertIn("text/csv", answer.headers["Content-Type"])
        self.assertIn("metrics.csv", answer.headers["Content-Disposition"])
        lines = list(csv.DictReader(io.StringIO(answer.text)))
        self.assertEqual(len(lines), len(rows))
        for line, row in zip(lines, rows):
            self.assertEqual({key: str(value) for key, value in row.items()}, {key: str(float(text)) if key in row and isinstance(row[key], float) else text for key, text in line.items()})
        columns = self.talomed.get(f"/api/metrics/export?format=columns&{window}&step=60&detail=true").json
        self.assertEqual(columns, {key: [row[key] for row in rows] for key in rows[0]})
        self.assertEqual(self.export("format=xml").status, 400)
        self.assertEqual(self.talomed.get("/api/metrics/export", token=None).status, 401)

    def test_its_entity_tag(self):
        window = "from=2025-01-01T00:00:00Z&to=2025-01-01T01:00:00Z"
        whole = self.talomed.get(f"/api/metrics?{window}")
        self.assertRegex(whole.headers["ETag"], '^"[0-9a-f]+"$')
        first = self.export(window)
        self.assertRegex(first.headers["ETag"], '^"c[0-9a-f]+"$')
        tag = first.headers["ETag"]
        again = wait_until(lambda: (a := self.export(window, **{"If-None-Match": f'"other", W/{tag}'})).status == 304 and a, 5)
        self.assertEqual((again.body, again.headers["ETag"]), (b"", tag))
        self.assertEqual(self.export(window, **{"If-None-Match": '"other"'}).status, 200)
        self.assertNotEqual(self.export(window + "&metric=cpu").headers["ETag"], tag)
        self.talomed.stop()  # which writes what has been gathered
        self.talomed.start()
        self.assertEqual(self.export(window, **{"If-None-Match": tag}).status, 200)

    def test_when_it_will_be_full(self):
        forecast = self.talomed.get("/api/metrics/forecast?mount=/").json[0]
        self.assertEqual(forecast["trend"], "growing")
        self.assertAlmostEqual(forecast["bytesPerDay"], 86_400_000, delta=1e6)
        self.assertIn("fullAt", forecast)

    def test_the_tools(self):
        manifest = json.loads((build() / "plugins" / "system.plugin.json").read_text())
        tools = {tool["name"] for operation in manifest["operations"] for tool in operation.get("tools", [])}
        for name in ("get_metrics_history", "get_system_stats", "get_disk_usage", "get_system_health", "get_gpu_status", "get_smart_status",
                     "get_storage_breakdown", "get_reclaimable_space"):
            self.assertIn(name, tools)


if __name__ == "__main__":
    unittest.main()
