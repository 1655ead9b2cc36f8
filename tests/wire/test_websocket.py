"""WebSockets of a plugin, over raw sockets: handshake, framing, who may open one, and how one ends."""

import struct
import sys
import time
import unittest
import zlib

from clients import BINARY, CLOSE, PING, PONG, SANITIZED, TEXT, Refused, WebSocket, build, token_of, wire_server

sys.path.insert(0, str(build().parents[1] / "tests"))
from support import free_port, wait_until  # noqa: E402

ECHO = "/api/c-wire/ws"


class Shared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.talomed = cls.enterClassContext(wire_server(env={"C_WIRE_PORT": cls.port}))
        cls.token = token_of(cls.talomed)

    def open(self, path=ECHO, **options):
        options.setdefault("token", self.token)
        return self.enterContext(WebSocket(self.talomed.port, path, **options))

    def refused(self, path=ECHO, **options):
        with self.assertRaises(Refused) as caught:
            self.open(path, **options)
        self.assertIn(b'{"error":"', caught.exception.body)
        return caught.exception.status


class HandshakeTest(Shared):
    def test_who_may_open_one(self):
        self.assertEqual(self.refused(token=None), 401)
        self.assertEqual(self.refused(token="nonsense"), 401)
        self.assertEqual(self.refused("/api/c-wire/no-such"), 404)
        self.assertEqual(self.refused(ECHO + "?greet=x&unknown=1"), 400)
        self.assertEqual(self.refused(ECHO + "?refuse=yes"), 409)

    def test_foreign_origin(self):
        cookie = [f"Cookie: talome_session={self.token}"]
        for origin, status in (("https://evil.example", 403), ("null", 403), (f"http://localhost:{self.talomed.port}", 403)):
            self.assertEqual(self.refused(token=None, fields=[*cookie, f"Origin: {origin}"]), status, origin)
        self.open(token=None, fields=[*cookie, "Origin: http://localhost"])  # the Host of these requests
        self.open(token=None, fields=[*cookie, "Origin: http://localhost:3000"])  # the dashboard's
        self.open(fields=["Origin: https://anywhere.example"])  # a token is no cookie

    def test_not_an_upgrade(self):
        answer = self.talomed.get(ECHO)
        self.assertEqual((answer.status, answer.headers["Upgrade"], answer.headers["Sec-WebSocket-Version"]), (426, "websocket", "13"))
        self.assertEqual(self.talomed.request("POST", ECHO, body={}).status, 405)

    def test_protocol(self):
        self.assertEqual(self.open(fields=["Sec-WebSocket-Protocol: other, echo.v1"]).fields["sec-websocket-protocol"], "echo.v1")
        self.assertNotIn("sec-websocket-protocol", self.open(fields=["Sec-WebSocket-Protocol: other"]).fields)

    def test_frame_that_comes_with_the_handshake(self):
        ws = self.open(early=WebSocket.frame(TEXT, "at once"))
        self.assertEqual(ws.text(), "at once")

    def test_what_the_plugin_sends_at_once(self):
        self.assertEqual(self.open(ECHO + "?greet=hello").text(), "hello")

    def test_its_own_port(self):
        with WebSocket(self.port, "/ws", self.token) as ws:
            ws.send(TEXT, "there")
            self.assertEqual(ws.text(), "there")
        with self.assertRaises(Refused) as caught:
            WebSocket(self.port, ECHO, self.token)  # a route of the server's own port
        self.assertEqual(caught.exception.status, 404)
        self.assertEqual(self.refused("/ws"), 404)


class MessagesTest(Shared):
    def test_echo_of_all_lengths(self):
        ws = self.open()
        for n in (0, 1, 125, 126, 127, 65535, 65536, 300_000):
            ws.send(TEXT, "x" * n)
            self.assertEqual(ws.text(), "x" * n)
            ws.send(BINARY, bytes(range(256)) * (n // 256))
            self.assertEqual(ws.receive()[:2], (BINARY, bytes(range(256)) * (n // 256)))

    def test_byte_by_byte_and_fragments(self):
        ws = self.open()
        message = ws.frame(TEXT, "frag", final=False) + ws.frame(PING, "between") + ws.frame(0, "men", final=False) + ws.frame(0, "ts")
        for byte in message:
            ws.socket.sendall(bytes([byte]))
        self.assertEqual(ws.receive()[:2], (PONG, b"between"))
        self.assertEqual(ws.text(), "fragments")

    def test_many_at_once(self):
        ws = self.open()
        ws.socket.sendall(b"".join(ws.frame(TEXT, str(i)) for i in range(1000)))
        self.assertEqual([ws.text() for _ in range(1000)], [str(i) for i in range(1000)])

    def test_a_thousand_of_them(self):
        sockets = [self.open(early=WebSocket.frame(TEXT, f"hello {i}")) for i in range(1000)]
        with open(f"/proc/{self.talomed.pid}/status") as file:
            self.assertLess(next(int(line.split()[1]) for line in file if line.startswith("Threads")), 40)
        for round in range(3):
            for i, ws in enumerate(sockets):
                frame = ws.frame(BINARY, bytes([round]) * (i % 300))
                if i % 100 == 0:
                    for byte in frame:
                        ws.socket.sendall(bytes([byte]))
                else:
                    ws.socket.sendall(frame)
            for i, ws in enumerate(sockets):
                if round == 0:
                    self.assertEqual(ws.text(), f"hello {i}")
                self.assertEqual(ws.receive()[:2], (BINARY, bytes([round]) * (i % 300)))

    def test_deflate(self):
        ws = self.open("/api/c-wire/ws-deflate", fields=["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"])
        self.assertIn("permessage-deflate", ws.fields["sec-websocket-extensions"])
        pack, unpack = zlib.compressobj(wbits=-9), zlib.decompressobj(wbits=-15)
        for text in ("again and again " * 500, "short", "again and again " * 500):
            data = pack.compress(text.encode()) + pack.flush(zlib.Z_SYNC_FLUSH)
            ws.send(TEXT, data[:-4], reserved=4)
            opcode, payload, _, reserved = ws.receive()
            if reserved:
                payload = unpack.decompress(payload + b"\x00\x00\xff\xff")
            self.assertEqual((opcode, payload.decode()), (TEXT, text))
        self.assertNotIn("sec-websocket-extensions", self.open(fields=["Sec-WebSocket-Extensions: permessage-deflate"]).fields)

    def test_what_breaks_the_protocol(self):
        bomb = zlib.compressobj(wbits=-15)
        data = bomb.compress(bytes(64 << 20)) + bomb.flush(zlib.Z_SYNC_FLUSH)
        for frame, code in ((WebSocket.frame(TEXT, "x", masked=False), 1002), (WebSocket.frame(3, ""), 1002),
                            (WebSocket.frame(TEXT, "x", reserved=4), 1002), (WebSocket.frame(0, "x"), 1002),
                            (WebSocket.frame(PING, "x" * 126), 1002), (WebSocket.frame(PING, "x", final=False), 1002),
                            (WebSocket.frame(TEXT, b"\xff"), 1007), (WebSocket.frame(CLOSE, b"\x03"), 1002),
                            (WebSocket.frame(CLOSE, struct.pack(">H", 1005)), 1002),
                            (WebSocket.frame(BINARY, b"x" * ((1 << 20) + 1)), 1009)):
            ws = self.open()
            ws.socket.sendall(frame[:1 << 16])
            self.assertEqual(ws.closed()[0], code, frame[:20])
        ws = self.open("/api/c-wire/ws-deflate", fields=["Sec-WebSocket-Extensions: permessage-deflate"])
        ws.socket.sendall(ws.frame(BINARY, data[:-4], reserved=4))
        self.assertEqual(ws.closed()[0], 1009)

    def test_closing(self):
        ws = self.open()
        ws.send(TEXT, "close")
        self.assertEqual(ws.closed(), (4000, "as you wish"))
        wait_until(lambda: "closed how=0 code=4000" in self.talomed.log, what="the plugin hears of it")
        ws = self.open()
        ws.send(CLOSE, struct.pack(">H", 3001) + b"done here")
        self.assertEqual(ws.closed()[0], 3001)
        wait_until(lambda: "closed how=1 code=3001 reason=done here" in self.talomed.log, what="the plugin hears of it")
        ws = self.open()
        ws.socket.close()
        wait_until(lambda: "closed how=1 code=1006" in self.talomed.log, what="the plugin hears of it")

    def test_one_who_does_not_read_is_not_sent_more_than_fits(self):
        ws = self.open(receive_buffer=4096)
        before = rss(self.talomed)
        ws.socket.settimeout(2)
        try:
            for _ in range(400):
                ws.send(BINARY, bytes(1 << 19))
        except TimeoutError:
            pass  # the server has stopped to read
        self.assertLess(rss(self.talomed) - before, SANITIZED * (48 << 10))
        other = self.open()
        begin = time.monotonic()
        other.send(TEXT, "still here")
        self.assertEqual(other.text(), "still here")
        self.assertLess(time.monotonic() - begin, 1)


def rss(talomed):
    with open(f"/proc/{talomed.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


class FirstMessageTest(Shared):
    PATH = "/api/c-wire/ws-first"

    def test_token_in_the_first_message(self):
        ws = self.open(self.PATH, token=None)
        ws.send(TEXT, f'{{"type":"auth","token":"{self.token}"}}')
        ws.send(TEXT, "hello")
        self.assertEqual(ws.text(), "hello")

    def test_token_that_came_with_the_request(self):
        ws = self.open(self.PATH)
        ws.send(TEXT, "hello")
        self.assertEqual(ws.text(), "hello")

    def test_anything_else(self):
        for first in ("hello", "{}", '{"type":"auth"}', '{"type":"auth","token":"wrong"}', "[" * 1000):
            ws = self.open(self.PATH, token=None)
            ws.socket.sendall(ws.frame(TEXT, first) + ws.frame(TEXT, "let me in"))
            self.assertEqual(ws.closed()[0], 1008, first)
        ws = self.open(self.PATH + "?refuse=1", token=None)
        ws.send(TEXT, f'{{"type":"auth","token":"{self.token}"}}')
        self.assertEqual(ws.closed(), (1008, "refused by the plugin"))

    def test_silence(self):
        begin = time.monotonic()
        ws = self.open(self.PATH, token=None, timeout=20)
        self.assertEqual(ws.closed()[0], 1008)
        self.assertLess(time.monotonic() - begin, 13)


class EndTest(unittest.TestCase):
    def test_logging_out_ends_it_within_a_second(self):
        with wire_server() as talomed:
            token = token_of(talomed)
            with WebSocket(talomed.port, ECHO, token) as ws:
                begin = time.monotonic()
                self.assertEqual(talomed.post("/api/auth/logout").status, 200)
                self.assertEqual(ws.closed(), (1008, "the session is over"))
                self.assertLess(time.monotonic() - begin, 1)

    def test_the_server_stops(self):
        with wire_server() as talomed:
            token = token_of(talomed)
            with WebSocket(talomed.port, ECHO, token) as ws:
                begin = time.monotonic()
                talomed.signal(15)
                self.assertEqual(ws.closed()[0], 1001)
                self.assertEqual(talomed.wait(), 0)
                self.assertLess(time.monotonic() - begin, 4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
