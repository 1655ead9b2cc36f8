"""What the HTTP engine answers, over raw sockets: keep-alive, HEAD, chunks, the fields of every answer, failures."""
import gzip
import socket
import time
import unittest

from wire import HELLO, LAST, Reader, SharedCase, answers, read_all, request


class Answers(SharedCase):
    def test_gzip_for_who_takes_it(self):
        plain = answers(self.echo.say(request("/text", fields="Connection: close\r\n")))[0]
        self.assertEqual((len(plain.body), plain["Content-Encoding"], plain["Vary"]), (100_000, None, "Accept-Encoding"))
        for accepted, coded in (("gzip", True), ("br;q=1, gzip;q=0.5", True), ("*", True), ("gzip;q=0", False), ("identity", False), ("br", False)):
            answer = answers(self.echo.say(request("/text", fields=f"Accept-Encoding: {accepted}\r\nConnection: close\r\n")))[0]
            self.assertEqual(answer["Content-Encoding"], "gzip" if coded else None, accepted)
            self.assertEqual(gzip.decompress(answer.body) if coded else answer.body, plain.body)
            self.assertEqual(int(answer["Content-Length"]), len(answer.body))
        small = answers(self.echo.say(request("/text?bytes=1000", fields="Accept-Encoding: gzip\r\nConnection: close\r\n")))[0]
        self.assertEqual((small["Content-Encoding"], len(small.body)), (None, 1000))

    def test_keep_alive(self):
        with self.echo.connect() as s:
            reader = Reader(s)
            for i in range(50):
                s.sendall(HELLO)
                answer = reader.answer()
                self.assertEqual((answer.status, answer["Connection"]), (200, None))
            s.sendall(LAST)
            self.assertEqual(reader.answer()["Connection"], "close")
            self.assertEqual(s.recv(1), b"")
        with self.echo.connect() as s:
            reader = Reader(s)
            s.sendall(request(fields="Connection: keep-alive\r\n", version="1.0"))
            self.assertEqual(reader.answer()["Connection"], "keep-alive")
            s.sendall(request(version="1.0"))
            self.assertEqual(reader.answer()["Connection"], "close")
            self.assertEqual(s.recv(1), b"")

    def test_head_has_the_length_and_no_body(self):
        with self.echo.connect() as s:
            reader = Reader(s)
            for path in ("/hello", "/big?bytes=1000", "/big?sized=0"):
                s.sendall(request(path, "HEAD"))
                answer = reader.answer(head_only=True)
                s.sendall(request(path))
                full = reader.answer()
                self.assertEqual(answer["Content-Length"], full["Content-Length"])
                self.assertEqual(answer["Content-Type"], full["Content-Type"])

    def test_statuses_without_body(self):
        with self.echo.connect() as s:
            reader = Reader(s)
            for code in (204, 304):
                s.sendall(request(f"/status?code={code}"))
                answer = reader.answer()
                self.assertEqual((answer.status, answer["Content-Length"]), (code, None))
            s.sendall(request("/status?code=201"))
            self.assertEqual(reader.answer().body, b"body")

    def test_expect_continue(self):
        fields = "Content-Length: 5\r\nExpect: 100-continue\r\n"
        with self.echo.connect() as s:
            reader = Reader(s)
            s.sendall(request("/echo", "POST", fields))
            self.assertEqual(reader.until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue")
            s.sendall(b"hello")
            self.assertEqual(reader.answer().body, b"hello")
            s.sendall(HELLO)
            self.assertEqual(reader.answer().status, 200)
        with self.echo.connect() as s:  # refused before the body was asked for
            s.sendall(request("/ignore", "POST", fields))
            answer = Reader(s).answer()
            self.assertEqual((answer.status, answer["Connection"]), (200, "close"))
        self.refused(self.echo, request("/echo", "POST", "Content-Length: 5\r\nExpect: more\r\n"), 417)

    def test_chunked_answers(self):
        with self.echo.connect() as s:
            s.sendall(request("/big?bytes=1000000&sized=0"))
            self.assertEqual(len(Reader(s).answer().body), 1000000)
        data = self.echo.say(request("/big?bytes=100000&sized=0", version="1.0"))
        self.assertEqual(len(data.split(b"\r\n\r\n", 1)[1]), 100000)
        self.assertNotIn(b"Transfer-Encoding", data)

    def test_every_answer_has_its_fields(self):
        with self.echo.connect() as s:
            reader = Reader(s)
            for path, status in (("/hello", 200), ("/nothing", 404), ("/fail", 500), ("/refuse", 409),
                                 ("/silent", 500)):
                s.sendall(request(path))
                answer = reader.answer()
                self.assertEqual(answer.status, status)
                self.check_head(answer)
                if status >= 500:
                    self.assertRegex(answer.body, rb'^\{"error":"internal error","errorId":"[0-9a-f]{8}","timestamp":"')
                    self.assertIn(answer["X-Request-Id"].encode(), answer.body)
                    self.assertNotIn(b"secret", answer.body)
            s.sendall(request("/refuse"))
            answer = reader.answer()
            self.assertEqual((answer.body, answer["Retry-After"]), (b'{"error":"it is \\"taken\\""}', "7"))
            s.sendall(request("/api/hello"))
            self.assertEqual(reader.answer()["Cache-Control"], "no-store")
            s.sendall(request("/page"))
            answer = reader.answer()
            self.assertEqual(answer["Content-Security-Policy"], "default-src 'self'")
            self.assertEqual(answer["Content-Type"], "text/html; charset=utf-8")
            self.assertEqual([v for n, v in answer.fields if n == "Set-Cookie"], ["a=1", "b=2"])

    def test_a_value_cannot_split_the_answer(self):
        with self.echo.connect() as s:
            s.sendall(request("/split"))
            answer = Reader(s).answer()
            self.assertEqual((answer.status, answer["Set-Cookie"]), (500, None))

    def test_a_cut_answer_does_not_look_whole(self):
        with self.assertRaises((EOFError, ConnectionResetError)):
            with self.echo.connect() as s:
                s.sendall(request("/fail-late"))
                Reader(s).answer()
        with self.assertRaises((EOFError, ConnectionResetError)):
            with self.echo.connect() as s:
                s.sendall(request("/short"))
                Reader(s).answer()
        with self.assertRaises(ConnectionResetError):
            with self.echo.connect() as s:
                s.sendall(request("/fail-late", version="1.0"))
                while s.recv(65536):
                    pass

    def test_request_is_passed_as_sent(self):
        data = self.echo.say(request("/describe?a=%20b", fields="X-a: \t1 \r\nx-A: 2\r\nConnection: close\r\n"))
        self.assertEqual(answers(data)[0].body,
                         b"GET /describe a=%20b HTTP/1.1 127.0.0.1\nHost=t\nX-a=1\nx-A=2\nConnection=close")
        data = self.echo.say(b"\r\nGET http://t/describe HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        self.assertTrue(answers(data)[0].body.startswith(b"GET /describe  HTTP/1.1"))

    def test_client_that_leaves_is_noticed(self):
        with self.echo.connect() as s:
            s.sendall(request("/watch"))
            time.sleep(0.2)
        for _ in range(100):
            if any("watch: gone" in line for line in self.echo.log):
                return
            time.sleep(0.02)
        self.fail("not noticed")

    def test_half_closed_client_is_answered(self):
        with self.echo.connect() as s:
            s.sendall(HELLO + HELLO)
            s.shutdown(socket.SHUT_WR)
            self.assertEqual([a.status for a in answers(read_all(s))], [200, 200])


if __name__ == "__main__":
    unittest.main(verbosity=2)
