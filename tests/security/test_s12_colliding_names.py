"""S12: names that are the same once trimmed, normalised and folded are one name: of several created or taken at the same
moment exactly one wins, and no login goes to another's account."""

import concurrent.futures
import unicodedata
import unittest

from house import House, PASSWORD

NAMES = {
    "case": ["Anna", "anna", "ANNA", "aNNa"],
    "space": ["berta", " berta", "berta ", "\tberta", "  Berta  "],
    "composition": [unicodedata.normalize("NFC", "Zoë"), unicodedata.normalize("NFD", "Zoë"), unicodedata.normalize("NFD", "ZOË")],
    "more than one letter": ["straße", "STRASSE", "strasse"],
    "Greek": ["Σίσυφος", "σίσυφοσ", "ΣΊΣΥΦΟΣ"],
}


class CollidingNamesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = cls.enterClassContext(House(with_own=False, plugins=()))
        cls.house.login()
        cls.house.require("POST /api/users", "PUT /api/users/{id}")

    def names(self):
        return [row["username"] for row in self.house.get("/api/users").json]

    def at_once(self, jobs):
        with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
            return [each.result() for each in [pool.submit(*job) for job in jobs]]

    def create(self, name):
        return self.house.post("/api/users", {"username": name, "password": PASSWORD})

    def test_created_at_once(self):
        for kind, names in NAMES.items():
            with self.subTest(kind=kind):
                before = len(self.names())
                answers = self.at_once([(self.create, name) for name in names * 2])
                statuses = [answer.status for answer in answers]
                self.assertEqual(statuses.count(201), 1, statuses)
                self.assertEqual(statuses.count(409), len(statuses) - 1, statuses)
                self.assertEqual(len(self.names()), before + 1)
                winner = next(answer.json for answer in answers if answer.status == 201)
                for name in names:  # every spelling is the one account
                    answer = self.house.post("/api/auth/login", {"username": name, "password": PASSWORD}, token=None)
                    self.assertEqual((answer.status, answer.json.get("user", {}).get("id")), (200, winner["id"]), name)

    def test_renamed_at_once(self):
        ids = [self.create(f"renamed{n}").json["id"] for n in range(4)]
        answers = self.at_once([(self.house.request, "PUT", f"/api/users/{id}", {"username": name}) for id, name in zip(ids, ["Carla", "carla", "CARLA", " carla "])])
        self.assertEqual(sorted(answer.status for answer in answers), [200, 409, 409, 409], [str(answer) for answer in answers])

    def test_created_and_renamed_at_once(self):
        ids = [self.create(f"changing{n}").json["id"] for n in range(3)]
        jobs = [(self.house.request, "PUT", f"/api/users/{id}", {"username": "Dora"}) for id in ids] + [(self.create, name) for name in ("dora", "DORA", " dora")]
        answers = self.at_once(jobs)
        self.assertEqual([answer.status in (200, 201) for answer in answers].count(True), 1, [str(answer) for answer in answers])
        self.assertEqual([name.strip().lower() for name in self.names()].count("dora"), 1)

    def test_the_first_administrator_is_not_shadowed(self):
        for name in ("admin", "Admin", " ADMIN ", "admin\t", "\u00a0admin", "admin\u200b", "ad\u00admin", "admin\0"):
            with self.subTest(name=name):
                self.assertIn(self.create(name).status, (400, 409))

    def test_a_name_of_a_deleted_user_revives_nothing(self):
        first = self.create("emma").json
        token = self.house.session("emma")
        self.assertEqual(self.house.request("DELETE", f"/api/users/{first['id']}").status, 200)
        second = self.create("Emma").json
        self.assertNotEqual(first["id"], second["id"])
        self.assertEqual(self.house.get("/api/auth/me", token=token).status, 401)
        if self.house.offers("POST", "/api/auth/recover"):
            body = {"username": "emma", "recoveryCode": first["recoveryCode"], "newPassword": "another password"}
            self.assertEqual(self.house.post("/api/auth/recover", body, token=None, source="127.0.13.1").status, 401)


class FirstLoginsTest(unittest.TestCase):
    def test_five_first_logins_at_once_make_one_administrator(self):
        names = ["Frieda", "frieda", "gerda", " FRIEDA", "hanna"]
        with House(with_own=False, plugins=()) as house:
            with concurrent.futures.ThreadPoolExecutor(5) as pool:
                answers = list(pool.map(lambda n: house.post("/api/auth/login", {"username": n, "password": PASSWORD}, token=None), names))
            self.assertEqual(sum(answer.status == 200 and answer.json["setup"] for answer in answers), 1, [str(a) for a in answers])
            self.assertLessEqual({answer.status for answer in answers}, {200, 401})
            self.assertEqual(len({answer.json["user"]["id"] for answer in answers if answer.status == 200}), 1)


if __name__ == "__main__":
    unittest.main()
