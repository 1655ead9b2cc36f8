"""S33: an update, which is a restart on the same state, changes no credential: secret, passwords, sessions, tokens, recovery
codes and settings are what they were. And secrets at rest are in no file of the state in plain text, nor can be had from
it without talome.secret: under another secret they are unreadable, said in words, and never a value."""

import base64
import shutil
import sqlite3
import unittest
import urllib.parse

from house import House, PASSWORD, USERNAME, build

CANARY = "canary-Zq8vT3-of-a-setting"


def spellings(secret):
    """The secret as it might stand in a file."""
    raw = secret.encode()
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield base64.b64encode(raw).rstrip(b"=")[:-1]
    yield base64.urlsafe_b64encode(raw).rstrip(b"=")[:-1]
    yield secret.encode("utf-16-le")
    yield urllib.parse.quote(secret, safe="").encode()
    yield raw[::-1]


def files(state):
    return [path for path in state.rglob("*") if path.is_file()]


class UpdateTest(unittest.TestCase):
    def test_nothing_changes(self):
        with House() as house:
            token = house.login()
            secret = (house.state / "talome.secret").read_bytes()
            users, made, code = house.offers("POST", "/api/users"), None, None
            if users:
                code = house.create_user("member", password="another good password")["recoveryCode"]
            if house.offers("POST", "/api/auth/tokens"):
                made = house.api_token(scope="modify", groups=["counter"])
            if house.offers("PUT", "/api/settings"):
                self.assertEqual(house.request("PUT", "/api/settings", {"counter_api_key": CANARY, "auth_max_failures": 7}).status, 200)
            before = self.credentials(house)
            for how in (house.restart, house.restart, self.crash(house)):
                how()
                self.assertEqual((house.state / "talome.secret").read_bytes(), secret)
                self.assertEqual(house.get("/api/auth/me", token=token).status, 200)
                self.assertEqual(house.post("/api/auth/login", {"username": USERNAME, "password": PASSWORD}, token=None).json["setup"], False)
                self.assertEqual(self.credentials(house), before)
                if made:
                    self.assertEqual(house.get("/api/counter/session/Read", token=made["token"]).status, 200)
                    self.assertEqual(house.get("/api/plugins", token=made["token"]).status, 403)
                if users:
                    house.session("member", "another good password")
                if house.offers("GET", "/api/settings"):
                    settings = house.get("/api/settings").json
                    self.assertEqual((settings["counter_api_key"], settings["auth_max_failures"]), ("(configured)", "7"))
            if code and house.offers("POST", "/api/auth/recover"):
                body = {"username": "member", "recoveryCode": code, "newPassword": "a third good password"}
                self.assertEqual(house.post("/api/auth/recover", body, token=None).status, 200)

    @staticmethod
    def crash(house):
        def act():
            house.kill9()
            house.start()
        return act

    @staticmethod
    def credentials(house):
        with sqlite3.connect(f"file:{house.state / 'host.db'}?mode=ro", uri=True) as database:
            return (database.execute("SELECT id, username, password_hash, recovery_hash, role, permissions FROM users ORDER BY id").fetchall(),
                    database.execute("SELECT id, digest, tier, groups FROM api_tokens ORDER BY id").fetchall(),
                    database.execute("SELECT key, value FROM settings ORDER BY key").fetchall())


class AtRestTest(unittest.TestCase):
    def test_no_secret_is_in_any_file(self):
        with House() as house:
            token = house.login()
            secrets = {"password": PASSWORD, "session": token, "signature": token.split(".")[2]}
            if house.offers("POST", "/api/users"):
                secrets["recovery"] = house.create_user("member", password="member-canary-password")["recoveryCode"]
                secrets["member"] = "member-canary-password"
            if house.offers("POST", "/api/auth/tokens"):
                secrets["token"] = house.api_token()["token"].removeprefix("tlm_")
            if house.offers("PUT", "/api/settings"):
                for value in (CANARY, CANARY + "-second", CANARY):
                    self.assertEqual(house.request("PUT", "/api/settings", {"counter_api_key": value}).status, 200)
                secrets["setting"] = CANARY
            if house.offers("POST", "/api/snapshots"):
                self.assertLess(house.post("/api/snapshots", {}).status, 300)
            house.stop()
            self.assertGreaterEqual(len(files(house.state)), 2)
            for path in files(house.state):
                data = path.read_bytes()
                for name, secret in secrets.items():
                    for spelling in spellings(secret):
                        self.assertNotIn(spelling, data, f"{name} in {path}")

    def test_a_database_without_its_secret_tells_nothing(self):
        with House() as house:
            token = house.login()
            house.require("PUT /api/settings")
            made = house.api_token()["token"] if house.offers("POST", "/api/auth/tokens") else None
            self.assertEqual(house.request("PUT", "/api/settings", {"counter_api_key": CANARY}).status, 200)
            house.stop()
            with House(env={"TALOME_SECRET": "ab" * 32}) as thief:
                thief.stop()
                shutil.rmtree(thief.state)
                shutil.copytree(house.state, thief.state)
                (thief.state / "talome.secret").unlink()
                (thief.state / "talomed.sock").unlink(missing_ok=True)
                try:
                    thief.start()
                except AssertionError as refused:  # with words, and without the value
                    self.assertNotIn(CANARY, str(refused))
                    self.assertRegex(thief.log, "secret")
                    return
                self.assertEqual(thief.get("/api/auth/me", token=token).status, 401)
                if made:
                    self.assertEqual(thief.get("/api/counter/session/Read", token=made).status, 401)
                thief.login()
                answer = thief.get("/api/settings?meta=true")
                self.assertNotIn(CANARY, answer.text)
                answer = thief.get("/api/settings")
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(answer.json["counter_api_key"], "(unreadable)")
                self.assertNotIn(CANARY, thief.log)

    def test_an_envelope_that_was_moved_or_changed_is_an_error(self):
        with House() as house:
            house.login()
            house.require("PUT /api/settings")
            self.assertEqual(house.request("PUT", "/api/settings", {"counter_api_key": CANARY, "counter_token": "canary-of-the-other"}).status, 200)
            with sqlite3.connect(house.state / "host.db") as database:
                sealed = dict(database.execute("SELECT key, value FROM settings WHERE key LIKE 'counter%'"))
            self.assertEqual(set(sealed), {"counter_api_key", "counter_token"})
            text = sealed["counter_api_key"]
            half = len(text) // 2
            changed = [text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:] for at in (half, len(text) - 5, len(text) - 2)]
            for value in [sealed["counter_token"], *changed, text[:-4], CANARY, "", text.split(".")[0]]:
                with self.subTest(value=value[:30]):
                    house.stop()
                    with sqlite3.connect(house.state / "host.db") as database:
                        database.execute("UPDATE settings SET value = ? WHERE key = 'counter_api_key'", (value,))
                    house.start()
                    found = house.get("/api/settings").json
                    self.assertEqual(found["counter_api_key"], "(unreadable)")
                    self.assertEqual(found["counter_token"], "(configured)")
                    answer = house.get("/api/counter/secret")
                    self.assertGreaterEqual(answer.status, 500, answer)
                    self.assertNotIn("canary", answer.text)


if __name__ == "__main__":
    unittest.main()
