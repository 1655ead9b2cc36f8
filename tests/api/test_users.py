"""Accounts for administrators: /api/users. Who may do what to whom, and that it is in force at once."""

import concurrent.futures
import json
import pathlib
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import PASSWORD, USERNAME, Talomed

UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


class Case(unittest.TestCase):
    plugins = "docker"  # it declares the flag `apps`

    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Talomed(plugins=cls.plugins))
        cls.talomed.login()
        cls.me = cls.talomed.get("/api/auth/me").json
        cls.flags = cls.me["permissions"]
        cls.number = 0

    def refused(self, answer, status, *words):
        self.assertEqual(answer.status, status, answer)
        self.assertIsInstance(answer.json["error"], str)
        for word in words:
            self.assertIn(word, answer.text)
        return answer

    def done(self, answer, status=200):
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def create(self, username=None, **more):
        type(self).number += 1
        body = {"username": username or f"user{self.number}", "password": "password of theirs", **more}
        return self.done(self.talomed.post("/api/users", body), 201)

    def enter(self, username, password="password of theirs", source="127.0.3.1"):
        return self.talomed.post("/api/auth/login", {"username": username, "password": password}, token=None, source=source)

    def member(self, **more):
        user = self.create(**more)
        user["token"] = self.done(self.enter(user["username"]))["token"]
        return user

    def put(self, path, body, token=None):
        return self.talomed.request("PUT", path, body, token or self.talomed.token)

    def delete(self, path, token=None):
        return self.talomed.request("DELETE", path, None, token or self.talomed.token)

    def row(self, user):
        return self.done(self.talomed.get(f"/api/users/{user['id']}"))


class ListTest(Case):
    def test_list(self):
        user = self.create(email="ann@example.org")
        answer = self.talomed.get("/api/users")
        rows = self.done(answer)
        self.assertEqual(answer.headers["X-Total-Count"], str(len(rows)))
        first = rows[0]
        self.assertEqual(set(first), {"id", "username", "email", "role", "permissions", "createdAt", "lastLoginAt"})
        self.assertEqual((first["id"], first["role"], first["email"]), (self.me["userId"], "admin", None))
        self.assertTrue(first["permissions"]["apps"])
        self.assertRegex(first["lastLoginAt"], r"^\d{4}-\d\d-\d\dT.*Z$")
        found = next(row for row in rows if row["id"] == user["id"])
        self.assertEqual((found["email"], found["role"], found["lastLoginAt"]), ("ann@example.org", "member", None))
        self.assertEqual(found, self.row(user))

    def test_no_secret_is_shown(self):
        self.create()
        for text in (self.talomed.get("/api/users").text, self.talomed.get(f"/api/users/{self.me['userId']}").text):
            for word in ("argon2", "Hash", "hash", "recovery"):
                self.assertNotIn(word, text)

    def test_unknown(self):
        self.refused(self.talomed.get("/api/users/nobody"), 404)


class CreateTest(Case):
    def test_create(self):
        found = self.create("  Bertha ", email="b@example.org", permissions={"apps": False})
        self.assertEqual(set(found), {"id", "username", "email", "role", "permissions", "recoveryCode", "createdAt"})
        self.assertRegex(found["id"], UUID)
        self.assertEqual((found["username"], found["email"], found["role"]), ("Bertha", "b@example.org", "member"))
        self.assertIs(found["permissions"]["apps"], False)
        self.assertRegex(found["recoveryCode"], r"^[A-Za-z0-9_-]{24}$")
        self.assertEqual(self.done(self.enter("bertha"))["user"]["id"], found["id"])

    def test_an_administrator(self):
        found = self.create(role="admin")
        self.assertTrue(all(found["permissions"].values()))
        token = self.done(self.enter(found["username"]))["token"]
        self.assertEqual(self.talomed.get("/api/users", token).status, 200)

    def test_wrong_fields(self):
        good = {"username": "charlotte", "password": "long enough"}
        for change, name in [({"username": "c"}, "username"), ({"username": " c  "}, "username"),
                             ({"username": "c" * 101}, "username"), ({"username": "c\u0000d"}, "username"),
                             ({"username": "c\u200bd"}, "username"), ({"username": "c\nd"}, "username"),
                             ({"password": "seven77"}, "password"),
                             ({"password": "p" * 501}, "password"), ({"email": "not an address"}, "email"),
                             ({"email": "a@" + "b" * 200}, "email"), ({"role": "owner"}, "role"),
                             ({"permissions": {"apps": "yes"}}, "permissions.apps"),
                             ({"permissions": ["apps"]}, "permissions"),
                             ({"permissions": {"flying": True}}, "permissions.flying"),
                             ({"role": "admin", "permissions": {"apps": True}}, "permissions"),
                             ({"id": "mine"}, "id"), ({"passwordHash": "x"}, "passwordHash")]:
            with self.subTest(change=change):
                answer = self.refused(self.talomed.post("/api/users", {**good, **change}), 400)
                self.assertIn(name, [row["path"] for row in answer.json.get("details", [])] or answer.text)
        for missing in good:
            self.refused(self.talomed.post("/api/users", {k: v for k, v in good.items() if k != missing}), 400, missing)
        self.assertEqual(self.enter("charlotte").status, 401)

    def test_taken(self):
        self.create("Zo\u00eb")
        for name in ("Zo\u00eb", "zo\u00eb", " ZO\u00cb ", "Zoe\u0308", "\uff3ao\u00eb"):  # composed, decomposed, full width
            with self.subTest(name=name):
                self.refused(self.talomed.post("/api/users", {"username": name, "password": PASSWORD}), 409)

    def test_s12_of_names_that_look_alike_one_wins(self):
        """S12: names that are one after normalisation, created at the same time."""
        for round in range(3):
            names = [f"fran\u00e7ois{round}", f"Franc\u0327ois{round}", f" FRAN\u00c7OIS{round}", f"fran\u00e7oi\u017f{round}",
                     f"\uff46ran\u00e7ois{round}", f"fran\u00e7ois{round} "]
            with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
                answers = list(pool.map(lambda n: self.talomed.post("/api/users", {"username": n, "password": PASSWORD}), names))
            self.assertEqual(sorted(a.status for a in answers), [201] + [409] * 5, [str(a) for a in answers])
            winner = next(a.json["id"] for a in answers if a.status == 201)
            for name in names:
                self.assertEqual(self.done(self.enter(name, PASSWORD))["user"]["id"], winner)

    def test_s3_equal_passwords_have_different_hashes(self):
        """S3: the database alone does not show who shares a password."""
        with Talomed(plugins="none") as talomed:
            talomed.login()
            for name in ("one", "two"):
                self.done(talomed.post("/api/users", {"username": name, "password": PASSWORD}), 201)
            talomed.stop()
            with sqlite3.connect(talomed.state / "host.db") as database:
                rows = database.execute("SELECT password_hash, recovery_hash FROM users").fetchall()
        hashes = [text for row in rows for text in row]
        self.assertEqual(len(set(hashes)), 6)
        for text in hashes:
            self.assertRegex(text, r"^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$")

    def test_outlives_a_restart(self):
        with Talomed(plugins=self.plugins) as talomed:
            talomed.login()
            made = self.done(talomed.post("/api/users", {"username": "dora", "password": PASSWORD, "permissions": {"apps": False},
                                                        "email": "d@example.org"}), 201)
            before = self.done(talomed.get(f"/api/users/{made['id']}"))
            talomed.kill9()
            talomed.start()
            self.assertEqual(self.done(talomed.get(f"/api/users/{made['id']}")), before)


class UpdateTest(Case):
    def test_name_and_address(self):
        user = self.create(email="old@example.org")
        self.assertEqual(self.done(self.put(f"/api/users/{user['id']}", {"username": " Newname ", "email": "new@example.org"})),
                         {"ok": True})
        found = self.row(user)
        self.assertEqual((found["username"], found["email"]), ("Newname", "new@example.org"))
        self.assertEqual(self.enter(user["username"]).status, 401)
        self.assertEqual(self.enter("newname").status, 200)
        self.done(self.put(f"/api/users/{user['id']}", {"email": None}))
        self.assertIsNone(self.row(user)["email"])
        self.assertEqual(self.row(user)["username"], "Newname")

    def test_a_freed_name_can_be_had(self):
        user = self.create("freed")
        self.done(self.put(f"/api/users/{user['id']}", {"username": "elsewhere"}))
        self.create("Freed")
        self.refused(self.put(f"/api/users/{user['id']}", {"username": "FREED"}), 409)
        self.done(self.put(f"/api/users/{user['id']}", {"username": "ELSEWHERE"}))  # its own, spelt otherwise

    def test_nothing_to_change(self):
        user = self.create()
        self.refused(self.put(f"/api/users/{user['id']}", {}), 400)

    def test_wrong_fields(self):
        user = self.create()
        for body in ({"email": "x"}, {"email": 7}, {"role": "owner"}, {"role": None}, {"username": "a"}, {"username": None},
                     {"permissions": {"flying": True}}, {"permissions": {"apps": 1}}, {"password": PASSWORD},
                     {"role": "admin", "permissions": {"apps": True}}):
            with self.subTest(body=body):
                self.refused(self.put(f"/api/users/{user['id']}", body), 400)
        self.refused(self.put("/api/users/nobody", {"role": "admin"}), 404)
        self.assertEqual(self.row(user)["role"], "member")

    def test_role(self):
        user = self.member(permissions={"apps": False})
        self.refused(self.talomed.get("/api/users", user["token"]), 403)
        self.done(self.put(f"/api/users/{user['id']}", {"role": "admin"}))
        self.assertEqual(self.talomed.get("/api/users", user["token"]).status, 200)  # the same token, at once
        self.assertTrue(self.row(user)["permissions"]["apps"])
        self.done(self.put(f"/api/users/{user['id']}", {"role": "member"}))
        self.refused(self.talomed.get("/api/users", user["token"]), 403)
        self.assertIs(self.row(user)["permissions"]["apps"], True)  # the default again, not what was before

    def test_permissions(self):
        user = self.member()
        self.assertEqual(self.row(user)["permissions"], {**self.flags, "apps": True})
        self.done(self.put(f"/api/users/{user['id']}", {"permissions": {"apps": False}}))
        self.assertIs(self.row(user)["permissions"]["apps"], False)
        self.refused(self.talomed.get("/api/containers", user["token"]), 403)
        self.assertIs(self.talomed.get("/api/auth/me", user["token"]).json["permissions"]["apps"], False)
        self.done(self.put(f"/api/users/{user['id']}/permissions", {"permissions": {"apps": True}}))
        self.assertNotEqual(self.talomed.get("/api/containers", user["token"]).status, 403)

    def test_permissions_of_an_administrator(self):
        user = self.create(role="admin")
        path = f"/api/users/{user['id']}"
        self.refused(self.put(path + "/permissions", {"permissions": {"apps": False}}), 400)
        self.refused(self.put(path, {"permissions": {"apps": False}}), 400)
        self.done(self.put(path, {"role": "member", "permissions": {"apps": False}}))
        self.assertIs(self.row(user)["permissions"]["apps"], False)

    def test_permissions_that_are_wrong(self):
        user = self.create()
        for body in ({}, {"permissions": None}, {"permissions": {"flying": True}}, {"permissions": {"apps": None}}):
            with self.subTest(body=body):
                self.refused(self.put(f"/api/users/{user['id']}/permissions", body), 400, "permissions")
        self.refused(self.put("/api/users/nobody/permissions", {"permissions": {"apps": True}}), 404)

    def test_many_at_once(self):
        members, admin = [self.create() for _ in range(2)], self.create(role="admin")
        ids = [user["id"] for user in members]
        body = {"userIds": [*ids, ids[0], admin["id"], "nobody"], "permissions": {"apps": False}}
        self.assertEqual(self.done(self.talomed.post("/api/users/bulk-permissions", body)), {"ok": True, "updated": 2})
        self.assertEqual([self.row(user)["permissions"]["apps"] for user in (*members, admin)], [False, False, True])
        for wrong in ({"userIds": []}, {"permissions": {"flying": True}}, {"userIds": "x"}):
            self.refused(self.talomed.post("/api/users/bulk-permissions", {**body, **wrong}), 400)

    def test_a_malformed_map_grants_nothing(self):
        with Talomed(plugins=self.plugins) as talomed:
            talomed.login()
            made = self.done(talomed.post("/api/users", {"username": "emma", "password": PASSWORD}), 201)
            for text in ("nonsense", '{"apps":"yes"}', "[]"):
                talomed.stop()
                with sqlite3.connect(talomed.state / "host.db") as database:
                    database.execute("UPDATE users SET permissions = ? WHERE id = ?", (text, made["id"]))
                database.close()
                talomed.start()
                path = f"/api/users/{made['id']}"
                self.assertFalse(any(talomed.get(path).json["permissions"].values()), text)
                talomed.post(path + "/recovery-code")  # a change of something else grants nothing either
                self.assertFalse(any(talomed.get(path).json["permissions"].values()), text)
            self.done(talomed.request("PUT", path, {"permissions": {"apps": True}}))
            self.assertTrue(talomed.get(path).json["permissions"]["apps"])


class EndTest(Case):
    def test_delete(self):
        user = self.member()
        self.assertEqual(self.done(self.delete(f"/api/users/{user['id']}")), {"ok": True})
        self.refused(self.talomed.get("/api/auth/me", user["token"]), 401)
        self.refused(self.enter(user["username"]), 401)
        self.refused(self.delete(f"/api/users/{user['id']}"), 404)
        self.refused(self.talomed.get(f"/api/users/{user['id']}"), 404)
        again = self.create(user["username"])  # S13: another one with its name is another one
        self.assertNotEqual(again["id"], user["id"])
        self.refused(self.talomed.get("/api/auth/me", user["token"]), 401)

    def test_not_oneself(self):
        self.refused(self.delete(f"/api/users/{self.me['userId']}"), 400)

    def test_reset_password(self):
        user = self.member()
        path = f"/api/users/{user['id']}/reset-password"
        self.refused(self.talomed.post(path, {"password": "seven77"}), 400, "password")
        self.refused(self.talomed.post("/api/users/nobody/reset-password", {"password": PASSWORD}), 404)
        self.assertEqual(self.done(self.talomed.post(path, {"password": "another password"})), {"ok": True})
        self.refused(self.talomed.get("/api/auth/me", user["token"]), 401)
        self.refused(self.enter(user["username"]), 401)
        self.assertEqual(self.enter(user["username"], "another password").status, 200)

    def test_reset_of_ones_own_password_keeps_this_session(self):
        user = self.member(role="admin")
        other = self.done(self.enter(user["username"]))["token"]
        self.done(self.talomed.post(f"/api/users/{user['id']}/reset-password", {"password": "another password"}, user["token"]))
        self.assertEqual(self.talomed.get("/api/auth/me", user["token"]).status, 200)
        self.refused(self.talomed.get("/api/auth/me", other), 401)

    def test_recovery_code(self):
        user = self.create()
        found = self.done(self.talomed.post(f"/api/users/{user['id']}/recovery-code"))
        self.assertIs(found["ok"], True)
        self.assertNotEqual(found["recoveryCode"], user["recoveryCode"])
        recover = {"username": user["username"], "newPassword": "another password"}
        self.refused(self.talomed.post("/api/auth/recover", {**recover, "recoveryCode": user["recoveryCode"]}, token=None), 401)
        self.done(self.talomed.post("/api/auth/recover", {**recover, "recoveryCode": found["recoveryCode"]}, token=None))
        self.refused(self.talomed.post("/api/users/nobody/recovery-code"), 404)

    def test_revoke_sessions(self):
        user = self.member()
        other = self.done(self.enter(user["username"]))["token"]
        path = f"/api/users/{user['id']}/sessions/revoke"
        self.assertEqual(self.done(self.talomed.post(path)), {"ok": True, "revoked": 2})
        for token in (user["token"], other):
            self.refused(self.talomed.get("/api/auth/me", token), 401)
        self.assertEqual(self.done(self.talomed.post(path)), {"ok": True, "revoked": 0})
        self.refused(self.talomed.post("/api/users/nobody/sessions/revoke"), 404)


class LastAdminTest(Case):
    plugins = "none"

    def setUp(self):
        self.own = self.enterContext(Talomed(plugins="none"))
        self.own.login()
        self.admin = self.own.get("/api/auth/me").json["userId"]

    def second(self, name="second"):
        found = self.done(self.own.post("/api/users", {"username": name, "password": PASSWORD, "role": "admin"}), 201)
        token = self.own.post("/api/auth/login", {"username": name, "password": PASSWORD}, token=None).json["token"]
        return found["id"], token

    def test_cannot_be_demoted(self):
        self.refused(self.own.request("PUT", f"/api/users/{self.admin}", {"role": "member"}), 409, "last administrator")
        other, _ = self.second()
        self.done(self.own.request("PUT", f"/api/users/{self.admin}", {"role": "member"}))
        self.refused(self.own.get("/api/users"), 403)
        self.assertEqual(self.own.get("/api/auth/me").json["role"], "member")

    def test_two_who_demote_each_other(self):
        for round in range(5):
            with self.subTest(round=round), Talomed(plugins="none") as self.own:
                self.own.login()
                self.admin = self.own.get("/api/auth/me").json["userId"]
                other, token = self.second()
                with concurrent.futures.ThreadPoolExecutor(2) as pool:
                    tries = [pool.submit(self.own.request, "PUT", f"/api/users/{other}", {"role": "member"}),
                             pool.submit(self.own.request, "PUT", f"/api/users/{self.admin}", {"role": "member"}, token)]
                    statuses = sorted(each.result().status for each in tries)
                self.assertEqual(statuses[0], 200, statuses)
                self.assertIn(statuses[1], (403, 409))

    def test_two_who_delete_each_other(self):
        for round in range(5):
            with self.subTest(round=round), Talomed(plugins="none") as self.own:
                self.own.login()
                self.admin = self.own.get("/api/auth/me").json["userId"]
                other, token = self.second()
                with concurrent.futures.ThreadPoolExecutor(2) as pool:
                    tries = [pool.submit(self.own.request, "DELETE", f"/api/users/{other}"),
                             pool.submit(self.own.request, "DELETE", f"/api/users/{self.admin}", None, token)]
                    statuses = sorted(each.result().status for each in tries)
                self.assertEqual(statuses[0], 200, statuses)
                self.assertIn(statuses[1], (401, 403, 409))


class WhoTest(Case):
    def test_only_administrators(self):
        user = self.member()
        path = f"/api/users/{user['id']}"
        calls = [("GET", "/api/users", None), ("GET", path, None), ("DELETE", path, None),
                 ("POST", "/api/users", {"username": "someone", "password": PASSWORD}), ("PUT", path, {"role": "admin"}),
                 ("POST", path + "/reset-password", {"password": PASSWORD}), ("POST", path + "/recovery-code", None),
                 ("PUT", path + "/permissions", {"permissions": {"apps": True}}), ("POST", path + "/sessions/revoke", None),
                 ("POST", "/api/users/bulk-permissions", {"userIds": [user["id"]], "permissions": {"apps": True}})]
        for method, where, body in calls:
            with self.subTest(call=f"{method} {where}"):
                self.refused(self.talomed.request(method, where, body, user["token"]), 403)
                self.refused(self.talomed.request(method, where, body, None), 401)
        self.assertEqual(self.row(user)["role"], "member")

    def test_no_password_is_logged(self):
        user = self.create(password="a canary for the log 1")
        self.talomed.post(f"/api/users/{user['id']}/reset-password", {"password": "a canary for the log 2"})
        self.talomed.post("/api/auth/recover", {"username": user["username"], "recoveryCode": user["recoveryCode"],
                                                "newPassword": "a canary for the log 3"}, token=None)
        self.assertIn("users.resetPassword", self.talomed.log)
        for text in ("a canary for the log", user["recoveryCode"]):
            self.assertNotIn(text, self.talomed.log)

    def test_secrets_are_marked(self):
        """What an audit row must not show says so in the document, which is made from the same declaration."""
        document = self.talomed.get("/api/openapi.json").json
        for path, names in (("/api/users", ["password"]), ("/api/users/{id}/reset-password", ["password"]),
                            ("/api/auth/login", ["password", "setupCode"]), ("/api/auth/recover", ["recoveryCode", "newPassword"]),
                            ("/api/auth/change-password", ["currentPassword", "newPassword"]),
                            ("/api/setup/init", ["password", "setupCode"])):
            body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
            for name in names:
                self.assertIs(body["properties"][name].get("writeOnly"), True, (path, name, json.dumps(body)))


if __name__ == "__main__":
    unittest.main()
