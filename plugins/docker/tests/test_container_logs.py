"""Logs of containers through the REST API."""

import time
import unittest

from engine_case import EngineCase, needs_engine, wait_until


@needs_engine
class LogTest(EngineCase):
    STAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z "

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        script = ("echo out-1; echo err-1 >&2; head -c 20000 /dev/zero | tr '\\0' a; echo; "
                  "head -c 70000 /dev/zero | tr '\\0' b; echo; printf 'no end'")
        for name, options in (("plain", ()), ("terminal", ("--tty",))):
            cls.engine.run(name, "sh", "-c", script, options=options)
        cls.engine.run("counting", "sh", "-c", "i=0; while [ $i -lt 500 ]; do echo line-$i; i=$((i+1)); done; sleep 86400")
        cls.engine.run("bytes", "sh", "-c", "printf 'a\\377b\\000c\\n'")
        for name in ("plain", "terminal", "bytes"):
            cls.engine.cli("wait", name)
        wait_until(lambda: "line-499" in cls.engine.cli("logs", "counting"), 10)

    def logs(self, name, query="", expected=200):
        answer = self.talomed.get(f"/api/containers/{name}/logs{query}")
        self.assertEqual(answer.status, expected, answer)
        return answer

    def lines(self, name, query=""):
        text = self.logs(name, query).text
        self.assertTrue(text == "" or text.endswith("\n"))
        return text.split("\n")[:-1]

    def test_each_line_begins_with_its_time_and_holds_no_frame_bytes(self):
        for name in ("plain", "terminal"):
            lines = self.lines(name)
            self.assertEqual(len(lines), 5, name)
            for line in lines:
                self.assertRegex(line, self.STAMP, name)
        self.assertEqual(self.logs("plain").headers["Content-Type"], "text/plain; charset=utf-8")

    def test_lines_are_whole(self):
        expected = ["out-1", "err-1", "a" * 20000, "b" * 70000, "no end"]
        for name in ("plain", "terminal"):
            self.assertEqual(sorted(self.lines(name, "?timestamps=false")), sorted(expected), name)
            self.assertEqual(sorted(line[31:] for line in self.lines(name)), sorted(expected), name)

    def test_streams(self):
        self.assertEqual(self.lines("plain", "?timestamps=false&stdout=false"), ["err-1"])
        self.assertNotIn("err-1", self.lines("plain", "?timestamps=false&stderr=false"))
        self.logs("plain", "?stdout=false&stderr=false", 400)

    def test_tail(self):
        every = [f"line-{i}" for i in range(500)]
        for query, expected in (("", every[-200:]), ("&tail=3", every[-3:]), ("&tail=0", []), ("&tail=all", every),
                                ("&tail=10000", every)):
            self.assertEqual(self.lines("counting", f"?timestamps=false{query}"), expected, query)
        for wrong in ("-1", "10001", "some", "1.5", ""):
            self.assertEqual(self.logs("counting", f"?tail={wrong}", 400).json["details"][0]["path"], "tail", wrong)

    def test_since_and_until(self):
        marks = self.lines("plain")
        first, last = marks[0][:30], marks[-1][:30]
        self.assertEqual(len(self.lines("plain", "?since=10m")), 5)
        self.assertEqual(len(self.lines("plain", f"?since={int(time.time()) - 3600}")), 5)
        self.assertEqual(len(self.lines("plain", f"?since={first}")), 5)
        self.assertEqual(self.lines("plain", f"?since={last}")[-1], marks[-1])
        self.assertEqual(self.lines("plain", f"?since={int(time.time()) + 3600}"), [])
        self.assertEqual(self.lines("plain", "?until=2020-01-01T00:00:00Z"), [])
        self.assertEqual(len(self.lines("plain", f"?until={int(time.time()) + 3600}")), 5)
        for field in ("since", "until"):
            for wrong in ("yesterday", "-5", "10x", "2023-02-30", "1%27%20OR"):
                self.assertIn(field, self.logs("plain", f"?{field}={wrong}", 400).json["error"])

    def test_odd_bytes_are_still_utf8(self):
        self.assertEqual(self.logs("bytes", "?timestamps=false").body.decode("utf-8"), "a\ufffdb\0c\n")

    def test_a_long_log_is_cut_at_the_front(self):
        self.engine.run("long", "sh", "-c", "yes 0123456789012345678901234567890123456789 | head -n 400000; echo the end")
        self.engine.cli("wait", "long")
        text = self.logs("long", "?tail=all&timestamps=false").text
        self.assertLess(len(text), 9 << 20)
        self.assertTrue(text.startswith("[older lines are left out"))
        self.assertTrue(text.endswith("\nthe end\n"))


if __name__ == "__main__":
    unittest.main()
