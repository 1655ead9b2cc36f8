"""S28: a page of another site, or of a name that was pointed here (DNS rebinding), opens no WebSocket or event stream and
changes nothing: 403. And what ends a right, ends it everywhere: after a change of password or role, a logout, or the
user's deletion, old sessions are dead at the next request and open streams are closed within a second."""

import time
import unittest

from house import House, PASSWORD, first_answer
from clients import Events, Refused, WebSocket

FOREIGN = ("https://evil.example", "http://evil.example:4000", "null", "http://127.0.0.1.evil.example", "http://localhost.evil.example",
           "http://10.evil.example", "file://", "chrome-extension://abcdefgh", "http://[::1].evil.example", "https://127.0.0.1@evil.example", "")


class ForeignPagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = cls.enterClassContext(House())
        cls.token = cls.house.login()
        cls.cookie = cls.house.cookie

    def status(self, operation, fields):
        lines = [f"{operation.method} {operation.target()} HTTP/1.1", *fields]
        if operation.kind == "websocket":
            lines += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
        else:
            lines += ["Connection: close"]
        body = b""
        if operation.method not in ("GET", "DELETE"):
            body = b"{}" if operation.kind == "call" else b"x"
            lines += ["Content-Type: " + ("application/json" if operation.kind == "call" else "application/octet-stream"), f"Content-Length: {len(body)}"]
        return first_answer(self.house.port, "\r\n".join([*lines, "", ""]).encode() + body).status

    def guarded(self):
        """All that a page could do harm or eavesdrop with."""
        return [o for o in self.house.operations() if not o.listener and
                (o.kind in ("websocket", "events") or o.method not in ("GET", "HEAD") or o.tier != "read")]

    def test_foreign_origins(self):
        before = self.house.runs()
        host = f"Host: 127.0.0.1:{self.house.port}"
        for operation in self.guarded():
            for number, origin in enumerate(FOREIGN):
                if operation.plugin != "counter" and number > 2:
                    continue
                for cookie in ([f"Cookie: {self.cookie}"], []):
                    with self.subTest(operation=str(operation), origin=origin, cookie=bool(cookie)):
                        self.assertEqual(self.status(operation, [host, f"Origin: {origin}", *cookie]), 403)
        self.assertEqual(self.house.runs(), before)

    def test_foreign_site_without_an_origin(self):
        before = self.house.runs()
        for operation in self.guarded():
            for site in ("cross-site", "same-site"):
                with self.subTest(operation=str(operation), site=site):
                    fields = [f"Host: 127.0.0.1:{self.house.port}", f"Cookie: {self.cookie}", f"Sec-Fetch-Site: {site}"]
                    self.assertEqual(self.status(operation, fields), 403)
        self.assertEqual(self.house.runs(), before)

    def test_a_name_that_was_pointed_here(self):
        """The browser thinks it is one site: Origin and Host agree, but neither is a name of this server."""
        before = self.house.runs()
        for operation in self.guarded():
            with self.subTest(operation=str(operation)):
                fields = ["Host: rebound.evil.example", "Origin: http://rebound.evil.example", f"Cookie: {self.cookie}"]
                self.assertEqual(self.status(operation, fields), 403)
        self.assertEqual(self.house.runs(), before)

    def test_own_pages_may(self):
        """The other side of the coin, so that the tests above do not pass because nothing ever works."""
        host = f"127.0.0.1:{self.house.port}"
        with WebSocket(self.house.port, "/api/counter/session/socket", None, [f"Cookie: {self.cookie}", "Origin: http://localhost"]):
            pass
        answer = self.house.post("/api/counter/session/Modify", {}, token=None, headers={"Cookie": self.cookie, "Origin": f"http://{host}"})
        self.assertEqual(answer.status, 200, answer)

    def test_no_page_elsewhere_reads_an_answer(self):
        for origin in FOREIGN[:-1]:
            for path in ("/api/plugins", "/api/auth/me", "/api/health", "/healthz", "/api/none"):
                for method in ("GET", "OPTIONS"):
                    with self.subTest(origin=origin, path=path, method=method):
                        answer = self.house.request(method, path, token=None, headers={"Cookie": self.cookie, "Origin": origin, "Access-Control-Request-Method": "GET"})
                        self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])
                        self.assertIsNone(answer.headers["Access-Control-Allow-Credentials"])

    def test_no_form_reaches_an_operation(self):
        """What a page can send without asking first (a form's content types) is not taken for JSON."""
        before = self.house.runs()
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            answer = self.house.post("/api/counter/session/Modify", b'{"text":"x"}', headers={"Content-Type": kind})
            self.assertEqual(answer.status, 415, answer)
        self.assertEqual(self.house.runs(), before)


class EndsTest(unittest.TestCase):
    """What ends a right, and what of it is dead after that."""

    @classmethod
    def setUpClass(cls):
        cls.house = cls.enterClassContext(House())
        cls.house.login()
        cls.house.require("POST /api/users", "POST /api/auth/change-password", "POST /api/auth/tokens", "PUT /api/users/{id}")

    def member(self, name):
        user = self.house.create_user(name)
        return user["id"], self.house.session(name)

    def streams(self, token):
        opened = [Events(self.house.port, "/api/counter/session/events", token, timeout=5),
                  WebSocket(self.house.port, "/api/counter/session/socket", token, timeout=5),
                  Events(self.house.port, "/api/streamer/follow", token, timeout=5)]
        for each in opened:
            self.addCleanup(each.socket.close)
        return opened

    def end(self, streams, act):
        """act() ends them all, each within a second of its answer."""
        answer = act()
        self.assertEqual(answer.status, 200, answer)
        begin = time.monotonic()
        for each in streams:
            each.rest()
        self.assertLess(time.monotonic() - begin, 1)
        return answer

    def dead(self, token):
        self.assertEqual(self.house.get("/api/auth/me", token=token).status, 401)
        self.assertEqual(self.house.get("/api/counter/session/Read", token=token).status, 401)
        with self.assertRaises(Refused):
            WebSocket(self.house.port, "/api/counter/session/socket", token)

    def test_logout(self):
        _, token = self.member("logout")
        other = self.house.session("logout")
        kept = self.streams(other)
        self.end(self.streams(token), lambda: self.house.post("/api/auth/logout", token=token))
        self.dead(token)
        self.assertEqual(self.house.get("/api/auth/me", token=other).status, 200)
        kept[1].send(1, "hello")
        self.assertEqual(kept[1].text(), "hello")

    def test_own_change_of_password(self):
        _, token = self.member("changer")
        other = self.house.session("changer")
        body = {"currentPassword": PASSWORD, "newPassword": "another good password"}
        self.end(self.streams(other), lambda: self.house.post("/api/auth/change-password", body, token=token))
        self.dead(other)
        self.assertEqual(self.house.get("/api/auth/me", token=token).status, 200)
        answer = self.house.post("/api/auth/login", {"username": "changer", "password": PASSWORD}, token=None, source="127.0.14.1")
        self.assertEqual(answer.status, 401)

    def test_an_administrator_resets_the_password(self):
        id, token = self.member("reset")
        self.end(self.streams(token), lambda: self.house.post(f"/api/users/{id}/reset-password", {"password": "another good password"}))
        self.dead(token)

    def test_recovering(self):
        user = self.house.create_user("recoverer")
        token = self.house.session("recoverer")
        body = {"username": "recoverer", "recoveryCode": user["recoveryCode"], "newPassword": "another good password"}
        self.end(self.streams(token), lambda: self.house.post("/api/auth/recover", body, token=None))
        self.dead(token)
        self.assertEqual(self.house.post("/api/auth/recover", body, token=None, source="127.0.14.2").status, 401)

    def test_deletion(self):
        id, token = self.member("deleted")
        made = self.house.api_token(token, name="lasting", scope="full")["token"]
        streams = self.streams(token) + self.streams(made)
        self.end(streams, lambda: self.house.request("DELETE", f"/api/users/{id}"))
        self.dead(token)
        self.dead(made)

    def test_sessions_ended_by_an_administrator_and_by_oneself(self):
        id, token = self.member("revoked")
        self.end(self.streams(token), lambda: self.house.post(f"/api/users/{id}/sessions/revoke"))
        self.dead(token)
        token, other = self.house.session("revoked"), self.house.session("revoked")
        jti = next(row["jti"] for row in self.house.get("/api/auth/sessions", token=other).json if row["current"])
        self.end(self.streams(other), lambda: self.house.request("DELETE", f"/api/auth/sessions/{jti}", token=token))
        self.dead(other)
        other = self.house.session("revoked")
        self.end(self.streams(other), lambda: self.house.post("/api/auth/logout-all", token=token))
        self.dead(other)

    def test_a_token_is_deleted(self):
        _, token = self.member("tokened")
        made = self.house.api_token(token, name="short", scope="full")
        self.end(self.streams(made["token"]), lambda: self.house.request("DELETE", f"/api/auth/tokens/{made['id']}", token=token))
        self.dead(made["token"])

    def test_a_change_of_role(self):
        """In force at the next request, and what is no more allowed is closed."""
        user = self.house.create_user("second", role="admin")
        token = self.house.session("second")
        streams = [Events(self.house.port, "/api/counter/admin/events", token, timeout=5),
                   WebSocket(self.house.port, "/api/counter/admin/socket", token, timeout=5)]
        self.end(streams, lambda: self.house.request("PUT", f"/api/users/{user['id']}", {"role": "member"}))
        self.assertIn(self.house.get("/api/plugins", token=token).status, (401, 403))
        token = self.house.session("second")
        self.assertEqual(self.house.get("/api/plugins", token=token).status, 403)
        self.assertEqual(self.house.request("PUT", f"/api/users/{user['id']}", {"role": "admin"}).status, 200)
        self.assertIn(self.house.get("/api/plugins", token=token).status, (200, 401))

    def test_a_flag_is_taken_away(self):
        id, token = self.member("flagged")
        streams = [Events(self.house.port, "/api/counter/flag/events", token, timeout=5),
                   WebSocket(self.house.port, "/api/counter/flag/socket", token, timeout=5)]
        self.end(streams, lambda: self.house.request("PUT", f"/api/users/{id}/permissions", {"permissions": {"counting": False}}))
        self.assertIn(self.house.get("/api/counter/flag/Read", token=token).status, (401, 403))

    def test_a_token_dies_at_its_end(self):
        _, token = self.member("expiring")
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
        answer = self.house.request("POST", "/api/auth/tokens", {"name": "brief", "scope": "full", "expiresAt": at}, token=token)
        self.assertEqual(answer.status, 201, answer)
        made = answer.json["token"]
        streams = self.streams(made)
        begin = time.time()
        for each in streams:
            each.rest()
        self.assertLess(time.time() - begin, 3.5)
        self.dead(made)


if __name__ == "__main__":
    unittest.main()
