"""API tokens: made once, narrower than their user, seen in use, and over when they say or when somebody says so."""

import concurrent.futures
import datetime
import pathlib
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import PASSWORD, USERNAME, Talomed, wait_until
from wire.clients import Events, Refused, WebSocket, wire_server

EVENTS, ECHO, PUBLISH, BODY = "/api/c-wire/events", "/api/c-wire/ws", "/api/c-wire/publish", "/api/c-wire/body?bytes=3"
TOKENS = "/api/auth/tokens"


def in_(**time_):
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(**time_)).isoformat().replace("+00:00", "Z")


def login(talomed, username=USERNAME):
    answer = talomed.post("/api/auth/login", {"username": username, "password": PASSWORD}, token=None)
    assert answer.status == 200, answer
    return answer.json["token"]


def with_member(talomed, name="bob"):
    """A second user with the same password, put in while the server is down; returns a session's token of it."""
    talomed.login()
    talomed.stop()
    with sqlite3.connect(talomed.state / "host.db") as database:
        database.execute("INSERT INTO users (id, username, username_key, password_hash, role, created_at) "
                         "SELECT ?, ?, ?, password_hash, 'member', 0 FROM users LIMIT 1", (f"{name}-id", name, name))
    talomed.start()
    return login(talomed, name)


class Case(unittest.TestCase):
    talomed: Talomed

    def refused(self, answer, status, *words):
        self.assertEqual(answer.status, status, answer)
        self.assertIsInstance(answer.json["error"], str)
        for word in words:
            self.assertIn(word, answer.json["error"])
        return answer

    def make(self, _by=None, **wanted):
        wanted.setdefault("name", "a script")
        answer = self.talomed.post(TOKENS, wanted, _by or self.talomed.token)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def remove(self, id_, by=None):
        return self.talomed.request("DELETE", f"{TOKENS}/{id_}", token=by or self.talomed.token)

    def works(self, token):
        status = self.talomed.get("/api/auth/me", token).status
        self.assertIn(status, (200, 401))
        return status == 200


class TokensTest(Case):
    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(wire_server())
        cls.bob = with_member(cls.talomed)

    def tearDown(self):
        for row in self.talomed.get(f"{TOKENS}?all=true").json:
            self.assertEqual(self.remove(row["id"]).status, 200)

    # Making

    def test_what_is_answered(self):
        answer = self.talomed.post(TOKENS, {"name": "backup"})
        self.assertEqual(answer.status, 201, answer)
        made = answer.json
        self.assertEqual(set(made), {"id", "name", "scope", "groups", "origin", "createdAt", "expiresAt", "token"})
        self.assertRegex(made["token"], r"^tlm_[A-Za-z0-9_-]{43}$")
        self.assertEqual((made["name"], made["scope"], made["groups"], made["origin"], made["expiresAt"]),
                         ("backup", "read", None, "rest", None))
        self.assertIn("no-store", answer.headers["Cache-Control"])
        me = self.talomed.get("/api/auth/me", made["token"])
        self.assertEqual((me.status, me.json["username"], me.json["role"]), (200, USERNAME, "admin"))

    def test_all_that_can_be_said(self):
        made = self.make(name="Ängström 🗝", scope="modify", groups=["docker", "containers", "docker"], origin="mcp",
                         expiresInDays=3650)
        self.assertEqual((made["name"], made["scope"], made["groups"], made["origin"]),
                         ("Ängström 🗝", "modify", ["containers", "docker"], "mcp"))
        left = datetime.datetime.fromisoformat(made["expiresAt"]) - datetime.datetime.now(datetime.UTC)
        self.assertAlmostEqual(left.total_seconds(), 3650 * 86400, delta=120)
        self.assertEqual(self.make(scope="full")["scope"], "destructive")
        self.assertEqual(self.make(expiresAt="2031-01-01T01:00:00+01:00")["expiresAt"], "2031-01-01T00:00:00.000Z")
        self.assertEqual(self.make(origin="automation")["origin"], "automation")

    def test_limits_of_the_fields(self):
        for wanted, name in [({}, "name"), ({"name": ""}, "name"), ({"name": " \t"}, "name"), ({"name": "x" * 101}, "name"),
                             ({"name": 7}, "name"), ({"scope": "admin"}, "scope"), ({"scope": ""}, "scope"),
                             ({"origin": "cli"}, "origin"), ({"origin": "plugin"}, "origin"), ({"groups": []}, "groups"),
                             ({"groups": "docker"}, "groups"), ({"groups": ["docker", ""]}, "groups[1]"),
                             ({"groups": ["a.b"]}, "groups[0]"), ({"groups": ["x"] * 101}, "groups"),
                             ({"expiresInDays": 0}, "expiresInDays"), ({"expiresInDays": 3651}, "expiresInDays"),
                             ({"expiresInDays": 1.5}, "expiresInDays"), ({"expiresAt": in_(seconds=-5)}, "expiresAt"),
                             ({"expiresAt": "tomorrow"}, "expiresAt"), ({"expiresAt": "2031-02-30T00:00:00Z"}, "expiresAt"),
                             ({"expiresAt": in_(days=3651)}, "expiresAt"),
                             ({"expiresAt": in_(days=5), "expiresInDays": 5}, "expiresInDays"),
                             ({"userId": "bob-id"}, "userId"), ({"token": "tlm_" + "A" * 43}, "token")]:
            with self.subTest(wanted=str(wanted)[:60]):
                body = wanted if "name" in wanted or not wanted else {"name": "x", **wanted}
                answer = self.refused(self.talomed.post(TOKENS, body), 400)
                self.assertIn(name, str(answer.json))
        self.assertEqual(self.talomed.get(TOKENS).json, [])

    def test_the_token_is_shown_once_and_kept_nowhere(self):
        made = self.make()
        self.assertTrue(self.works(made["token"]))
        self.assertNotIn(made["token"], self.talomed.get(TOKENS).text)
        self.assertNotIn(made["token"], self.talomed.log)
        for path in self.talomed.state.rglob("*"):
            if path.is_file():
                self.assertNotIn(made["token"].encode(), path.read_bytes(), path)
                self.assertNotIn(made["token"][4:].encode(), path.read_bytes(), path)

    def test_many_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda n: self.make(name=f"n{n}"), range(16)))
            self.assertTrue(all(pool.map(lambda each: self.works(each["token"]), made)))
        self.assertEqual(len({each["token"] for each in made}), 16)
        self.assertEqual(len(self.talomed.get(TOKENS).json), 16)

    def test_not_without_number(self):
        for n in range(100):
            self.make(_by=self.bob, name=str(n))
        self.refused(self.talomed.post(TOKENS, {"name": "one more"}, self.bob), 409, "100")

    # The list, and removing

    def test_list(self):
        first, second = self.make(name="first", groups=["docker"]), self.make(name="second", expiresInDays=1)
        self.talomed.get("/api/auth/me", second["token"], source="127.0.0.7")
        found = self.talomed.get(TOKENS).json
        self.assertEqual([row["name"] for row in found], ["second", "first"])
        self.assertEqual(set(found[0]), {"id", "name", "scope", "groups", "origin", "createdAt", "expiresAt",
                                         "lastUsedAt", "lastPeer"})
        self.assertEqual((found[1]["groups"], found[1]["lastUsedAt"], found[1]["lastPeer"]), (["docker"], None, None))
        self.assertEqual((found[0]["groups"], found[0]["lastPeer"], found[0]["expiresAt"]), (None, "127.0.0.7", second["expiresAt"]))
        ago = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(found[0]["lastUsedAt"])
        self.assertLess(abs(ago.total_seconds()), 60)
        self.assertEqual(found[1]["id"], first["id"])

    def test_whose(self):
        mine, theirs = self.make(name="mine"), self.make(_by=self.bob, name="theirs")
        self.assertEqual([row["name"] for row in self.talomed.get(TOKENS).json], ["mine"])
        self.assertEqual([row["name"] for row in self.talomed.get(TOKENS, self.bob).json], ["theirs"])
        self.refused(self.talomed.get(f"{TOKENS}?all=true", self.bob), 403, "administrator")
        everyones = {row["name"]: (row["userId"], row["username"]) for row in self.talomed.get(f"{TOKENS}?all=true").json}
        self.assertEqual(everyones["theirs"], ("bob-id", "bob"))
        self.assertEqual(everyones["mine"][1], USERNAME)
        strange = self.refused(self.remove(mine["id"], self.bob), 404)
        unknown = self.refused(self.remove("nonsense", self.bob), 404)
        self.assertEqual(strange.json["error"], unknown.json["error"])
        self.assertTrue(self.works(mine["token"]))
        self.assertEqual(self.remove(theirs["id"]).json, {"ok": True})  # an administrator may
        self.assertFalse(self.works(theirs["token"]))
        self.refused(self.remove(theirs["id"]), 404)

    def test_a_token_sees_what_its_user_sees(self):
        made = self.make(_by=self.bob)
        self.assertEqual(self.talomed.get("/api/auth/me", made["token"]).json["username"], "bob")
        self.assertEqual([row["id"] for row in self.talomed.get(TOKENS, made["token"]).json], [made["id"]])
        self.refused(self.talomed.get(f"{TOKENS}?all=true", made["token"]), 403)
        self.refused(self.talomed.get("/api/plugins", made["token"]), 403, "administrator")

    # What it may

    def test_texts_that_are_none(self):
        made = self.make()["token"]
        for token in (made + "x", made[:-1], made.upper(), "TLM_" + made[4:], made[4:], "tlm_", "tlm_" + "A" * 43,
                      made.replace("tlm_", "tlm-"), made + "=", "tlm_" + "\xe9" * 43):
            with self.subTest(token=token[:10]):
                self.assertFalse(self.works(token))
        self.assertEqual(self.talomed.get("/api/auth/me", None, {"Authorization": f"Basic {made}"}).status, 401)
        self.assertEqual(self.talomed.get(f"/api/auth/me?token={made}", None).status in (400, 401), True)

    def test_scope(self):
        read, modify = self.make()["token"], self.make(scope="modify")["token"]
        for path in ("/api/auth/me", "/api/plugins", BODY):
            for token in (read, modify):
                self.assertEqual(self.talomed.get(path, token).status, 200, path)
        self.refused(self.talomed.post(PUBLISH, {"count": 1, "text": "x"}, read), 403, "scope", "read", "modify")
        self.refused(self.talomed.post("/api/auth/logout", None, read), 403, "scope")
        self.assertEqual(self.talomed.post(PUBLISH, {"count": 1, "text": "x"}, modify).status, 200)
        with self.assertRaises(Refused) as refused:
            WebSocket(self.talomed.port, ECHO, read)
        self.assertEqual(refused.exception.status, 403)
        with WebSocket(self.talomed.port, ECHO, modify):
            pass
        with Events(self.talomed.port, EVENTS, read):
            pass

    def test_groups(self):
        plugin, word, other = (self.make(scope="full", groups=[group])["token"] for group in ("c-wire", "cwire", "containers"))
        for token in (plugin, word):
            self.assertEqual(self.talomed.get(BODY, token).status, 200)
            self.assertEqual(self.talomed.post(PUBLISH, {"count": 1, "text": "x"}, token).status, 200)
            self.refused(self.talomed.get("/api/plugins", token), 403, "groups", "plugins.list")
            self.refused(self.talomed.get(TOKENS, token), 403, "groups")
        self.refused(self.talomed.get(BODY, other), 403, "groups", "cwire.body")
        with self.assertRaises(Refused) as refused:
            Events(self.talomed.port, EVENTS, other)
        self.assertEqual(refused.exception.status, 403)
        self.assertEqual(self.talomed.get("/api/health", other).status, 200)  # as without any token

    def test_never_in_place_of_a_person(self):
        """What makes or ends credentials is out of reach for the widest token of an administrator."""
        made = self.make(scope="full")
        token = made["token"]
        for method, path, body in [("POST", TOKENS, {"name": "child"}), ("DELETE", f"{TOKENS}/{made['id']}", None),
                                   ("DELETE", "/api/auth/sessions/x", None), ("POST", "/api/auth/logout-all", None)]:
            with self.subTest(path=path):
                self.refused(self.talomed.request(method, path, body, token), 403, "person")
        self.assertEqual(len(self.talomed.get(TOKENS).json), 1)
        self.assertEqual(self.talomed.get("/api/auth/sessions", token).status, 200)
        self.assertEqual(self.talomed.get("/api/auth/me").status, 200)

    def test_the_same_by_cookie(self):
        """One credential, one reach, by whichever way it is carried."""
        token = self.make()["token"]
        cookie = {"Cookie": f"talome_session={token}"}
        self.assertEqual(self.talomed.get("/api/auth/me", None, cookie).status, 200)
        self.refused(self.talomed.post(PUBLISH, {"count": 1, "text": "x"}, None, cookie), 403, "scope")
        self.refused(self.talomed.post(TOKENS, {"name": "child"}, None, cookie), 403)

    def test_logging_out_does_not_touch_it(self):
        made = self.make(scope="modify")
        self.assertEqual(self.talomed.post("/api/auth/logout", None, made["token"]).status, 200)
        session = login(self.talomed)
        self.talomed.post("/api/auth/logout", None, session)
        self.assertTrue(self.works(made["token"]))

    def test_it_outlives_a_restart(self):
        made, gone = self.make(scope="modify", groups=["c-wire"]), self.make()
        self.talomed.get(BODY, made["token"], source="127.0.0.8")
        self.remove(gone["id"])
        before = self.talomed.get(TOKENS).json
        self.talomed.restart()
        self.assertEqual(self.talomed.get(TOKENS).json, before)
        self.assertEqual(self.talomed.get(BODY, made["token"]).status, 200)
        self.assertEqual(self.talomed.get("/api/plugins", made["token"]).status, 403)
        self.assertFalse(self.works(gone["token"]))

    def test_nobody_makes_none(self):
        self.refused(self.talomed.post(TOKENS, {"name": "x"}, token=None), 401)
        self.refused(self.talomed.get(TOKENS, token=None), 401)
        self.refused(self.remove("x", "nonsense"), 401)


class EndTest(Case):
    """A token that ends takes with it what it has open, within a second."""

    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(wire_server())
        cls.bob = with_member(cls.talomed)

    def bye(self, stream):
        self.assertEqual(stream.next()[0], "bye")
        self.assertEqual(stream.rest(), b"")

    def test_removed(self):
        made, kept = self.make(scope="modify"), self.make()
        with Events(self.talomed.port, EVENTS, made["token"]) as stream, Events(self.talomed.port, EVENTS, kept["token"]) as other, \
                WebSocket(self.talomed.port, ECHO, made["token"]) as socket:
            begin = time.monotonic()
            self.assertEqual(self.remove(made["id"]).status, 200)
            self.bye(stream)
            self.assertEqual(socket.closed()[0], 1008)
            self.assertLess(time.monotonic() - begin, 1)
            self.talomed.post(PUBLISH, {"count": 1, "text": "still here"})
            self.assertIn("still here", other.next()[1])

    def test_expired(self):
        end = time.time() + 2.5
        late = self.make(expiresAt=in_(seconds=60))
        made = self.make(scope="modify", expiresAt=datetime.datetime.fromtimestamp(end, datetime.UTC).isoformat())
        with Events(self.talomed.port, EVENTS, made["token"]) as stream, Events(self.talomed.port, EVENTS, late["token"]) as other, \
                WebSocket(self.talomed.port, ECHO, made["token"]) as socket:
            self.bye(stream)
            self.assertEqual(socket.closed()[0], 1008)
            self.assertLess(abs(time.time() - end), 1)
            self.assertFalse(self.works(made["token"]))
            self.assertNotIn(made["id"], self.talomed.get(TOKENS).text)
            self.talomed.post(PUBLISH, {"count": 1, "text": "still here"})
            self.assertIn("still here", other.next()[1])

        def rows():
            with sqlite3.connect(self.talomed.state / "host.db") as database:
                return database.execute("SELECT 1 FROM api_tokens WHERE id = ?", (made["id"],)).fetchall()
        wait_until(lambda: not rows(), what="the row is cleared away")


class StoredTest(Case):
    def test_rows_that_were_meddled_with(self):
        """The origin and the groups of a row that cannot be read open nothing; the server starts all the same."""
        with Talomed(plugins="none") as self.talomed:
            self.talomed.login()
            origin, groups, expired = self.make(), self.make(), self.make(expiresInDays=1)
            self.talomed.stop()
            with sqlite3.connect(self.talomed.state / "host.db") as database:
                database.execute("UPDATE api_tokens SET origin = 'root' WHERE id = ?", (origin["id"],))
                database.execute("UPDATE api_tokens SET groups = '{' WHERE id = ?", (groups["id"],))
                database.execute("UPDATE api_tokens SET expires_at = 1 WHERE id = ?", (expired["id"],))
            self.talomed.start()
            self.assertFalse(self.works(origin["token"]))
            self.assertFalse(self.works(expired["token"]))
            self.refused(self.talomed.get("/api/auth/me", groups["token"]), 403, "groups")

    def test_of_another_server(self):
        with Talomed(plugins="none") as self.talomed, Talomed(plugins="none") as other:
            self.talomed.login()
            token = self.make()["token"]
            self.assertTrue(self.works(token))
            self.assertEqual(other.get("/api/auth/me", token).status, 401)


if __name__ == "__main__":
    unittest.main()
