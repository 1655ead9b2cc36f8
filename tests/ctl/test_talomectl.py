"""talomectl: what it prints, what it refuses, and that secrets go in by standard input only."""

import json
import os
import pathlib
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build
from support.ctl import Ctl


def at_terminal(ctl, words, typed):
    """(exit code, what the terminal has shown) when each text of `typed` is typed after a prompt has come."""
    pid, terminal = pty.fork()
    if pid == 0:
        program = str(build() / "bin" / "talomectl")
        os.execve(program, [program, *words], ctl.env)
    shown = ""
    for text in [*typed, None]:
        end = time.monotonic() + 30
        prompt = len(shown)
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    piece = os.read(terminal, 4096)
                except OSError:  # the other end is closed
                    break
                if not piece:
                    break
                shown += piece.decode()
            if text is not None and shown[prompt:].endswith(": "):
                break
        if text is not None:
            if not shown[prompt:].endswith(": "):  # a failure to be told, not a test that never ends
                os.kill(pid, signal.SIGKILL)
            else:
                os.write(terminal, text.encode())
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return code, shown


class UsageTest(unittest.TestCase):
    """None of these needs a server."""

    def run_it(self, *words, env=None):
        return subprocess.run([build() / "bin" / "talomectl", *words], capture_output=True, text=True, timeout=30,
                              env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **(env or {})})

    def test_help_names_every_command(self):
        done = self.run_it("--help")
        self.assertEqual(done.returncode, 0)
        for name in ("status", "users list", "users add NAME", "users reset-password", "settings get", "settings set",
                     "audit verify", "snapshot list", "restore NAME", "plugin list", "operations", "call OPERATION"):
            self.assertIn("\n  " + name, done.stdout)

    def test_what_is_not_understood_ends_with_2(self):
        for words in ((), ("nonsense",), ("users",), ("users", "add"), ("users", "add", "a", "b"), ("status", "now"),
                      ("users", "add", "ann", "--role"), ("users", "add", "ann", "--role", "king"),
                      ("status", "--state", "/tmp"), ("call", "x", "[1]"), ("--url",),
                      ("--url", "http://a", "--socket", "b", "status")):
            with self.subTest(words):
                done = self.run_it(*words)
                self.assertEqual(done.returncode, 2, done)
                self.assertEqual(done.stdout, "")
                self.assertIn("talomectl", done.stderr)

    def test_no_server(self):
        done = self.run_it("status", env={"TALOME_SOCKET": "/nonexistent/talomed.sock"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("talomed does not answer at /nonexistent/talomed.sock: No such file or directory; does it run?",
                      done.stderr)

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([build() / "bin" / "talomectl", "--help"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)


class CommandTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.talomed = Talomed(plugins="none").start()
        cls.addClassCleanup(cls.talomed.close)
        cls.talomed.login()
        cls.ctl = Ctl(cls.talomed)

    def good(self, *words, **options):
        result = self.ctl(*words, **options)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(result.err, "")
        return result

    def bad(self, *words, **options):
        result = self.ctl(*words, **options)
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.out, "")
        return result

    def test_status(self):
        self.assertTrue(self.good("status").out.startswith("status: ok\n"))
        self.assertEqual(self.good("--json", "status").json["status"], "ok")

    def test_operations(self):
        lines = self.good("operations").out.splitlines()
        self.assertTrue(lines[0].startswith("OPERATION "))
        self.assertTrue(any(line.startswith("plugins.list ") and " GET /api/plugins " in line for line in lines), lines)
        rows = self.good("operations", "--json").json
        self.assertIn("plugins.list", [row["operation"] for row in rows])

    def test_call(self):
        self.assertEqual(self.good("call", "plugins.list").json, self.talomed.get("/api/plugins").json)
        self.assertIn("there is no operation no.such", self.bad("call", "no.such").err)
        self.assertIn("400", self.bad("call", "auth.login", '{"username": 5}').err)
        self.assertIn("nonsense: is not an input of plugins.list",
                      self.bad("call", "plugins.list", '{"nonsense": 1}').err)
        login = {"username": "admin", "password": "correct horse battery staple"}
        self.assertIn("token", self.good("call", "auth.login", "-", stdin=json.dumps(login)).json)

    def test_plugin_list(self):
        self.assertTrue(self.good("plugin", "list").out.startswith("ID"))

    def test_url_and_token(self):
        url = ("--url", self.talomed.url)
        self.assertIn("401", self.bad(*url, "plugin", "list").err)
        token = self.good(*url, "login", "admin", stdin="correct horse battery staple\n").out.strip()
        self.good(*url, "plugin", "list", env={"TALOME_TOKEN": token})
        self.good("plugin", "list", env={"TALOME_TOKEN": token, "TALOME_URL": self.talomed.url})
        self.assertIn("401", self.bad(*url, "plugin", "list", env={"TALOME_TOKEN": token + "x"}).err)
        self.assertIn("401", self.bad("plugin", "list", env={"TALOME_TOKEN": "wrong"}).err)

    def test_users(self):
        added = self.good("users", "add", "ann", stdin="a long enough password\n")
        self.assertIn("made the member ann\nrecovery code, shown only now: ", added.out)
        rows = {row["username"]: row for row in self.good("users", "list", "--json").json}
        self.assertEqual(rows["ann"]["role"], "member")
        self.assertRegex(self.good("users", "list").out, r"(?m)^ann +member ")
        self.talomed_login("ann", "a long enough password", 200)
        self.good("users", "reset-password", "Ann", stdin="another good password\n")
        self.talomed_login("ann", "a long enough password", 401)
        self.talomed_login("ann", "another good password", 200)
        self.assertIn("409", self.bad("users", "add", "ann", stdin="a long enough password\n").err)
        self.assertIn("400", self.bad("users", "add", "bob", stdin="short\n").err)
        self.assertIn("there is no user 'carol'", self.bad("users", "reset-password", "carol").err)
        self.assertIn("expected password of dan on standard input", self.bad("users", "add", "dan").err)
        self.assertEqual(self.good("users", "add", "eve", "--role", "admin", "--json",
                                   stdin="a long enough password\n").json["role"], "admin")

    def talomed_login(self, username, password, status):
        answer = self.talomed.post("/api/auth/login", {"username": username, "password": password}, token=None)
        self.assertEqual(answer.status, status, answer)

    def test_password_at_a_terminal(self):
        code, shown = at_terminal(self.ctl, ["users", "add", "tina"], ["a seen pasw\x7fsword\r", "a seen password\r"])
        self.assertEqual(code, 0, shown)
        self.assertIn("password of tina: ", shown)
        self.assertIn("password of tina, again: ", shown)
        self.assertNotIn("seen", shown)
        self.talomed_login("tina", "a seen password", 200)
        code, shown = at_terminal(self.ctl, ["users", "add", "tom"], ["one long password\r", "two long passwords\r"])
        self.assertEqual(code, 1, shown)
        self.assertIn("these were two different ones", shown)
        code, shown = at_terminal(self.ctl, ["users", "add", "tom"], ["one long\x03"])
        self.assertEqual(code, 1, shown)
        self.assertIn("cancelled", shown)

    def test_settings(self):
        self.assertEqual(self.good("settings", "get", "security_mode").out, "cautious\n")
        self.good("settings", "set", "security_mode", "locked")
        self.assertEqual(self.good("settings", "get", "security_mode").out, "locked\n")
        self.good("settings", "set", "security_mode", "-", stdin="permissive\n")
        self.assertIn("security_mode: permissive\n", self.good("settings", "get").out)
        self.good("settings", "reset", "security_mode")
        self.assertEqual(self.good("settings", "get", "security_mode", "--json").json, {"security_mode": "cautious"})
        self.assertIn("400", self.bad("settings", "set", "security_mode", "wild").err)
        self.assertIn("no_such_key", self.bad("settings", "set", "no_such_key", "1").err)
        self.bad("settings", "get", "no_such_key")

    def test_audit_verify(self):
        self.good("audit", "verify")
        self.assertTrue(self.good("audit", "verify", "--json").json["ok"])

    def test_a_call_over_the_socket_is_audited_with_its_uid(self):
        self.good("users", "add", "audited", stdin="a long enough password\n")
        rows = self.good("call", "auditLog.list", '{"action": "users.create"}').json
        row = next(row for row in rows if "audited" in json.dumps(row))
        self.assertEqual(row["source"], "cli")
        self.assertEqual(row["credential"], "socket")
        self.assertEqual(row["userId"], f"cli:{os.geteuid()}")


class OfflineAuditTest(unittest.TestCase):
    def test_files_of_a_server_that_does_not_run(self):
        with Talomed(plugins="none") as talomed:
            ctl, verify = Ctl(talomed), ("audit", "verify", "--state", str(talomed.state))
            self.assertEqual(ctl("users", "add", "ann", stdin="a long enough password\n").code, 0)
            running = ctl(*verify)
            self.assertEqual(running.code, 1, running)
            talomed.stop()
            result = ctl(*verify, "--json")
            self.assertEqual(result.code, 0, result)
            self.assertTrue(result.json["ok"])
            with sqlite3.connect(talomed.state / "audit.db") as database:
                triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
                for (name,) in triggers:
                    database.execute(f"DROP TRIGGER {name}")
                last = database.execute("SELECT max(id) FROM audit_log").fetchone()[0]
                database.execute("UPDATE audit_log SET username = 'eve' WHERE id = ?", (last,))
            result = ctl(*verify, "--json")
            self.assertEqual(result.code, 1, result)
            self.assertEqual((result.json["problem"]["kind"], result.json["problem"]["id"]), ("changed", last))
            (talomed.state / "talome.secret").rename(talomed.directory / "secret")
            result = ctl(*verify)
            self.assertEqual(result.code, 1, result)
            self.assertIn("talome.secret: is not there", result.err)
            self.assertFalse((talomed.state / "talome.secret").exists())


class FirstUserTest(unittest.TestCase):
    def test_the_first_one_is_the_administrator(self):
        with Talomed(plugins="none") as talomed:
            ctl = Ctl(talomed)
            result = ctl("users", "add", "root", stdin="a long enough password\n")
            self.assertEqual(result.code, 0, result)
            self.assertIn("made the admin root", result.out)


class SnapshotTest(unittest.TestCase):
    def test_taken_while_it_runs_and_restored_while_it_does_not(self):
        with Talomed(plugins="none") as talomed:
            ctl = Ctl(talomed)
            self.assertEqual(ctl("users", "add", "before", stdin="a long enough password\n").code, 0)
            name = ctl("snapshot").out.strip()
            self.assertIn(name, ctl("snapshot", "list").out)
            self.assertEqual(ctl("users", "add", "after", stdin="a long enough password\n").code, 0)
            refused = ctl("restore", name)
            self.assertEqual(refused.code, 1, refused)
            talomed.stop()
            self.assertEqual(ctl("restore", "2020-01-01T00-00-00Z").code, 1)
            done = ctl("restore", name, "--state", str(talomed.state))
            self.assertEqual(done.code, 0, done)
            self.assertIn("what was there before lies in", done.out)
            talomed.start()
            self.assertEqual([each["username"] for each in ctl("users", "list", "--json").json], ["before"])


if __name__ == "__main__":
    unittest.main()
