"""Who may come in: the first login, sessions by cookie and by token, and everything that must be refused."""

import base64
import concurrent.futures
import datetime
import json
import pathlib
import re
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import PASSWORD, USERNAME, Talomed, jwt

GOOD = {"username": USERNAME, "password": PASSWORD}


def allow_failures(talomed, count):
    """Sets auth_max_failures where it is kept; what a person would use is tested with the settings."""
    talomed.stop()
    with sqlite3.connect(talomed.state / "host.db") as database:
        database.execute("INSERT OR REPLACE INTO settings VALUES ('auth_max_failures', ?)", (str(count),))
    database.close()
    talomed.start()


class Case(unittest.TestCase):
    def refused(self, answer, status, *words):
        self.assertEqual(answer.status, status, answer)
        self.assertIsInstance(answer.json["error"], str)
        self.assertTrue(answer.json["error"])
        for word in words:
            self.assertIn(word, answer.text)
        return answer


class FirstLoginTest(Case):
    def setUp(self):
        self.talomed = self.enterContext(Talomed(plugins="none"))

    def login(self, body, **options):
        return self.talomed.post("/api/auth/login", body, token=None, **options)

    def test_creates_the_admin(self):
        answer = self.login(GOOD)
        self.assertEqual(answer.status, 200, answer)
        found = answer.json
        self.assertEqual((found["ok"], found["setup"]), (True, True))
        self.assertRegex(found["recoveryCode"], r"^[A-Za-z0-9_-]{24}$")
        self.assertEqual(found["user"]["username"], USERNAME)
        self.assertEqual(found["user"]["role"], "admin")
        self.assertRegex(found["user"]["id"], r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        left = datetime.datetime.fromisoformat(found["expiresAt"]) - datetime.datetime.now(datetime.UTC)
        self.assertAlmostEqual(left.total_seconds(), 24 * 3600, delta=120)
        header, claims, _ = jwt.parts(found["token"])
        self.assertEqual(header["alg"], "HS256")
        self.assertEqual(claims["sub"], found["user"]["id"])
        for name in ("iat", "exp"):
            self.assertIsInstance(claims[name], int)

    def test_a_foreign_page_cannot_claim_the_server(self):
        """What a browser sends for a page of another site, and for one whose name was pointed here (DNS rebinding)."""
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                        {"Origin": "null"}, {"Origin": "http://evil.example", "Host": "evil.example"}):
            with self.subTest(headers=headers):
                self.refused(self.login(GOOD, headers=headers), 403)
        self.assertEqual(self.login(GOOD, headers={"Sec-Fetch-Site": "same-origin"}).json["setup"], True)

    def test_through_an_unnamed_proxy_the_setup_code_is_needed(self):
        """Behind a proxy on the same machine everybody would look like a neighbour."""
        headers = {"X-Forwarded-For": "203.0.113.7"}
        self.refused(self.login(GOOD, headers=headers), 403, "setupCode")
        self.refused(self.login({**GOOD, "setupCode": "wrong"}, headers=headers), 403, "setupCode")
        code = re.search(r"setup code ([A-Za-z0-9_-]+)\)", self.talomed.log)[1]
        self.assertEqual(self.login({**GOOD, "setupCode": code}, headers=headers).json["setup"], True)

    def test_refusals_are_in_the_audit_lines(self):
        self.refused(self.talomed.get("/api/plugins", token=None), 401)
        self.login(GOOD, headers={"X-Forwarded-For": "203.0.113.7"})
        self.assertRegex(self.talomed.log, r'audit: auth\.login .*"outcome":"denied"')
        self.assertNotIn(PASSWORD, self.talomed.log)

    def test_second_login_is_a_plain_one(self):
        self.login(GOOD)
        found = self.login(GOOD)
        self.assertEqual(found.status, 200, found)
        self.assertEqual((found.json["ok"], found.json["setup"]), (True, False))
        self.assertNotIn("recoveryCode", found.json)

    def test_short_password(self):
        answer = self.refused(self.login({"username": "admin", "password": "seven77"}), 400)
        self.assertIn("password", str(answer.json))
        self.assertEqual(self.login({"username": "admin", "password": "eight888"}).status, 200)

    def test_short_username(self):
        self.assertIn("username", str(self.refused(self.login({"username": "a", "password": PASSWORD}), 400).json))

    def test_username_is_trimmed_and_has_a_default(self):
        self.assertEqual(self.login({"password": PASSWORD}).json["user"]["username"], "admin")
        self.assertEqual(self.login({"username": "  admin ", "password": PASSWORD}).status, 200)
        self.assertEqual(self.login({"username": "Admin", "password": PASSWORD}).status, 200)

    def test_limits_of_the_fields(self):
        for body, name in [({"username": "u" * 101, "password": PASSWORD}, "username"),
                           ({"username": "admin", "password": "p" * 501}, "password"),
                           ({"username": "admin", "password": ""}, "password"),
                           ({"username": "admin"}, "password"),
                           ({"username": 7, "password": PASSWORD}, "username"),
                           ({"username": "admin", "password": ["x"]}, "password")]:
            with self.subTest(body=str(body)[:60]):
                answer = self.refused(self.login(body), 400)
                self.assertIn(name, [row["path"] for row in answer.json["details"]])
        self.assertEqual(self.login({"username": "u" * 100, "password": "p" * 500}).status, 200)

    def test_five_at_once_make_one_admin(self):
        names = ["anna", "berta", "carla", "dora", "emma"]
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda n: self.login({"username": n, "password": PASSWORD}), names))
        self.assertEqual(sorted(a.status for a in answers), [200, 401, 401, 401, 401], [str(a) for a in answers])
        winner = next(a for a in answers if a.status == 200)
        self.assertEqual((winner.json["setup"], winner.json["user"]["role"]), (True, "admin"))

    def test_five_at_once_with_one_name(self):
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda _: self.login(GOOD), range(5)))
        self.assertEqual([a.status for a in answers], [200] * 5, [str(a) for a in answers])
        self.assertEqual(sum(a.json["setup"] for a in answers), 1)
        self.assertEqual(len({a.json["user"]["id"] for a in answers}), 1)

    def test_passwords_are_not_stored(self):
        self.login(GOOD)
        self.talomed.stop()
        for path in self.talomed.state.iterdir():
            self.assertNotIn(PASSWORD.encode(), path.read_bytes(), path)
        with sqlite3.connect(self.talomed.state / "host.db") as database:
            text = "\n".join(database.iterdump())
        self.assertIn("$argon2id$", text)


class SessionTest(Case):
    """One talomed for all: each test has a session of its own, and failures come from an address of their own."""

    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Talomed(plugins="none"))
        cls.talomed.login()

    def setUp(self):
        self.answer = self.talomed.post("/api/auth/login", GOOD, token=None)
        self.assertEqual(self.answer.status, 200, self.answer)
        self.token = self.answer.json["token"]
        self.cookie = self.answer.cookies["talome_session"]

    def me(self, token=None, **headers):
        return self.talomed.get("/api/auth/me", token, {name.title(): value for name, value in headers.items()})

    def by_cookie(self):
        return {"Cookie": self.cookie.split(";")[0]}

    def test_cookie_attributes(self):
        attributes = {part.strip().lower() for part in self.cookie.split(";")[1:]}
        self.assertLessEqual({"httponly", "samesite=lax", "path=/"}, attributes)
        self.assertNotIn("secure", attributes)
        self.assertFalse(any(part.startswith("domain") for part in attributes))

    def test_me(self):
        answer = self.me(self.token)
        self.assertEqual(answer.status, 200, answer)
        found = answer.json
        self.assertIs(found["authenticated"], True)
        self.assertEqual((found["userId"], found["username"], found["role"]), (self.answer.json["user"]["id"], USERNAME, "admin"))
        self.assertIn("email", found)
        self.assertTrue(all(isinstance(value, bool) for value in found["permissions"].values()))

    def test_me_without_a_session(self):
        answer = self.refused(self.me(), 401)
        self.assertIs(answer.json["authenticated"], False)

    def test_cookie_works_as_well(self):
        self.assertEqual(self.me(**self.by_cookie()).json, self.me(self.token).json)

    def test_cookie_among_others(self):
        cookie = f"a=b; {self.cookie.split(';')[0]}; theme=dark"
        self.assertEqual(self.me(cookie=cookie).status, 200)

    def test_bearer_wins_over_the_cookie(self):
        self.refused(self.me("nonsense", **self.by_cookie()), 401)
        self.assertEqual(self.me(self.token, cookie="talome_session=nonsense").status, 200)

    def test_scheme_has_no_case(self):
        self.assertEqual(self.me(authorization=f"bearer {self.token}").status, 200)

    def test_logout_of_the_bearer(self):
        answer = self.talomed.post("/api/auth/logout", token=self.token)
        self.assertEqual((answer.status, answer.json), (200, {"ok": True}))
        self.refused(self.me(self.token), 401)
        self.refused(self.me(**self.by_cookie()), 401)

    def test_logout_of_the_cookie(self):
        answer = self.talomed.post("/api/auth/logout", token=None, headers=self.by_cookie())
        self.assertEqual((answer.status, answer.json), (200, {"ok": True}))
        cleared = answer.cookies["talome_session"].lower()
        self.assertRegex(cleared, r"^talome_session=(\"\")?;")
        self.assertTrue("max-age=0" in cleared or "1970" in cleared, cleared)
        self.refused(self.me(**self.by_cookie()), 401)

    def test_logout_without_a_session(self):
        self.assertEqual(self.talomed.post("/api/auth/logout", token=None).json, {"ok": True})
        self.assertEqual(self.talomed.post("/api/auth/logout", token="nonsense").json, {"ok": True})

    def test_logout_leaves_other_sessions_alone(self):
        other = self.talomed.post("/api/auth/login", GOOD, token=None).json["token"]
        self.talomed.post("/api/auth/logout", token=self.token)
        self.assertEqual(self.me(other).status, 200)

    def test_logout_outlives_a_restart(self):
        self.talomed.post("/api/auth/logout", token=self.token)
        kept = self.talomed.post("/api/auth/login", GOOD, token=None).json["token"]
        self.talomed.restart()
        self.refused(self.me(self.token), 401)
        self.assertEqual(self.me(kept).status, 200)

    def test_unknown_user_and_bad_password_look_the_same(self):
        bad = self.refused(self.talomed.post("/api/auth/login", {"username": USERNAME, "password": "wrong password"},
                                             token=None, source="127.0.1.1"), 401)
        unknown = self.refused(self.talomed.post("/api/auth/login", {"username": "nobody", "password": "wrong password"},
                                                 token=None, source="127.0.1.1"), 401)
        self.assertEqual(bad.json["error"], unknown.json["error"])
        self.assertEqual(set(bad.json), set(unknown.json))

    def test_cookie_from_a_foreign_page(self):
        """A page elsewhere can send the cookie along, but must not act with it."""
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "http://10.evil.example"}, {"Origin": "null"},
                        {"Sec-Fetch-Site": "cross-site"}):
            with self.subTest(headers=headers):
                self.refused(self.talomed.post("/api/auth/logout", token=None, headers={**self.by_cookie(), **headers}), 403)
        self.assertEqual(self.me(self.token).status, 200)

    def test_cookie_from_our_own_page(self):
        own = {"Origin": self.talomed.url, "Sec-Fetch-Site": "same-origin"}
        answer = self.talomed.post("/api/auth/logout", token=None, headers={**self.by_cookie(), **own})
        self.assertEqual(answer.status, 200, answer)

    def test_bearer_from_a_foreign_page(self):
        """The page must know the token already, so nothing is gained by refusing."""
        answer = self.talomed.post("/api/auth/logout", token=self.token, headers={"Origin": "https://evil.example"})
        self.assertEqual(answer.status, 200, answer)


class ForgedTokenTest(Case):
    SECRET = "0badc0de" * 8

    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Talomed(plugins="none", env={"TALOME_SECRET": cls.SECRET}))
        cls.token = cls.talomed.login()
        cls.header, cls.claims, cls.signature = jwt.parts(cls.token)

    def dead(self, token):
        answer = self.refused(self.talomed.get("/api/auth/me", token=None, headers={"Authorization": f"Bearer {token}"}), 401)
        self.assertIs(answer.json["authenticated"], False)
        self.refused(self.talomed.get("/api/plugins", token=None, headers={"Authorization": f"Bearer {token}"}), 401)
        self.refused(self.talomed.get("/api/plugins", token=None, headers={"Cookie": f"talome_session={token}"}), 401)

    def tearDown(self):
        self.assertEqual(self.talomed.get("/api/auth/me").status, 200)  # the true one still lives

    def test_no_token(self):
        self.refused(self.talomed.get("/api/plugins", token=None), 401)
        for value in ("", "Bearer", "Bearer ", "Basic YWRtaW46YWRtaW4=", f"Token {self.token}", self.token):
            with self.subTest(value=value[:20]):
                self.refused(self.talomed.get("/api/plugins", token=None, headers={"Authorization": value}), 401)

    def test_nonsense(self):
        for token in ("x", "a.b.c", "..", ".", self.token + "x", self.token[:-4], self.token.replace(".", "", 1),
                      self.token + "." + self.signature, self.token + "=", "ö.ö.ö".encode().decode("latin-1"), "A" * 8000):
            with self.subTest(token=token[:30]):
                self.dead(token)

    def test_no_algorithm(self):
        for name in ("none", "None", "NONE", ""):
            with self.subTest(alg=name):
                self.dead(jwt.unsigned(self.claims, name))
                self.dead(jwt.unsigned(self.claims, name) + self.signature)

    def test_other_algorithm(self):
        key = self.SECRET.encode()
        for name in ("HS384", "HS512", "RS256", "ES256"):
            with self.subTest(alg=name):
                self.dead(jwt.sign({"alg": name, "typ": "JWT"}, self.claims, key))
                header = jwt.encode(json.dumps({"alg": name, "typ": "JWT"}).encode())
                self.dead(f"{header}.{self.token.split('.', 1)[1]}")

    def test_known_keys(self):
        """The secret itself is among them: sessions are signed with a key derived from it."""
        for key in (b"", b"talome", b"secret", b"token", b"casaos", self.SECRET.encode(), bytes.fromhex(self.SECRET),
                    base64.b64encode(bytes.fromhex(self.SECRET))):
            with self.subTest(key=key):
                self.dead(jwt.sign(self.header, self.claims, key))

    def test_changed_claims_under_the_old_signature(self):
        header, _, signature = self.token.split(".")
        for change in ({"role": "owner"}, {"sub": "someone else"}, {"exp": self.claims["exp"] + 3600}):
            with self.subTest(change=change):
                body = jwt.encode(json.dumps({**self.claims, **change}).encode())
                self.dead(f"{header}.{body}.{signature}")

    def test_token_of_another_installation(self):
        with Talomed(plugins="none") as other:
            self.dead(other.login())


class ExpiryTest(Case):
    def test_expired(self):
        """The clock cannot be moved from outside, so the session's row is: it is the server that knows the end."""
        with Talomed(plugins="none") as talomed:
            token = talomed.login()
            other = talomed.login()
            jti = jwt.parts(token)[1]["jti"]
            talomed.stop()
            with sqlite3.connect(talomed.state / "host.db") as database:
                changed = database.execute("UPDATE sessions SET created_at = 1, last_seen_at = 1 WHERE id = ?", (jti,)).rowcount
            self.assertEqual(changed, 1)
            talomed.start()
            self.refused(talomed.get("/api/auth/me", token), 401)
            self.assertEqual(talomed.get("/api/auth/me", other).status, 200)


class LimitTest(Case):
    def setUp(self):
        self.talomed = self.enterContext(Talomed(plugins="none"))
        self.talomed.login()

    def fail_login(self, username=USERNAME, source="127.0.2.1", **headers):
        body = {"username": username, "password": "wrong password"}
        return self.talomed.post("/api/auth/login", body, token=None, source=source, headers=headers)

    def login(self, source):
        return self.talomed.post("/api/auth/login", GOOD, token=None, source=source)

    def exhaust(self, **options):
        for _ in range(5):
            self.refused(self.fail_login(**options), 401)
        return self.refused(self.fail_login(**options), 429)

    def test_after_five_failures(self):
        answer = self.exhaust()
        seconds = int(answer.headers["Retry-After"])
        self.assertTrue(0 < seconds <= 15 * 60, seconds)
        self.assertEqual(answer.json["retryAfter"], seconds)
        self.refused(self.login("127.0.2.1"), 429)  # the right password does not help now
        self.assertEqual(self.login("127.0.2.2").status, 200)  # elsewhere it does
        self.assertEqual(self.talomed.get("/api/auth/me", source="127.0.2.1").status, 200)  # sessions go on

    def test_other_accounts_are_not_touched(self):
        self.exhaust(username="nobody")
        self.assertEqual(self.login("127.0.2.1").status, 200)

    def test_spelling_the_name_otherwise_does_not_help(self):
        for name in ("admin", "ADMIN", " admin", "Admin ", "aDmin"):
            self.refused(self.fail_login(username=name), 401)
        self.refused(self.fail_login(username="AdMiN"), 429)

    def test_a_header_does_not_change_the_address(self):
        for number in range(5):
            self.refused(self.fail_login(**{"X-Forwarded-For": f"192.0.2.{number}", "X-Real-Ip": f"192.0.2.{number}"}), 401)
        self.refused(self.fail_login(**{"X-Forwarded-For": "192.0.2.77"}), 429)

    def test_a_trusted_proxy_says_the_address(self):
        with Talomed(plugins="none", env={"TRUSTED_PROXIES": "127.0.0.9"}) as talomed:
            talomed.login()

            def login(client, password, proxy="127.0.0.9"):
                return talomed.post("/api/auth/login", {"username": USERNAME, "password": password}, token=None, source=proxy,
                                    headers={"X-Forwarded-For": client, "X-Forwarded-Proto": "https"})

            for _ in range(5):
                self.refused(login("192.0.2.1", "wrong password"), 401)
            self.refused(login("192.0.2.1", PASSWORD), 429)
            answer = login("192.0.2.2", PASSWORD)
            self.assertEqual(answer.status, 200, answer)
            self.assertIn("secure", answer.cookies["talome_session"].lower())
            answer = login("192.0.2.2", PASSWORD, "127.0.0.8")  # not one that is trusted
            self.assertNotIn("secure", answer.cookies["talome_session"].lower())

    def test_success_forgets_failures(self):
        for _ in range(3):
            for _ in range(4):
                self.refused(self.fail_login(), 401)
            self.assertEqual(self.login("127.0.2.1").status, 200)

    def test_bad_bodies_are_no_failures(self):
        for _ in range(8):
            self.refused(self.talomed.post("/api/auth/login", {"username": USERNAME}, token=None, source="127.0.2.1"), 400)
        self.assertEqual(self.login("127.0.2.1").status, 200)

    def test_all_accounts_together_have_a_bound_as_well(self):
        """One password tried on many names is guessing, too; a right login in between does not reset it."""
        allow_failures(self.talomed, 2)
        for number in range(20):
            if number % 5 == 0:
                self.assertEqual(self.login("127.0.2.1").status, 200)
            self.refused(self.fail_login(username=f"name{number}"), 401)
        self.refused(self.fail_login(username="another"), 429)
        self.refused(self.login("127.0.2.1"), 429)
        self.assertEqual(self.login("127.0.2.2").status, 200)

    def test_recover_and_change_password_count_too(self):
        recover = {"username": USERNAME, "recoveryCode": "wrong", "newPassword": "another password"}
        for _ in range(3):
            self.refused(self.talomed.post("/api/auth/recover", recover, token=None, source="127.0.2.1"), 401)
        change = {"currentPassword": "wrong", "newPassword": "another password"}
        for _ in range(2):
            self.refused(self.talomed.post("/api/auth/change-password", change, source="127.0.2.1"), 401)
        self.refused(self.login("127.0.2.1"), 429)
        for path, body, token in (("recover", recover, None), ("change-password", change, self.talomed.token)):
            answer = self.refused(self.talomed.post(f"/api/auth/{path}", body, token, source="127.0.2.1"), 429)
            self.assertGreater(int(answer.headers["Retry-After"]), 0)
        self.assertEqual(self.login("127.0.2.2").status, 200)


class AccountTest(Case):
    """What its owner does with an account: each test has a server and an account of its own."""

    def setUp(self):
        self.talomed = self.enterContext(Talomed(plugins="none"))
        self.first = self.talomed.post("/api/auth/login", GOOD, token=None).json
        self.talomed.token = self.first["token"]

    def recover(self, code, password="another password", username=USERNAME, **options):
        return self.talomed.post("/api/auth/recover", {"username": username, "recoveryCode": code, "newPassword": password},
                                 token=None, **options)

    def login(self, password, **options):
        return self.talomed.post("/api/auth/login", {"username": USERNAME, "password": password}, token=None, **options)

    def me(self, token):
        return self.talomed.get("/api/auth/me", token).status

    def test_recover(self):
        answer = self.recover(self.first["recoveryCode"])
        self.assertEqual(answer.status, 200, answer)
        found = answer.json
        self.assertEqual(set(found), {"ok", "newRecoveryCode", "token"})
        self.assertRegex(found["newRecoveryCode"], r"^[A-Za-z0-9_-]{24}$")
        self.assertIn("talome_session", answer.cookies)
        self.assertEqual(self.me(found["token"]), 200)
        self.assertEqual(self.me(self.first["token"]), 401)  # a password that had to be recovered was somebody's
        self.refused(self.login(PASSWORD), 401)
        self.assertEqual(self.login("another password").status, 200)
        self.refused(self.recover(self.first["recoveryCode"], "a third password"), 401)
        self.assertEqual(self.recover(found["newRecoveryCode"], "a third password", " ADMIN ").status, 200)
        self.assertEqual(self.login("a third password").status, 200)

    def test_a_recovery_code_is_good_once(self):
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda n: self.recover(self.first["recoveryCode"], f"another password {n}"), range(5)))
        self.assertEqual(sorted(a.status for a in answers), [200, 401, 401, 401, 401], [str(a) for a in answers])
        winner = next(n for n, a in enumerate(answers) if a.status == 200)
        self.assertEqual(self.login(f"another password {winner}", source="127.0.4.1").status, 200)

    def test_recover_says_the_same_whatever_is_wrong(self):
        wrong = self.refused(self.recover("wrong code"), 401)
        unknown = self.refused(self.recover("wrong code", username="nobody"), 401)
        self.assertEqual((wrong.json["error"], set(wrong.json)), (unknown.json["error"], set(unknown.json)))
        self.assertEqual(self.login(PASSWORD).status, 200)

    def test_recover_wants_good_fields(self):
        for change, name in (({"newPassword": "seven77"}, "newPassword"), ({"recoveryCode": ""}, "recoveryCode"),
                             ({"username": ""}, "username"), ({"newPassword": "p" * 501}, "newPassword")):
            body = {"username": USERNAME, "recoveryCode": self.first["recoveryCode"], "newPassword": "another password"}
            self.refused(self.talomed.post("/api/auth/recover", {**body, **change}, token=None), 400, name)
        self.assertEqual(self.recover(self.first["recoveryCode"]).status, 200)

    def change(self, current, new, token=None, **options):
        return self.talomed.post("/api/auth/change-password", {"currentPassword": current, "newPassword": new},
                                 token or self.talomed.token, **options)

    def test_change_password(self):
        other = self.login(PASSWORD).json["token"]
        self.refused(self.change("wrong password", "another password"), 401)
        self.assertEqual(self.me(other), 200)
        answer = self.change(PASSWORD, "another password")
        self.assertEqual((answer.status, answer.json), (200, {"ok": True}))
        self.assertEqual(self.me(self.talomed.token), 200)
        self.assertEqual(self.me(other), 401)
        self.refused(self.login(PASSWORD), 401)
        self.assertEqual(self.login("another password").status, 200)

    def test_change_password_wants_a_session(self):
        self.refused(self.talomed.post("/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": "another password"},
                                       token=None), 401)
        self.refused(self.change(PASSWORD, "seven77"), 400, "newPassword")
        self.assertEqual(self.login(PASSWORD).status, 200)

    def test_logins_with_the_old_password_meanwhile_leave_no_session(self):
        """A login whose password is changed while it is checked: refused, or its session ended."""
        with concurrent.futures.ThreadPoolExecutor(7) as pool:
            logins = [pool.submit(self.login, PASSWORD, source=f"127.0.5.{n}") for n in range(6)]
            changed = pool.submit(self.change, PASSWORD, "another password")
            tokens = [each.result().json.get("token") for each in logins]
            self.assertEqual(changed.result().status, 200)
        self.assertEqual({self.me(token) for token in tokens if token}, {401} if any(tokens) else set())

    def test_verify(self):
        cookie = {"Cookie": f"talome_session={self.first['token']}"}
        for options in ({"token": self.talomed.token}, {"token": None, "headers": cookie}):
            answer = self.talomed.get("/api/auth/verify", **options)
            self.assertEqual((answer.status, answer.body), (200, b""), answer)
            self.assertEqual((answer.headers["X-Talome-User"], answer.headers["X-Talome-Role"]), (USERNAME, "admin"))
        for options in ({"token": None}, {"token": "nonsense"}, {"token": "nonsense", "headers": cookie}):
            answer = self.talomed.get("/api/auth/verify", **options)
            self.assertEqual((answer.status, answer.body), (401, b""), answer)
            self.assertNotIn("X-Talome-User", answer.headers)
        self.talomed.post("/api/auth/logout")
        self.assertEqual(self.talomed.get("/api/auth/verify").status, 401)

    def test_an_imported_hash_of_bcrypt_is_replaced(self):
        self.talomed.stop()
        with sqlite3.connect(self.talomed.state / "host.db") as database:
            database.execute("UPDATE users SET password_hash = ?", ("$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",))
        database.close()
        self.talomed.start()
        self.refused(self.login("U*V"), 401)
        self.assertEqual(self.login("U*U").status, 200)
        self.assertEqual(self.login("U*U").status, 200)
        self.talomed.stop()
        with sqlite3.connect(self.talomed.state / "host.db") as database:
            self.assertRegex(database.execute("SELECT password_hash FROM users").fetchone()[0], r"^\$argon2id\$")


class GuessingTest(Case):
    """S4, S5: who guesses learns nothing from the time it takes, and is in nobody's way."""

    def setUp(self):
        self.talomed = self.enterContext(Talomed(plugins="none"))
        self.talomed.login()
        answer = self.talomed.post("/api/users", {"username": "bertha", "password": PASSWORD})
        self.assertEqual(answer.status, 201, answer)
        allow_failures(self.talomed, 1_000_000)

    def seconds(self, call, status):
        began = time.monotonic()
        self.assertEqual(call().status, status)
        return time.monotonic() - began

    def login(self, username, password, source):
        return self.talomed.post("/api/auth/login", {"username": username, "password": password}, token=None, source=source)

    def test_s4_known_and_unknown_users_take_the_same_time(self):
        """The medians of interleaved tries: what tells them apart would tell them apart every time."""
        for path, body in (("login", {"password": "wrong password"}),
                           ("recover", {"recoveryCode": "A" * 24, "newPassword": "another password"})):
            found = {USERNAME: [], "nobody": []}
            for _ in range(60):
                for name, times in found.items():
                    times.append(self.seconds(lambda: self.talomed.post(f"/api/auth/{path}", {"username": name, **body}, token=None), 401))
            known, unknown = (sorted(times)[len(times) // 2] for times in found.values())
            self.assertLess(abs(known - unknown), 0.25 * max(known, unknown), (path, known, unknown))


if __name__ == "__main__":
    unittest.main()
