"""kill -9 of the whole host while accounts, settings, tokens, sessions and audit rows are written through REST: whatever
was answered is there after the next start, the audit chain verifies, and every database is sound.

A short form by default; TALOME_FAULT_ROUNDS=1000 runs the long one (about a second a round)."""

import http.client
import os
import pathlib
import random
import sqlite3
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import PASSWORD, USERNAME, Talomed, build, wait_until

ROUNDS = int(os.environ.get("TALOME_FAULT_ROUNDS") or 12)
TWIN_SETTINGS = ("auth_lockout_minutes", "audit_retention_days")  # always changed together, to the same number
MOST = 1440
MOST_A_ROUND = 60  # of one kind: a user may have 100 tokens


def number_to_value(number):
    return number % MOST + 1


class Writer(threading.Thread):
    """Does `write(number)` with numbers that count up until the server is gone; remembers what was acknowledged."""

    def __init__(self, talomed, write, status, first):
        super().__init__(daemon=True)
        self.talomed, self.write, self.status = talomed, write, status
        self.next = first
        self.acknowledged = []  # (number, answer)
        self.wrong = []

    def run(self):
        while len(self.acknowledged) < MOST_A_ROUND:
            number = self.next
            self.next += 1
            try:
                answer = self.write(number)
            except (OSError, http.client.HTTPException, AssertionError):
                return
            except ValueError as error:  # half an answer
                if self.talomed.running:
                    self.wrong.append(repr(error))
                return
            if answer.status != self.status:
                self.wrong.append(str(answer))
                return
            self.acknowledged.append((number, answer))


class KillHostTest(unittest.TestCase):
    def setUp(self):
        self.talomed = self.enterContext(Talomed(plugin_dirs=[build() / "tests" / "plugins"], plugins="greeter",
                                                 env={"LOG_LEVEL": "warn"}))
        self.talomed.login()
        paths = self.talomed.get("/api/openapi.json").json["paths"]
        self.kinds = {
            "login": (lambda n: self.talomed.post("/api/auth/login", {"username": USERNAME, "password": PASSWORD}, token=None), 200),
            "token": (lambda n: self.talomed.post("/api/auth/tokens", {"name": f"token {n}"}), 201),
            "greeting": (lambda n: self.talomed.get("/api/greeter/hello?name=writer"), 200),
        }
        if "/api/users" in paths:
            self.kinds["user"] = (lambda n: self.talomed.post("/api/users", {"username": f"user{n}", "password": PASSWORD}), 201)
        self.audited = "/api/audit-log/verify" in paths
        if "/api/settings" in paths:
            known = self.talomed.get("/api/settings").json
            self.twins = [key for key in TWIN_SETTINGS if key in known]
            self.kinds["settings"] = (lambda n: self.talomed.request(
                "PUT", "/api/settings", {key: number_to_value(n) for key in self.twins}), 200)
        self.next = dict.fromkeys(self.kinds, 1)
        self.total = dict.fromkeys(self.kinds, 0)
        self.users = set()

    def check_login(self, acknowledged):
        for _, answer in acknowledged:
            self.assertEqual(self.talomed.get("/api/auth/me", answer.json["token"]).status, 200, "an answered login is lost")

    def check_token(self, acknowledged):
        for _, answer in acknowledged:
            self.assertEqual(self.talomed.get("/api/auth/me", answer.json["token"]).status, 200, "an answered token is lost")
        for row in self.talomed.get("/api/auth/tokens").json:  # also the one in flight
            self.assertEqual(self.talomed.request("DELETE", f"/api/auth/tokens/{row['id']}").status, 200)

    def check_greeting(self, acknowledged):
        count = self.talomed.get("/api/greeter/hello?name=writer").json["count"]
        if acknowledged:
            last = acknowledged[-1][1].json["count"]
            self.assertIn(count, (last + 1, last + 2), "an answered write of a plugin is lost")

    def check_user(self, acknowledged):
        self.users.update(answer.json["id"] for _, answer in acknowledged)
        there = {user["id"] for user in self.talomed.get("/api/users").json}
        self.assertEqual(self.users - there, set(), "an answered user is lost")

    def check_settings(self, acknowledged):
        if not acknowledged:
            return
        now = self.talomed.get("/api/settings").json
        values = {str(now[key]) for key in self.twins}
        last = acknowledged[-1][0]
        self.assertEqual(len(values), 1, "half of a change of settings")
        self.assertIn(values.pop(), {str(number_to_value(n)) for n in (last, last + 1)}, "an answered setting is lost")

    def check_databases(self):
        files = sorted(self.talomed.state.glob("*.db"))
        self.assertGreaterEqual(len(files), 3)
        for file in files:
            with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30) as database:
                self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",), file.name)
            database.close()

    def check_audit(self, answers):
        """Every acknowledged change has its row, and the chain holds."""
        if self.audited:
            verified = self.talomed.get("/api/audit-log/verify")
            self.assertEqual((verified.status, verified.json["ok"]), (200, True), verified)
        with sqlite3.connect(f"file:{self.talomed.state / 'audit.db'}?mode=ro", uri=True, timeout=30) as database:
            rows = {row[0] for row in database.execute(
                "SELECT request_id FROM audit_log WHERE outcome = 'done' ORDER BY id DESC LIMIT ?", (4 * len(answers) + 100,))}
        database.close()
        asked = {answer.headers["X-Request-Id"] for answer in answers}
        self.assertEqual(asked - rows, set(), "an answered change has no row in the audit log")

    def test_what_was_answered_survives(self):
        chance = random.Random(4)
        for number in range(ROUNDS):
            writers = {kind: Writer(self.talomed, write, status, self.next[kind])
                       for kind, (write, status) in self.kinds.items()}
            for writer in writers.values():
                writer.start()
            slowest = writers[list(writers)[number % len(writers)]]  # each kind in its turn, those with passwords too
            wait_until(lambda: slowest.acknowledged or not slowest.is_alive(), 30, 0.001, "answered writes")
            time.sleep(chance.random() * 0.2)  # the moment of the kill must be anywhere in a write
            self.talomed.kill9()
            for writer in writers.values():
                writer.join()
            self.talomed.start()
            with self.subTest(round=number):
                for kind, writer in writers.items():
                    self.assertEqual(writer.wrong, [])
                    getattr(self, f"check_{kind}")(writer.acknowledged)
                    self.next[kind] = writer.next
                    self.total[kind] += len(writer.acknowledged)
                self.check_databases()
                self.check_audit([answer for kind in ("user", "token", "settings")
                                  if kind in writers for _, answer in writers[kind].acknowledged])
        for kind, total in self.total.items():
            self.assertGreater(total, 0, f"no {kind} was ever answered")
        print(f"{ROUNDS} kills; acknowledged:", self.total)


if __name__ == "__main__":
    unittest.main()
