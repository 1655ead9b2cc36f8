"""The HTTP engine over raw sockets: framing, limits, slow clients, parking, drain.

Runs http_echo from the build directory in TALOME_BUILD (default: build/release)."""
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ECHO = os.path.join(ROOT, os.environ.get("TALOME_BUILD", "build/release"), "bin", "http_echo")

SANITIZED = 16 if re.search("[at]san", ECHO) else 1  # their allocators keep freed memory for a while


class Echo:
    """A running http_echo."""

    def __init__(self, **options):
        self.process = subprocess.Popen([ECHO] + [f"{k}={v}" for k, v in options.items()],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.log = []
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr))
        self.reader.start()
        line = self.process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError("http_echo did not start: " + "".join(self.log))
        self.port = int(line)

    def stop(self):
        """SIGTERM; returns (exit code, last line, seconds)."""
        start = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            out = self.process.stdout.read()
            code = self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.reader.join()
            self.process.stderr.close()
        return code, out.strip(), time.monotonic() - start

    def __enter__(self):
        return self

    def __exit__(self, *_):
        code, out, _ = self.stop()
        assert code == 0, (code, out, "".join(self.log)[-4000:])

    def status(self, key):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(rf"^{key}:\s+(\d+)", file.read(), re.M).group(1))

    def ticks(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def switches(self):
        total = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/status") as file:
                total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.M).group(1))
        return total

    def connect(self, timeout=10):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def say(self, data, timeout=10):
        """Sends bytes on a new connection and returns all that comes until the server closes it."""
        with self.connect(timeout) as s:
            s.sendall(data)
            return read_all(s)


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def __getitem__(self, name):
        values = [v for n, v in self.fields if n.lower() == name.lower()]
        return values[0] if values else None


def read_all(s):
    data = b""
    while True:
        try:
            part = s.recv(65536)
        except ConnectionResetError:
            return data
        if not part:
            return data
        data += part


class Reader:
    """Reads answers from a connection, strictly."""

    def __init__(self, s, data=b""):
        self.s, self.data = s, data

    def more(self):
        part = self.s.recv(65536) if self.s else b""
        if not part:
            raise EOFError(self.data)
        self.data += part

    def until(self, mark):
        while mark not in self.data:
            self.more()
        part, self.data = self.data.split(mark, 1)
        return part

    def exactly(self, n):
        while len(self.data) < n:
            self.more()
        part, self.data = self.data[:n], self.data[n:]
        return part

    def answer(self, head_only=False):
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Za-z -]*", lines[0]).group(1))
        fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
        answer = Answer(status, fields, b"")
        if head_only or status < 200 or status in (204, 304):
            return answer
        if answer["Transfer-Encoding"]:
            while True:
                size = int(self.until(b"\r\n"), 16)
                answer.body += self.exactly(size)
                assert self.exactly(2) == b"\r\n"
                if size == 0:
                    return answer
        answer.body = self.exactly(int(answer["Content-Length"]))
        return answer


def answers(data):
    reader, found = Reader(None, data), []
    while reader.data:
        found.append(reader.answer())
    return found


def request(path="/hello", method="GET", fields="", body=b"", version="1.1"):
    return f"{method} {path} HTTP/{version}\r\nHost: t\r\n{fields}\r\n".encode("latin-1") + body


HELLO = request()
LAST = request(fields="Connection: close\r\n")
SMUGGLED = request("/describe")


class Case(unittest.TestCase):
    def refused(self, echo, data, status):
        """One answer with that status, in the documented form, and the connection closes."""
        found = answers(echo.say(data))
        self.assertEqual([a.status for a in found], [status], data[:200])
        self.assertRegex(found[0].body, rb'^\{"error":"[^"]+"')
        self.assertEqual(found[0]["Connection"], "close")
        self.check_head(found[0])

    def check_head(self, answer):
        self.assertRegex(answer["X-Request-Id"], r"^[0-9a-f]{8}$")
        self.assertRegex(answer["Date"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        self.assertEqual(answer["X-Content-Type-Options"], "nosniff")
        self.assertEqual(answer["X-Frame-Options"], "DENY")
        self.assertIn("default-src 'none'", answer["Content-Security-Policy"])
        self.assertIsNotNone(answer["Referrer-Policy"])
        self.assertIsNotNone(answer["Permissions-Policy"])
        self.assertIsNone(answer["Strict-Transport-Security"])


class Framing(Case):
    @classmethod
    def setUpClass(cls):
        cls.echo = Echo(headTime=2000, bodyTime=1000)

    @classmethod
    def tearDownClass(cls):
        code, out, _ = cls.echo.stop()
        assert code == 0, (code, out, "".join(cls.echo.log)[-4000:])

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
        # Line lengths around the parser's buffers: the field after them must be seen, and framed.
        for n in list(range(4080, 4104)) + list(range(8170, 8180)):
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
            for path, status in (("/hello", 200), ("/nothing", 404), ("/fail", 500), ("/refuse", 409), ("/silent", 500)):
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

    def test_random_bytes_do_no_harm(self):
        import random
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


class Parking(Case):
    def fast(self, echo, n=20):
        """Median seconds of /hello on new connections."""
        times = []
        for _ in range(n):
            start = time.monotonic()
            self.assertEqual(answers(echo.say(LAST))[0].status, 200)
            times.append(time.monotonic() - start)
        return sorted(times)[n // 2]

    def test_half_sent_heads_cost_no_thread(self):
        with Echo() as echo:
            threads = echo.status("Threads")
            held = [echo.connect() for _ in range(200)]
            for s in held:
                s.sendall(b"GET /hello HTTP/1.1\r\nHost: t\r\n")
            time.sleep(0.3)
            self.assertEqual(echo.status("Threads"), threads)
            self.assertLess(self.fast(echo), 0.05)
            ticks, switches = echo.ticks(), echo.switches()
            time.sleep(1)
            self.assertLess(echo.ticks() - ticks, 5)  # and no CPU
            self.assertLess(echo.switches() - switches, 10 * SANITIZED)
            for s in held:
                s.sendall(b"\r\n")
            for s in held:
                self.assertEqual(Reader(s).answer().status, 200)
                s.close()

    def test_idle_connections_cost_no_thread(self):
        with Echo() as echo:
            held = []
            for _ in range(1000):
                s = echo.connect()
                s.sendall(HELLO)
                held.append(s)
            for s in held:
                self.assertEqual(Reader(s).answer().status, 200)
            self.assertLessEqual(echo.status("Threads"), 16)
            self.assertLess(self.fast(echo), 0.05)
            switches = echo.switches()
            time.sleep(1)
            self.assertLess(echo.switches() - switches, 10 * SANITIZED)  # an idle server sleeps
            for s in held:
                s.sendall(HELLO)
            for s in held:
                self.assertEqual(Reader(s).answer().status, 200)
                s.close()

    @unittest.skipIf("tsan" in ECHO, "TSan has a thread of its own that wakes up")
    def test_idle_server_does_not_wake_up(self):
        with Echo() as echo:
            time.sleep(0.5)
            switches = echo.switches()
            time.sleep(1)
            self.assertEqual(echo.switches(), switches)

    def test_keep_alive_sweep(self):
        with Echo(keepAlive=500) as echo, echo.connect() as s, echo.connect() as silent:
            s.sendall(HELLO)
            self.assertEqual(Reader(s).answer().status, 200)
            start = time.monotonic()
            self.assertEqual(s.recv(1), b"")
            self.assertEqual(silent.recv(1), b"")
            self.assertTrue(0.3 < time.monotonic() - start < 2)

    def test_pool_grows_for_waiting_handlers_and_shrinks(self):
        with Echo(minWorkers=4, maxWorkers=20, extraIdle=300) as echo:
            threads = echo.status("Threads")
            held = [echo.connect() for _ in range(40)]
            start = time.monotonic()
            for s in held:
                s.sendall(request("/slow?ms=500"))
            time.sleep(0.3)
            self.assertEqual(echo.status("Threads"), threads + 16)
            for s in held:
                self.assertEqual(Reader(s).answer().status, 200)
                s.close()
            self.assertLess(time.monotonic() - start, 2.5)
            for _ in range(30):
                if echo.status("Threads") == threads:
                    break
                time.sleep(0.1)
            self.assertEqual(echo.status("Threads"), threads)
            self.assertLess(self.fast(echo), 0.05)

    def test_too_many_connections(self):
        with Echo(maxConnections=10) as echo:
            held = [echo.connect() for _ in range(10)]
            for s in held:
                s.sendall(HELLO)
                self.assertEqual(Reader(s).answer().status, 200)
            found = answers(echo.say(HELLO))
            self.assertEqual([(a.status, a["Retry-After"], a["Connection"]) for a in found], [(503, "5", "close")])
            self.check_head(found[0])
            held.pop().close()
            time.sleep(0.2)
            self.assertEqual(answers(echo.say(LAST))[0].status, 200)
            for s in held:
                s.close()

    @unittest.skipIf("asan" in ECHO, "UBSan itself needs descriptors, and reports nonsense without")
    def test_out_of_descriptors(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with Echo(maxConnections=10000) as echo:
            resource.prlimit(echo.process.pid, resource.RLIMIT_NOFILE, (64, hard))
            held = []
            for _ in range(100):
                s = echo.connect()
                held.append(s)
            time.sleep(0.3)
            ticks = echo.ticks()
            time.sleep(0.5)
            self.assertLess(echo.ticks() - ticks, 10)  # it does not spin
            for s in held:
                s.close()
            time.sleep(0.2)
            self.assertEqual(answers(echo.say(LAST))[0].status, 200)

    def test_client_that_does_not_read_is_dropped(self):
        with Echo(sendTime=500) as echo, echo.connect() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.sendall(request(f"/big?bytes={64 << 20}"))
            time.sleep(2)
            self.assertTrue(any("/big" in line and "has left" in line for line in echo.log), echo.log)
            self.assertLess(self.fast(echo), 0.05)

    def test_addresses(self):
        for host, families in (("0.0.0.0", "4"), ("::", "46"), ("localhost", "4"), ("::1", "6"), ("127.0.0.1", "4")):
            with Echo(host=host) as echo:
                for family, address in (("4", "127.0.0.1"), ("6", "::1")):
                    if family in families:
                        with socket.create_connection((address, echo.port), 5) as s:
                            s.sendall(request("/describe"))
                            self.assertIn(f"HTTP/1.1 {address}\n".encode(), Reader(s).answer().body)

    def test_address_that_is_taken(self):
        with Echo() as echo:
            with self.assertRaisesRegex(RuntimeError, f"cannot listen on 127.0.0.1:{echo.port}: Address already in use"):
                Echo(port=echo.port)

    def test_server_timing(self):
        with Echo(serverTiming=1) as echo:
            self.assertRegex(answers(echo.say(LAST))[0]["Server-Timing"], r"^total;dur=\d+\.\d{3}$")


class Draining(Case):
    def test_requests_in_flight_finish(self):
        echo = Echo()
        busy, idle = echo.connect(), echo.connect()
        busy.sendall(request("/slow?ms=700"))
        time.sleep(0.2)
        code, out, seconds = echo.stop()
        self.assertEqual(code, 0, out)
        answer = Reader(busy).answer()
        self.assertEqual((answer.body, answer["Connection"]), (b"slow", "close"))
        self.assertEqual(idle.recv(1), b"")
        self.assertLess(seconds, 3)
        busy.close()
        idle.close()

    def test_idle_server_stops_at_once(self):
        echo = Echo()
        with echo.connect() as s:
            s.sendall(HELLO)
            Reader(s).answer()
            time.sleep(1.2)
            code, out, seconds = echo.stop()
        self.assertEqual(code, 0, out)
        self.assertLess(seconds, 0.8)

    def test_half_sent_head_does_not_hold_it_up_for_ever(self):
        echo = Echo(headTime=1000)
        with echo.connect() as s:
            s.sendall(b"GET /hel")
            time.sleep(0.2)
            code, out, seconds = echo.stop()
        self.assertEqual(code, 0, out)
        self.assertLess(seconds, 3)

    def test_under_load_every_accepted_request_is_answered(self):
        echo = Echo()
        lost, done, ended = [], [0] * 32, [False] * 32

        def client(k):
            try:
                with echo.connect() as s:
                    reader = Reader(s)
                    while True:
                        s.sendall(request("/slow?ms=2" if k % 2 else "/hello"))
                        answer = reader.answer()
                        done[k] += answer.status == 200
                        if answer["Connection"] == "close":
                            ended[k] = True
                            return
            except (OSError, EOFError) as error:
                lost.append((k, done[k], repr(error)))

        threads = [threading.Thread(target=client, args=(k,)) for k in range(32)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        code, out, _ = echo.stop()
        for thread in threads:
            thread.join()
        self.assertEqual(lost, [])
        self.assertTrue(all(ended))
        self.assertEqual(code, 0, out)
        self.assertIn(f"requests={sum(done)} ", out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
