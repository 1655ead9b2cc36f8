"""Sessions: how they begin, what they show, how they end, and that they outlive the server."""

import json
import os
import pathlib
import pwd
import signal
import subprocess
import time
import unittest

from terminal_case import Shell, Terminal, TerminalCase, pty_of, wait_until


def home():
    """Of a user who has one, and whose shells these can be."""
    name = "man" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    try:
        entry = pwd.getpwnam(name)
        return entry.pw_dir if os.stat(entry.pw_dir).st_uid == entry.pw_uid else None
    except (KeyError, OSError):
        return None


HOME = home()


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


class SessionsTest(TerminalCase):
    env = {"TALOME_SETTING_TERMINAL_MAX_SESSIONS": 6}

    def create(self, status=200, **body):
        answer = self.talomed.post("/api/terminal/sessions", body)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def test_a_name_makes_an_id_and_no_shell(self):
        self.assertEqual(self.create(), {"sessionId": "sess_default", "name": "default", "exists": False})
        made = self.create(name="a/b c.\u00e9", displayName="Mine")
        self.assertEqual(made, {"sessionId": "sess_a-b-c---", "name": "a/b c.\u00e9", "displayName": "Mine", "exists": False})
        self.assertEqual(len(self.create(name="x" * 100)["sessionId"]), 45)
        self.assertEqual(self.sessions(), [])

    def test_a_shell_as_an_unprivileged_user_with_an_environment_of_its_own(self):
        shell = self.shell("sess_env")
        self.assertEqual(shell.run("id -u").strip(), str(65534 if os.geteuid() == 0 else os.geteuid()))
        variables = dict(line.split("=", 1) for line in shell.run("env").replace("\r", "").splitlines() if "=" in line)
        self.assertEqual(variables["TERM"], "xterm-256color")
        self.assertEqual(variables["SHELL"], "/bin/bash" if os.geteuid() == 0 else variables["SHELL"])
        for name in variables:
            self.assertNotRegex(name, "TALOME|SECRET|DATABASE|CORE_|DOCKER|ASAN|LISTEN|NOTIFY")
        self.assertIn("80", shell.run("stty size"))
        self.assertEqual(sorted(shell.run("ls /proc/self/fd").split()), ["0", "1", "2", "3"])
        self.assertEqual(shell.run("ps -o pgid= -p $$").strip(), shell.run("echo $$").strip())

    def test_what_the_list_says(self):
        self.talomed.request("PATCH", "/api/terminal/sessions/sess_work", {"displayName": "Work"})
        shell = self.shell("sess_work", name="work")
        shell.run("true")
        row = self.sessions()[0]
        self.assertEqual((row["id"], row["name"], row["displayName"], row["clients"], row["recovered"], row["system"]),
                         ("sess_work", "work", "Work", 1, False, False))
        self.assertLess(abs(row["createdAt"] / 1000 - time.time()), 60)
        self.assertGreaterEqual(row["uptime"], 0)
        self.assertTrue(self.create(name="work")["exists"])
        self.shell("sess_evolution-1").run("true")
        self.assertEqual({each["id"]: each["system"] for each in self.sessions()}, {"sess_work": False, "sess_evolution-1": True})

    def test_what_is_wanted_begins_at_once(self):
        made = self.create(name="now", cwd="/usr/share", env={"MY_OWN": "hush-hush"}, cols=100, rows=30)
        answer = self.talomed.post(f"/api/terminal/sessions/{made['sessionId']}/input", {"data": "pwd; echo $MY_OWN; stty size\r"})
        self.assertEqual(answer.status, 200, answer)
        output = lambda: self.talomed.get(f"/api/terminal/sessions/{made['sessionId']}/output").text
        wait_until(lambda: "30 100" in output(), 20, what="the command runs")
        self.assertRegex(output(), "/usr/share\nhush-hush\n30 100\n")
        self.assertEqual(self.talomed.get(f"/api/terminal/sessions/{made['sessionId']}/output?tail=5").text[-5:], output()[-5:])
        self.create(409, name="now", cwd="/tmp")
        self.assertFalse("hush-hush" in self.talomed.get("/api/audit-log").text)

    def test_a_program_instead_of_a_shell(self):
        self.create(name="counts", command=["/bin/sh", "-c", "echo \"$0|$1\"; read x; exit 7", "a b;c", "$(id)"])
        shell = self.shell("sess_counts")
        shell.until("a b;c|$(id)\r\n")
        shell.type("\r")
        shell.until("[process exited: code 7]")
        self.assertEqual(shell.closed(), (1000, "the process has exited"))
        self.assertEqual(self.sessions(), [])

    def test_what_cannot_be(self):
        for status, body in ((400, {"cwd": "relative"}), (400, {"shell": "bash"}), (400, {"cols": 1, "cwd": "/"}), (400, {"rows": 201, "cwd": "/"}),
                             (400, {"cols": 2**31, "cwd": "/"}), (400, {"name": ""}), (400, {"name": "x" * 201}), (400, {"name": "a\nb"}),
                             (400, {"command": []}), (400, {"command": [""]}), (400, {"env": {"A=B": "c"}}), (400, {"env": {"": "c"}}),
                             (400, {"env": {"A": "\0"}}), (400, {"what": 1}), (400, {"cwd": "/does/not/exist"}), (400, {"cwd": "/\0"}),
                             (400, {"shell": "/etc/passwd"}), (400, {"command": ["no-such-program"]}), (400, {"user": "x"})):
            answer = self.talomed.post("/api/terminal/sessions", body)
            self.assertEqual(answer.status, status, (body, answer))
            self.assertIsInstance(answer.json["error"], str)
        self.assertEqual(self.sessions(), [])
        for method, path, body, status in (("DELETE", "sess_none", None, 404), ("POST", "sess_none/input", {"data": "x"}, 404),
                                           ("GET", "sess_none/output", None, 404), ("GET", "sess_none/recording", None, 404),
                                           ("POST", "sess_none/resize", {"cols": 80, "rows": 24}, 404),
                                           ("PATCH", "eph_none", {"displayName": "x"}, 404), ("PATCH", "sess_x", {"displayName": ""}, 400),
                                           ("POST", "sess_none/resize", {"cols": 501, "rows": 24}, 400), ("DELETE", "..%2fx", None, 400)):
            answer = self.talomed.request(method, f"/api/terminal/sessions/{path}", body)
            self.assertEqual(answer.status, status, (path, answer))

    def test_limits(self):
        for i in range(4):
            self.create(name=f"n{i}", cwd="/")
        self.create(409, name="n4", cwd="/")
        shell = self.shell("sess_n5")
        self.assertEqual(shell.closed()[0], 1008)
        self.assertIn("no more may be", shell.text)
        clients = [self.shell("sess_n0") for _ in range(8)]
        for each in clients:
            each.run("true")
        ninth = self.shell("sess_n0")
        self.assertEqual(ninth.closed()[0], 1008)
        self.assertIn("has 8 clients", ninth.text)

    def test_several_clients_share_one(self):
        one, two = self.shell("sess_shared"), self.shell("sess_shared")
        one.run("true")
        two.type("echo from-''two\r")
        one.until("from-two\r\n")
        two.until("from-two\r\n")
        one.type("echo from-''one\r")
        two.until("from-one\r\n")
        self.assertEqual(self.sessions()[0]["clients"], 2)

    def test_the_last_client_ends_only_a_throwaway_one(self):
        named = self.shell("sess_stays")
        pid = int(named.run("echo $$"))
        thrown = self.shell()
        other = int(thrown.run("echo $$"))
        self.assertRegex([each["id"] for each in self.sessions() if each["id"] != "sess_stays"][0], "^eph_[0-9a-f]{16}$")
        named.ws.socket.close()
        thrown.ws.socket.close()
        wait_until(lambda: not alive(other), 20, what="the throw-away shell ends")
        wait_until(lambda: [each["clients"] for each in self.sessions()] == [0], 20, what="the named one has no client")
        self.assertTrue(alive(pid))

    def test_the_size_is_what_the_last_one_said(self):
        shell = self.shell("sess_size", cols=90, rows=20)
        self.assertEqual(shell.run("stty size").strip(), "20 90")
        shell.resize(132, 43)
        self.assertEqual(shell.run("stty size").strip(), "43 132")
        for cols, rows in ((0, 10), (-5, 10), (None, 10), ("x", 10)):
            shell.resize(cols, rows)
        self.assertEqual(shell.run("stty size").strip(), "43 132")
        shell.resize(2**31, 10**9)
        self.assertEqual(shell.run("stty size").strip(), "200 500")
        self.assertEqual(self.talomed.post("/api/terminal/sessions/sess_size/resize", {"cols": 70, "rows": 10}).status, 200)
        self.assertEqual(shell.run("stty size").strip(), "10 70")

    def test_deleting_ends_all_of_it(self):
        shell = self.shell("sess_kill")
        pid = int(shell.run("echo $$"))
        child = int(shell.run("sh -c 'trap \"\" HUP; sleep 1000 & echo $!'"))
        self.assertTrue(alive(child))
        begin = time.monotonic()
        answer = self.talomed.request("DELETE", "/api/terminal/sessions/sess_kill")
        self.assertEqual((answer.status, answer.json), (200, {"success": True}))
        wait_until(lambda: not alive(pid) and not alive(child), 30, what="shell and child are gone")
        self.assertGreater(time.monotonic() - begin, 3)  # they ignore SIGHUP
        self.assertEqual(shell.closed()[0], 1000)

    def test_nonsense_is_ignored(self):
        shell = self.shell("sess_noise")
        shell.run("true")
        for noise in ("", "{", "[]", "null", '{"type":"input"}', '{"type":"input","data":7}', '{"type":"what"}', '{"type":"auth","token":"x"}', "x" * 1000):
            shell.ws.send(1, noise)
        shell.ws.send(2, b"\x00\xff")
        self.assertEqual(shell.run("echo fine").strip(), "fine")

    def test_a_large_paste(self):
        shell = self.shell("sess_paste")
        shell.run("stty -echo -icanon")
        shell.type("head -c 1048576 | sha256sum\r")
        time.sleep(0)  # what is typed waits for head
        text = ("0123456789abcdef" * 4096) * 16
        shell.type(text)
        import hashlib
        shell.until(hashlib.sha256(text.encode()).hexdigest(), 60)

    def test_text_that_is_cut_anywhere_arrives_whole(self):
        shell = self.shell("sess_utf8")
        shell.type("printf '\\346'; sleep 0.1; printf '\\274'; sleep 0.1; printf '\\242|'; printf '\\377|\\n'; stty sane\r")
        shell.until("\u6f22|\ufffd|\r\n")
        shell.type("for i in $(seq 20000); do printf '\U0001f600\u6f22\u00e9'; done; echo; echo en''d\r")
        text = shell.until("end\r\n", 60)
        self.assertNotIn("\ufffd", text)
        self.assertGreaterEqual(text.count("\U0001f600\u6f22\u00e9"), 19000)  # some are cut by the end of a line

    def test_what_is_known_of_the_daemon(self):
        shell = self.shell("sess_known")
        shell.run("true")
        health = self.talomed.get("/api/terminal/health").json
        self.assertEqual((health["ok"], health["sessions"], health["recoverable"]), (True, 1, 0))
        self.assertEqual(self.talomed.post("/api/terminal/session").json["bootId"], health["bootId"])
        self.assertEqual(self.talomed.get("/api/terminal-daemon-port").json, {"port": self.talomed.own_port})
        self.assertEqual(self.talomed.post("/api/terminal/ensure-daemon").json, {"running": True, "spawned": False})
        self.assertTrue(self.talomed.get("/api/terminal/project-root").json["path"].startswith("/"))

    def test_audit(self):
        shell = self.shell("sess_audited")
        shell.run("echo typed-by-a-person")
        shell.ws.socket.close()
        def rows():
            return [row for row in self.talomed.get("/api/audit-log?limit=500").json if row.get("action") == "terminal.note" and row.get("targetId") == "sess_audited"]
        wait_until(lambda: len(rows()) == 2, 20, what="open and close are in the audit log")
        notes = {json.loads(row["input"])["event"] if isinstance(row.get("input"), str) else row["input"]["event"]: row for row in rows()}
        closing = notes["close"]["input"]
        closing = json.loads(closing) if isinstance(closing, str) else closing
        self.assertEqual((closing["user"], closing["address"]), ("admin", "127.0.0.1"))
        self.assertGreater(closing["bytesIn"], 20)
        self.assertGreater(closing["bytesOut"], closing["bytesIn"])
        self.assertIn("open", notes)
        self.assertNotIn("typed-by-a-person", self.talomed.get("/api/audit-log?limit=500").text)


@unittest.skipUnless(HOME, "there is no user here whose home may be written to")
class KeptTest(TerminalCase):
    """What lies in the home of the shells' user."""

    env = {"TALOME_SETTING_TERMINAL_RUN_AS": "man"} if os.geteuid() == 0 else {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(subprocess.run, ["rm", "-rf", HOME + "/.talome/terminal-uploads", HOME + "/.talome/terminal-recordings"])

    def create(self, **body):
        answer = self.talomed.post("/api/terminal/sessions", body)
        self.assertEqual(answer.status, 200, answer)

    def test_recording(self):
        self.create(name="taped", record=True)
        shell = self.shell("sess_taped")
        shell.run("echo on-''tape")
        lines = lambda: self.talomed.get("/api/terminal/sessions/sess_taped/recording").text.splitlines()
        wait_until(lambda: any("on-tape" in line for line in lines()), 20, what="it is on the tape")
        head, *events = map(json.loads, lines())
        self.assertEqual((head["version"], head["width"], head["height"]), (2, 80, 24))
        self.assertTrue(all(kind == "o" and time_ >= 0 for time_, kind, _ in events))
        self.assertIn("on-tape\r\n", "".join(text for _, _, text in events))
        self.create(name="untaped", cwd="/")
        self.assertEqual(self.talomed.get("/api/terminal/sessions/sess_untaped/recording").status, 404)

    def test_uploads(self):
        png = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
        def form(name, kind, content, field="file"):
            body = (f"--b\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n").encode() + content + b"\r\n--b--\r\n"
            return self.talomed.request("POST", "/api/terminal/upload", body, headers={"Content-Type": "multipart/form-data; boundary=b"})
        for name, kind, content, field, status in (("a.png", "image/jpeg", png, "file", 415), ("a.gif", "image/png", png, "file", 415),
                                                   ("a.png", "image/png", b"GIF89a", "file", 415), ("a.sh", "text/x-shellscript", b"#!/bin/sh", "file", 415),
                                                   ("a.png", "image/png", png, "other", 400), ("a.png", "image/png", png + bytes(10 << 20), "file", 413)):
            answer = form(name, kind, content, field)
            self.assertEqual(answer.status, status, (name, kind, answer))
        answer = form("../../a.png", "image/png", png)
        self.assertEqual(answer.status, 200, answer)
        path = answer.json["path"]
        self.assertTrue(path.startswith(HOME + "/.talome/terminal-uploads/") and path.endswith(".png"), path)
        shell = self.shell("sess_upload")
        self.assertEqual(shell.run(f"wc -c < {path}; stat -c %a {path}").split(), ["108", "600"])


class SurvivalTest(unittest.TestCase):
    """What a crash, a restart and a replacement leave as it was."""

    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Terminal())
        cls.talomed.login()

    def shell(self, *args, **options):
        return self.enterContext(Shell(self.talomed, *args, **options))

    def test_kill_9_of_the_server_in_the_middle_of_vi(self):
        talomed = self.talomed
        shell = self.shell("sess_vi", cols=80, rows=24)
        pid = shell.run("echo $$").strip()
        vi = "vi" if subprocess.run(["sh", "-c", "command -v vi"], capture_output=True).returncode == 0 else "vim.tiny"
        shell.type(f"{vi} -u NONE -n +'set nomore' /tmp/talome-no-such-file\r")
        shell.until("~")
        shell.type("ihello from vi")
        shell.until("hello from vi")
        talomed.kill9()
        talomed.start()
        again = self.shell("sess_vi")
        again.until("hello from vi")
        self.assertEqual(again.text.count("hello from vi"), 0)
        again.until("~")
        again.type(", still here")
        again.until(", still here")
        again.type("\x1b:q!\r")
        again.until("?1049l")
        again.until("$ ")
        self.assertEqual(again.run("echo $$").strip(), pid)
        row = talomed.get("/api/terminal/sessions").json["sessions"][0]
        self.assertEqual((row["recovered"], row["clients"]), (False, 1))

    def test_replacing_the_plugin(self):
        shell = self.shell("sess_replaced")
        pid = shell.run("echo $$").strip()
        shell.type("sleep 0.5; echo af''ter\r")
        answer = self.talomed.post("/api/plugins/terminal/replace")
        self.assertIn(answer.status, (200, 202), answer)
        self.assertEqual(shell.closed()[0], 1012)  # it is welcome again
        again = self.shell("sess_replaced")
        again.until("after")
        self.assertEqual(again.run("echo $$").strip(), pid)

    def test_talome_pty_executes_its_program_anew(self):
        shell = self.shell("sess_anew", proto=2)
        pid = shell.run("echo $$").strip()
        daemon = pty_of(self.talomed)
        boot = self.talomed.get("/api/terminal/health").json["bootId"]
        shell.run("cat /dev/null; x=kept; printf '\\033[?2004h'")
        os.kill(daemon, signal.SIGHUP)
        shell.type("echo $x-''$$\r")  # the client is attached again, and lacks nothing
        wait_until(lambda: shell.receive() and f"kept-{pid}" in shell.text or shell.type("\r"), 20, 0.1, "the shell goes on")
        self.assertEqual(pty_of(self.talomed), daemon)
        self.assertEqual(self.talomed.get("/api/terminal/health").json["bootId"], boot)
        other = self.shell("sess_anew")
        other.until(f"kept-{pid}")
        # It is still their parent: it hears how they end.
        other.type("exit 9\r")
        other.until("code 9")

    def test_no_process_is_left_when_nothing_is_needed(self):
        shell = self.shell("sess_last")
        shell.run("true")
        self.talomed.request("DELETE", "/api/terminal/sessions/sess_last")
        self.assertEqual(shell.closed()[0], 1000)
        daemon = pty_of(self.talomed)
        zombies = lambda: [entry for entry in os.listdir("/proc") if entry.isdigit() and self.is_zombie_of(entry, daemon)]
        wait_until(lambda: not zombies(), 10, what="no zombie is left")

    @staticmethod
    def is_zombie_of(entry, parent):
        try:
            fields = pathlib.Path("/proc", entry, "stat").read_text().rsplit(") ", 1)[1].split()
        except OSError:
            return False
        return fields[0] == "Z" and int(fields[1]) == parent


if __name__ == "__main__":
    unittest.main()
