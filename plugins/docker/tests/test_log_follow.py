"""Logs that are followed, searched and downloaded."""

import json
import unittest

from engine_case import EngineCase, Refused, needs_engine, wait_until


@needs_engine
class LogFollowTest(EngineCase):
    def run_until_told(self, name, script, options=()):
        """A container that runs the script after a line of its standard input."""
        self.engine.run(name, "sh", "-c", f"{script}; while [ ! -e /go ]; do usleep 50000; done; echo last; echo oops >&2", options=options)

    def lines(self, stream, n):
        return [json.loads(stream.next()[1]) for _ in range(n)]

    def test_lines_come_as_they_are_written_until_the_container_stops(self):
        for name, options in (("follow-plain", ()), ("follow-tty", ("--tty",))):
            self.run_until_told(name, "echo first; head -c 70000 /dev/zero | tr '\\0' b; echo; printf '\\377\\n'", options)
            stream = self.events(f"/api/containers/{name}/logs?follow=true")
            self.assertTrue(stream.fields["content-type"].startswith("text/event-stream"))
            event, data, number = stream.next()
            first = json.loads(data)
            self.assertEqual((event, first["stream"], first["text"]), ("line", "stdout", "first"))
            self.assertEqual(number, first["time"])
            self.assertRegex(number, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
            self.assertEqual([each["text"] for each in self.lines(stream, 2)], ["b" * 70000, "\ufffd"])
            self.engine.cli("exec", name, "touch", "/go")
            rest = self.lines(stream, 2)
            self.assertEqual({each["text"] for each in rest}, {"last", "oops"})
            if not options:
                self.assertEqual({each["text"]: each["stream"] for each in rest}, {"last": "stdout", "oops": "stderr"})
            event, data, _ = stream.next()
            self.assertEqual((event, json.loads(data)), ("end", {"reason": "the container has stopped"}))
            self.assertEqual(stream.rest().strip(b"0\r\n"), b"")

    def test_who_comes_back_is_told_what_is_new(self):
        self.run_until_told("follow-back", "echo 1; echo 2; echo 3")
        wait_until(lambda: "3" in self.engine.cli("logs", "follow-back"), 5)
        with self.events("/api/containers/follow-back/logs?follow=true") as stream:
            seen = [stream.next() for _ in range(2)]
        stream = self.events("/api/containers/follow-back/logs?follow=true", [f"Last-Event-ID: {seen[1][2]}"])
        self.assertEqual(stream.json()["text"], "3")

    def test_only_what_is_searched_for(self):
        self.run_until_told("follow-grep", "for i in 1 2 3 4; do echo Line-$i; done")
        stream = self.events("/api/containers/follow-grep/logs?follow=true&grep=line-[24]%7Clast")
        self.assertEqual([each["text"] for each in self.lines(stream, 2)], ["Line-2", "Line-4"])
        self.engine.cli("exec", "follow-grep", "touch", "/go")
        self.assertEqual(stream.json()["text"], "last")
        self.engine.cli("wait", "follow-grep")
        for query, expected in (("grep=line-3", "Line-3\n"), ("grep=line-3&caseSensitive=true", ""), ("grep=%5EL.*4$", "Line-4\n"),
                                ("grep=2023&tail=2", "")):
            answer = self.talomed.get(f"/api/containers/follow-grep/logs?timestamps=false&{query}")
            self.assertEqual((answer.status, answer.text), (200, expected), query)
        for wrong in ("(", "a" * 513, "", "%5C1(a)"):
            for rest in ("", "&follow=true", "&download=true"):
                answer = self.talomed.get(f"/api/containers/follow-grep/logs?grep={wrong}{rest}")
                self.assertEqual((answer.status, "grep" in answer.json["error"]), (400, True), (wrong, answer))

    def test_download(self):
        self.engine.run("saved", "sh", "-c", "seq 1 300000")
        self.engine.cli("wait", "saved")
        answer = self.talomed.get("/api/containers/saved/logs?download=true&timestamps=false")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Disposition"], 'attachment; filename="saved.log"')
        self.assertEqual(answer.text.split(), [str(i) for i in range(1, 300001)])
        answer = self.talomed.get("/api/containers/saved/logs?download=true&timestamps=false&tail=2")
        self.assertEqual(answer.text, "299999\n300000\n")

    def test_what_cannot_be_followed(self):
        for path, status in (("nonesuch/logs?follow=true", 404), ("a%2Fb/logs?follow=true", 400),
                             ("saved/logs?follow=true&download=true", 400), ("saved/logs?follow=maybe", 400)):
            with self.assertRaises(Refused) as refused:
                self.events(f"/api/containers/{path}")
            self.assertEqual(refused.exception.status, status, path)


if __name__ == "__main__":
    unittest.main()
