"""The audit log: what has a row, who reads it, and that nobody changes it unnoticed."""

import csv
import io
import json
import pathlib
import sqlite3
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import PASSWORD, USERNAME, Talomed, wait_until

CANARY = "canary-5be1-do-not-show"


class Case(unittest.TestCase):
    def refused(self, answer, status, *words):
        self.assertEqual(answer.status, status, answer)
        self.assertIsInstance(answer.json["error"], str)
        for word in words:
            self.assertIn(word, answer.text)
        return answer

    def rows(self, query="", **options):
        answer = self.talomed.get("/api/audit-log" + query, **options)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def member(self, name="mia"):
        """A member's token; skipped where members cannot be made yet."""
        made = self.talomed.post("/api/users", {"username": name, "password": PASSWORD, "role": "member"})
        if made.status == 404:
            self.skipTest("there is no POST /api/users")
        self.assertEqual(made.status, 201, made)
        answer = self.talomed.post("/api/auth/login", {"username": name, "password": PASSWORD}, token=None)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["token"]


class RowsTest(Case):
    def setUp(self):
        self.talomed = self.enterContext(Talomed(plugins="none"))
        self.talomed.login()

    def test_a_row_says_who_from_where_what_and_how_it_ended(self):
        made = self.talomed.post("/api/auth/tokens", {"name": "backup script"}, headers={"User-Agent": "test/1"})
        self.assertEqual(made.status, 201, made)
        row = self.rows("?action=tokens.create")[0]
        me = self.talomed.get("/api/auth/me").json
        self.assertRegex(row["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        for name, value in {"action": "tokens.create", "tier": "modify", "approved": True, "userId": me["userId"],
                            "username": USERNAME, "ip": "127.0.0.1", "source": "rest", "targetType": "token",
                            "targetId": "backup script", "outcome": "done", "credential": "session",
                            "requestId": made.headers["X-Request-Id"], "userAgent": "test/1"}.items():
            self.assertEqual(row[name], value, name)
        self.assertIsInstance(row["id"], int)
        self.assertGreaterEqual(row["durationMs"], 0)
        self.assertEqual(row["input"]["name"], "backup script")
        self.assertIn("backup script", row["details"])
        self.assertNotIn(made.json["token"], json.dumps(self.rows()))

    def test_passwords_are_in_no_row(self):
        self.talomed.post("/api/auth/login", {"username": USERNAME, "password": CANARY}, token=None)
        login = self.rows("?action=auth.login&outcome=denied")[0]
        self.assertEqual(login["targetId"], USERNAME)
        self.assertIsNone(login["userId"])
        for text in (self.talomed.get("/api/audit-log").text, self.talomed.get("/api/audit-log/export").text,
                     self.talomed.log):
            self.assertNotIn(CANARY, text)
            self.assertNotIn(PASSWORD, text)
        for file in self.talomed.state.glob("audit.db*"):
            self.assertNotIn(CANARY.encode(), file.read_bytes())

    def test_refusals_have_rows(self):
        self.refused(self.talomed.request("DELETE", "/api/auth/tokens/none", token=None), 401)
        self.refused(self.talomed.request("DELETE", "/api/auth/tokens/none"), 404)
        outcomes = {(row["outcome"], row["username"]) for row in self.rows("?action=tokens.*")}
        self.assertEqual(outcomes, {("denied", None), ("failed", USERNAME)})

    def test_reads_have_rows_only_if_wanted(self):
        self.talomed.get("/api/auth/me")
        self.assertEqual(self.rows("?action=auth.me"), [])
        if self.talomed.request("PUT", "/api/settings", {"audit_log_reads": True}).status == 404:
            self.skipTest("there is no PUT /api/settings")
        self.talomed.get("/api/auth/me")
        self.assertEqual(self.rows("?action=auth.me")[0]["tier"], "read")

    def test_rows_survive_kill9(self):
        self.talomed.post("/api/auth/tokens", {"name": "kept"})
        self.talomed.kill9()
        self.talomed.start()
        self.assertEqual(self.rows("?action=tokens.create")[0]["targetId"], "kept")
        self.assertEqual(self.talomed.get("/api/audit-log/verify").json["ok"], True)

    def test_strangers_do_not_fill_it(self):
        for _ in range(60):
            self.talomed.post("/api/auth/tokens", {"name": "x"}, token=None)
        self.assertEqual(len(self.rows("?action=tokens.create&limit=1000")), 20)
        self.talomed.post("/api/auth/tokens", {"name": "mine"})
        self.assertEqual(len(self.rows("?action=tokens.create&outcome=done")), 1)
        self.talomed.restart()
        told = self.rows("?action=audit.suppressed")
        self.assertEqual([row["input"]["count"] for row in told], [40])
        self.assertEqual(told[0]["ip"], "127.0.0.1")


class ReadingTest(Case):
    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Talomed(plugins="none"))
        cls.talomed.login()
        for number in range(7):
            cls.talomed.post("/api/auth/tokens", {"name": f"token {number}"})
        cls.talomed.request("DELETE", "/api/auth/tokens/none")

    def test_only_for_administrators(self):
        paths = ("", "/export", "/verify")
        for path in paths + ("/recent", "/summary"):
            self.refused(self.talomed.get("/api/audit-log" + path, token=None), 401)
        token = self.member("paths")
        for path in paths:
            self.refused(self.talomed.get("/api/audit-log" + path, token=token), 403)

    def test_newest_first(self):
        ids = [row["id"] for row in self.rows()]
        self.assertEqual(ids, sorted(ids, reverse=True))
        self.assertEqual(self.rows("?action=tokens.create")[0]["targetId"], "token 6")

    def test_filters(self):
        everything = self.rows("?limit=1000")
        first = self.rows("?action=tokens.create")[-1]
        for query, holds in [
                ("action=tokens.create", lambda row: row["action"] == "tokens.create"),
                ("action=tokens.*", lambda row: row["action"].startswith("tokens.")),
                ("tier=destructive", lambda row: row["tier"] == "destructive"),
                ("outcome=failed", lambda row: row["outcome"] == "failed"),
                ("user=ADMIN", lambda row: row["username"] == USERNAME),
                (f"user={first['userId']}", lambda row: row["userId"] == first["userId"]),
                ("source=rest", lambda row: row["source"] == "rest"),
                ("source=mcp", lambda row: False),
                ("approved=true", lambda row: row["approved"]),
                ("approved=false", lambda row: not row["approved"]),
                ("q=token%203", lambda row: row["targetId"] == "token 3"),
                ("q=%25", lambda row: False),
                (f"from={first['timestamp']}", lambda row: row["timestamp"] >= first["timestamp"]),
                (f"to={first['timestamp']}", lambda row: row["timestamp"] <= first["timestamp"]),
                (f"from={first['timestamp'][:10]}&to={first['timestamp'][:10]}", lambda row: True),
                ("to=2020-01-01", lambda row: False),
                ("action=tokens.create&q=token%205", lambda row: row["targetId"] == "token 5")]:
            with self.subTest(query=query):
                answer = self.talomed.get("/api/audit-log?limit=1000&" + query)
                self.assertEqual(answer.status, 200, answer)
                expected = [row["id"] for row in everything if holds(row)]
                self.assertEqual([row["id"] for row in answer.json if row["id"] <= everything[0]["id"]], expected)
                self.assertEqual(answer.headers["X-Total-Count"], str(len(answer.json)))

    def test_pages(self):
        whole = self.rows("?action=tokens.create")
        pages, cursor = [], ""
        for _ in range(10):
            answer = self.talomed.get(f"/api/audit-log?action=tokens.create&limit=3{cursor}")
            self.assertEqual(answer.headers["X-Total-Count"], "7")
            pages.append(answer.json)
            if "X-Next-Cursor" not in answer.headers:
                break
            cursor = "&cursor=" + answer.headers["X-Next-Cursor"]
        self.assertEqual([len(page) for page in pages], [3, 3, 1])
        self.assertEqual([row for page in pages for row in page], whole)

    def test_bad_filters_are_named(self):
        for query, name in [("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("tier=high", "tier"),
                            ("approved=maybe", "approved"), ("from=yesterday", "from"), ("to=2026-13-01", "to"),
                            ("cursor=0", "cursor"), ("source=moon", "source"), ("outcome=?", "outcome"),
                            ("colour=red", "colour")]:
            with self.subTest(query=query):
                answer = self.refused(self.talomed.get("/api/audit-log?" + query), 400)
                self.assertIn(name, [row["path"] for row in answer.json["details"]])
        self.refused(self.talomed.get("/api/audit-log/export?format=xml"), 400)

    def test_recent(self):
        recent = self.talomed.get("/api/audit-log/recent").json
        self.assertEqual(len(recent), min(10, len(self.rows())))
        self.assertEqual(len(self.talomed.get("/api/audit-log/recent?limit=2").json), 2)
        self.refused(self.talomed.get("/api/audit-log/recent?limit=0"), 400)
        self.refused(self.talomed.get("/api/audit-log/recent?limit=101"), 400)

    def test_a_member_sees_its_own_rows_only(self):
        token = self.member("own")
        self.assertEqual(self.talomed.post("/api/auth/tokens", {"name": "of own"}, token=token).status, 201)
        recent = self.talomed.get("/api/audit-log/recent?limit=100", token=token).json
        self.assertEqual({row["username"] for row in recent}, {"own"})
        self.assertIn("tokens.create", [row["action"] for row in recent])
        summary = self.talomed.get("/api/audit-log/summary", token=token).json
        self.assertIn("of own", summary["summary"])
        self.assertNotIn(USERNAME, summary["summary"])

    def test_summary(self):
        found = self.talomed.get("/api/audit-log/summary").json
        self.assertEqual(found["source"], "raw")
        self.assertEqual(len(found["summary"].splitlines()), 5)
        self.assertRegex(found["generatedAt"], r"Z$")

    def test_export_as_csv(self):
        answer = self.talomed.get("/api/audit-log/export?format=csv&action=tokens.create")
        self.assertEqual(answer.status, 200, answer)
        self.assertIn("text/csv", answer.headers["Content-Type"])
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        self.assertEqual([row["targetId"] for row in rows], [f"token {n}" for n in range(7)])
        self.assertEqual(json.loads(rows[0]["input"])["name"], "token 0")

    def test_export_as_lines_of_json(self):
        answer = self.talomed.get("/api/audit-log/export?format=jsonl&action=tokens.create")
        self.assertEqual(answer.status, 200, answer)
        rows = [json.loads(line) for line in answer.text.splitlines()]
        self.assertEqual(rows, self.rows("?action=tokens.create")[::-1])

    def test_no_formula_in_csv(self):
        self.talomed.post("/api/auth/tokens", {"name": "=1+1"})
        rows = list(csv.DictReader(io.StringIO(self.talomed.get("/api/audit-log/export?q=%3D1%2B1").text)))
        self.assertEqual([row["targetId"] for row in rows], ["'=1+1"])

    def test_nothing_writes(self):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            self.assertIn(self.talomed.request(method, "/api/audit-log").status, (404, 405))

    def test_verify(self):
        found = self.talomed.get("/api/audit-log/verify").json
        self.assertEqual((found["ok"], found["firstId"], found["rows"]), (True, 1, found["lastId"]))
        self.assertNotIn("problem", found)


class TamperTest(Case):
    def setUp(self):
        self.talomed = self.enterContext(Talomed(plugins="none"))
        self.talomed.login()
        for number in range(5):
            self.talomed.post("/api/auth/tokens", {"name": f"token {number}"})

    def tamper(self, *statements):
        with sqlite3.connect(self.talomed.state / "audit.db", timeout=30) as database:
            for name in ("insert", "update", "delete"):
                database.execute(f"DROP TRIGGER IF EXISTS audit_log_{name}")
            for statement in statements:
                database.execute(statement)
        database.close()

    def problem(self, *statements):
        self.tamper(*statements)
        found = self.talomed.get("/api/audit-log/verify").json
        self.assertEqual(found["ok"], False, found)
        self.assertTrue(found["problem"]["message"])
        return found["problem"]["kind"], found["problem"]["id"]

    def test_a_changed_row(self):
        self.assertEqual(self.problem("UPDATE audit_log SET username = 'eve' WHERE id = 3"), ("changed", 3))

    def test_a_removed_row(self):
        self.assertEqual(self.problem("DELETE FROM audit_log WHERE id = 3"), ("removed", 3))

    def test_moved_rows(self):
        self.assertEqual(self.problem("UPDATE audit_log SET id = -1 WHERE id = 3", "UPDATE audit_log SET id = 3 WHERE id = 4",
                                      "UPDATE audit_log SET id = 4 WHERE id = -1"), ("reordered", 3))

    def test_the_last_rows_removed(self):
        self.assertEqual(self.problem("DELETE FROM audit_log WHERE id > 4"), ("truncated", 5))

    def test_it_is_found_after_a_restart_and_more_rows(self):
        self.tamper("DELETE FROM audit_log WHERE id > 4")
        self.talomed.restart()
        self.talomed.post("/api/auth/tokens", {"name": "later"})
        found = self.talomed.get("/api/audit-log/verify").json
        self.assertEqual((found["ok"], found["problem"]["kind"], found["problem"]["id"]), (False, "removed", 5))

    def test_the_triggers_refuse_honest_tools(self):
        with sqlite3.connect(self.talomed.state / "audit.db", timeout=30) as database:
            for statement in ("UPDATE audit_log SET username = 'eve'", "DELETE FROM audit_log"):
                with self.assertRaisesRegex(sqlite3.Error, "append-only"):
                    database.execute(statement)
        database.close()

    def test_verified_while_rows_are_written(self):
        done = threading.Event()

        def write():
            while not done.is_set():
                self.talomed.post("/api/auth/tokens", {"name": "busy"})
        writers = [threading.Thread(target=write) for _ in range(4)]
        for writer in writers:
            writer.start()
        try:
            wait_until(lambda: self.talomed.get("/api/audit-log/verify").json["rows"] > 60, 60)
        finally:
            done.set()
            for writer in writers:
                writer.join()
        self.assertEqual(self.talomed.get("/api/audit-log/verify").json["ok"], True)


if __name__ == "__main__":
    unittest.main()
