"""Event streams of a plugin: ids, replay, who sees what, and how one ends. And streams of a plugin's own."""

import http.client
import json
import sys
import time
import unittest

from clients import Connection, Events, Refused, build, head, token_of, wire_server

sys.path.insert(0, str(build().parents[1] / "tests"))
from support import wait_until  # noqa: E402

EVENTS, LATEST = "/api/c-wire/events", "/api/c-wire/latest"


class Shared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(wire_server())
        cls.token = token_of(cls.talomed)

    def open(self, path=EVENTS, **options):
        options.setdefault("token", self.token)
        return self.enterContext(Events(self.talomed.port, path, **options))

    def publish(self, text, count=1, **more):
        self.assertEqual(self.talomed.post("/api/c-wire/publish", {"count": count, "text": text, **more}).status, 200)


class StreamTest(Shared):
    def test_events_as_they_come(self):
        streams = [self.open() for _ in range(3)]
        self.publish("first", 3)
        for stream in streams:
            self.assertEqual(stream.fields["content-type"], "text/event-stream; charset=utf-8")
            self.assertIn("no-cache", stream.fields["cache-control"])
            self.assertEqual(stream.fields["x-accel-buffering"], "no")
            found = [stream.next() for _ in range(3)]
            self.assertEqual([(event, json.loads(data)["n"]) for event, data, _ in found], [("tick", 0), ("tick", 1), ("tick", 2)])
            ids = [int(i) for _, _, i in found]
            self.assertEqual(ids, [ids[0], ids[0] + 1, ids[0] + 2])

    def test_replay_after_the_last_id(self):
        stream = self.open()
        self.publish("replayed", 4)
        ids = [stream.next()[2] for _ in range(4)]
        stream.socket.close()
        again = self.open(fields=[f"Last-Event-ID: {ids[1]}"])
        self.assertEqual([again.next()[2] for _ in range(2)], ids[2:])
        self.publish("and on")
        self.assertEqual(again.json()["text"], "and on")
        none = self.open(fields=["Last-Event-ID: nonsense"])
        self.publish("only this")
        self.assertEqual(none.json()["text"], "only this")

    def test_no_more_than_is_kept_is_replayed(self):
        first = self.open()
        self.publish("many", 20)
        before = int(first.next()[2]) - 1
        again = self.open(fields=[f"Last-Event-ID: {before}"])
        self.assertEqual([again.json()["n"] for _ in range(8)], list(range(12, 20)))

    def test_the_newest_first(self):
        self.publish("older")
        self.publish("newest")
        stream = self.open(LATEST)
        self.assertEqual(stream.json()["text"], "newest")

    def test_to_one_user_alone(self):
        me = self.talomed.get("/api/auth/me").json["userId"]
        mine, anonymous = self.open(), self.open(LATEST, token=None)
        self.publish("for another", to="user:somebody-else")
        self.publish("for me", to=f"user:{me}")
        self.publish("for admins", to="admin")
        self.assertEqual([mine.json()["text"] for _ in range(2)], ["for me", "for admins"])
        anonymous.socket.settimeout(0.3)  # the topic needs a session, though the stream does not
        with self.assertRaises(TimeoutError):
            anonymous.next()
        self.assertEqual(self.talomed.post("/api/c-wire/publish", {"to": "Not a permission"}).status, 400)

    def test_text_with_line_ends_stays_one_event(self):
        stream = self.open()
        self.publish("a\nb")
        self.assertEqual(json.loads(stream.next()[1])["text"], "a\nb")

    def test_who_may_open_it(self):
        with self.assertRaises(Refused) as caught:
            self.open(token=None)
        self.assertEqual(caught.exception.status, 401)
        cookie = f"Cookie: talome_session={self.token}"
        with self.assertRaises(Refused) as caught:
            self.open(token=None, fields=[cookie, "Origin: https://evil.example"])
        self.assertEqual(caught.exception.status, 403)
        self.open(token=None, fields=[cookie, "Origin: http://localhost:3000"])
        self.assertEqual(self.talomed.post(EVENTS).status, 405)

    def test_head_has_no_stream(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.talomed.port, timeout=5)
        connection.request("HEAD", EVENTS, headers={"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, b""))
        connection.close()

    def test_the_plugin_hears_of_its_audience(self):
        with wire_server() as talomed:
            token = token_of(talomed)
            with Events(talomed.port, EVENTS, token), Events(talomed.port, LATEST):
                wait_until(lambda: "audience of cwire.tick: 1" in talomed.log, what="somebody looks")
                wait_until(lambda: 'kind="sse"} 2' in talomed.get("/metrics").text, what="both are open")
                self.assertNotIn("cwire.tick: 0", talomed.log)
            wait_until(lambda: "audience of cwire.tick: 0" in talomed.log, what="nobody looks")
            self.assertEqual(talomed.log.count("audience of cwire.tick"), 2)

    def test_documented(self):
        paths = self.talomed.get("/api/openapi.json").json["paths"]
        self.assertIn("text/event-stream", paths[EVENTS]["get"]["responses"]["200"]["content"])


class SlowTest(Shared):
    def test_one_who_does_not_read_is_dropped_and_delays_nobody(self):
        slow, good = self.open(receive_buffer=4096), self.open()
        slowest = 0
        for _ in range(60):
            begin = time.monotonic()
            self.publish("x" * 900, 100)
            for _ in range(100):
                good.next()
            slowest = max(slowest, time.monotonic() - begin)
        self.assertLess(slowest, 2)
        wait_until(lambda: "talome_http_streams_dropped_total 1" in self.talomed.get("/metrics").text, what="it is dropped")
        try:
            slow.rest()
        except OSError:
            pass

    def test_streams_come_and_go(self):
        for _ in range(300):
            with Events(self.talomed.port, EVENTS, self.token):
                pass
        wait_until(lambda: 'talome_http_streams{kind="sse"} 0' in self.talomed.get("/metrics").text, what="all are gone")


class EndTest(unittest.TestCase):
    def test_logging_out_ends_it_within_a_second(self):
        with wire_server() as talomed:
            with Events(talomed.port, EVENTS, token_of(talomed)) as stream, Events(talomed.port, LATEST) as public:
                begin = time.monotonic()
                talomed.post("/api/auth/logout")
                self.assertEqual(stream.next()[:2], ("bye", '{"reason":"the session is over"}'))
                self.assertEqual(stream.rest(), b"")
                self.assertLess(time.monotonic() - begin, 1)
                public.socket.settimeout(0.3)
                with self.assertRaises(TimeoutError):
                    public.next()

    def test_the_server_stops(self):
        with wire_server() as talomed:
            with Events(talomed.port, EVENTS, token_of(talomed)) as stream:
                talomed.signal(15)
                self.assertEqual(stream.next()[0], "bye")
                self.assertEqual(talomed.wait(), 0)


class OwnStreamTest(Shared):
    def test_head_and_then_another_request(self):
        for path in ("/api/c-wire/body?bytes=100", EVENTS):
            with Connection(self.talomed.port) as connection:
                connection.socket.sendall(head(path, self.token).replace(b"GET", b"HEAD", 1))
                first = connection.until(b"\r\n\r\n")
                self.assertTrue(first.startswith(b"HTTP/1.1 200 "), first)
                if b"Connection: close" in first:
                    self.assertEqual(connection.rest(), b"")
                    continue
                connection.socket.sendall(head("/healthz"))
                self.assertTrue(connection.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 "))

    def body(self, query, read=True):
        connection = http.client.HTTPConnection("127.0.0.1", self.talomed.port, timeout=10)
        self.addCleanup(connection.close)
        connection.request("GET", f"/api/c-wire/body?{query}", headers={"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        return (answer.read(), answer) if read else answer

    def test_body_that_goes_on_after_the_handler(self):
        data, answer = self.body("bytes=500000")
        self.assertEqual((data, answer.headers["Transfer-Encoding"]), (b"b" * 500_000, "chunked"))

    def test_more_than_may_wait_is_refused_to_the_plugin(self):
        self.assertEqual(self.body("bytes=500000000", read=False).status, 429)

    def test_body_that_is_cut_does_not_look_whole(self):
        with wire_server() as talomed:
            token = token_of(talomed)
            connection = http.client.HTTPConnection("127.0.0.1", talomed.port, timeout=10)
            connection.request("GET", "/api/c-wire/body?bytes=1000&open=1", headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            self.assertEqual(answer.read(1000), b"b" * 1000)
            talomed.post("/api/auth/logout")
            with self.assertRaises((http.client.IncompleteRead, ConnectionResetError)):
                answer.read()
            connection.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
