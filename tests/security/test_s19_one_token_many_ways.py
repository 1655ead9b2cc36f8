"""S19: a token reaches the same whichever way it comes. By header, cookie and a WebSocket's first message it stands for
the same caller; in the query, in x-api-key or as a WebSocket's subprotocol it stands for nobody, never for more."""

import json
import unittest
import urllib.parse

from house import House, first_answer
from clients import TEXT, Refused, WebSocket


class OneTokenTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = cls.enterClassContext(House(with_own=False))
        cls.callers = [caller for caller in cls.house.people() if caller.token]
        cls.operations = [o for o in cls.house.operations() if o.plugin == "counter" and o.kind == "call" and o.method == "GET"]

    def status(self, operation, fields=(), query=None):
        lines = [f"GET {operation.target(None, query)} HTTP/1.1", "Host: localhost", "Connection: close", *fields, "", ""]
        return first_answer(self.house.port, "\r\n".join(lines).encode()).status

    def test_header_and_cookie_are_the_same(self):
        for caller in self.callers:
            for operation in self.operations:
                with self.subTest(caller=caller.name, operation=str(operation)):
                    wanted = 200 if caller.may(operation) else 403
                    self.assertEqual(self.status(operation, [f"Authorization: Bearer {caller.token}"]), wanted)
                    # A cookie acts only for a page of this server; without Origin it is not a page at all.
                    by_cookie = self.status(operation, [f"Cookie: talome_session={caller.token}", "Sec-Fetch-Site: same-origin"])
                    self.assertIn(by_cookie, (wanted, 401), "never more than by the header")
                    if caller.in_person:
                        self.assertEqual(by_cookie, wanted)

    def test_other_places_are_no_places(self):
        for caller in self.callers:
            token = caller.token
            ways = {
                "x-api-key": ([f"X-Api-Key: {token}"], None), "x-auth-token": ([f"X-Auth-Token: {token}"], None),
                "basic": ([f"Authorization: Basic {token}"], None), "token": ([f"Authorization: Token {token}"], None),
                "bare": ([f"Authorization: {token}"], None), "proxy": ([f"Proxy-Authorization: Bearer {token}"], None),
                "cookie named otherwise": ([f"Cookie: token={token}; session={token}; talome={token}"], None),
                "two headers": (["Authorization: Bearer nonsense", f"Authorization: Bearer {token}"], None),
                "subprotocol": ([f"Sec-WebSocket-Protocol: bearer, {token}"], None),
            }
            for name in ("token", "access_token", "api_key", "apikey", "key", "auth", "talome_session", "jwt", "bearer", "Authorization"):
                ways[f"query {name}"] = ([], {name: token})
            for way, (fields, query) in ways.items():
                for operation in self.operations:
                    if operation.permission == "public" or operation.tier != "read":
                        continue
                    with self.subTest(caller=caller.name, way=way, operation=str(operation)):
                        self.assertIn(self.status(operation, fields, query), (400, 401))

    def open(self, path, token=None, fields=(), first=None):
        """True if a message comes back."""
        try:
            with WebSocket(self.house.port, path, token, fields) as ws:
                if first is not None:
                    ws.send(TEXT, first)
                ws.send(TEXT, "hello")
                opcode, payload, _, _ = ws.receive()
                return opcode == TEXT and payload == b"hello"
        except Refused as refused:
            self.assertIn(refused.status, (400, 401, 403))
            return False

    def test_websockets(self):
        for caller in self.callers:
            token = caller.token
            for operation in self.house.operations():
                if operation.plugin != "counter" or operation.kind != "websocket" or operation.permission == "public":
                    continue
                path, may = operation.path, caller.may(operation)
                with self.subTest(caller=caller.name, operation=str(operation)):
                    self.assertEqual(self.open(path, token), may)
                    cookie = [f"Cookie: talome_session={token}", "Origin: http://localhost"]
                    self.assertIn(self.open(path, None, cookie), (may, False))
                    message = json.dumps({"type": "auth", "token": token})
                    if operation.id.endswith("First"):
                        self.assertEqual(self.open(path, None, first=message), may)
                    else:
                        self.assertFalse(self.open(path, None, first=message))
                    for fields in ([f"Sec-WebSocket-Protocol: {token}"], [f"Sec-WebSocket-Protocol: bearer, {token}"], [f"X-Api-Key: {token}"]):
                        if not operation.id.endswith("First"):
                            self.assertFalse(self.open(path, None, fields))
                    for name in ("token", "access_token"):
                        self.assertFalse(self.open(f"{path}?{urllib.parse.urlencode({name: token})}", None))

    def test_a_wrong_header_is_not_mended_by_a_right_cookie(self):
        for operation in self.operations:
            if operation.permission != "public":
                fields = ["Authorization: Bearer nonsense", f"Cookie: talome_session={self.callers[0].token}"]
                self.assertEqual(self.status(operation, fields), 401)


if __name__ == "__main__":
    unittest.main()
