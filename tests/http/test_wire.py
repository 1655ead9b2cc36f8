"""What the HTTP engine understands, and what it must refuse, over raw sockets: framing, limits, slow clients.

Each row of what plain Poco 1.11 lets through is a test."""
import random
import socket
import time
import unittest

from wire import HELLO, LAST, SANITIZED, SMUGGLED, Reader, SharedCase, answers, read_all, request


class Framing(SharedCase):
    options = {"headTime": 2000, "bodyTime": 1000}

    def test_body_that_the_handler_leaves_is_not_a_request(self):
        for fields, body in ((f"Content-Length: {len(SMUGGLED)}\r\n", SMUGGLED),
                             ("Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED))):
            found = answers(self.echo.say(request("/ignore", "POST", fields, body) + LAST))
            self.assertEqual([a.body for a in found], [b"ignored", b'{"hello":"world"}'])

    def test_large_body_that_the_handler_leaves_closes_the_connection(self):
        body = b"x" * (2 << 20)
        for fields, data in ((f"Content-Length: {len(body)}\r\n", body),
                             ("Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))):
            found = answers(self.echo.say(request("/ignore", "POST", fields, data) + LAST))
            self.assertEqual([a.body for a in found], [b"ignored"])

    def test_length_that_is_not_one(self):
        for value in ("-1", "+1", "0x10", "1, 1", "", "1 1", "99999999999999999999"):
            self.refused(self.echo, request("/echo", "POST", f"Content-Length: {value}\r\n", SMUGGLED), 400)

    def test_two_lengths(self):
        for fields in ("Content-Length: 0\r\nContent-Length: 5\r\n", "Content-Length: 5\r\ncontent-length: 5\r\n"):
            self.refused(self.echo, request("/echo", "POST", fields, SMUGGLED), 400)

    def test_length_and_encoding(self):
        for fields in ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                       "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"):
            self.refused(self.echo, request("/echo", "POST", fields, b"0\r\n\r\n" + SMUGGLED), 400)

    def test_other_encodings(self):
        for value in ("gzip, chunked", "chunked, gzip", "identity", "chunked, chunked", "xchunked", "chunked;a=b"):
            self.refused(self.echo, request("/echo", "POST", f"Transfer-Encoding: {value}\r\n", SMUGGLED), 400)
        self.refused(self.echo, request("/echo", "POST", "Transfer-Encoding: chunked\r\n", SMUGGLED, "1.0"), 400)

    def test_space_before_the_colon(self):
        self.refused(self.echo, request("/echo", "POST", "Content-Length : 5\r\n", SMUGGLED), 400)
        self.refused(self.echo, request("/echo", "POST", "Transfer-Encoding\t: chunked\r\n", SMUGGLED), 400)

    def test_post_without_length_has_an_empty_body(self):
        found = answers(self.echo.say(request("/echo", "POST") + LAST))
        self.assertEqual([a.body for a in found], [b"", b'{"hello":"world"}'])

    def test_encoded_words(self):
        self.refused(self.echo, request("/echo", "POST", "Content-Type: =?utf-8?Q?a=0d=0aX-Evil:1?=\r\n"), 400)
        self.refused(self.echo, request(fields="X: =?utf-8?B?DQpYLUV2aWw6IDE=?=\r\n"), 400)

    def test_host(self):
        self.refused(self.echo, b"GET /hello HTTP/1.1\r\n\r\n", 400)
        self.refused(self.echo, request(fields="Host: other\r\n"), 400)
        self.assertEqual(answers(self.echo.say(b"GET /hello HTTP/1.0\r\n\r\n"))[0].status, 200)

    def test_head_too_large(self):
        fields = "".join(f"X-{i}: {'a' * 4000}\r\n" for i in range(20))
        self.refused(self.echo, request(fields=fields), 431)
        self.refused(self.echo, request(fields="".join(f"X-{i}: a\r\n" for i in range(100))), 431)
        self.refused(self.echo, request("/" + "a" * 20000), 414)
        fields = "".join(f"X-{i}: {'a' * 4000}\r\n" for i in range(15))
        self.assertEqual(answers(self.echo.say(request(fields=fields + "Connection: close\r\n")))[0].status, 200)

    def test_long_lines_do_not_hide_the_next(self):
        # Poco's reader ends a head at a line whose last piece in its 4 KiB buffer has two bytes: what follows is lost,
        # and becomes the body or the next request.
        for n in list(range(4070, 4104)) + list(range(8170, 8180)):
            with self.echo.connect() as s:
                s.sendall(request("/describe", fields=f"X-Long: {'a' * n}\r\nX-Next: seen\r\nConnection: close\r\n"))
                self.assertIn(b"X-Next=seen", Reader(s).answer().body)

    def test_slow_head(self):
        with self.echo.connect() as s:
            s.sendall(b"GET /hello HTTP/1.1\r\nHo")
            start = time.monotonic()
            found = answers(read_all(s))
            self.assertEqual([a.status for a in found], [408])
            self.assertLess(time.monotonic() - start, 4)
        with self.echo.connect() as s:  # a byte now and then does not help
            s.settimeout(5)
            start = time.monotonic()
            try:
                for byte in b"GET /hello HTTP/1.1\r\nHost: t\r\nX: " + b"a" * 1000:
                    s.sendall(bytes([byte]))
                    time.sleep(0.1)
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertLess(time.monotonic() - start, 4)

    def test_body_over_the_limit(self):
        self.refused(self.echo, request("/echo", "POST", f"Content-Length: {2 << 20}\r\n", b"x" * 1000), 413)
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        self.assertEqual(answers(self.echo.say(LAST))[0].status, 200)
        before = self.echo.status("VmRSS")
        for path, growth in ((f"/count?limit={1 << 20}", 1), ("/echo", 8)):  # read in pieces; into one string
            with self.echo.connect() as s:
                s.sendall(request(path, "POST", "Transfer-Encoding: chunked\r\n"))
                sent = 0
                try:
                    for _ in range(300 << 4):
                        s.sendall(chunk)
                        sent += 1
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the server has heard enough
            self.assertLess(sent, 300 << 4)
            self.assertLess(self.echo.status("VmRSS") - before, 1024 * growth * SANITIZED)
        # The same from a client that looks for the answer.
        with self.echo.connect() as s:
            s.sendall(request("/echo", "POST", "Transfer-Encoding: chunked\r\n") + chunk * 17)
            self.assertEqual([a.status for a in answers(read_all(s))], [413])

    def test_memory_is_flat_while_a_large_body_is_counted(self):
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        with self.echo.connect(60) as s:
            s.sendall(request(f"/count?limit={1 << 30}", "POST", "Transfer-Encoding: chunked\r\n"))
            s.sendall(chunk * 16)
            before = self.echo.status("VmRSS")
            for _ in range(100):
                s.sendall(chunk * 16)
            s.sendall(b"0\r\n\r\n")
            self.assertEqual(Reader(s).answer().body, b"%d" % (101 << 20))
        self.assertLess(self.echo.status("VmRSS") - before, 1024 * SANITIZED)

    def test_slow_body(self):
        with self.echo.connect() as s:
            s.sendall(request("/echo", "POST", "Content-Length: 10\r\n", b"abc"))
            start = time.monotonic()
            self.assertEqual([a.status for a in answers(read_all(s))], [408])
            self.assertLess(time.monotonic() - start, 4)
        with self.echo.connect() as s:  # one byte just in time, again and again
            s.settimeout(8)
            s.sendall(request("/echo", "POST", "Content-Length: 100\r\n"))
            start, data = time.monotonic(), b""
            try:
                while time.monotonic() - start < 6:
                    s.sendall(b"x")
                    time.sleep(0.5)
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertLess(time.monotonic() - start, 6)

    def test_lines_between_chunks_may_not_drip(self):
        for start in (b"1\r\nx\r\n0\r\n", b"1\r\nx\r\n1;"):  # a trailer, an extension
            with self.echo.connect() as s:
                s.sendall(request("/count", "POST", "Transfer-Encoding: chunked\r\n", start))
                begin = time.monotonic()
                try:
                    while time.monotonic() - begin < 6:
                        s.sendall(b"a")
                        time.sleep(0.3)
                except OSError:
                    pass
                self.assertLess(time.monotonic() - begin, 4)

    def test_last_bytes_that_came_with_many_others(self):
        chunk = b"400000\r\n" + bytes(1 << 22) + b"\r\n"
        for body, size in ((chunk + b"5\r\nhello\r\n0\r\n\r\n", (1 << 22) + 5), (chunk * 3 + b"0\r\n\r\n", 3 << 22)):
            with self.echo.connect() as s:
                s.sendall(request("/receive?limit=99999999", "POST", "Transfer-Encoding: chunked\r\n", body) + HELLO)
                reader = Reader(s)
                self.assertEqual(reader.answer().body, b"%d" % size)
                self.assertEqual(reader.answer().body, b'{"hello":"world"}')

    def test_malformed_chunks(self):
        for body in (b"x\r\n", b"5\nhello\r\n0\r\n\r\n", b"5\r\nhello!\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n",
                     b"5;\0\r\nhello\r\n0\r\n\r\n", b"-5\r\n", b"0\r\nbad\r\n\r\n"):
            self.refused(self.echo, request("/echo", "POST", "Transfer-Encoding: chunked\r\n", body + SMUGGLED), 400)

    def test_bare_line_ends_folds_and_control_characters(self):
        for data in (b"GET /hello HTTP/1.1\nHost: t\n\n", request(fields="A: b\nC: d\r\n"),
                     request(fields="A: b\rC: d\r\n"), request(fields="A: b\r\n folded\r\n"),
                     request(fields="A: b\0c\r\n"), request(fields="A: \xff\r\n"), request("/hello\t"),
                     request("/he llo"), request("http://other/hello"), b"\x16\x03\x01\x02\x00\x01\x00\x01"):
            self.refused(self.echo, data, 400)
        self.refused(self.echo, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505)

    def test_pipelining(self):
        data = b"".join(request("/echo", "POST", f"Content-Length: {len(str(i))}\r\n", str(i).encode()) if i % 2 else
                        request("/echo", "POST", "Transfer-Encoding: chunked\r\n", b"3\r\n%03d\r\n0\r\n\r\n" % i)
                        for i in range(300))
        found = answers(self.echo.say(data + LAST))
        self.assertEqual(len(found), 301)
        self.assertEqual([int(a.body) for a in found[:300]], list(range(300)))

    def test_byte_by_byte(self):
        with self.echo.connect() as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = Reader(s)
            for _ in range(2):
                for byte in request("/echo", "POST", "Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n"):
                    s.sendall(bytes([byte]))
                    time.sleep(0.0005)
                self.assertEqual(reader.answer().body, b"abc")

    def test_random_bytes_do_no_harm(self):
        rng = random.Random(7)
        seeds = [HELLO, request("/echo", "POST", "Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n"),
                 request("/echo", "POST", "Content-Length: 3\r\n", b"abc")]
        for _ in range(300):
            data = bytearray(rng.choice(seeds) + rng.choice(seeds))
            for _ in range(rng.randint(1, 6)):
                at = rng.randrange(len(data))
                what = rng.random()
                if what < 0.4:
                    data[at] = rng.randrange(256)
                elif what < 0.7:
                    del data[at:at + rng.randint(1, 5)]
                else:
                    data[at:at] = rng.choice([b"\r\n", b"\n", b"\0", b" ", b":", b"\r\n\r\n", b"Content-Length: 3\r\n"])
            with self.echo.connect() as s:
                try:
                    s.sendall(bytes(data))
                    s.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # refused before all was sent
                self.assertTrue(all(a.status < 500 or a.status == 505 for a in answers(read_all(s))), bytes(data))
        self.assertEqual(answers(self.echo.say(LAST))[0].status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
