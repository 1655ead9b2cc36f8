"""What plugins fetch: methods, headers, bodies both ways, limits, redirects, TLS, streams, upgrades, the breaker."""

import gzip
import hashlib
import os
import re
import ssl
import subprocess
import threading
import time
import unittest
import zlib

import world
from world import BAD_UPSTREAM, DENIED, INVALID, LAN, OK, SANITIZED, TIMEOUT, UNAVAILABLE, World, answer, redirect
from support import wait_until  # which world has made known


def setUpModule():
    world.begin()


def rss(talomed):
    with open(f"/proc/{talomed.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def chunked(*pieces):
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


class ALibraryTest(World):
    """First, for the library is loaded once."""

    def test_it_is_loaded_when_something_is_fetched(self):
        maps = lambda: open(f"/proc/{self.talomed.pid}/maps").read()  # noqa: E731
        self.assertNotIn("libcurl", maps())
        self.assertEqual(self.loopback(self.serve(answer("hello")).url)["body"], "hello")
        self.assertIn("libcurl", maps())
        text = open(f"/proc/{self.talomed.pid}/smaps_rollup").read()
        print("after a fetch:", ", ".join(re.findall(r"(?:Rss|Private_Dirty): +\d+ kB", text)))


class RequestTest(World):
    def test_what_is_sent(self):
        server = self.serve(answer("ok"))
        self.loopback(server.url + "/a/../b?c=%20d", headers={"X-Key": "secret", "X-Empty": "", "User-Agent": "me"})
        head = server.requests[0].split("\r\n")
        self.assertEqual(head[0], "GET /a/../b?c=%20d HTTP/1.1")
        self.assertEqual(sorted(filter(None, head[1:])), sorted(
            [f"Host: 127.0.0.1:{server.port}", "X-Key: secret", "X-Empty:", "User-Agent: me", "Accept: */*", "Accept-Encoding: gzip, deflate"]))

    def test_methods_and_bodies(self):
        server = self.serve(lambda _, request: answer(request))
        for method, body in [("POST", "hello"), ("POST", ""), ("PUT", "x" * 300_000), ("PATCH", "{}"), ("DELETE", "with a body"), ("PROPFIND", "<a/>")]:
            sent = self.loopback(server.url, method=method, body=body)["body"]
            self.assertTrue(sent.startswith(f"{method} / HTTP/1.1\r\n"), sent[:100])
            self.assertEqual(sent.partition("\r\n\r\n")[2], body)
            self.assertIn(f"Content-Length: {len(body)}\r\n", sent)
            self.assertNotIn("Content-Type", sent)
            self.assertNotIn("Expect", sent)
        self.assertIn("Content-Type: text/x", self.loopback(server.url, method="POST", body="a", headers={"Content-Type": "text/x"})["body"])
        self.assertNotIn("Content-Length", self.loopback(server.url, method="DELETE")["body"])
        server = self.serve(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        self.assertEqual(self.loopback(server.url, method="HEAD")["status"], 200)

    def test_a_pulled_body(self):
        def handler(_, request):  # its body as it came, in chunks
            return answer(str(request.partition("\r\n\r\n")[2].count("p")))
        result = self.loopback(self.serve(handler).url, method="PUT", pulled=3_000_000)
        self.assertEqual((result["failure"], result["body"]), (OK, "3000000"), result)

    def test_what_may_not_be_sent(self):
        server = self.serve(answer("ok"))
        for name, value in [("Host", "evil"), ("Content-Length", "3"), ("Transfer-Encoding", "chunked"), ("connection", "close"), ("Upgrade", "x"),
                            ("Proxy-Authorization", "x"), ("X-A", "b\r\nX-C: d"), ("X-A", "b\nc"), ("X\r\nA", "b"), ("X A", "b"), ("", "b")]:
            self.fails(INVALID, self.loopback(server.url, headers={name: value}), "headers")
        for method in ["CONNECT", "get", "G ET", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"]:
            self.fails(INVALID, self.loopback(server.url, method=method), "method")
        for field, value in [("totalMs", 86_400_001), ("connectMs", 60_001), ("idleMs", 3_600_001), ("maxRedirects", 21), ("caFile", "relative"),
                             ("certFile", "/etc/hosts"), ("pin", "abc"), ("pin", "ab" * 32), ("protocol", "tcp"), ("unixSocket", "@abstract"), ("unixSocket", "a/b")]:
            self.fails(INVALID, self.loopback(server.url, **{field: value}))
        self.assertEqual(server.requests, [])

    def test_every_status_is_an_answer(self):
        for status in ["200 OK", "204 No Content", "301 No Location", "404 Not Found", "500 Oh", "599 What"]:
            result = self.loopback(self.serve(answer(b"", status)).url)
            self.assertEqual((result["failure"], result["status"]), (OK, int(status[:3])), result)

    def test_connections_are_used_again(self):
        server = self.serve(answer("ok"))
        for _ in range(5):
            self.loopback(server.url)
        self.assertEqual((len(server.requests), server.connections), (5, 1))

    def test_enough(self):
        def handler(connection, _):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(bytes(65536))
        result = self.loopback(self.serve(handler).url, stopAt=1000, keepBody=False)
        self.assertEqual((result["failure"], result["status"]), (OK, 200))
        self.assertGreaterEqual(result["bytes"], 1000)


class FailureTest(World):
    def status_of(self, url, **order):
        return self.talomed.post("/api/fetcher/pass", {"url": url, "loopback": True, **order}, timeout=60)

    def test_what_a_caller_is_answered(self):
        closed = self.serve(b"")
        closed.close()
        silent = self.serve(lambda *_: threading.Event().wait(30))
        for url, order, status in [(closed.url, {}, 503), (silent.url, {"totalMs": 200}, 504), (self.serve(b"nonsense\r\n\r\n").url, {}, 502),
                                   (self.serve(answer("x" * 2000)).url, {"maxBody": 1000}, 502), ("http://169.254.169.254/", {}, 403),
                                   ("http://127.1/", {}, 400), ("http://no.such.test/", {}, 503)]:
            reply = self.status_of(url, **order)
            self.assertEqual(reply.status, status, (url, reply.text))

    def test_no_answer(self):
        self.fails(UNAVAILABLE, self.loopback(self.serve(b"").url), "without an answer")
        self.fails(UNAVAILABLE, self.fetch("http://no.such.test/"), "no.such.test is not known")

    def test_nonsense(self):
        for text in [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/2 200 OK\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nno field\r\n\r\n",
                     b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                     b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                     b"HTTP/1.1 200 OK\r\nA: b\x00c\r\n\r\n", b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
                     b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\na"]:
            with self.subTest(text):
                self.fails(BAD_UPSTREAM, self.loopback(self.serve(text).url))

    def test_bad_chunks(self):
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        for body in [b"xyz\r\n", b"-1\r\nabc", b"5\r\nab", b"5\r\nabcdeXY0\r\n\r\n", b"ffffffffffffffffff\r\nabc", b"5\r\nabcde\r\n"]:
            with self.subTest(body):
                self.fails(BAD_UPSTREAM, self.loopback(self.serve(head + body).url))
        self.assertEqual(self.loopback(self.serve(chunked(b"abc", b"defg")).url)["body"], "abcdefg")

    def test_a_body_cut_short(self):
        self.fails(BAD_UPSTREAM, self.loopback(self.serve(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc").url), "broke off")
        half = gzip.compress(os.urandom(1000))[:500]
        self.fails(BAD_UPSTREAM, self.loopback(self.serve(answer(half, "200 OK", "Content-Encoding: gzip")).url), "broke off")

    def test_endless_heads(self):
        def fields(connection, _):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(b"X-Filler: " + b"x" * 1000 + b"\r\n")

        def one_line(connection, _):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while True:
                connection.sendall(b"x" * 65536)

        def early(connection, _):
            while True:
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

        def trailers(connection, _):
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
            while True:
                connection.sendall(b"X-Filler: " + b"x" * 1000 + b"\r\n")
        for handler in [fields, one_line, early, trailers]:
            with self.subTest(handler.__name__):
                self.fails(BAD_UPSTREAM, self.loopback(self.serve(handler).url))


class LimitTest(World):
    def big(self, size, *fields):
        def handler(connection, _):
            connection.sendall("\r\n".join(["HTTP/1.1 200 OK", *fields, "", ""]).encode())
            for _ in range(size >> 20):
                connection.sendall(bytes(1 << 20))
        return self.serve(handler)

    def test_any_number_of_bytes_is_a_limit_but_none_is_for_streams(self):
        for most in (0xffffffff, 1 << 40):
            self.assertEqual(self.loopback(self.serve(answer("all")).url, maxBody=most)["body"], "all")
        self.fails(INVALID, self.loopback(self.serve(answer("all")).url, maxBody=-1), "max_body")  # TALOME_UNLIMITED

    def test_a_gigabyte_stops_at_the_limit(self):
        self.loopback(self.serve(answer("warm")).url)
        before = rss(self.talomed)
        result = self.fails(BAD_UPSTREAM, self.loopback(self.big(1 << 30).url, keepBody=False, maxBody=200 << 20), "larger than")
        self.assertLessEqual(result["bytes"], 200 << 20)
        self.assertGreater(result["bytes"], 190 << 20)
        if not SANITIZED:
            self.assertLess(rss(self.talomed) - before, 8192)

    def test_a_declared_length_stops_at_once(self):
        result = self.fails(BAD_UPSTREAM, self.loopback(self.serve(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n").url), "larger than 16777216")
        self.assertEqual(result["bytes"], 0)

    def test_a_bomb(self):
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
        self.loopback(self.serve(answer("warm")).url)
        before = rss(self.talomed)
        result = self.loopback(self.serve(answer(bomb, "200 OK", "Content-Encoding: gzip")).url, keepBody=False)
        self.fails(BAD_UPSTREAM, result, "larger than")
        self.assertLessEqual(result["bytes"], 16 << 20)
        if not SANITIZED:
            self.assertLess(rss(self.talomed) - before, 8192)

    def test_encodings(self):
        text = b"some text " * 20_000
        raw = zlib.compressobj(9, zlib.DEFLATED, -15)
        for coding, body in [("gzip", gzip.compress(text)), ("x-gzip", gzip.compress(text)), ("deflate", zlib.compress(text)),
                             ("deflate", raw.compress(text) + raw.flush()), ("gzip", gzip.compress(text[:70]) + gzip.compress(text[70:])), ("identity", text)]:
            for reply in [answer(body, "200 OK", f"Content-Encoding: {coding}"),
                          b"HTTP/1.1 200 OK\r\nContent-Encoding: " + coding.encode() + chunked(*[body[i:i + 7] for i in range(0, len(body), 7)])[15:]]:
                result = self.loopback(self.serve(reply).url)
                self.assertEqual(result["failure"], OK, result["words"])
                self.assertEqual(result["body"] == text.decode(), True)
                self.assertEqual("Content-Encoding" in result["headers"], coding == "identity")
        server = self.serve(answer(b"abc", "200 OK", "Content-Encoding: gzip"))
        self.fails(BAD_UPSTREAM, self.loopback(server.url), "damaged")
        self.assertEqual(self.loopback(server.url, asSent=True)["body"], "abc")
        self.assertNotIn("Accept-Encoding", server.requests[-1])

    def test_one_byte_after_the_other(self):
        def slow(text):
            def handler(connection, _):
                for byte in text:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.05)
            return handler
        endless = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2000
        self.fails(TIMEOUT, self.loopback(self.serve(slow(endless)).url, idleMs=500), "does not answer in time")
        self.fails(TIMEOUT, self.loopback(self.serve(slow(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000)).url, totalMs=2000), "does not finish")

    def test_silence(self):
        def silent_body(connection, _):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nabc")
            threading.Event().wait(30)
        silent = self.serve(lambda *_: threading.Event().wait(30))
        self.fails(TIMEOUT, self.loopback(silent.url, idleMs=300))
        self.fails(TIMEOUT, self.loopback(silent.url, totalMs=300))
        self.assertEqual(self.fails(TIMEOUT, self.loopback(self.serve(silent_body).url, idleMs=300))["body"], "abc")
        world.names["silent.test"] = None
        self.fails(TIMEOUT, self.fetch("http://silent.test/", connectMs=300), "cannot be reached in time")
        self.fails(TIMEOUT, self.fetch("http://silent.test/", where="upgrade", protocol="tcp", connectMs=300), "cannot be reached in time")

    def test_the_caller_leaves(self):
        closed = threading.Event()

        def handler(connection, _):
            connection.settimeout(30)
            if connection.recv(1) == b"":
                closed.set()
        server = self.serve(handler)
        with self.assertRaises(OSError):
            self.talomed.post("/api/fetcher/fetch", {"url": server.url, "loopback": True}, timeout=1)
        self.assertTrue(closed.wait(15), "the connection outlives its caller")


class BreakerTest(World):
    def test_it_opens_and_closes(self):
        server = self.serve(answer("back"))
        port = server.port
        server.close()
        url = f"http://127.0.0.1:{port}"
        for _ in range(5):
            self.fails(UNAVAILABLE, self.loopback(url), "cannot be reached")
        result = self.fails(UNAVAILABLE, self.loopback(url), "several times in a row")
        self.assertRegex(result["words"], r"the next try is made in (10|9|8) s")
        reply = self.talomed.post("/api/fetcher/pass", {"url": url, "loopback": True})
        self.assertEqual(reply.status, 503)
        self.assertEqual(self.loopback(self.serve(answer("other")).url)["body"], "other")
        self.serve(answer("back"), port=port)
        wait_until(lambda: self.loopback(url)["body"] == "back", 30, 0.5, "the breaker lets one try")
        self.assertEqual(self.loopback(url)["body"], "back")

    def test_errors_are_answers(self):
        server = self.serve(answer("", "500 Oh"))
        for _ in range(8):
            self.assertEqual(self.loopback(server.url)["status"], 500)


class RedirectTest(World):
    def test_they_are_followed(self):
        server = self.serve(lambda _, request: redirect(f"/{int(request.split()[1][1:]) + 1}") if request.split()[1] != "/5" else answer(request))
        result = self.loopback(server.url + "/0")
        self.assertEqual((result["status"], result["url"]), (200, server.url + "/5"))
        self.fails(BAD_UPSTREAM, self.loopback(server.url + "/-1"), "more than 5 times")
        self.assertEqual(self.loopback(server.url + "/-9", maxRedirects=20)["status"], 200)
        result = self.loopback(server.url + "/0", redirects=False)
        self.assertEqual((result["status"], result["headers"]["Location"]), (302, "/1"))

    def test_method_and_body(self):
        for status, method, becomes, body in [(301, "POST", "GET", ""), (302, "POST", "GET", ""), (303, "POST", "GET", ""), (303, "PUT", "GET", ""),
                                              (307, "POST", "POST", "b"), (308, "PUT", "PUT", "b"), (302, "PUT", "PUT", "b"), (303, "HEAD", "HEAD", "")]:
            server = self.serve(lambda _, request, status=status: redirect("/to", status) if " / " in request else answer())
            self.loopback(server.url + "/", method=method, body="" if method == "HEAD" else "b", headers={"Content-Type": "a/b"})
            head, _, sent = server.requests[1].partition("\r\n\r\n")
            self.assertEqual((head.split()[0], sent), (becomes, body), status)
            self.assertEqual("Content-Type" in head, becomes == method, head)

    def test_useless_ones(self):
        for to in ["file:///etc/passwd", "gopher://127.0.0.1/", "http://user@127.0.0.1/", "http://127.1/", "javascript:x", "http:/\\a", "//a b/"]:
            self.fails(BAD_UPSTREAM, self.loopback(self.serve(redirect(to)).url), "redirects to a URL that cannot be used")

    def test_nothing_secret_goes_elsewhere(self):
        there = self.serve(answer("ok"))
        here = self.serve(lambda _, request: redirect("/on") if " / " in request else redirect(there.url))
        secret = {"Authorization": "Bearer s", "Cookie": "s", "X-Api-Key": "s", "Accept": "a/b", "User-Agent": "me"}
        self.loopback(here.url + "/", headers=secret)
        self.assertIn("X-Api-Key", here.requests[1])
        for name in ["Authorization", "Cookie", "X-Api-Key"]:
            self.assertNotIn(name, there.requests[0])
        self.assertIn("Accept: a/b", there.requests[0])


class TlsTest(World):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ca = cls.make("ca", "/CN=Throwaway", ca=True)
        cls.cert = cls.make("server", "/CN=secure.test", "subjectAltName=DNS:secure.test,DNS:other.test,IP:127.0.0.1", signer="ca")
        cls.lone = cls.make("lone", "/CN=anything")
        cls.client = cls.make("client", "/CN=client", signer="ca")
        world.names["secure.test"] = [LAN]
        world.names["wrong.test"] = [LAN]

    @classmethod
    def make(cls, name, subject, extension=None, signer=None, ca=False):
        key, cert = cls.folder / f"{name}.key", cls.folder / f"{name}.pem"
        extensions = ["-addext", extension] if extension else []
        by = ["-CA", cls.folder / f"{signer}.pem", "-CAkey", cls.folder / f"{signer}.key"] if signer else []
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", subject,
                        "-addext", f"basicConstraints=critical,CA:{'TRUE' if ca else 'FALSE'}", *extensions, *by, "-out", cert, "-keyout", key],
                       check=True, capture_output=True)
        return cert

    def secure(self, handler, cert=None, client_ca=None, address=LAN):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert or self.cert, (cert or self.cert).with_suffix(".key"))
        if client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_ca)
        return self.serve(handler, address, tls=context)

    def test_who_is_believed(self):
        server = self.secure(answer("hello"))
        url = f"https://secure.test:{server.port}"
        self.assertEqual(self.fetch(url, lan=True, caFile=str(self.ca))["body"], "hello")
        self.fails(BAD_UPSTREAM, self.fetch(url, lan=True), "a certificate that is not believed")
        self.fails(BAD_UPSTREAM, self.fetch(f"https://wrong.test:{server.port}", lan=True, caFile=str(self.ca)), "not believed")
        self.fails(BAD_UPSTREAM, self.fetch(f"https://{LAN}:{server.port}", lan=True, caFile=str(self.ca)), "not believed")
        self.fails(INVALID, self.fetch(url, lan=True, caFile="/etc/hosts"), "certificate file")
        self.assertEqual(len(server.requests), 1)

    def test_a_pinned_certificate(self):
        server = self.secure(answer("hello"), self.lone)
        der = ssl.PEM_cert_to_DER_cert(self.lone.read_text())
        digest = hashlib.sha256(der).hexdigest()
        url = f"https://{LAN}:{server.port}"
        self.assertEqual(self.fetch(url, lan=True, pin=digest)["body"], "hello")
        self.assertEqual(self.fetch(url, lan=True, pin=":".join(re.findall("..", digest.upper())))["body"], "hello")
        self.fails(BAD_UPSTREAM, self.fetch(url, lan=True, pin="0" * 64), "not believed")
        self.fails(BAD_UPSTREAM, self.fetch(url, lan=True), "not believed")  # nor is the pinned connection used again
        other = self.secure(answer("other"))
        self.fails(BAD_UPSTREAM, self.fetch(f"https://secure.test:{other.port}", lan=True, pin=digest, caFile=str(self.ca)), "not believed")
        self.assertEqual(len(server.requests), 2)

    def test_a_client_certificate(self):
        server = self.secure(answer("hello"), client_ca=self.ca)
        order = {"lan": True, "caFile": str(self.ca)}
        url = f"https://secure.test:{server.port}"
        mine = {"certFile": str(self.client), "keyFile": str(self.client.with_suffix(".key"))}
        self.assertEqual(self.fetch(url, **order, **mine)["body"], "hello")
        self.assertNotEqual(self.fetch(url, **order)["failure"], OK)
        self.assertEqual(len(server.requests), 1)

    def test_never_down_to_http(self):
        plain = self.serve(answer("plain"), LAN)
        server = self.secure(redirect(plain.url))
        self.fails(BAD_UPSTREAM, self.fetch(f"https://secure.test:{server.port}", lan=True, caFile=str(self.ca)), "from https to http")
        self.assertEqual(plain.requests, [])

    def test_plain_where_tls_is_expected(self):
        self.fails(UNAVAILABLE, self.loopback(self.serve(answer("x")).url.replace("http:", "https:")), "no TLS connection")

    def test_upgrade(self):
        server = self.secure(upgraded)
        result = self.fetch(f"https://secure.test:{server.port}", "upgrade", lan=True, caFile=str(self.ca), protocol="tcp", body="x" * 200_000 + "END")
        self.assertEqual((result["status"], len(result["body"]), result["failure"]), (101, 200_010, OK), result["words"])
        self.assertTrue(result["body"].startswith("at oncexxx"))


def upgraded(connection, request):
    """Says something with the head, then everything back until END."""
    if "Upgrade: tcp" not in request or "Connection: Upgrade" not in request:
        return answer(b"", "400 No")
    connection.sendall(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nat once")
    data = b""
    while not data.endswith(b"END"):
        data += connection.recv(65536)
        if not data:
            break
    connection.sendall(data)
    return None


class UpgradeTest(World):
    def test_tcp_and_unix(self):
        path = self.folder / "engine.sock"
        self.serve(upgraded, path=path)
        for url, order in [(self.serve(upgraded).url, {"loopback": True}), ("http://engine/exec/1/start", {"unixSocket": str(path)})]:
            result = self.fetch(url, "upgrade", protocol="tcp", method="POST", body="x" * 100_000 + "END", **order)
            self.assertEqual((result["status"], len(result["body"]), result["failure"]), (101, 100_010, OK), result["words"])
            self.assertTrue(result["body"].startswith("at oncexxx"))

    def test_other_answers(self):
        for reply in [answer("no such exec", "404 Not Found"), chunked(b"no such", b" exec").replace(b"200 OK", b"404 No"), b"HTTP/1.1 404 No\r\n\r\nno such exec"]:
            server = self.serve(lambda connection, _, reply=reply: connection.sendall(reply))  # and closes
            result = self.fetch(server.url, "upgrade", loopback=True, protocol="tcp")
            self.assertEqual((result["status"], result["body"], result["failure"]), (404, "no such exec", OK), result)
        self.fails(BAD_UPSTREAM, self.fetch(self.serve(b"HTTP/1.1 101 OK\r\nUpgrade: h2c\r\n\r\n").url, "upgrade", loopback=True, protocol="tcp"), "another protocol")
        self.fails(DENIED, self.fetch(self.serve(upgraded).url, "upgrade", protocol="tcp"))
        self.fails(INVALID, self.fetch("http://127.0.0.1/", "upgrade", loopback=True, protocol="tcp\r\nX: y"))
        self.fails(INVALID, self.fetch("http://127.0.0.1/", "upgrade", loopback=True))
        self.fails(BAD_UPSTREAM, self.fetch(self.serve(answer("x" * 3000)).url, "upgrade", loopback=True, protocol="tcp", maxBody=1000), "larger than")
        self.fails(TIMEOUT, self.fetch(self.serve(lambda *_: threading.Event().wait(30)).url, "upgrade", loopback=True, protocol="tcp", idleMs=300))


class UnixTest(World):
    def test_requests(self):
        path = self.folder / "a.sock"
        server = self.serve(lambda _, request: answer(request), path=path)
        result = self.fetch("http://engine/v1.41/info?a=b", unixSocket=str(path))
        self.assertTrue(result["body"].startswith("GET /v1.41/info?a=b HTTP/1.1\r\nHost: engine\r\n"), result)
        server.handler = lambda *_: redirect("http://169.254.169.254/")
        self.assertEqual(self.fetch("http://engine/", unixSocket=str(path))["status"], 302)
        self.fails(UNAVAILABLE, self.fetch("http://engine/", unixSocket="/no/such.sock"))
        self.fails(INVALID, self.fetch("https://engine/", unixSocket=str(path)))
        self.assertEqual(world.names.asked.count("engine"), 0)


class StreamTest(World):
    def open(self, url, **order):
        reply = self.talomed.post("/api/fetcher/streams", {"url": url, "loopback": True, **order})
        self.assertEqual(reply.status, 201, reply)
        return reply.json["number"]

    def look(self, number):
        return self.talomed.get(f"/api/fetcher/streams/{number}").json

    def until(self, number, what):
        wait_until(lambda: what(self.look(number)), 30, 0.02, "the stream has what is waited for")
        return self.look(number)

    def test_events_come_as_they_are_sent(self):
        go, gone = threading.Event(), threading.Event()

        def handler(connection, _):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
            go.wait(30)
            connection.sendall(b"data: 2\n\n")
            connection.settimeout(30)
            if connection.recv(1) == b"":
                gone.set()
        number = self.open(self.serve(handler).url)
        result = self.until(number, lambda r: r["body"] == "data: 1\n\n")
        self.assertEqual((result["status"], result["ended"], result["headers"]["Content-Type"]), (200, False, "text/event-stream"))
        go.set()
        self.until(number, lambda r: r["body"] == "data: 1\n\ndata: 2\n\n")
        self.assertEqual(self.talomed.request("DELETE", f"/api/fetcher/streams/{number}").status, 200)
        self.assertTrue(gone.wait(20))

    def test_ends(self):
        closed = self.serve(b"")
        closed.close()
        for url, order, failure in [(self.serve(answer("all")).url, {}, OK), (closed.url, {}, UNAVAILABLE), ("http://169.254.169.254/", {}, DENIED),
                                    (self.serve(lambda *_: threading.Event().wait(30)).url, {"idleMs": 300}, TIMEOUT),
                                    (self.serve(answer("x" * 100)).url, {"maxBody": 10}, BAD_UPSTREAM)]:
            result = self.until(self.open(url, **order), lambda r: r["ended"])
            self.assertEqual(result["failure"], failure, result)
        self.assertEqual(self.talomed.post("/api/fetcher/streams", {"url": "ftp://a/"}).status, 400)

    def test_a_paused_stream_holds_the_other_side(self):
        sent = [0]

        def handler(connection, _):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(256):
                connection.sendall(bytes(1 << 20))
                sent[0] += 1
        number = self.open(self.serve(handler).url, keepBody=False, maxBody=-1)
        before = self.until(number, lambda r: r["bytes"] > 0)
        self.talomed.request("PUT", f"/api/fetcher/streams/{number}", {"on": True})
        last = [None, 0]

        def stands():  # until the same was seen several times
            now = self.look(number)["bytes"], sent[0]
            last[1] = last[1] + 1 if now == last[0] else 0
            last[0] = now
            return last[1] > 10
        wait_until(stands, 30, 0.05, "nothing more comes")
        self.assertLess(sent[0], 256)
        self.assertFalse(self.look(number)["ended"], before)
        self.talomed.request("PUT", f"/api/fetcher/streams/{number}", {"on": False})
        result = self.until(number, lambda r: r["ended"])
        self.assertEqual((result["bytes"], result["failure"]), (256 << 20, OK))

    def test_many_cost_no_threads(self):
        release = threading.Event()

        def handler(connection, _):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nx")
            release.wait(60)
        server = self.serve(handler)
        threads = lambda: len(os.listdir(f"/proc/{self.talomed.pid}/task"))  # noqa: E731
        first = self.open(server.url)
        self.until(first, lambda r: r["bytes"] == 1)
        numbers = [self.open(server.url) for _ in range(60)]
        for number in numbers:
            self.until(number, lambda r: r["bytes"] == 1)
        self.assertLess(threads(), 60)
        release.set()
        for number in [first, *numbers]:
            self.assertEqual(self.until(number, lambda r: r["ended"])["failure"], OK)

    def test_the_plugin_ends_with_streams_and_requests_under_way(self):
        self.serve_forever = self.serve(lambda *_: threading.Event().wait(60))
        self.open(self.serve_forever.url)
        waiting = threading.Thread(target=lambda: self.talomed.post("/api/fetcher/fetch", {"url": self.serve_forever.url, "loopback": True}, timeout=60))
        waiting.start()
        wait_until(lambda: len(self.serve_forever.requests) == 2, 20, what="both wait")
        answer_ = self.talomed.post("/api/plugins/fetcher/disable", {}, timeout=60)
        self.assertEqual(answer_.status, 200, answer_)
        self.assertEqual(self.talomed.post("/api/plugins/fetcher/enable", {}, timeout=60).status, 200)
        self.assertEqual(self.loopback(self.serve(answer("again")).url)["body"], "again")
        waiting.join(60)


if __name__ == "__main__":
    unittest.main()
