"""kill -9 in the middle of writes, again and again: whatever was answered is there after the next start."""

import http.client
import pathlib
import random
import sqlite3
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import PASSWORD, USERNAME, Talomed, build, jwt, wait_until

ROUNDS = 20
WRITERS = 3


class Writer(threading.Thread):
    """Logs in, and out of every second session, until the server is gone; remembers what was answered."""

    def __init__(self, talomed):
        super().__init__()
        self.talomed = talomed
        self.alive, self.ended, self.unsure = [], [], []
        self.wrong = []

    def run(self):
        for number in range(10_000):
            try:
                answer = self.talomed.post("/api/auth/login", {"username": USERNAME, "password": PASSWORD}, token=None)
                if answer.status != 200:
                    self.wrong.append(str(answer))
                    return
                token = answer.json["token"]
                self.alive.append(token)
                if number % 2:
                    continue
                self.unsure.append(self.alive.pop())  # until the logout is answered
                if self.talomed.post("/api/auth/logout", token=token).status == 200:
                    self.ended.append(self.unsure.pop())
            except OSError:
                return
            except Exception as error:  # half an answer: a cut status line or body
                if self.talomed.running:
                    self.wrong.append(repr(error))
                return


class DurabilityTest(unittest.TestCase):
    def test_answered_logins_and_logouts_survive(self):
        chance = random.Random(4)
        with Talomed(plugins="none", env={"LOG_LEVEL": "warn"}) as talomed:
            talomed.login()
            first = talomed.token
            writes = 0
            for number in range(ROUNDS):
                writers = [Writer(talomed) for _ in range(WRITERS)]
                for writer in writers:
                    writer.start()
                wait_until(lambda: any(w.alive for w in writers), 20, 0.001, "an answered login")
                time.sleep(chance.random() * 0.15)  # the moment of the kill must be anywhere in a write
                talomed.kill9()
                for writer in writers:
                    writer.join()
                talomed.start()
                for writer in writers:
                    self.assertEqual(writer.wrong, [], f"round {number}")
                    for token in writer.alive:
                        self.assertEqual(talomed.get("/api/auth/me", token).status, 200, f"round {number}: an answered login is lost")
                    for token in writer.ended:
                        self.assertEqual(talomed.get("/api/auth/me", token).status, 401, f"round {number}: an answered logout is lost")
                    writes += len(writer.alive) + 2 * len(writer.ended)
            self.assertEqual(talomed.get("/api/auth/me", first).status, 200)
            self.assertGreater(writes, ROUNDS)
            talomed.stop()
            with sqlite3.connect(talomed.state / "host.db") as database:
                self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",))

    def test_answered_writes_of_a_plugin_survive(self):
        """The template counts its greetings in its own database: after each kill, counting goes on where it was."""
        chance = random.Random(6)
        with Talomed(plugin_dirs=[build() / "tests" / "plugins"], env={"LOG_LEVEL": "warn"}) as talomed:
            talomed.login()
            answered = [0] * WRITERS

            def count(name):
                return talomed.get(f"/api/greeter/hello?name=writer{name}").json["count"]

            def write(name):
                try:
                    while True:
                        answered[name] = count(name)
                except (OSError, http.client.HTTPException):
                    return

            for number in range(ROUNDS):
                before = sum(answered)
                writers = [threading.Thread(target=write, args=(name,)) for name in range(WRITERS)]
                for writer in writers:
                    writer.start()
                wait_until(lambda: sum(answered) > before, 20, 0.001, "an answered write")
                time.sleep(chance.random() * 0.1)
                talomed.kill9()
                for writer in writers:
                    writer.join()
                talomed.start()
                for name in range(WRITERS):
                    self.assertIn(count(name), (answered[name] + 1, answered[name] + 2), f"round {number}")
                    answered[name] = count(name)

    def test_first_login_survives(self):
        """The account, the secret and the recovery code come into being together with the first answer."""
        for _ in range(5):
            with Talomed(plugins="none") as talomed:
                token = talomed.login()
                talomed.kill9()
                talomed.start()
                self.assertEqual(talomed.get("/api/auth/me", token).status, 200)
                again = talomed.post("/api/auth/login", {"username": USERNAME, "password": PASSWORD}, token=None)
                self.assertEqual((again.status, again.json["setup"]), (200, False))
                self.assertEqual(jwt.parts(again.json["token"])[1]["sub"], jwt.parts(token)[1]["sub"])

    def test_killed_while_starting(self):
        """At any moment of the first start, migrations included."""
        chance = random.Random(5)
        with Talomed(plugins="all") as talomed:
            token = talomed.login()
            for _ in range(ROUNDS):
                talomed.kill9()
                talomed.spawn()
                time.sleep(chance.random() * 0.08)
            talomed.kill9()
            talomed.start()
            self.assertEqual(talomed.get("/api/auth/me", token).status, 200)
        for _ in range(5):
            fresh = Talomed(plugins="all")
            self.addCleanup(fresh.close)
            fresh.spawn()
            time.sleep(chance.random() * 0.05)
            fresh.kill9()
            fresh.start()
            fresh.login()
            self.assertEqual(fresh.stop(), 0)


if __name__ == "__main__":
    unittest.main()
