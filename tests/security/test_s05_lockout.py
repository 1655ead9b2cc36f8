"""S5: the limit on guessing is of one account at one address. Bad logins as A, 600 (TALOME_TEST_FULL=1: 10,000), never
keep B out and hardly slow B down, from another address or from A's own; A's further tries are refused without a hash."""

import concurrent.futures
import http.client
import json
import statistics
import time
import unittest

from house import FULL, House, PASSWORD, SANITIZED, USERNAME, wait_until

TRIES = 10_000 if FULL else 600
BAD = {"username": "somebody-else", "password": "a wrong password"}


def fail(port, tries, source, body=None):
    """Bad logins on one connection after the other; the statuses."""
    statuses = []
    data = json.dumps(body or BAD)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(source, 0))
    for _ in range(tries):
        connection.request("POST", "/api/auth/login", data, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    return statuses


class LockoutTest(unittest.TestCase):
    def setUp(self):
        self.house = self.enterContext(House(with_own=False, plugins=()))
        self.house.login()

    def good(self, source):
        begin = time.perf_counter()
        answer = self.house.post("/api/auth/login", {"username": USERNAME, "password": PASSWORD}, token=None, source=source)
        self.assertEqual(answer.status, 200, answer)
        return time.perf_counter() - begin

    def watch(self, attack, source):
        """B's logins before and during the attack: how long they took, and what the attack was answered."""
        idle = [self.good(source) for _ in range(10)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            running = [pool.submit(*each) for each in attack]
            meanwhile = []
            while not all(each.done() for each in running) or len(meanwhile) < 3:
                meanwhile.append(self.good(source))
            statuses = [status for each in running for status in each.result()]
        self.assertLess(statistics.median(meanwhile), 5 * statistics.median(idle) + 0.1 * SANITIZED)
        self.assertLess(max(meanwhile), 20 * statistics.median(idle) + 1)
        return statuses

    def test_from_one_address(self):
        for source in ("127.0.6.2", "127.0.6.1"):  # another's, and the attacker's own
            with self.subTest(source=source):
                statuses = self.watch([(fail, self.house.port, TRIES // 4, "127.0.6.1")] * 4, source)
                self.assertLessEqual(statuses.count(401), 5)
                self.assertGreaterEqual(statuses.count(429), TRIES - 5 - statuses.count(503))
                self.assertLessEqual(set(statuses), {401, 429, 503})

    def test_from_many_addresses(self):
        """Each has five tries, and each of them costs a hash; B comes to its turn nevertheless."""
        attack = [(fail, self.house.port, 8, f"127.0.7.{number + 1}") for number in range(40 if FULL else 12)]
        statuses = self.watch(attack, "127.0.6.3")
        self.assertGreater(statuses.count(401), 5)
        self.assertGreater(statuses.count(429), 5)

    def test_the_account_itself_is_not_shut(self):
        """Nobody shuts B out by failing as B from elsewhere."""
        statuses = fail(self.house.port, 40, "127.0.8.1", {"username": USERNAME, "password": "a wrong password"})
        self.assertEqual(statuses[:5] + [statuses[-1]], [401] * 5 + [429])
        self.assertLess(self.good("127.0.8.2"), 2 * SANITIZED)
        self.assertEqual(self.house.get("/api/auth/me", source="127.0.8.1").status, 200)

    def test_many_names_from_one_address_meet_a_wider_bound(self):
        """Ten times as many failures, over all accounts."""
        begin = self.house.log.count("\n")
        statuses = []
        for number in range(70):
            statuses += fail(self.house.port, 1, "127.0.9.1", {"username": f"name{number}", "password": "a wrong password"})
        self.assertIn(429, statuses, "the wider bound of an address")
        self.assertLessEqual(statuses.count(401), 50)
        self.assertGreater(self.house.log.count("\n"), begin)
        self.assertLess(self.good("127.0.9.2"), 2 * SANITIZED)

    def test_recovering_counts_too(self):
        self.house.require("POST /api/auth/recover")
        body = {"username": USERNAME, "recoveryCode": "B" * 24, "newPassword": "a new password"}
        statuses = [self.house.post("/api/auth/recover", body, token=None, source="127.0.10.1").status for _ in range(7)]
        self.assertEqual(statuses, [401] * 5 + [429] * 2)
        self.assertEqual(self.house.post("/api/auth/recover", body, token=None, source="127.0.10.2").status, 401)

    def test_changing_a_password_counts_too(self):
        self.house.require("POST /api/auth/change-password")
        body = {"currentPassword": "a wrong password", "newPassword": "a new password"}
        statuses = [self.house.post("/api/auth/change-password", body, source="127.0.11.1").status for _ in range(7)]
        self.assertEqual(statuses, [401] * 5 + [429] * 2)

    def test_the_time_to_wait_is_told(self):
        fail(self.house.port, 5, "127.0.12.1")
        answer = self.house.post("/api/auth/login", BAD, token=None, source="127.0.12.1")
        self.assertEqual(answer.status, 429)
        self.assertTrue(0 < int(answer.headers["Retry-After"]) <= 900)
        self.assertEqual(answer.json["retryAfter"], int(answer.headers["Retry-After"]))


if __name__ == "__main__":
    unittest.main()
