"""S4: whether a name has an account cannot be learned at the door: a login with an unknown name and one with a wrong
password have the same status, head, body and distribution of times, and recovering likewise. Times are compared with the
two-sample Kolmogorov-Smirnov test, written out below. 100 tries of each kind; TALOME_TEST_FULL=1: 1,000."""

import math
import random
import sqlite3
import time
import unittest

from house import FULL, House

TRIES = 1000 if FULL else 100
ALPHA = 0.001  # how often the test may fail by chance alone


def kolmogorov_smirnov(first, second) -> tuple[float, float]:
    """The greatest distance of the two empirical distribution functions, and how likely one at least as great is if
    both samples come from one distribution (asymptotic, with Stephens' correction for small samples)."""
    first, second = sorted(first), sorted(second)
    i = j = 0
    distance = 0.0
    while i < len(first) and j < len(second):
        value = min(first[i], second[j])
        while i < len(first) and first[i] <= value:
            i += 1
        while j < len(second) and second[j] <= value:
            j += 1
        distance = max(distance, abs(i / len(first) - j / len(second)))
    effective = math.sqrt(len(first) * len(second) / (len(first) + len(second)))
    x = (effective + 0.12 + 0.11 / effective) * distance
    if x < 0.2:
        return distance, 1.0
    return distance, min(1.0, max(0.0, 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 101))))


class KolmogorovSmirnovTest(unittest.TestCase):
    """The judge is judged first: values of the published table, and samples whose answer is known."""

    def test_known_values(self):
        self.assertEqual(kolmogorov_smirnov([1, 2, 3], [1, 2, 3]), (0.0, 1.0))
        self.assertEqual(kolmogorov_smirnov([1, 2, 3], [4, 5, 6])[0], 1.0)
        self.assertAlmostEqual(kolmogorov_smirnov([1, 2, 3, 4], [3, 4, 5, 6])[0], 0.5)
        # c(0.05) = 1.358: the distance at which a test at 5 % begins to refuse, for large samples.
        n = 20_000
        distance = 1.358 * math.sqrt(2 / n)
        moved = round(distance * n)
        self.assertAlmostEqual(kolmogorov_smirnov(range(n), range(moved, n + moved))[1], 0.05, delta=0.003)

    def test_it_sees_a_small_difference_and_only_that(self):
        source = random.Random(4)
        same = [[source.lognormvariate(0, 0.2) for _ in range(TRIES)] for _ in range(2)]
        self.assertGreater(kolmogorov_smirnov(*same)[1], ALPHA)
        other = [value * 1.2 for value in same[1]]  # a fifth slower, within the noise of each single one
        self.assertLess(kolmogorov_smirnov(same[0], other)[1], ALPHA)


class Enumeration(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = cls.enterClassContext(House(with_own=False, plugins=()))
        cls.house.login()
        cls.tries = 0

    def source(self):
        """Another address for every four tries: the limit on guessing must not be what is measured."""
        type(self).tries += 1
        number = self.tries // 4
        return f"127.20.{number // 250}.{number % 250 + 1}"

    def compare(self, path, bodies):
        """Tries the two bodies in random order, and compares all that a stranger sees."""
        order = [kind for kind in bodies for _ in range(TRIES)]
        random.Random(7).shuffle(order)
        for kind in bodies:  # whatever is made at the first try of its kind is made here
            self.house.post(path, bodies[kind](), token=None, source=self.source())
        times, seen = {kind: [] for kind in bodies}, {kind: set() for kind in bodies}
        for kind in order:
            body, source = bodies[kind](), self.source()
            begin = time.perf_counter()
            answer = self.house.post(path, body, token=None, source=source)
            times[kind].append(time.perf_counter() - begin)
            head = tuple(sorted((name, value) for name, value in answer.headers.items()
                                if name.lower() not in ("x-request-id", "date", "server-timing")))
            seen[kind].add((answer.status, answer.body, head))
        first, second = bodies
        self.assertEqual(len(seen[first]), 1, seen[first])
        self.assertEqual(seen[first], seen[second])
        self.assertEqual(next(iter(seen[first]))[0], 401)
        distance, likely = kolmogorov_smirnov(times[first], times[second])
        medians = {kind: round(1000 * sorted(of)[len(of) // 2], 2) for kind, of in times.items()}
        print(f"{path}: medians {medians} ms, distance {distance:.3f}, p {likely:.3f}")
        self.assertGreater(likely, ALPHA, medians)

    def test_login(self):
        self.compare("/api/auth/login", {
            "known": lambda: {"username": "admin", "password": "a wrong password"},
            "unknown": lambda: {"username": f"n{random.randrange(10**8)}", "password": "a wrong password"}})

    def test_recover(self):
        self.house.require("POST /api/auth/recover")
        more = {"recoveryCode": "A" * 24, "newPassword": "a new password"}
        self.compare("/api/auth/recover", {"known": lambda: {"username": "admin", **more},
                                           "unknown": lambda: {"username": f"n{random.randrange(10**8)}", **more}})

    def test_a_user_without_a_recovery_code(self):
        """As an import may leave one: it looks like one with a code, and like none."""
        self.house.require("POST /api/auth/recover")
        self.house.stop()
        with sqlite3.connect(self.house.state / "host.db") as database:
            was = database.execute("SELECT recovery_hash FROM users").fetchone()[0]
            database.execute("UPDATE users SET recovery_hash = NULL")
        self.house.start()
        try:
            more = {"recoveryCode": "A" * 24, "newPassword": "a new password"}
            self.compare("/api/auth/recover", {"without": lambda: {"username": "admin", **more}, "unknown": lambda: {"username": "nobody", **more}})
        finally:
            self.house.stop()
            with sqlite3.connect(self.house.state / "host.db") as database:
                database.execute("UPDATE users SET recovery_hash = ?", (was,))
            self.house.start()

    def test_the_limit_tells_nothing_either(self):
        seen = {}
        for number, name in enumerate(("admin", "nobody-of-that-name")):
            source, answers = f"127.21.0.{number + 1}", []
            for _ in range(7):
                answer = self.house.post("/api/auth/login", {"username": name, "password": "a wrong password"}, token=None, source=source)
                body = answer.json
                body.pop("retryAfter", None)
                answers.append((answer.status, "".join(c for c in body["error"] if not c.isdigit()), "Retry-After" in answer.headers))
            seen[name] = answers
        self.assertEqual(*seen.values())
        self.assertEqual([status for status, *_ in seen["admin"]], [401] * 5 + [429] * 2)

    def test_other_public_routes_name_nobody(self):
        for path in ("/api/auth/status", "/api/setup/status", "/api/health", "/healthz", "/readyz", "/metrics"):
            answer = self.house.get(path, token=None)
            self.assertNotIn(b"admin@", answer.body)
            self.assertNotRegex(answer.text, r'"(username|userId)"')


if __name__ == "__main__":
    unittest.main()
