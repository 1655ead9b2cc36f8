"""S2: each installation has a secret of its own, of 256 bits and readable by its owner alone; and no token passes that
was not signed under it by this server: not without an algorithm, with another one, under a key that somebody may know,
expired, revoked, or from another installation."""

import base64
import itertools
import json
import re
import sqlite3
import stat
import unittest

from house import House, Talomed
from support import jwt

KNOWN = (b"", b"talome", b"casaos", b"token", b"secret", b"changeme", b"JWT_SECRET", b"\0", b"\0" * 32, b"null", b"your-256-bit-secret")


class SecretsTest(unittest.TestCase):
    def test_two_installations(self):
        secrets, tokens = [], []
        for _ in range(2):
            with Talomed(plugins="none", env={"TALOME_SECRET": None}) as talomed:
                tokens.append(talomed.login())
                file = talomed.state / "talome.secret"
                self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
                self.assertEqual(stat.S_IMODE(talomed.state.stat().st_mode) & 0o077, 0)
                secrets.append(file.read_text().strip())
                first = talomed.state / "host.db"
                self.assertEqual(stat.S_IMODE(first.stat().st_mode) & 0o077, 0)
                talomed.restart()
                self.assertEqual(file.read_text().strip(), secrets[-1])
                self.assertEqual(talomed.get("/api/auth/me").status, 200)
                self.assertNotIn(secrets[-1], talomed.log)
        for secret in secrets:
            self.assertRegex(secret, "^[0-9a-f]{64}$")
            self.assertGreater(len(set(bytes.fromhex(secret))), 16)
        self.assertNotEqual(*secrets)
        self.assertNotEqual(*[token.split(".")[2] for token in tokens])


class TokensTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = cls.enterClassContext(House(with_own=False))
        cls.token = cls.house.login()
        cls.secret = (cls.house.state / "talome.secret").read_text().strip()
        cls.header, cls.claims, cls.signature = jwt.parts(cls.token)

    def tearDown(self):
        self.assertEqual(self.house.get("/api/plugins").status, 200)  # the true one still opens

    def dead(self, token, doors=("/api/plugins",)):
        for path in doors:
            for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"talome_session={token}"}):
                answer = self.house.get(path, token=None, headers=headers)
                self.assertEqual(answer.status, 401, (path, headers, answer))

    def test_no_algorithm(self):
        for name in ("none", "None", "NONE", "nOnE", "", "null", " none", "none "):
            for tail in ("", self.signature):
                with self.subTest(alg=name, tail=tail):
                    self.dead(jwt.unsigned(self.claims, name) + tail)
        for header in ({}, {"typ": "JWT"}, {"alg": None}, {"alg": ["HS256"]}, {"alg": 256}, {"alg": {"name": "none"}}):
            with self.subTest(header=header):
                text = jwt.encode(json.dumps(header).encode())
                self.dead(f"{text}.{self.token.split('.', 1)[1]}")
                self.dead(f"{text}.{self.token.split('.')[1]}.")

    def test_other_algorithms(self):
        """Also signed with what somebody could take for the public key of an asymmetric algorithm (RS/HS confusion)."""
        for name, key in itertools.product(("HS384", "HS512", "RS256", "RS512", "ES256", "PS256", "EdDSA", "A256GCM"),
                                           (bytes.fromhex(self.secret), self.secret.encode(), b"-----BEGIN PUBLIC KEY-----\n")):
            with self.subTest(alg=name):
                self.dead(jwt.sign({"alg": name, "typ": "JWT"}, self.claims, key))
        self.dead(f"{jwt.encode(json.dumps({'alg': 'RS256', 'typ': 'JWT'}).encode())}.{self.token.split('.', 1)[1]}")

    def test_header_that_brings_its_key(self):
        key = b"k" * 32
        for extra in ({"jwk": {"kty": "oct", "k": jwt.encode(key)}}, {"jku": "http://127.0.0.1:1/keys"}, {"kid": "../../../../dev/null"},
                      {"x5u": "http://127.0.0.1:1/"}, {"crit": ["exp"]}):
            with self.subTest(extra=extra):
                self.dead(jwt.sign({"alg": "HS256", "typ": "JWT", **extra}, self.claims, key))
                self.dead(jwt.sign({"alg": "HS256", "typ": "JWT", **extra}, self.claims, b""))

    def test_keys_that_somebody_may_know(self):
        """The secret itself is among them: sessions are signed under a key that is derived from it."""
        own = (self.secret.encode(), bytes.fromhex(self.secret), base64.b64encode(bytes.fromhex(self.secret)), self.secret.upper().encode(),
               self.secret.encode() + b"\n", self.claims["sub"].encode(), self.claims["jti"].encode(), b"talome sessions", b"talome api tokens")
        for key in (*KNOWN, *own):
            with self.subTest(key=key[:20]):
                self.dead(jwt.sign(self.header, self.claims, key))

    def test_changed_claims(self):
        header, _, signature = self.token.split(".")
        for change in ({"sub": "00000000-0000-4000-8000-000000000000"}, {"exp": self.claims["exp"] + 1}, {"jti": "x"}, {"role": "admin"}, {"iat": 0}):
            with self.subTest(change=change):
                self.dead(f"{header}.{jwt.encode(json.dumps({**self.claims, **change}).encode())}.{signature}")

    def test_signature_bits(self):
        header, claims, signature = self.token.split(".")
        raw = jwt.decode(signature)
        for at in range(0, len(raw), 3):
            changed = bytes(byte ^ (1 if number == at else 0) for number, byte in enumerate(raw))
            self.dead(f"{header}.{claims}.{jwt.encode(changed)}")
        for cut in (raw[:-1], raw + b"\0", raw[:16], b""):
            self.dead(f"{header}.{claims}.{jwt.encode(cut)}")

    def test_revoked_and_expired(self):
        revoked = self.house.post("/api/auth/login", {"username": "admin", "password": "correct horse battery staple"}, token=None).json["token"]
        self.assertEqual(self.house.post("/api/auth/logout", token=revoked).status, 200)
        self.dead(revoked)
        with House(with_own=False, plugins=()) as house:
            token = house.login()
            jti = jwt.parts(token)[1]["jti"]
            house.stop()
            with sqlite3.connect(house.state / "host.db") as database:  # the clock cannot be moved, so the row is
                self.assertEqual(database.execute("UPDATE sessions SET created_at = 1, last_seen_at = 1 WHERE id = ?", (jti,)).rowcount, 1)
            house.start()
            self.assertEqual(house.get("/api/plugins", token=token).status, 401)

    def test_another_installation(self):
        with Talomed(plugins="none") as other:
            self.dead(other.login())

    def test_tokens_that_are_no_sessions(self):
        for token in ("tlm_", "tlm_" + "A" * 43, "tlm_" + self.token, "tlm_null", "tlm_%", "tlm_" + "A" * 4000, "TLM_" + "A" * 43):
            with self.subTest(token=token[:20]):
                self.dead(token)

    def test_the_setup_code_is_of_this_start(self):
        codes = set()
        for _ in range(3):
            with Talomed(plugins="none") as talomed:
                codes.add(re.search(r"setup code ([A-Za-z0-9_-]+)\)", talomed.log)[1])
        self.assertEqual(len(codes), 3)
        self.assertTrue(all(len(code) >= 12 for code in codes), codes)


if __name__ == "__main__":
    unittest.main()
