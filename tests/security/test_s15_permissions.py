"""S15: nothing is open by omission. Every operation of the API document (raw routes, uploads, streams and WebSockets too)
names a permission, is refused with 401 or 403 to whom it is not allowed, and does not run before it is allowed."""

import json
import unittest

from house import House, TIERS
from clients import TEXT, Events, WebSocket  # after house, which says where it is


class Walk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = cls.enterClassContext(House())
        cls.callers = cls.house.people()
        cls.operations = cls.house.operations()

    @staticmethod
    def is_late(operation) -> bool:
        """Its client may say with its first message who it is."""
        return operation.kind == "websocket" and (operation.id.endswith("First") or operation.id.startswith("terminal.connect")) and operation.permission != "public"

    def test_every_operation_names_a_permission(self):
        words = {"public", "session", "admin", "interactive"} | self.house.flags()
        for operation in self.operations:
            with self.subTest(operation=str(operation)):
                self.assertTrue(operation.permission)
                self.assertLessEqual(set(operation.permission.split(",")), words)
                self.assertIn(operation.tier, TIERS)
                self.assertTrue(operation.plugin)
        kinds = {operation.kind for operation in self.operations}
        self.assertEqual(kinds, {"call", "raw", "upload", "events", "websocket"})

    def test_what_is_public_is_named_here(self):
        """A route that becomes public must be added to this list, and that is a decision."""
        public = {operation.id for operation in self.operations if operation.permission == "public" and operation.plugin == "host"}
        self.assertLessEqual(public, {"auth.login", "auth.logout", "auth.recover", "auth.status", "auth.verify", "health.get",
                                      "health.healthz", "health.readyz", "health.live", "health.ready", "setup.status",
                                      "setup.init", "metrics.get"})

    def test_the_whole_matrix_by_an_input_that_is_wrong(self):
        """An input that no operation knows is told (400) only to whom the operation is allowed, so nothing runs here."""
        before = self.house.runs()
        for operation in self.operations:
            for caller in self.callers:
                late = self.is_late(operation) and not caller.role
                allowed = caller.may(operation) or late  # it may say later who it is
                with self.subTest(operation=str(operation), caller=caller.name):
                    answer = self.house.status_of(operation, caller, {"zzUnknown": "1"})
                    self.assertEqual(answer.status, 400 if allowed else caller.refusal(), answer)
                    self.assertIsInstance(answer.json["error"], str)
        self.assertEqual(self.house.runs(), before)

    def test_a_handler_runs_only_for_whom_it_is_allowed(self):
        for operation in self.operations:
            if operation.plugin != "counter" or operation.id in ("counter.runs", "counter.tell", "counter.secret") or operation.kind == "events":
                continue
            for caller in self.callers:
                late = self.is_late(operation) and not caller.role
                with self.subTest(operation=str(operation), caller=caller.name):
                    before = self.house.runs()
                    status = self.house.status_of(operation, caller, {}).status
                    if late:
                        self.assertEqual(status, 101)
                    elif caller.may(operation):
                        self.assertIn(status, (101, 200, 204, 409))
                        self.assertGreater(self.house.runs(), before)
                    else:
                        self.assertEqual(status, caller.refusal())
                    if late or not caller.may(operation):
                        self.assertEqual(self.house.runs(), before)

    def test_a_first_message_lets_nobody_further_in(self):
        """A WebSocket whose first message says who it is, opens for the same callers as one with a header."""
        for operation in self.operations:
            if not (operation.plugin == "counter" and self.is_late(operation)):
                continue
            for caller in self.callers:
                with self.subTest(operation=str(operation), caller=caller.name):
                    before = self.house.runs()
                    with WebSocket(self.house.port, operation.path) as ws:
                        ws.send(TEXT, json.dumps({"type": "auth", "token": caller.token or "nobody"}))
                        if caller.token and caller.may(operation):
                            ws.send(TEXT, "hello")
                            self.assertEqual(ws.text(), "hello")
                            continue
                        self.assertEqual(ws.closed()[0], 1008)
                    self.assertEqual(self.house.runs(), before)

    def test_a_body_is_not_waited_for(self):
        """Who is refused is told so before sending what it announced."""
        for path in ("/api/counter/admin/Modify", "/api/counter/admin/upload", "/api/counter/admin/raw"):
            request = (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
                       "Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
            answer = self.house.exchange(request.encode())
            self.assertTrue(answer.startswith(b"HTTP/1.1 401 "), answer[:200])

    def test_other_spellings_of_a_path_open_nothing(self):
        """What is not exactly a route is not one: it is refused, and never falls through to something else."""
        for path in ("/api//plugins", "/api/plugins/", "/api/./plugins", "/api/counter/../plugins", "/API/plugins", "/api/plugins%00",
                     "/api/%70lugins", "/api/plugins;x", "/api/plugins/.", "/api/auth/login/../../plugins", "/api/plugins%2f"):
            with self.subTest(path=path):
                answer = self.house.get(path, token=None)
                self.assertIn(answer.status, (400, 401, 404), answer)

    def test_other_methods_open_nothing(self):
        for method in ("HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "POST", "get", "X"):
            with self.subTest(method=method):
                answer = self.house.request(method, "/api/plugins", token=None, headers={"X-Http-Method-Override": "GET"})
                self.assertIn(answer.status, (204, 400, 401, 405, 501), answer)
                self.assertNotIn(b"counter", answer.body)


class EventsTest(unittest.TestCase):
    def test_each_sees_only_the_topics_that_it_may(self):
        with House() as house:
            callers = house.people()
            operations = {o.id: o for o in house.operations()}
            for caller in callers:
                if not caller.role:
                    continue
                with self.subTest(caller=caller.name):
                    allowed = {name for name in ("anyone", "session", "admin", "inPerson", "adminInPerson", "flag", "twoFlags")
                               if caller.may(operations[f"counter.{name}Events"])}
                    with Events(house.port, "/api/counter/session/events", caller.token, timeout=10) as stream:
                        self.assertEqual(house.post("/api/counter/tell", {"text": caller.name}).status, 200)
                        seen = set()
                        while "sessionTold" not in seen or not {f"{name}Told" for name in allowed} <= seen:
                            event, _, _ = stream.next()
                            seen.add(event.removeprefix("counter."))
                        wanted = {f"{name}Told" for name in allowed}
                        self.assertEqual(house.post("/api/counter/tell", {"text": "again"}).status, 200)
                        for _ in wanted:
                            seen.add(stream.next()[0].removeprefix("counter."))
                        self.assertEqual(seen, wanted)


if __name__ == "__main__":
    unittest.main()
