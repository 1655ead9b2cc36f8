"""/api/settings, from its specification: many keys at once or none, secrets, history, environment, owners who refuse."""

import base64
import json
import pathlib
import sqlite3
import sys
import threading
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build, wait_until

PLUGINS = [build() / "tests/plugins/keeper"]


def keeper(**env):
    return Talomed(plugins="keeper", plugin_dirs=PLUGINS, env=env)


def canary():
    return f"canary-{uuid.uuid4()}"


class Case(unittest.TestCase):
    def setUp(self):
        self.talomed = self.enterContext(keeper())
        self.talomed.login()

    def ok(self, answer, status=200):
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def refused(self, answer, status, *words):
        self.assertEqual(answer.status, status, answer)
        self.assertIsInstance(answer.json["error"], str)
        for word in words:
            self.assertIn(word, answer.json["error"])
        return answer.json

    def values(self, query=""):
        return self.ok(self.talomed.get("/api/settings" + query))

    def put(self, **values):
        return self.send(values)

    def send(self, body, **options):
        return self.talomed.request("PUT", "/api/settings", body, **options)

    def history(self, query=""):
        return self.ok(self.talomed.get("/api/settings/history" + query))

    def seen(self, key):
        """As its owner sees it."""
        return self.ok(self.talomed.get(f"/api/keeper/values/{key}"))

    def me(self):
        return self.talomed.get("/api/auth/me").json["userId"]


class ReadTest(Case):
    def test_every_value_is_text(self):
        values = self.values()
        self.assertTrue(all(isinstance(value, str) for value in values.values()), values)
        self.assertEqual(values["security_mode"], "cautious")
        self.assertEqual({key: value for key, value in values.items() if key.startswith("keeper_")},
                         {"keeper_name": "Hello", "keeper_count": "3", "keeper_flag": "false", "keeper_list": "[]",
                          "keeper_limit": "", "keeper_mode": "low", "keeper_root": "/srv", "keeper_token": "",
                          "keeper_key": ""})

    def test_only_some(self):
        self.assertEqual(self.values("?keys=keeper_name,security_mode"), {"keeper_name": "Hello", "security_mode": "cautious"})
        self.refused(self.talomed.get("/api/settings?keys=keeper_name,keeper_nam"), 400, "keeper_nam'")

    def test_with_everything_that_is_known(self):
        self.ok(self.put(keeper_count=5, keeper_token="hush"))
        all_ = self.values("?meta=true")
        count = all_["keeper_count"]
        self.assertRegex(count.pop("changedAt"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(count, {"value": 5, "default": 3, "configured": True, "source": "stored", "secret": False,
                                 "unreadable": False, "owner": "keeper", "environment": None})
        self.assertEqual(all_["keeper_token"]["value"], "(configured)")
        self.assertIs(all_["keeper_token"]["secret"], True)
        self.assertIs(all_["keeper_token"]["configured"], True)
        self.assertEqual(all_["keeper_key"]["value"], "")
        self.assertIs(all_["keeper_key"]["configured"], False)
        self.assertEqual(all_["keeper_limit"]["value"], None)
        self.assertEqual(all_["keeper_limit"]["source"], "default")
        self.assertIsNone(all_["keeper_limit"]["changedAt"])
        self.assertEqual(all_["security_mode"]["owner"], "host")
        self.assertEqual(set(self.values("?keys=keeper_name&meta=true")), {"keeper_name"})

    def test_schema(self):
        rows = self.ok(self.talomed.get("/api/settings/schema"))
        self.assertEqual(set(rows), set(self.values()))
        count, mode, token, root = (rows[f"keeper_{name}"] for name in ("count", "mode", "token", "root"))
        self.assertEqual((count["type"], count["default"], count["secret"], count["restartRequired"]),
                         ("integer", 3, False, False))
        self.assertEqual(count["schema"]["maximum"], 9)
        self.assertEqual(mode["enum"], ["none", "low", "high"])
        self.assertIs(token["secret"], True)
        self.assertEqual(token["environment"], "KEEPER_TOKEN")
        self.assertIs(root["restartRequired"], True)
        self.assertTrue(all(row["description"] for row in rows.values()))

    def test_reading_asks_no_plugin(self):
        self.ok(self.talomed.get("/api/settings?meta=true"))
        self.ok(self.talomed.get("/api/settings/schema"))
        self.ok(self.talomed.get("/api/settings/history"))
        self.ok(self.talomed.get("/api/settings/export-config"))
        self.assertEqual(self.ok(self.talomed.get("/api/keeper/heard")), {"asked": [], "told": []})

    def test_who_may(self):
        for method, path in (("GET", "/api/settings"), ("PUT", "/api/settings"), ("POST", "/api/settings"),
                             ("GET", "/api/settings/history"), ("GET", "/api/settings/schema"),
                             ("GET", "/api/settings/export-config"), ("POST", "/api/settings/import-config"),
                             ("POST", "/api/settings/keeper_name/revert")):
            with self.subTest(route=f"{method} {path}"):
                body = {} if method != "GET" else None
                self.refused(self.talomed.request(method, path, body, token=None), 401)

    def test_tokens_reach_as_far_as_their_scope(self):
        made = {scope: self.ok(self.talomed.post("/api/auth/tokens", {"name": scope, "scope": scope}), 201)["token"]
                for scope in ("read", "modify")}
        self.ok(self.talomed.get("/api/settings", token=made["read"]))
        self.refused(self.send({"keeper_count": 5}, token=made["read"]), 403)
        self.refused(self.talomed.post("/api/settings/keeper_count/revert", {}, token=made["read"]), 403)
        self.ok(self.send({"keeper_count": 5}, token=made["modify"]))
        self.assertEqual(self.history()[0]["changedBy"], self.me())

    def test_document(self):
        paths = self.ok(self.talomed.get("/api/openapi.json"))["paths"]
        for method in ("put", "post"):
            body = paths["/api/settings"][method]["requestBody"]["content"]["application/json"]["schema"]
            self.assertEqual(body["type"], "object")
            self.assertEqual(body["additionalProperties"], {})
        for path in ("/api/settings/history", "/api/settings/schema", "/api/settings/export-config"):
            self.assertIn("get", paths[path])
        self.assertEqual(paths["/api/settings/{key}/revert"]["post"]["parameters"][0]["name"], "key")


class ChangeTest(Case):
    def test_typed_and_as_text(self):
        answer = self.ok(self.put(keeper_count=5, keeper_flag=True, keeper_list=["a", "b"], keeper_limit=1.5,
                                  keeper_name="Ann"))
        self.assertEqual(answer, {"ok": True, "updated": ["keeper_count", "keeper_flag", "keeper_limit", "keeper_list",
                                                          "keeper_name"]})
        self.assertEqual(self.seen("keeper_list"), ["a", "b"])
        self.ok(self.put(keeper_count="7", keeper_flag="false", keeper_list='["c"]', keeper_limit="2", keeper_name="8"))
        self.assertEqual([self.seen(f"keeper_{name}") for name in ("count", "flag", "list", "limit", "name")],
                         [7, False, ["c"], 2, "8"])
        values = self.values()
        self.assertEqual([values[f"keeper_{name}"] for name in ("count", "flag", "list")], ["7", "false", '["c"]'])

    def test_post_does_the_same(self):
        answer = self.ok(self.talomed.post("/api/settings", {"keeper_count": "4"}))
        self.assertEqual(answer, {"ok": True, "updated": ["keeper_count"]})
        self.assertEqual(self.seen("keeper_count"), 4)

    def test_survives_a_restart(self):
        self.ok(self.put(keeper_count=6, keeper_token="hush", keeper_name="Bert"))
        self.talomed.restart()
        self.assertEqual([self.seen(f"keeper_{name}") for name in ("count", "token", "name")], [6, "hush", "Bert"])

    def test_null_goes_back_to_the_default(self):
        self.ok(self.put(keeper_count=6, keeper_token="hush"))
        self.assertEqual(self.ok(self.put(keeper_count=None, keeper_token=None))["updated"], ["keeper_count", "keeper_token"])
        self.assertEqual(self.seen("keeper_count"), 3)
        self.assertEqual(self.values()["keeper_token"], "")
        detail = self.values("?keys=keeper_count&meta=true")["keeper_count"]
        self.assertEqual((detail["source"], detail["configured"]), ("default", False))
        self.ok(self.put(keeper_count=None))  # once more is no error

    def test_empty_text_changes_nothing(self):
        self.ok(self.put(keeper_name="Ann", keeper_token="hush"))
        self.assertEqual(self.ok(self.put(keeper_name="", keeper_token="", keeper_count=""))["updated"], [])
        self.assertEqual((self.seen("keeper_name"), self.seen("keeper_token")), ("Ann", "hush"))
        self.assertEqual(self.ok(self.put()), {"ok": True, "updated": []})

    def test_what_was_shown_instead_of_a_secret_changes_nothing(self):
        self.ok(self.put(keeper_token="hush"))
        self.assertEqual(self.ok(self.put(keeper_token="(configured)", keeper_key="(configured)"))["updated"], [])
        self.assertEqual((self.seen("keeper_token"), self.seen("keeper_key")), ("hush", ""))
        self.ok(self.put(keeper_name="(configured)"))  # which is a text like any other where nothing is hidden
        self.assertEqual(self.seen("keeper_name"), "(configured)")

    def test_giving_back_all_that_was_read(self):
        self.ok(self.put(keeper_token="hush", keeper_count=4))
        before = self.values()
        self.ok(self.send({k: v for k, v in before.items() if k.startswith("keeper_")}))
        self.assertEqual(self.values(), before)
        self.assertEqual(self.seen("keeper_token"), "hush")

    def test_all_or_nothing(self):
        for wrong in ({"keeper_count": 10}, {"keeper_cuont": 1}, {"keeper_mode": "medium"}, {"keeper_flag": "maybe"},
                      {"keeper_list": "a,b"}, {"keeper_list": [1]}, {"keeper_name": 5}, {"keeper_limit": "many"},
                      {"keeper_name": "forbidden"}, {"keeper_name": "taken"}, {"keeper_key": "x" * 101}):
            with self.subTest(wrong=wrong):
                answer = self.put(**{"keeper_root": "/mnt", "security_mode": "locked", **wrong})
                self.assertIn(answer.status, (400, 409), answer)
                values = self.values()
                self.assertEqual((values["keeper_root"], values["security_mode"]), ("/srv", "cautious"))
        self.assertEqual(self.history(), [])
        self.assertEqual(self.ok(self.talomed.get("/api/keeper/heard"))["told"], [])

    def test_everything_wrong_is_named(self):
        error = self.refused(self.put(keeper_count=10, keeper_list=["a", 1], keeper_mode="medium", keeper_name="fine"), 400)
        self.assertEqual({detail["path"] for detail in error["details"]}, {"keeper_count", "keeper_list[1]", "keeper_mode"})
        self.assertIn({"path": "keeper_count", "message": "must be from 1 to 9"}, error["details"])
        error = self.refused(self.put(keeper_cuont=1, admin_password_hash="x", keeper_name="fine"), 400)
        self.assertEqual({detail["path"] for detail in error["details"]}, {"keeper_cuont", "admin_password_hash"})

    def test_too_many(self):
        self.refused(self.put(**{f"keeper_{n}": 1 for n in range(51)}), 400, "50")

    def test_bodies_that_are_no_map(self):
        for body in ([], "text", 5, None):
            answer = self.send(body)
            if body is not None:
                self.refused(answer, 400)
        raw = b'{"keeper_count": 4, "keeper_count": 5}'
        self.refused(self.send(raw, headers={"Content-Type": "application/json"}), 400, "twice")

    def test_a_secret_is_in_no_error(self):
        secret = canary() * 4
        answer = self.refused(self.put(keeper_key=secret, keeper_count="x"), 400, "keeper_key")
        self.assertNotIn("canary", json.dumps(answer))

    def test_changes_at_the_same_time(self):
        """Each is whole: never the count of one beside the name of another."""
        def change(number):
            for _ in range(10):
                self.ok(self.put(keeper_count=number, keeper_name=f"n{number}", keeper_token=f"t{number}"))

        threads = [threading.Thread(target=change, args=(n,)) for n in range(1, 7)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        count = self.seen("keeper_count")
        self.assertEqual((self.seen("keeper_name"), self.seen("keeper_token")), (f"n{count}", f"t{count}"))
        previous = {}
        for row in reversed(self.history("?limit=500")):  # each begins where the one before it ended
            self.assertEqual(row["previousValue"], previous.get(row["key"]), row)
            previous[row["key"]] = row["newValue"]


class OwnerTest(Case):
    def heard(self):
        return self.ok(self.talomed.get("/api/keeper/heard"))

    def test_is_asked_before_and_told_after(self):
        self.ok(self.put(keeper_count="5", keeper_name="Ann", security_mode="locked"))
        self.assertEqual(self.heard()["asked"], [{"key": "keeper_count", "value": 5}, {"key": "keeper_name", "value": "Ann"}])
        wait_until(lambda: len(self.heard()["told"]) == 3, 5, 0.01, "the owner is told")
        self.assertEqual(self.heard()["told"], ["keeper_count", "keeper_name", "security_mode"])

    def test_refuses_with_words(self):
        error = self.refused(self.put(keeper_name="forbidden", keeper_count=5), 400, "this name is not allowed here")
        self.assertEqual(error["details"], [{"path": "keeper_name", "message": "this name is not allowed here"}])
        self.refused(self.put(keeper_name="taken"), 409, "somebody has this name")
        self.assertEqual((self.seen("keeper_name"), self.seen("keeper_count")), ("Hello", 3))

    def test_is_asked_about_the_default_too(self):
        self.ok(self.put(keeper_count=5))
        self.ok(self.put(keeper_count=None))
        self.assertEqual([each["value"] for each in self.heard()["asked"]], [5, 3])

    def test_is_not_asked_where_nothing_changes(self):
        self.ok(self.put(keeper_count=5))
        self.ok(self.put(keeper_count=5))
        self.assertEqual(len(self.heard()["asked"]), 1)
        self.assertEqual(len(self.history()), 1)

    def test_changes_others_by_a_call(self):
        self.ok(self.talomed.post("/api/keeper/nested", {}))
        self.assertEqual(self.seen("keeper_count"), 7)
        self.assertEqual(self.history()[0]["changedBy"], self.me())

    def test_a_change_within_a_question_is_refused_at_once(self):
        answer = self.send({"keeper_name": "nested"}, timeout=5)
        self.assertGreaterEqual(answer.status, 400, answer)
        self.assertEqual((self.seen("keeper_name"), self.seen("keeper_count")), ("Hello", 3))
        self.ok(self.put(keeper_count=4))  # and nothing hangs


class HistoryTest(Case):
    def test_each_change_has_a_row(self):
        self.ok(self.put(keeper_count=5))
        self.ok(self.put(keeper_count=6, keeper_name="Ann"))
        self.ok(self.put(keeper_count=None))
        rows = self.history()
        self.assertEqual([(r["key"], r["previousValue"], r["newValue"]) for r in rows],
                         [("keeper_count", "6", None), ("keeper_name", None, "Ann"), ("keeper_count", "5", "6"),
                          ("keeper_count", None, "5")])
        self.assertEqual({(r["changedBy"], r["username"]) for r in rows}, {(self.me(), "admin")})
        self.assertRegex(rows[0]["changedAt"], r"Z$")
        self.assertEqual(sorted((r["id"] for r in rows), reverse=True), [r["id"] for r in rows])

    def test_pages_and_one_key(self):
        for n in range(1, 10):
            self.ok(self.put(keeper_count=n, keeper_name=f"n{n}"))
        answer = self.talomed.get("/api/settings/history?key=keeper_count&limit=2&offset=1")
        self.assertEqual([r["newValue"] for r in self.ok(answer)], ["8", "7"])
        self.assertEqual(answer.headers["X-Total-Count"], "9")
        self.assertEqual(len(self.history()), 18)
        self.assertEqual(len(self.history("?limit=0")), 1)
        self.assertEqual(self.history("?key=nothing"), [])
        self.refused(self.talomed.get("/api/settings/history?limit=x"), 400)

    def test_of_secrets_without_them(self):
        first, second = canary(), canary()
        self.ok(self.put(keeper_token=first))
        self.ok(self.put(keeper_token=second))
        self.ok(self.put(keeper_token=None))
        rows = self.history("?key=keeper_token")
        self.assertEqual([(r["previousValue"], r["newValue"]) for r in rows], [("****", None), ("****", "****"), (None, "****")])
        self.assertNotIn("canary", json.dumps(rows))

    def revert(self, key, **body):
        return self.talomed.post(f"/api/settings/{key}/revert", body)

    def test_revert_the_newest(self):
        self.ok(self.put(keeper_count=5))
        self.ok(self.put(keeper_count=6))
        self.assertEqual(self.ok(self.revert("keeper_count")), {"key": "keeper_count", "restoredValue": "5", "status": "ok"})
        self.assertEqual(self.seen("keeper_count"), 5)
        self.assertEqual((self.history()[0]["previousValue"], self.history()[0]["newValue"]), ("6", "5"))

    def test_revert_a_certain_one(self):
        for n in (5, 6, 7):
            self.ok(self.put(keeper_count=n))
        first = self.history()[-1]["id"]
        self.assertEqual(self.ok(self.revert("keeper_count", historyId=first + 1))["restoredValue"], "5")
        self.assertEqual(self.ok(self.revert("keeper_count", historyId=first))["restoredValue"], None)
        self.assertEqual(self.seen("keeper_count"), 3)

    def test_revert_a_secret(self):
        first, second = canary(), canary()
        self.ok(self.put(keeper_token=first))
        self.ok(self.put(keeper_token=second))
        self.assertEqual(self.ok(self.revert("keeper_token")), {"key": "keeper_token", "restoredValue": "****", "status": "ok"})
        self.assertEqual(self.seen("keeper_token"), first)

    def test_revert_what_has_no_history(self):
        self.refused(self.revert("keeper_count"), 404, "no history")
        self.refused(self.revert("nothing"), 404)
        self.ok(self.put(keeper_count=5, keeper_name="Ann"))
        other = self.history("?key=keeper_name")[0]["id"]
        self.refused(self.revert("keeper_count", historyId=other), 404)
        self.refused(self.revert("keeper_count", historyId="x"), 400)

    def test_no_more_rows_than_allowed(self):
        self.ok(self.put(keeper_count=1))
        self.talomed.stop()
        with sqlite3.connect(self.talomed.state / "host.db") as database:
            database.executemany("INSERT INTO settings_history (key, previous_value, new_value, changed_by, changed_at) "
                                 "VALUES ('keeper_count', '1', '2', 'x', 1)", [()] * 1200)
        self.talomed.start()
        self.ok(self.put(keeper_count=2))
        self.assertEqual(self.talomed.get("/api/settings/history?key=keeper_count").headers["X-Total-Count"], "1000")
        self.assertEqual(self.history()[0]["newValue"], "2")


class SecretTest(Case):
    def database(self):
        return sqlite3.connect(self.talomed.state / "host.db")

    def test_nowhere_to_be_seen(self):
        first, second = canary(), canary()
        self.ok(self.put(keeper_token=first, keeper_key=second))
        self.ok(self.put(keeper_token=second, keeper_key=first))
        self.ok(self.talomed.post("/api/settings/keeper_token/revert", {}))
        self.assertEqual(self.seen("keeper_token"), first)
        for path in ("/api/settings", "/api/settings?meta=true", "/api/settings/schema", "/api/settings/history",
                     "/api/settings/export-config", "/api/openapi.json", "/api/plugins", "/metrics"):
            self.assertNotIn("canary", self.talomed.get(path).text)
        code = self.talomed.get("/api/settings/export-config").json["code"]
        self.assertNotIn(b"canary", base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)))
        self.talomed.stop()
        self.assertNotIn("canary", self.talomed.log)
        for file in self.talomed.state.rglob("*"):
            if file.is_file():
                self.assertNotIn(b"canary", file.read_bytes(), file)

    def test_the_audit_log_has_the_keys_and_no_values(self):
        self.ok(self.put(keeper_token=canary(), keeper_count=5))
        self.refused(self.put(keeper_token=canary() * 100, keeper_count=50), 400)
        self.talomed.stop()
        with sqlite3.connect(self.talomed.state / "audit.db") as database:
            rows = database.execute("SELECT outcome, input FROM audit_log WHERE action = 'settings.update'").fetchall()
        self.assertEqual({row[0] for row in rows}, {"done", "failed"})
        for _, text in rows:
            self.assertEqual(json.loads(text), {"keeper_count": "***", "keeper_token": "***"})

    def test_without_its_secret_a_database_reveals_none(self):
        self.ok(self.put(keeper_token=canary(), keeper_count=5))
        self.talomed.stop()
        (self.talomed.state / "talome.secret").write_text("ab" * 32)
        self.talomed.start()
        self.talomed.login()
        self.unreadable("keeper_token")
        self.assertEqual(self.seen("keeper_count"), 5)
        self.ok(self.put(keeper_token="fresh"))  # set again, and all is well
        self.assertEqual(self.seen("keeper_token"), "fresh")
        self.refused(self.talomed.post("/api/settings/keeper_token/revert", {}), 409, "cannot be opened")

    def unreadable(self, key):
        self.assertEqual(self.values()[key], "(unreadable)")
        detail = self.values(f"?keys={key}&meta=true")[key]
        self.assertIs(detail["unreadable"], True)
        answer = self.talomed.get(f"/api/keeper/values/{key}")
        self.refused(answer, 503, key, "cannot be opened")
        self.assertNotIn("canary", answer.text)
        self.assertEqual(self.ok(self.put(**{key: "(unreadable)"}))["updated"], [])

    def tamper(self, sql, *values):
        self.talomed.stop()
        with self.database() as database:
            self.assertEqual(database.execute(sql, values).rowcount, 1)
        self.talomed.start()

    def envelope(self, key):
        with self.database() as database:
            return database.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()[0]

    def test_a_tampered_envelope(self):
        self.ok(self.put(keeper_token=canary()))
        good = self.envelope("keeper_token")
        self.assertTrue(good.startswith("v1."))
        for bad in (good[:-1] + ("A" if good[-1] != "A" else "B"), good[:10] + ("x" if good[10] != "x" else "y") + good[11:],
                    good[:-4], good + "AAAA", "v2." + good[3:], "v1.", "", '"planted"', good.upper()):
            with self.subTest(bad=bad[:12], length=len(bad)):
                self.tamper("UPDATE settings SET value = ? WHERE key = 'keeper_token'", bad)
                self.unreadable("keeper_token")

    def test_an_envelope_moved_to_another_key(self):
        self.ok(self.put(keeper_token=canary(), keeper_key="mine"))
        self.tamper("UPDATE settings SET value = (SELECT value FROM settings WHERE key = 'keeper_token') WHERE key = 'keeper_key'")
        self.unreadable("keeper_key")
        self.assertIn("canary", self.seen("keeper_token"))
        self.tamper("UPDATE settings SET value = (SELECT value FROM settings WHERE key = 'keeper_token') WHERE key = 'keeper_key'")
        self.ok(self.put(keeper_name="Ann"))
        self.tamper("UPDATE settings SET value = (SELECT value FROM settings WHERE key = 'keeper_token') WHERE key = 'keeper_name'")
        self.assertEqual(self.values()["keeper_name"], "(unreadable)")
        self.assertNotIn("canary", self.talomed.get("/api/settings?meta=true").text)

    def test_a_history_of_another_key(self):
        self.ok(self.put(keeper_token=canary()))
        self.ok(self.put(keeper_token="other"))
        self.ok(self.put(keeper_name="Ann", keeper_key="mine"))
        for key in ("keeper_name", "keeper_key"):
            self.tamper("UPDATE settings_history SET previous_value = (SELECT new_value FROM settings_history WHERE id = 1) "
                        "WHERE key = ?", key)
            self.refused(self.talomed.post(f"/api/settings/{key}/revert", {}), 409)
        self.assertNotIn("canary", self.talomed.get("/api/settings/history").text)
        self.assertNotIn("canary", self.talomed.log)

    def test_old_secrets_are_forgotten(self):
        self.ok(self.put(keeper_token="old", keeper_count=5))
        self.ok(self.put(keeper_token="new", keeper_count=6))
        self.talomed.stop()
        with self.database() as database:
            database.execute("UPDATE settings_history SET changed_at = changed_at - 91 * 86400000")
        self.talomed.start()
        self.assertEqual(self.history("?key=keeper_token"), [])
        self.assertEqual(len(self.history("?key=keeper_count")), 2)
        self.assertEqual(self.seen("keeper_token"), "new")

    def test_a_stored_value_that_does_not_fit_any_more(self):
        self.ok(self.put(keeper_count=5))
        self.tamper("UPDATE settings SET value = '50' WHERE key = 'keeper_count'")
        self.assertEqual(self.seen("keeper_count"), 3)
        self.assertEqual(self.values()["keeper_count"], "3")
        self.assertIn("keeper_count", self.talomed.log)
        self.ok(self.put(keeper_count=4))
        self.assertEqual(self.seen("keeper_count"), 4)


class EnvironmentTest(Case):
    def setUp(self):
        pass

    def start(self, **env):
        self.talomed = self.enterContext(keeper(**env))
        self.talomed.login()

    def test_overrides(self):
        self.start(KEEPER_NAME="Eve", TALOME_SETTING_KEEPER_COUNT="8", TALOME_SETTING_KEEPER_FLAG="true",
                   TALOME_SETTING_KEEPER_LIST='["x"]')
        self.assertEqual([self.seen(f"keeper_{name}") for name in ("name", "count", "flag", "list")], ["Eve", 8, True, ["x"]])
        detail = self.values("?meta=true")
        self.assertEqual(detail["keeper_name"]["source"], "environment")
        self.assertEqual(detail["keeper_name"]["environment"], "KEEPER_NAME")
        self.assertEqual(detail["keeper_count"]["value"], 8)
        self.assertEqual(detail["keeper_mode"]["source"], "default")

    def test_the_general_name_wins(self):
        self.start(KEEPER_NAME="Eve", TALOME_SETTING_KEEPER_NAME="Adam")
        self.assertEqual(self.seen("keeper_name"), "Adam")

    def test_cannot_be_changed(self):
        self.start(KEEPER_NAME="Eve")
        self.refused(self.put(keeper_name="Ann", keeper_count=5), 409, "KEEPER_NAME")
        self.refused(self.put(keeper_name=None), 409, "KEEPER_NAME")
        self.assertEqual((self.seen("keeper_name"), self.seen("keeper_count")), ("Eve", 3))
        self.ok(self.put(keeper_name="Eve", keeper_count=5))  # what it is already is no change
        self.assertEqual([r["key"] for r in self.history()], ["keeper_count"])

    def test_hides_what_is_stored_and_lets_it_be(self):
        self.start()
        self.ok(self.put(keeper_name="Ann"))
        self.talomed.env["KEEPER_NAME"] = "Eve"
        self.talomed.restart()
        self.assertEqual(self.seen("keeper_name"), "Eve")
        self.refused(self.talomed.post("/api/settings/keeper_name/revert", {}), 409, "KEEPER_NAME")
        del self.talomed.env["KEEPER_NAME"]
        self.talomed.restart()
        self.assertEqual(self.seen("keeper_name"), "Ann")

    def test_of_a_secret(self):
        secret = canary()
        self.start(KEEPER_TOKEN=secret)
        self.assertEqual(self.seen("keeper_token"), secret)
        self.assertEqual(self.values()["keeper_token"], "(configured)")
        self.assertEqual(self.ok(self.put(keeper_token="(configured)"))["updated"], [])
        self.assertNotIn("canary", self.talomed.get("/api/settings?meta=true").text)
        self.assertNotIn("canary", self.talomed.log)

    def test_a_bad_one_stops_its_plugin(self):
        self.start(TALOME_SETTING_KEEPER_COUNT="many")
        plugin, = self.ok(self.talomed.get("/api/plugins"))
        self.assertEqual(plugin["state"], "failed")
        self.assertIn("TALOME_SETTING_KEEPER_COUNT", plugin["reason"])
        self.assertIn("expected an integer", plugin["reason"])
        self.assertNotIn("many", plugin["reason"])
        self.assertNotIn("keeper_count", self.values())

    def test_a_bad_one_of_the_host_stops_the_start(self):
        talomed = self.enterContext(contextless(keeper(TALOME_SETTING_SECURITY_MODE="open")))
        self.assertIn("TALOME_SETTING_SECURITY_MODE", talomed.refuses_to_start())

    def test_one_of_nothing_is_told(self):
        self.start(TALOME_SETTING_KEEPER_CUONT="5")
        self.assertIn("TALOME_SETTING_KEEPER_CUONT", self.talomed.log)


class contextless:
    """A talomed that is not started, closed at the end."""

    def __init__(self, talomed):
        self.talomed = talomed

    def __enter__(self):
        return self.talomed

    def __exit__(self, *_):
        self.talomed.close()


class PortableTest(Case):
    def export(self):
        answer = self.ok(self.talomed.get("/api/settings/export-config"))
        code = answer["code"]
        return answer, json.loads(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)))

    def bring(self, values):
        text = values if isinstance(values, str) else json.dumps(values)
        code = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return self.talomed.post("/api/settings/import-config", {"code": code})

    def test_only_what_may_travel(self):
        self.ok(self.put(keeper_name="Ann", keeper_mode="high", keeper_root="/mnt", keeper_token="hush", keeper_count=5))
        answer, values = self.export()
        self.assertEqual(values, {"keeper_name": "Ann", "keeper_mode": "high"})
        self.assertEqual(answer["keyCount"], 2)
        self.assertRegex(answer["code"], r"^[A-Za-z0-9_-]+$")

    def test_there_and_back(self):
        self.ok(self.put(keeper_name="Ann", keeper_mode="high"))
        code = self.export()[0]["code"]
        with keeper() as other:
            other.login()
            answer = self.ok(other.post("/api/settings/import-config", {"code": code}))
            self.assertEqual(answer, {"ok": True, "applied": ["keeper_mode", "keeper_name"]})
            self.assertEqual(other.get("/api/settings?keys=keeper_name").json["keeper_name"], "Ann")

    def test_brings_nothing_else(self):
        answer = self.ok(self.bring({"keeper_name": "Ann", "keeper_root": "/", "security_mode": "permissive",
                                     "keeper_token": "planted", "unknown": 1}))
        self.assertEqual(answer["applied"], ["keeper_name"])
        values = self.values()
        self.assertEqual((values["keeper_root"], values["security_mode"], values["keeper_token"]), ("/srv", "cautious", ""))

    def test_what_is_no_export(self):
        for code in ("!", "a", "aaaa", "W10", "bnVsbA", "e30=", "e30 "):
            self.refused(self.talomed.post("/api/settings/import-config", {"code": code}), 400)
        self.refused(self.talomed.post("/api/settings/import-config", {"code": ""}), 400)
        self.refused(self.bring({"keeper_mode": "medium", "keeper_name": "Ann"}), 400, "keeper_mode")
        self.assertEqual(self.values()["keeper_name"], "Hello")
        self.ok(self.bring({}))


if __name__ == "__main__":
    unittest.main()
