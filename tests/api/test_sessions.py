"""Where somebody is logged in: the list, ending one and all, the lifetime, and what is open with one that ends."""

import datetime
import pathlib
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import PASSWORD, USERNAME, Talomed, jwt, wait_until
from wire.clients import Events, WebSocket, wire_server

EVENTS, ECHO = "/api/c-wire/events", "/api/c-wire/ws"
MONTH = 30 * 86_400_000


def add_member(talomed, name="bob"):
    """A second user with the same password, put in while the server is down; returns a session's token."""
    talomed.stop()
    with sqlite3.connect(talomed.state / "host.db") as database:
        database.execute("INSERT INTO users (id, username, username_key, password_hash, role, created_at) "
                         "SELECT ?, ?, ?, password_hash, 'member', 0 FROM users LIMIT 1", (f"{name}-id", name, name))
    talomed.start()
    return login(talomed, name)


def login(talomed, username=USERNAME, **headers):
    answer = talomed.post("/api/auth/login", {"username": username, "password": PASSWORD}, token=None, headers=headers)
    assert answer.status == 200, answer
    return answer.json["token"]


def jti(token):
    return jwt.parts(token)[1]["jti"]


class Case(unittest.TestCase):
    def refused(self, answer, status, *words):
        self.assertEqual(answer.status, status, answer)
        self.assertIsInstance(answer.json["error"], str)
        for word in words:
            self.assertIn(word, answer.text)
        return answer


class SessionsTest(Case):
    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Talomed(plugins="none"))
        cls.talomed.login()
        cls.bob = add_member(cls.talomed)

    def setUp(self):
        self.talomed.post("/api/auth/logout-all", token=login(self.talomed))
        self.token = login(self.talomed, **{"User-Agent": "first"})
        self.other = login(self.talomed, **{"User-Agent": "second"})

    def sessions(self, token):
        answer = self.talomed.get("/api/auth/sessions", token)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def alive(self, token):
        status = self.talomed.get("/api/auth/me", token).status
        self.assertIn(status, (200, 401))
        return status == 200

    def test_list(self):
        found = self.sessions(self.token)
        self.assertEqual([row["jti"] for row in found], [jti(self.other), jti(self.token)])
        self.assertEqual([row["current"] for row in found], [False, True])
        row = found[1]
        self.assertEqual(set(row), {"jti", "createdAt", "lastSeenAt", "expiresAt", "ip", "userAgent", "current"})
        self.assertEqual((row["ip"], row["userAgent"]), ("127.0.0.1", "first"))
        created, seen, ends = (datetime.datetime.fromisoformat(row[name]) for name in ("createdAt", "lastSeenAt", "expiresAt"))
        self.assertLessEqual(created, seen)
        self.assertEqual(ends - seen, datetime.timedelta(hours=24))
        self.assertNotIn(self.token, str(found))

    def test_only_ones_own(self):
        self.assertEqual({row["jti"] for row in self.sessions(self.bob)}, {jti(self.bob)})
        self.assertNotIn(jti(self.bob), {row["jti"] for row in self.sessions(self.token)})

    def test_the_cookie_is_current_too(self):
        answer = self.talomed.get("/api/auth/sessions", None, {"Cookie": f"talome_session={self.token}"})
        self.assertEqual([row["jti"] for row in answer.json if row["current"]], [jti(self.token)])

    def test_ending_one(self):
        answer = self.talomed.request("DELETE", f"/api/auth/sessions/{jti(self.other)}", token=self.token)
        self.assertEqual((answer.status, answer.json), (200, {"ok": True}))
        self.assertFalse(self.alive(self.other))
        self.assertTrue(self.alive(self.token))
        self.assertEqual(len(self.sessions(self.token)), 1)
        self.refused(self.talomed.request("DELETE", f"/api/auth/sessions/{jti(self.other)}", token=self.token), 404)

    def test_ending_the_own_one(self):
        self.assertEqual(self.talomed.request("DELETE", f"/api/auth/sessions/{jti(self.token)}", token=self.token).status, 200)
        self.assertFalse(self.alive(self.token))
        self.assertTrue(self.alive(self.other))

    def test_others_sessions_are_not_there(self):
        """For an administrator too; ending a user's sessions is a route of the users."""
        for mine, theirs in ((self.token, self.bob), (self.bob, self.token)):
            strange = self.refused(self.talomed.request("DELETE", f"/api/auth/sessions/{jti(theirs)}", token=mine), 404)
            unknown = self.refused(self.talomed.request("DELETE", "/api/auth/sessions/nonsense", token=mine), 404)
            self.assertEqual(strange.json["error"], unknown.json["error"])
            self.assertTrue(self.alive(theirs))

    def test_ending_all(self):
        answer = self.talomed.post("/api/auth/logout-all", token=self.token)
        self.assertEqual((answer.status, answer.json), (200, {"ok": True, "revoked": 2}))
        self.assertRegex(answer.cookies["talome_session"], "^talome_session=;.*Max-Age=0")
        self.assertFalse(self.alive(self.token))
        self.assertFalse(self.alive(self.other))
        self.assertTrue(self.alive(self.bob))
        self.talomed.restart()
        self.assertFalse(self.alive(self.token))
        self.assertTrue(self.alive(self.bob))

    def test_needs_somebody(self):
        self.refused(self.talomed.get("/api/auth/sessions", token=None), 401)
        self.refused(self.talomed.request("DELETE", f"/api/auth/sessions/{jti(self.token)}", token=None), 401)
        self.refused(self.talomed.post("/api/auth/logout-all", token=None), 401)
        self.assertTrue(self.alive(self.token))

    def test_a_foreign_page_ends_nothing(self):
        headers = {"Cookie": f"talome_session={self.token}", "Origin": "https://evil.example"}
        self.refused(self.talomed.post("/api/auth/logout-all", None, None, headers), 403)
        self.refused(self.talomed.request("DELETE", f"/api/auth/sessions/{jti(self.other)}", None, None, headers), 403)
        self.assertTrue(self.alive(self.other))

    def test_names_that_are_none(self):
        for name in ("%00", "..%2f..", "'%20OR%201=1", "x" * 101, "%F0%9F%98%80"):
            with self.subTest(name=name[:20]):
                answer = self.talomed.request("DELETE", f"/api/auth/sessions/{name}", token=self.token)
                self.assertIn(answer.status, (400, 404), answer)
        self.assertTrue(self.alive(self.token))


class StreamTest(Case):
    """What is open with a session that ends, ends within a second."""

    def ended(self, stream, since):
        self.assertEqual(stream.next()[:2], ("bye", '{"reason":"the session is over"}'))
        self.assertEqual(stream.rest(), b"")
        self.assertLess(time.monotonic() - since, 1)

    def test_one_and_all(self):
        with wire_server() as talomed:
            talomed.login()
            one, two, mine = login(talomed), login(talomed), login(talomed)
            with Events(talomed.port, EVENTS, one) as first, Events(talomed.port, EVENTS, two) as second, \
                    WebSocket(talomed.port, ECHO, two) as socket, Events(talomed.port, EVENTS, mine) as third:
                begin = time.monotonic()
                talomed.request("DELETE", f"/api/auth/sessions/{jti(one)}", token=mine)
                self.ended(first, begin)
                begin = time.monotonic()
                self.assertEqual(talomed.post("/api/auth/logout-all", token=mine).json["revoked"], 3)
                self.ended(second, begin)
                self.ended(third, begin)
                self.assertEqual(socket.closed(), (1008, "the session is over"))
                self.assertLess(time.monotonic() - begin, 1)

    def test_the_end_of_a_months_session(self):
        """It comes without anybody doing anything; the clock cannot be moved from outside, so the row is."""
        with wire_server() as talomed:
            talomed.login()
            token = login(talomed)
            talomed.stop()
            end = int(time.time() * 1000) + 4000
            with sqlite3.connect(talomed.state / "host.db") as database:
                database.execute("UPDATE sessions SET created_at = ? WHERE id = ?", (end - MONTH, jti(token)))
            talomed.start()
            with Events(talomed.port, EVENTS, token) as stream:
                self.assertEqual(stream.next()[:2], ("bye", '{"reason":"the session is over"}'))
                self.assertLess(abs(time.time() * 1000 - end), 1000)
            self.refused(talomed.get("/api/auth/me", token), 401)
            self.assertEqual(talomed.get("/api/auth/me").status, 200)


class LifetimeTest(Case):
    def test_a_shorter_one_by_setting(self):
        with Talomed(plugins="none") as talomed:
            talomed.login()
            old, young = login(talomed), login(talomed)
            talomed.stop()
            now = int(time.time() * 1000)
            with sqlite3.connect(talomed.state / "host.db") as database:
                database.execute("INSERT INTO settings (key, value) VALUES ('auth_session_hours', '2')")
                database.execute("UPDATE sessions SET last_seen_at = ? WHERE id = ?", (now - 2 * 3_600_000, jti(old)))
                database.execute("UPDATE sessions SET last_seen_at = ? WHERE id = ?", (now - 7_000_000, jti(young)))
            talomed.start()
            self.refused(talomed.get("/api/auth/me", old), 401)
            answer = talomed.get("/api/auth/sessions", young)
            self.assertEqual(answer.status, 200, answer)
            row = next(row for row in answer.json if row["current"])
            lasts = datetime.datetime.fromisoformat(row["expiresAt"]) - datetime.datetime.fromisoformat(row["lastSeenAt"])
            self.assertEqual(lasts, datetime.timedelta(hours=2))
            answer = talomed.post("/api/auth/login", {"password": PASSWORD}, token=None)
            left = datetime.datetime.fromisoformat(answer.json["expiresAt"]) - datetime.datetime.now(datetime.UTC)
            self.assertAlmostEqual(left.total_seconds(), 2 * 3600, delta=120)

    def test_what_is_over_is_cleared_away(self):
        with Talomed(plugins="none") as talomed:
            talomed.login()
            gone, idle = login(talomed), login(talomed)
            talomed.post("/api/auth/logout", token=gone)
            talomed.stop()
            with sqlite3.connect(talomed.state / "host.db") as database:
                database.execute("UPDATE sessions SET last_seen_at = 1, created_at = 1 WHERE id = ?", (jti(idle),))
            talomed.start()

            def rows():
                with sqlite3.connect(talomed.state / "host.db") as database:
                    return [row[0] for row in database.execute("SELECT id FROM sessions")]
            wait_until(lambda: rows() == [jti(talomed.token)], what="one row is left")


if __name__ == "__main__":
    unittest.main()
