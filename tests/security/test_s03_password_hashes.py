"""S3: whoever takes the database learns no password and not even whose are equal: Argon2id, each with a salt of its own,
at no less than the parameters of the OWASP Password Storage Cheat Sheet."""

import re
import sqlite3
import unittest

from house import House, PASSWORD, Talomed

HASH = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$")


def rows(state, sql):
    with sqlite3.connect(state / "host.db") as database:
        return database.execute(sql).fetchall()


class Case(unittest.TestCase):
    def check(self, hashes):
        salts = set()
        for text in hashes:
            found = HASH.match(text)
            self.assertIsNotNone(found, text[:20])
            memory, passes, lanes = map(int, found.groups()[:3])
            self.assertGreaterEqual(memory * passes, 19_456 * 2)
            self.assertGreaterEqual(lanes, 1)
            self.assertGreaterEqual(len(found[4]), 22)  # 16 bytes
            self.assertGreaterEqual(len(found[5]), 43)  # 32 bytes
            salts.add(found[4])
        self.assertEqual(len(salts), len(hashes), "each has a salt of its own")
        self.assertEqual(len(set(hashes)), len(hashes))


class HashesTest(Case):
    def test_equal_passwords_of_two_installations(self):
        hashes = []
        for _ in range(2):
            with Talomed(plugins="none") as talomed:
                talomed.login()
                talomed.stop()
                hashes += [text for row in rows(talomed.state, "SELECT password_hash, recovery_hash FROM users") for text in row]
        self.assertEqual(len(hashes), 4)
        self.check(hashes)

    def test_equal_passwords_of_several_users(self):
        with House(with_own=False, plugins=()) as house:
            house.login()
            house.require("POST /api/users", "POST /api/auth/change-password")
            codes = [house.create_user(f"user{n}")["recoveryCode"] for n in range(4)]
            self.assertEqual(len(set(codes)), 4)
            token = house.session("user3")
            before = dict(rows(house.state, "SELECT username, password_hash FROM users"))
            answer = house.request("POST", "/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": PASSWORD}, token=token)
            if answer.status == 200:  # the same password again has another hash
                self.assertNotEqual(dict(rows(house.state, "SELECT username, password_hash FROM users"))["user3"], before["user3"])
            house.stop()
            found = rows(house.state, "SELECT password_hash, recovery_hash FROM users")
            self.check([text for row in found for text in row if text])
            for file in house.state.rglob("*"):
                if file.is_file():
                    for secret in (PASSWORD, *codes):
                        self.assertNotIn(secret.encode(), file.read_bytes(), file.name)


if __name__ == "__main__":
    unittest.main()
