"""Who gets no shell: without a token, with a wrong, a used or another user's, from foreign pages, and without the flag."""

import json
import os
import pathlib
import socket
import stat
import subprocess
import unittest

from terminal_case import CLOSE, TEXT, Refused, Shell, Talomed, Terminal, TerminalCase, WebSocket, member_of, pty_of, sanitized

PATH = "/api/terminal/ws"


class AccessTest(TerminalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = member_of(cls.talomed, "ann", terminal=True)
        cls.bob = member_of(cls.talomed, "bob", terminal=True)
        cls.without = member_of(cls.talomed, "carl")

    def ticket(self, token=None, body=None, origin=None):
        answer = self.talomed.post("/api/terminal/session", body, token=token or self.talomed.token, headers={"Origin": origin} if origin else None)
        self.assertEqual(answer.status, 200, answer)
        self.assertRegex(answer.json["token"], "^eph_[0-9a-f]{32}$")
        return answer.json["token"]

    def refused(self, session="sess_x", **options):
        """A client that gets no shell; the code it is closed with."""
        before = len(self.sessions())
        with Shell(self.talomed, session, **options) as shell:
            shell.type("echo in''side\r")
            code = shell.closed()[0]
            self.assertNotIn("inside", shell.text)
        self.assertEqual(len(self.sessions()), before)
        return code

    def test_no_token_and_wrong_ones(self):
        for ticket in (None, "", "nonsense", "eph_" + "0" * 32, "eph_", "backup_x"):
            for port, path in ((None, PATH), (self.talomed.own_port, "/ws")):
                self.assertEqual(self.refused(ticket=ticket, port=port, path=path), 1008, ticket)

    def test_anything_else_as_a_first_message(self):
        for first in ("hello", "{}", '{"type":"input","data":"id\\r"}', "[" * 1000):
            with WebSocket(self.talomed.port, PATH) as ws:
                ws.socket.sendall(ws.frame(TEXT, first) + ws.frame(TEXT, '{"type":"input","data":"id\\r"}'))
                while True:
                    opcode, payload, _, _ = ws.receive()
                    if opcode == CLOSE:
                        break
                    self.assertNotIn(b"uid=", payload)
                self.assertEqual(int.from_bytes(payload[:2], "big"), 1008)

    def test_a_ticket_is_good_once(self):
        word = self.ticket()
        self.shell("sess_once", ticket=word).run("true")
        self.assertEqual(self.refused(ticket=word), 1008)
        self.assertEqual(self.refused(ticket=word, connect_token=self.talomed.token), 1008)
        word = self.ticket()
        self.shell("sess_once", ticket=word, connect_token=self.talomed.token).run("true")
        self.assertEqual(self.refused(ticket=word, connect_token=self.talomed.token), 1008)
        self.assertEqual(self.refused(ticket=word), 1008)

    def test_a_ticket_is_for_its_session(self):
        word = self.ticket(body={"sessionId": "sess_mine"})
        self.assertEqual(self.refused("sess_other", ticket=word), 1008)
        self.shell("sess_mine", ticket=self.ticket(body={"sessionId": "sess_mine"})).run("true")
        self.assertEqual(self.refused(None, ticket=self.ticket(body={"sessionId": "sess_mine"})), 1008)
        for body, status in (({"sessionId": 7}, 400), ({"other": "x"}, 400), ([], 400), ({"sessionId": "../x"}, 404), ({"sessionId": "sess_x.someone"}, 404)):
            answer = self.talomed.post("/api/terminal/session", body, token=self.ann)
            self.assertEqual(answer.status, status, (body, answer))

    def test_another_user_s_ticket_and_session(self):
        mine = self.shell("sess_private", token=self.ann)
        mine.run("true")
        owner = self.sessions()[0]
        self.assertRegex(owner["id"], r"^sess_private\..+")
        # Bob's name for it is a session of his own; Ann's own id is nothing to him.
        other = self.shell("sess_private", token=self.bob)
        self.assertNotEqual(other.run("echo $$"), mine.run("echo $$"))
        self.assertEqual(self.refused(owner["id"], token=self.bob), 1008)
        self.assertEqual(self.refused("sess_private", ticket=self.ticket(self.ann), connect_token=self.bob), 1008)
        self.assertEqual([each["id"] for each in self.sessions(self.bob)], ["sess_private"])
        for method, path, body in (("DELETE", "", None), ("PATCH", "", {"displayName": "x"}), ("POST", "/input", {"data": "x"}), ("GET", "/output", None),
                                   ("POST", "/resize", {"cols": 80, "rows": 24}), ("GET", "/recording", None)):
            answer = self.talomed.request(method, f"/api/terminal/sessions/{owner['id']}{path}", body, token=self.bob)
            self.assertEqual(answer.status, 404, (method, path, answer))
        # An administrator may attach to any.
        admin = self.shell(owner["id"])
        self.assertEqual(admin.run("echo $$"), mine.run("echo $$"))
        self.assertEqual(owner["owner"], "ann")

    def test_without_the_flag(self):
        for method, path, body in (("GET", "sessions", None), ("POST", "sessions", {}), ("DELETE", "sessions/sess_x", None), ("POST", "session", None),
                                   ("PATCH", "sessions/sess_x", {"displayName": "x"}), ("POST", "sessions/sess_x/input", {"data": "x"}),
                                   ("GET", "sessions/sess_x/output", None), ("GET", "health", None), ("POST", "ensure-daemon", None),
                                   ("GET", "project-root", None), ("GET", "sessions/sess_x/recording", None)):
            for token, status in ((self.without, 403), (None, 401), ("nonsense", 401)):
                answer = self.talomed.request(method, f"/api/terminal/{path}", body, token=token)
                self.assertEqual(answer.status, status, (method, path, answer))
        with self.assertRaises(Refused) as caught:
            WebSocket(self.talomed.port, PATH, self.without)
        self.assertEqual(caught.exception.status, 403)
        self.assertEqual(self.refused(ticket=self.without), 1008)

    def test_an_api_token_is_no_way_to_a_shell(self):
        answer = self.talomed.post("/api/auth/tokens", {"name": "script", "scope": "full"})
        self.assertEqual(answer.status, 201, answer)
        token = answer.json["token"]
        self.assertEqual(self.refused(ticket=token), 1008)
        self.assertEqual(self.talomed.get("/api/terminal/sessions", token=token).status, 200)
        for method, path, body in (("POST", "session", None), ("POST", "sessions", {"cwd": "/"}), ("POST", "sessions/sess_x/input", {"data": "x"}),
                                   ("GET", "sessions/sess_x/output", None)):
            self.assertEqual(self.talomed.request(method, f"/api/terminal/{path}", body, token=token).status, 403, path)
        with self.assertRaises(Refused) as caught:
            WebSocket(self.talomed.port, PATH, token)
        self.assertEqual(caught.exception.status, 403)

    def test_foreign_pages(self):
        evil = "https://evil.example"
        for port, path in ((self.talomed.port, PATH), (self.talomed.own_port, "/ws")):
            with self.assertRaises(Refused) as caught:  # with nothing, and with the visitor's cookie
                WebSocket(port, path, fields=[f"Origin: {evil}"])
            self.assertEqual(caught.exception.status, 403)
            with self.assertRaises(Refused) as caught:
                WebSocket(port, path, fields=[f"Origin: {evil}", f"Cookie: talome_session={self.talomed.token}"])
            self.assertEqual(caught.exception.status, 403)
        dashboard = "http://localhost:3000"
        origin = [f"Origin: {dashboard}"]
        self.shell("sess_page", ticket=self.ticket(origin=dashboard), fields=origin).run("true")
        self.assertEqual(self.refused(ticket=self.ticket(), fields=origin), 1008)
        self.assertEqual(self.refused(ticket=self.ticket(origin=dashboard)), 1008)
        answer = self.talomed.post("/api/terminal/session", None, token=None, headers={"Origin": evil, "Cookie": f"talome_session={self.talomed.token}"})
        self.assertEqual(answer.status, 403, answer)

    def test_the_shell_goes_with_the_right(self):
        dora = member_of(self.talomed, "dora", terminal=True)
        shell = self.shell("sess_dora", token=dora)
        shell.run("true")
        self.assertEqual(self.talomed.post("/api/auth/logout", token=dora).status, 200)
        self.assertEqual(shell.closed(5), (1008, "the session is over"))
        eve = member_of(self.talomed, "eve", terminal=True)
        word = self.ticket(eve)
        shell = self.shell("sess_eve", token=eve)
        shell.run("true")
        users = {each["username"]: each["id"] for each in self.talomed.get("/api/users").json}
        self.assertEqual(self.talomed.request("PUT", f"/api/users/{users['eve']}", {"permissions": {"terminal": False}}).status, 200)
        self.assertEqual(shell.closed(5)[0], 1008)
        self.assertEqual(self.refused(ticket=word), 1008)

    def test_switched_off(self):
        shell = self.shell("sess_on")
        shell.run("true")
        self.assertEqual(self.talomed.request("PUT", "/api/settings", {"terminal_enabled": False}).status, 200)
        try:
            self.assertEqual(self.talomed.post("/api/terminal/session").status, 403)
            self.assertEqual(self.talomed.post("/api/terminal/sessions", {"cwd": "/"}).status, 403)
            self.assertEqual(self.refused(ticket=self.talomed.token), 1008)
        finally:
            self.assertEqual(self.talomed.request("PUT", "/api/settings", {"terminal_enabled": True}).status, 200)

    def test_ids_that_clients_choose(self):
        for session in ("eph_x", "../../etc", "sess_" + "x" * 100, "sess_x.", "sess_x.someone", "x", "default"):
            self.assertEqual(self.refused(session), 1008, session)

    @unittest.skipUnless(os.geteuid() == 0, "other users need root")
    def test_other_users_of_the_machine(self):
        self.shell("sess_local").run("true")
        path = self.talomed.state / "terminal" / "pty.sock"
        mode = os.stat(path)
        self.assertEqual((stat.S_IMODE(mode.st_mode), mode.st_uid), (0o600, 0))
        self.assertEqual(stat.S_IMODE(os.stat(path.parent).st_mode), 0o700)
        # Even where a file's mode would let it in, a process of the shells' own user is refused by its uid.
        with self.talomed_socket_open_to_all(path) as open_path:
            script = ("import socket,sys; s=socket.socket(socket.AF_UNIX); s.settimeout(10); s.connect(sys.argv[1]); s.sendall(bytes([1,0,0,0,2])); "
                      "d=s.recv(100); print(len(d))")
            done = subprocess.run(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "python3", "-c", script, open_path],
                                  capture_output=True, text=True, timeout=30)
            self.assertTrue(done.stdout.strip() == "0" or "Reset" in done.stderr or "Broken" in done.stderr, done)
        self.assertIn("refused: a process of uid 65534", self.talomed.pty_log())
        if not sanitized():  # it is not for the shells, which have the same user, to look into
            self.assertEqual(os.stat(f"/proc/{pty_of(self.talomed)}/fd").st_uid, 0)

    def talomed_socket_open_to_all(self, path):
        import contextlib
        import shutil
        import tempfile

        @contextlib.contextmanager
        def opened():
            folder = tempfile.mkdtemp(prefix="talome-open-")
            os.chmod(folder, 0o755)
            link = pathlib.Path(folder, "s")
            os.link(path, link)
            os.chmod(path, 0o666)
            try:
                yield str(link)
            finally:
                os.chmod(path, 0o600)
                shutil.rmtree(folder)
        return opened()

    def test_no_other_port(self):
        """A page that finds the terminal's own port finds nothing but the WebSocket there."""
        for path in ("/", "/api/terminal/sessions", "/health", "/backup-auth/setup", PATH):
            with socket.create_connection(("127.0.0.1", self.talomed.own_port), timeout=10) as s:
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                self.assertIn(b" 404 ", s.recv(4096).split(b"\r\n")[0], path)


class RootTest(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "root alone can be refused as root")
    def test_shells_do_not_run_as_root(self):
        for user, words in ((None, "set terminal_run_as"), ("root", "do not run as root"), ("no-such-user", "there is no user")):
            with Talomed(plugins="terminal", env={"TALOME_SETTING_TERMINAL_RUN_AS": user, "TERMINAL_DAEMON_PORT": 0}) as talomed:
                talomed.login()
                answer = talomed.post("/api/terminal/session")
                self.assertEqual(answer.status, 503, answer)
                self.assertIn(words, answer.json["error"])
                self.assertEqual(talomed.get("/api/terminal/sessions").json, {"sessions": []})
                self.assertEqual(talomed.get("/api/containers").status, 404)  # the rest does not notice


if __name__ == "__main__":
    unittest.main()
