"""Durable topics in a real server: whatever a publisher has committed reaches the subscriber, in order, through kill -9 of
the server, replacements of either plugin, refusals and absence; what was rolled back never does.

kill -9 is a short form by default; TALOME_TEST_FULL=1 runs 1,000 rounds of it."""

import http.client
import json
import os
import pathlib
import random
import sqlite3
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "wire"))
from clients import Events  # noqa: E402
from support import Talomed, build, wait_until  # noqa: E402

ROUNDS = 1000 if os.environ.get("TALOME_TEST_FULL") else 10
PATIENCE = 60  # seconds, for a busy machine


class Case(unittest.TestCase):
    def setUp(self):
        folder = build() / "tests" / "plugins"
        self.talomed = self.enterContext(Talomed(plugin_dirs=[folder / "mailer", folder / "reader"],
                                                 env={"LOG_LEVEL": "info"}))
        self.talomed.login()

    def post(self, path, body=None, status=200):
        answer = self.talomed.post(path, body)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def send(self, start, count=1, how="alone", status=200):
        return self.post("/api/mailer/send", {"from": start, "count": count, "how": how}, status)

    def got(self):
        answer = self.talomed.get("/api/reader/got")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def letters(self):
        return [letter["n"] for letter in self.got()["letters"]]

    def wait_for(self, numbers):
        wait_until(lambda: len(self.letters()) >= len(numbers), PATIENCE, 0.02, "the letters")
        self.assertEqual(self.letters(), list(numbers))

    def deliveries(self, plugin="mailer"):
        return self.talomed.get(f"/api/plugins/{plugin}").json["deliveries"]

    def rows_of_outbox(self):
        with sqlite3.connect(f"file:{self.talomed.state / 'mailer.db'}?mode=ro", uri=True, timeout=30) as database:
            count = database.execute("SELECT count(*) FROM talome_outbox").fetchone()[0]
        database.close()
        return count


class DeliveryTest(Case):
    def test_in_order_once_and_then_deleted(self):
        before = time.time() * 1000
        self.send(1, 100)
        self.send(101, 100, "together")
        self.wait_for(range(1, 201))
        letters = self.got()["letters"]
        sequences = [letter["sequence"] for letter in letters]
        self.assertEqual(sequences, list(range(sequences[0], sequences[0] + 200)))
        for letter in letters:
            self.assertTrue(before - 1 <= letter["publishedAtMs"] <= time.time() * 1000 + 1)
        wait_until(lambda: self.rows_of_outbox() == 0, PATIENCE, what="the outbox is empty")

    def test_what_is_rolled_back_was_never_published(self):
        with Events(self.talomed.port, "/api/mailer/events", token=self.talomed.token) as stream:
            self.send(1, 5, "rolled back", 409)
            self.send(6, 2, "together")
            self.wait_for([6, 7])
            self.assertEqual([json.loads(stream.next()[1])["n"] for _ in range(2)], [6, 7])
        wait_until(lambda: self.got()["live"] == [6, 7], PATIENCE, what="plain subscribers hear it as well")
        self.assertEqual(self.talomed.get("/api/mailer/sent").json["numbers"], [6, 7])

    def test_what_is_not_durable_is_not_kept(self):
        self.send(1)
        self.wait_for([1])
        self.assertNotIn("whose letter", self.talomed.log)

    def test_refused_twice_and_then_taken(self):
        self.post("/api/reader/refuse", {"n": 3, "times": 2})
        self.send(1, 5, "together")
        wait_until(lambda: self.got()["refused"] >= 1, PATIENCE, what="a refusal")
        self.assertEqual(self.letters(), [1, 2])  # none before its time
        found = self.deliveries()[0]
        self.assertEqual((found["publisher"], found["subscriber"], found["pattern"], found["present"]),
                         ("mailer", "reader", "mailer.*", True))
        if self.got()["refused"] == found["failures"] == 1:
            self.assertEqual((found["waiting"], found["failure"]), (3, "the letter box is full"))
        self.wait_for([1, 2, 3, 4, 5])
        self.assertEqual(self.got()["refused"], 2)
        self.assertEqual(self.talomed.log.count("the letter box is full"), 1, "told once")
        self.assertIn("has taken mailer.letter", self.talomed.log)

    def test_the_manifests_say_so(self):
        manifest = self.talomed.get("/api/plugins/mailer").json["manifest"]
        self.assertEqual([topic.get("durable") for topic in manifest["topics"]], [True, None])
        self.assertEqual(self.talomed.get("/api/plugins/reader").json["manifest"]["durableSubscriptions"], ["mailer.*"])


class AbsenceTest(Case):
    def test_a_disabled_subscriber_gets_it_later(self):
        self.send(1)
        self.wait_for([1])
        self.post("/api/plugins/reader/disable")
        self.send(2, 100)
        self.assertEqual(self.deliveries()[0]["present"], False)
        self.assertEqual(self.deliveries()[0]["waiting"], 100)
        self.talomed.restart()
        self.send(102)
        self.post("/api/plugins/reader/enable")
        self.wait_for(range(1, 103))

    def test_a_subscriber_that_is_not_wanted_at_a_start(self):
        self.send(1)
        self.wait_for([1])
        self.talomed.stop()
        with sqlite3.connect(self.talomed.state / "host.db") as database:  # as an administrator without a server
            database.execute("UPDATE plugins SET enabled = 0 WHERE id = 'reader'")
        database.close()
        self.talomed.start()
        self.send(2, 10)
        self.post("/api/plugins/reader/enable")
        self.wait_for(range(1, 12))

    def test_a_new_subscriber_begins_at_the_present(self):
        self.post("/api/plugins/reader/disable")
        self.talomed.stop()
        for file in self.talomed.state.glob("mailer.db*"):
            file.unlink()  # the reader has never been seen
        self.talomed.start()
        self.send(1, 10)
        self.post("/api/plugins/reader/enable")
        self.send(11, 10)
        self.wait_for(range(11, 21))

    def test_a_disabled_publisher_keeps_what_it_has(self):
        self.send(1)
        self.wait_for([1])
        self.post("/api/plugins/reader/disable")
        self.send(2, 10)
        self.post("/api/plugins/mailer/disable")
        self.post("/api/plugins/reader/enable")
        self.assertEqual(self.letters(), [1])
        self.post("/api/plugins/mailer/enable")
        self.wait_for(range(1, 12))


class Sender(threading.Thread):
    """Sends numbers that count up, in each of the ways, until it is stopped or the server is gone."""

    def __init__(self, talomed, first):
        super().__init__(daemon=True)
        self.talomed, self.next = talomed, first
        self.acknowledged = []
        self.never = []
        self.wrong = []
        self.stopped = threading.Event()

    def run(self):
        chance = random.Random(self.next)
        while not self.stopped.is_set():
            how = chance.choice(["alone", "together", "rolled back"])
            count = chance.randrange(1, 6)
            numbers = range(self.next, self.next + count)
            self.next += count
            if how == "rolled back":
                self.never += numbers
            try:
                answer = self.talomed.post("/api/mailer/send", {"from": numbers[0], "count": count, "how": how})
            except (OSError, http.client.HTTPException, AssertionError, ValueError) as error:
                if self.talomed.running and not isinstance(error, ConnectionError):
                    self.wrong.append(repr(error))
                return
            if answer.status != (409 if how == "rolled back" else 200):
                self.wrong.append(str(answer))
                return
            if how != "rolled back":
                self.acknowledged += numbers

    def end(self):
        self.stopped.set()
        self.join()


class Checked(Case):
    def check(self, sender):
        """All that is committed has come, in order; twice at most with the same sequence."""
        self.assertEqual(sender.wrong, [], self.talomed.log[-3000:])
        sent = self.talomed.get("/api/mailer/sent").json["numbers"]
        self.assertEqual(set(sender.acknowledged) - set(sent), set(), "an answered letter is lost")
        self.assertEqual(set(sent) & set(sender.never), set(), "a rolled back one is there")
        wait_until(lambda: set(self.letters()) >= set(sent), PATIENCE, 0.02, "every letter")
        letters = self.got()["letters"]
        self.assertEqual({letter["n"] for letter in letters}, set(sent), "a letter without its row")
        number_of = {}
        first = []
        for letter in letters:
            if letter["sequence"] not in number_of:
                first.append(letter["sequence"])
            self.assertEqual(number_of.setdefault(letter["sequence"], letter["n"]), letter["n"])
        self.assertEqual(first, sorted(first), "out of order")
        self.assertEqual(len(number_of), len(sent), "one letter with two sequence numbers")
        return len(letters) - len(sent)


class KillTest(Checked):
    def test_nothing_is_lost(self):
        chance = random.Random(5)
        following = 1
        acknowledged, never, twice, published = [], [], 0, 0
        for number in range(ROUNDS):
            sender = Sender(self.talomed, following)
            sender.start()
            wait_until(lambda: sender.acknowledged or not sender.is_alive(), PATIENCE, 0.001, "answered letters")
            time.sleep(chance.random() * 0.1)  # the moment of the kill must be anywhere in a write
            self.talomed.kill9()
            sender.end()
            following = sender.next
            acknowledged += sender.acknowledged
            never += sender.never
            self.talomed.start()
            sender.acknowledged, sender.never = acknowledged, never
            with self.subTest(round=number):
                twice = self.check(sender)
                published = len(self.letters()) - twice
            if number % 50 == 49:  # so that the checks stay fast
                wait_until(lambda: self.rows_of_outbox() == 0, PATIENCE, what="the outbox is empty")
                self.talomed.stop()
                for name, table in (("mailer", "sent"), ("reader", "letters")):
                    with sqlite3.connect(self.talomed.state / f"{name}.db") as database:
                        database.execute(f"DELETE FROM {table}")
                    database.close()
                acknowledged, never = [], []
                self.talomed.start()
        print(f"{ROUNDS} kills; of the last {published} letters {twice} came twice")


class ReplaceTest(Checked):
    def test_both_sides_are_replaced_while_letters_are_sent(self):
        sender = Sender(self.talomed, 1)
        sender.start()
        for _ in range(5):
            for plugin in ("mailer", "reader"):
                self.post(f"/api/plugins/{plugin}/replace")
        sender.end()
        self.assertGreater(len(sender.acknowledged), 0)
        self.assertEqual(self.check(sender), 0, "replaced in good order, so none comes twice")


if __name__ == "__main__":
    unittest.main()
