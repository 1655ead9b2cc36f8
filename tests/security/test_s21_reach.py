"""S21: no confused deputy. A plugin that calls for a caller reaches no further than that caller, whatever the plugin may
do; its own work reaches no further than its manifest, and never makes credentials; a token's reach ends at its scope and
groups through REST, streams, WebSockets, calls between plugins and the daemon's socket."""

import json
import os
import subprocess
import sys
import unittest

from house import DENIED, House, INVALID, UNAUTHENTICATED, UNSUPPORTED, build
from clients import Events, Refused, WebSocket


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = cls.enterClassContext(House())
        cls.callers = cls.house.people()
        cls.operations = {operation.id: operation for operation in cls.house.operations()}
        cls.calls = {id: operation for id, operation in cls.operations.items() if operation.kind == "call" and not operation.listener}

        manifest = json.loads((build() / "tests/plugins/delegate/delegate.plugin.json").read_text())
        cls.within = [id for id in cls.calls if any(id == use or use.endswith("*") and id.startswith(use[:-1]) for use in manifest["uses"])]

    def order(self, how, token, operation, input="{}", plugin="delegate"):
        return self.house.post(f"/api/{plugin}/{how}", {"operation": operation, "input": input}, token=token)


class PluginReachTest(Case):
    def test_for_a_caller_no_further_than_the_caller(self):
        """The plugin's manifest names all of these operations."""
        self.assertIn("auth.me", self.within)
        for caller in self.callers:
            relay = caller.may(self.operations["delegate.relay"])
            for id in self.within:
                operation = self.calls[id]
                with self.subTest(caller=caller.name, operation=id):
                    before = self.house.runs()
                    answer = self.order("relay", caller.token, id, '{"zzUnknown":1}')
                    if not relay:
                        self.assertEqual(answer.status, caller.refusal(), answer)
                    elif not caller.may(operation):
                        self.assertEqual(answer.status, 200, answer)
                        self.assertEqual((answer.json["done"], answer.json["status"]), (False, DENIED if caller.role else UNAUTHENTICATED), answer)
                    else:
                        wrong = UNSUPPORTED if operation.described.get("x-raw") else INVALID
                        self.assertEqual((answer.json["done"], answer.json["status"]), (False, wrong), answer)
                    self.assertEqual(self.house.runs(), before)

    def test_a_tier_that_the_plugin_makes_little_of(self):
        """delegate.look says that it only reads, and is public: a read token may call it, and gets no change through it."""
        for caller in self.callers:
            for id in ("counter.sessionModify", "counter.sessionDestructive", "counter.adminDestructive", "counter.anyoneModify"):
                with self.subTest(caller=caller.name, operation=id):
                    before, may = self.house.runs(), caller.may(self.operations[id])
                    answer = self.order("look", caller.token, id)
                    self.assertEqual(answer.status, 200, answer)
                    self.assertEqual(answer.json["done"], may, answer)
                    self.assertEqual(self.house.runs() - before, int(may))

    def test_no_further_than_the_manifest(self):
        """Neither as its own work nor for an administrator who calls it."""
        for how in ("own", "relay", "look"):
            self.assertTrue(self.order(how, self.house.token, "counter.adminRead", plugin="deputy").json["done"])
            for id in (*self.calls, "counter.adminReadMore", "counter.admin", "counter.*", "*", ""):
                if id == "counter.adminRead":
                    continue
                with self.subTest(how=how, operation=id):
                    before = self.house.runs()
                    answer = self.order(how, self.house.token, id, plugin="deputy").json
                    self.assertEqual((answer["done"], answer["status"]), (False, DENIED), answer)
                    self.assertEqual(self.house.runs(), before)

    def test_no_manifest_gives_what_a_person_must_do(self):
        """delegate's manifest names the operations of persons too, but its own work is nobody's person."""
        person = [id for id in self.within if "interactive" in self.calls[id].permission.split(",")]
        self.assertIn("counter.adminInPersonModify", person)
        for id in person:
            with self.subTest(operation=id):
                before = self.house.runs()
                answer = self.order("own", self.house.token, id, '{"zzUnknown":1}').json
                self.assertEqual((answer["done"], answer["status"]), (False, DENIED), answer)
                self.assertEqual(self.house.runs(), before)

    def test_what_is_no_call_cannot_be_called(self):
        for id in ("counter.anyoneRaw", "counter.anyoneUpload", "counter.anyoneSocket", "counter.anyoneEvents", "no.such", "", "*", "counter.*"):
            with self.subTest(operation=id):
                before = self.house.runs()
                self.assertFalse(self.order("relay", self.house.token, id).json["done"])
                self.assertEqual(self.house.runs(), before)

    def test_a_plugin_that_calls_itself_comes_to_an_end(self):
        order = {"operation": "counter.sessionRead", "input": "{}"}
        for _ in range(12):
            order = {"operation": "delegate.relay", "input": json.dumps(order)}
        before = self.house.runs()
        answer = self.house.post("/api/delegate/relay", order)
        self.assertEqual(answer.status, 200, answer)
        self.assertIn("nested too deeply", answer.text)
        self.assertEqual(self.house.runs(), before)


class TokenReachTest(Case):
    """What the tokens of a scope can open; the matrix of all operations is in S15."""

    def setUp(self):
        self.tokens = [caller for caller in self.callers if caller.token and not caller.in_person]
        if not self.tokens:
            self.skipTest("this build has no POST /api/auth/tokens")

    def test_streams(self):
        for caller in self.tokens:
            for id, operation in self.operations.items():
                if operation.plugin != "counter" or operation.kind not in ("events", "websocket") or operation.permission == "public":
                    continue
                with self.subTest(caller=caller.name, operation=id):
                    opened = Events if operation.kind == "events" else WebSocket
                    try:
                        opened(self.house.port, operation.path, caller.token).socket.close()
                        self.assertTrue(caller.may(operation))
                    except Refused as refused:
                        self.assertEqual(refused.status, 403)
                        self.assertFalse(caller.may(operation))

    def test_no_token_makes_or_changes_credentials(self):
        """Whatever is for a person only, is for no token, also not for an administrator's of the widest scope."""
        person = [o for o in self.operations.values() if "interactive" in o.permission.split(",")]
        self.assertIn("POST /api/auth/tokens", [f"{o.method} {o.path}" for o in person])
        for operation in person:
            for caller in self.tokens:
                with self.subTest(caller=caller.name, operation=str(operation)):
                    self.assertEqual(self.house.status_of(operation, caller, {}).status, 403)

    def test_credentials_are_for_persons_only(self):
        """All routes that make or change one say so."""
        for id, operation in self.operations.items():
            if operation.tier != "read" and (operation.path.startswith("/api/users") or "token" in operation.path or "password" in operation.path
                                             or "recovery" in operation.path or operation.path.startswith("/api/auth/sessions")):
                with self.subTest(operation=str(operation)):
                    self.assertIn("interactive", operation.permission.split(","))

    def test_a_token_does_not_outgrow_its_maker(self):
        member = next((c for c in self.callers if c.name == "member without flags"), None)
        if not member:
            self.skipTest("this build has no POST /api/users")
        made = self.house.api_token(member.token, name="wide", scope="full")
        for path in ("/api/plugins", "/api/counter/admin/Read", "/api/counter/flag/Read"):
            self.assertEqual(self.house.get(path, token=made["token"]).status, 403)
        self.assertEqual(self.house.get("/api/counter/session/Read", token=made["token"]).status, 200)


PEER = """
import json, os, socket, sys
path, uid, text = sys.argv[1], int(sys.argv[2]), sys.stdin.buffer.read()
if uid: os.setgroups([]); os.setgid(uid); os.setuid(uid)
try:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(text)
        data = b""
        while piece := connection.recv(65536): data += piece
    print(data.decode(errors="replace"))
except PermissionError as error:
    print("PermissionError")
"""


class SocketTest(Case):
    """The daemon's unix socket: by the kernel's word for the caller's uid, and never further than a token that is sent."""

    def setUp(self):
        self.path = self.house.state / "talomed.sock"
        if not self.path.exists():
            self.skipTest("this build has no socket of the daemon")

    def ask(self, path, *fields, method="GET", uid=0, body=b""):
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *fields]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        text = "\r\n".join([*lines, "", ""]).encode() + body
        done = subprocess.run([sys.executable, "-c", PEER, str(self.path), str(uid)], input=text, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = done.stdout.decode()
        return int(answer.split(" ")[1]) if answer.startswith("HTTP/") else answer.strip()

    def test_its_owner_is_an_administrator(self):
        self.assertEqual(self.ask("/api/plugins"), 200)
        self.assertEqual(self.ask("/api/counter/adminInPerson/Read"), 200)

    def test_a_token_reaches_no_further_here(self):
        for caller in self.callers:
            if not caller.token:
                continue
            for id in ("counter.adminRead", "counter.adminDestructive", "counter.adminInPersonRead", "counter.flagRead", "plugins.list"):
                operation = self.operations[id]
                with self.subTest(caller=caller.name, operation=id):
                    got = self.ask(operation.path, f"Authorization: Bearer {caller.token}")
                    self.assertEqual(got, 200 if caller.may(operation) else 403)

    def test_a_dead_token_is_nobody(self):
        self.assertEqual(self.ask("/api/plugins", "Authorization: Bearer nonsense"), 401)

    def test_no_page_comes_this_way(self):
        self.assertEqual(self.ask("/api/plugins", "Origin: http://localhost"), 403)
        self.assertEqual(self.ask("/api/counter/admin/Modify", "Origin: http://localhost", method="POST", body=b"{}"), 403)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be somebody else")
    def test_another_user_of_the_machine(self):
        """The file's mode keeps another user out; were it open, that user would be nobody."""
        self.assertEqual(self.ask("/api/plugins", uid=12345), "PermissionError")
        folders = [self.path.parent, *self.path.parent.parents]
        modes = [(folder, folder.stat().st_mode) for folder in folders[:2]]
        mode = self.path.stat().st_mode
        try:
            for folder, was in modes:
                folder.chmod(was | 0o055)
            self.path.chmod(0o666)
            self.assertEqual(self.ask("/api/plugins", uid=12345), 401)
            self.assertEqual(self.ask("/api/health", uid=12345), 200)
        finally:
            self.path.chmod(mode)
            for folder, was in modes:
                folder.chmod(was)


if __name__ == "__main__":
    unittest.main()
