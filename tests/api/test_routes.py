"""What every route does alike: unknown paths, wrong methods, bad bodies, headers of every answer."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import PASSWORD, USERNAME, Talomed, build


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Talomed(plugins="all"))
        cls.talomed.login()

    def refused(self, answer, status, *words):
        self.assertEqual(answer.status, status, answer)
        self.assertIsInstance(answer.json["error"], str)
        for word in words:
            self.assertIn(word, answer.text)
        return answer

    def login(self, body, **options):
        return self.talomed.post("/api/auth/login", body, token=None, **options)


class PathTest(Case):
    def test_unknown_path(self):
        for path in ("/", "/api", "/api/", "/api/nothing", "/api/auth", "/api/auth/login/more", "/api/healthy", "/API/health",
                     "/api/mcpanything", "/api//health", "/api/health/.."):
            for token in (self.talomed.token, None):
                with self.subTest(path=path, token=token is not None):
                    self.refused(self.talomed.get(path, token), 404)

    def test_wrong_method(self):
        for method, path, allow in [("GET", "/api/auth/login", {"POST"}), ("PUT", "/api/auth/login", {"POST"}),
                                    ("POST", "/api/auth/me", {"GET"}), ("DELETE", "/api/health", {"GET"})]:
            with self.subTest(method=method, path=path):
                answer = self.refused(self.talomed.request(method, path), 405)
                self.assertEqual({m.strip() for m in answer.headers["Allow"].split(",")} - {"HEAD", "OPTIONS"}, allow)

    def test_paths_that_are_no_text(self):
        for path in ("/api/%ff", "/api/health%00", "/api/%zz", "/api/%"):
            with self.subTest(path=path):
                answer = self.talomed.get(path)
                self.assertIn(answer.status, (400, 404), answer)
                self.assertIsInstance(answer.json["error"], str)

    def test_dots_do_not_climb(self):
        for path in ("/api/containers/../auth/me", "/api/containers/%2e%2e/health", "/../api/health", "/api/./health"):
            with self.subTest(path=path):
                self.assertIn(self.talomed.get(path).status, (400, 404))

    def test_query_is_checked_too(self):
        self.refused(self.talomed.get("/api/health?unknown=1"), 400, "unknown")
        self.refused(self.talomed.get("/api/health?a=%ff"), 400)


class BodyTest(Case):
    def test_unknown_field(self):
        answer = self.refused(self.login({"username": USERNAME, "password": PASSWORD, "admin": True}), 400, "admin")
        self.assertEqual([row["path"] for row in answer.json["details"]], ["admin"])

    def test_missing_field(self):
        answer = self.refused(self.login({"username": USERNAME}), 400)
        self.assertEqual([row["path"] for row in answer.json["details"]], ["password"])

    def test_wrong_type_names_the_path(self):
        answer = self.refused(self.login({"username": {"$ne": ""}, "password": 7}), 400)
        self.assertEqual({row["path"] for row in answer.json["details"]}, {"username", "password"})
        for row in answer.json["details"]:
            self.assertIn("expected", row["message"])

    def test_duplicate_key(self):
        self.refused(self.login(b'{"username":"admin","password":"one","password":"two"}'), 400, "password", "twice")
        self.refused(self.login(b'{"username":"admin","password":"one","pass\\u0077ord":"two"}'), 400, "password", "twice")

    def test_no_json(self):
        for body in (b"", b"{", b"{}x", b'{"a":1}{"b":2}', b"{'username':'admin'}", b'{"username":"admin",}', b"// c\n{}", b"NaN",
                     b"\xef\xbb\xbf{}", b"[]", b'"text"', b"null", b"7"):
            with self.subTest(body=body):
                self.refused(self.login(body), 400)

    def test_no_utf8(self):
        for body in (b'{"username":"\xff\xfe","password":"eight888"}', b'{"username":"\xed\xa0\x80","password":"eight888"}',
                     b'{"username":"\\ud800","password":"eight888"}', b'{"username":"\xc0\xaf","password":"eight888"}'):
            with self.subTest(body=body):
                self.refused(self.login(body), 400)

    def test_deep_nesting(self):
        self.refused(self.login(b'{"username":' + b"[" * 5_000 + b"]" * 5_000 + b"}"), 400)

    def test_too_large(self):
        answer = self.refused(self.login({"username": USERNAME, "password": "p" * (2 << 20)}), 413)
        self.assertEqual(self.talomed.get("/api/auth/me").status, 200, answer)

    def test_too_large_but_not_declared(self):
        """In chunks, without an end: the answer comes while we are still sending."""
        head = (f"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Transfer-Encoding: chunked\r\n\r\n").encode()
        answer = self.talomed.exchange(head + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 40)
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer[:200])

    def test_just_within_the_limit(self):
        body = json.dumps({"username": USERNAME, "password": PASSWORD}).encode()
        self.assertEqual(self.login(body + b" " * ((16 << 10) - len(body))).status, 200)
        self.refused(self.login(body + b" " * ((16 << 10) + 1 - len(body))), 413)

    def test_operations_take_one_mebibyte(self):
        """What does not say otherwise; the login says 16 KiB, for it is anybody's to call."""
        self.assertEqual(self.talomed.post("/api/auth/logout", b"{}" + b" " * ((1 << 20) - 2), token=None).status, 200)
        self.refused(self.talomed.post("/api/auth/logout", b"{}" + b" " * (1 << 20), token=None), 413)

    def test_other_media_types(self):
        body = f"username={USERNAME}&password={PASSWORD}"
        for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
            with self.subTest(kind=kind):
                self.refused(self.login(body, headers={"Content-Type": kind}), 415)

    def test_json_with_a_charset(self):
        body = {"username": USERNAME, "password": PASSWORD}
        self.assertEqual(self.login(body, headers={"Content-Type": "application/json; charset=utf-8"}).status, 200)


@unittest.skipUnless((build() / "plugins" / "docker.so").exists(), "the docker plugin is not built")
class TwoPlacesTest(Case):
    """An id must not be smuggled past the path."""

    def test_path_and_body(self):
        answer = self.refused(self.talomed.post("/api/containers/web/restart", {"id": "other"}), 400)
        self.assertEqual([row["path"] for row in answer.json["details"]], ["id"])

    def test_path_and_query(self):
        self.refused(self.talomed.post("/api/containers/web/restart?id=other"), 400, "id")

    def test_twice_in_the_query(self):
        self.refused(self.talomed.get("/api/containers/web/logs?tail=1&tail=2"), 400, "tail")

    def test_query_and_body(self):
        self.refused(self.talomed.post("/api/containers/web/restart?timeout=1", {"timeout": 2}), 400, "timeout")

    def test_query_of_a_wrong_type(self):
        answer = self.refused(self.talomed.get("/api/containers?stats=maybe"), 400)
        self.assertEqual([row["path"] for row in answer.json["details"]], ["stats"])


class HeaderTest(Case):
    def everywhere(self):
        yield self.talomed.get("/api/health")
        yield self.talomed.get("/api/auth/me")
        yield self.talomed.get("/api/auth/me", token=None)
        yield self.talomed.get("/api/nothing")
        yield self.talomed.get("/api/auth/login")
        yield self.login(b"{")
        yield self.login({"username": USERNAME, "password": "p" * (2 << 20)})

    def test_request_id(self):
        seen = [answer.headers["X-Request-Id"] for answer in self.everywhere()]
        for request_id in seen:
            self.assertRegex(request_id or "", r"^[0-9a-f]{8,}$")
        self.assertEqual(len(set(seen)), len(seen))

    def test_request_id_is_ours(self):
        answer = self.talomed.get("/api/health", headers={"X-Request-Id": "chosen by the caller"})
        self.assertNotEqual(answer.headers["X-Request-Id"], "chosen by the caller")

    def test_security_headers(self):
        for answer in self.everywhere():
            with self.subTest(status=answer.status):
                self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
                self.assertEqual(answer.headers["X-Frame-Options"], "DENY")
                self.assertEqual(answer.headers["Referrer-Policy"], "strict-origin-when-cross-origin")
                self.assertIn("default-src", answer.headers["Content-Security-Policy"])
                for name in ("camera", "microphone", "geolocation"):
                    self.assertIn(f"{name}=()", answer.headers["Permissions-Policy"])
                self.assertNotIn("Strict-Transport-Security", answer.headers)

    def test_type(self):
        for answer in self.everywhere():
            self.assertEqual(answer.headers["Content-Type"].replace(" ", "").lower(), "application/json;charset=utf-8")

    def test_tokens_are_not_cached(self):
        answer = self.login({"username": USERNAME, "password": PASSWORD})
        self.assertIn("no-store", answer.headers["Cache-Control"])

    def test_never_all_origins_with_the_cookie(self):
        for origin in ("https://evil.example", "null", "http://10.evil.example"):
            answer = self.talomed.get("/api/health", headers={"Origin": origin})
            allowed = answer.headers["Access-Control-Allow-Origin"]
            self.assertNotEqual(allowed, origin)
            self.assertFalse(allowed == "*" and answer.headers["Access-Control-Allow-Credentials"])

    def test_head_is_get_without_a_body(self):
        answer = self.talomed.request("HEAD", "/api/health")
        self.assertEqual((answer.status, answer.body), (200, b""))


if __name__ == "__main__":
    unittest.main()
