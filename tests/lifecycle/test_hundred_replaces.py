"""A plugin that holds a task by interval and one by the calendar, a durable subscription, an event stream and a listener
is replaced again and again: no tick is doubled or lost, no event is lost, and the listener refuses nobody.

20 replaces; TALOME_TEST_FULL=1: 100, over at least two full minutes, so that the task by the calendar is due in between."""

import json
import os
import socket
import threading
import time
import unittest

from test_lifecycle import FOR_TESTS, Case, Events, wait_until

FULL = bool(os.environ.get("TALOME_TEST_FULL"))
REPLACES = 100 if FULL else 20
SECONDS = 125 if FULL else 0


class Thread(threading.Thread):
    """Does `step` again and again until it is ended; what it raises is kept."""

    def __init__(self, step):
        super().__init__(daemon=True)
        self.step, self.error, self.over = step, None, threading.Event()

    def run(self):
        try:
            while not self.over.is_set():
                self.step()
        except Exception as error:  # noqa: BLE001 (told by end())
            self.error = error

    def end(self):
        self.over.set()
        self.join(60)
        if self.error:
            raise self.error


class Knocker:
    """Connects to the listener anew each time. `longest`: the longest time, in seconds, in which it was not to be had."""

    def __init__(self, port):
        self.port, self.refused, self.done, self.longest, self.since = port, 0, 0, 0.0, None

    def knock(self):
        began = time.monotonic()
        try:
            with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
                connection.sendall(b"GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answer = b""
                while piece := connection.recv(4096):
                    answer += piece
            assert answer.startswith(b"HTTP/1.1 200 "), answer
        except ConnectionError:
            self.refused += 1
            self.since = self.since or began
        else:
            if self.since:
                self.longest = max(self.longest, time.monotonic() - self.since)
            self.since = None
        self.done += 1
        time.sleep(0.001)


class Listener:
    """Follows the event stream, coming back with Last-Event-ID whenever it ends."""

    def __init__(self, talomed):
        self.talomed, self.numbers, self.letters, self.last, self.back = talomed, [], [], None, 0

    def follow(self):
        fields = [f"Last-Event-ID: {self.last}"] if self.last else []
        with Events(self.talomed.port, "/api/relay/events", self.talomed.token, fields) as events:
            self.back += 1
            try:
                while True:
                    event, data, number = events.next()
                    if event in ("tick", "letter"):
                        self.last = number
                        if event == "tick":
                            self.numbers.append(json.loads(data)["number"])
                        else:
                            self.letters.append(json.loads(data)["n"])
            except (EOFError, ConnectionError):
                return


class HundredReplacesTest(Case):
    def test_nothing_is_lost_or_doubled(self):
        self.put("relay", 1)
        self.start(env={"LOG_LEVEL": "info", "TALOME_PLUGIN_DIR": f"{self.folder}:{FOR_TESTS / 'mailer'}"})
        get = lambda path: self.talomed.get(path).json  # noqa: E731
        began = time.time()
        knocker, listener, sent = Knocker(self.side), Listener(self.talomed), []

        def send():
            number = len(sent) + 1
            answer = self.talomed.post("/api/mailer/send", {"from": number, "count": 1, "how": "together"})
            assert answer.status == 200, answer
            sent.append(number)
            time.sleep(0.005)

        threads = [Thread(knocker.knock), Thread(listener.follow), Thread(send)]
        for thread in threads:
            thread.start()
        for count in range(REPLACES):
            self.replace()
            time.sleep(max(0, began + SECONDS * (count + 1) / REPLACES - time.time()))
        ended = time.time()
        last = get("/api/relay/ticks")[-1]["number"]
        wait_until(lambda: listener.numbers and listener.numbers[-1] > last, 30, 0.05, "the stream goes on")
        for thread in (threads[0], threads[2]):
            thread.end()
        threads[1].over.set()
        self.assertIsNone(threads[1].error)
        wait_until(lambda: len(get("/api/relay/letters")) >= len(sent), 30, 0.05, "all letters")

        self.assertEqual(get("/api/relay/letters"), sent)
        ticks = [tick["number"] for tick in get("/api/relay/ticks")]
        self.assertEqual(ticks, list(range(1, len(ticks) + 1)))
        seen = listener.numbers
        self.assertEqual(seen, list(range(seen[0], seen[0] + len(seen))), "the stream has a gap")
        wait_until(lambda: listener.letters and listener.letters[-1] == sent[-1], 30, 0.05, "the stream has the last letter")
        heard = listener.letters
        self.assertEqual(heard, list(range(heard[0], sent[-1] + 1)), "the stream misses another plugin's event")
        minutes = [int(at / 60000) for at in get("/api/relay/minutes")]
        due = range(int(began / 60) + 1, int(ended / 60) + 1)
        self.assertEqual([minute for minute in minutes if minute in due], list(due))
        self.assertEqual(len(set(minutes)), len(minutes))
        self.assertLessEqual(knocker.longest, 0.020)
        self.assertEqual(knocker.refused, 0)
        print(f"{REPLACES} replaces in {ended - began:.0f} s: {len(ticks)} ticks, {len(minutes)} minutes, {len(sent)} letters, "
              f"{len(seen)} events over {listener.back} streams, {knocker.done} connections, {knocker.refused} refused")
        wait_until(lambda: self.plugin()["draining"] == 0, 30, 0.05, "the old ones have gone")


if __name__ == "__main__":
    unittest.main()
