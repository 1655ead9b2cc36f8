"""Clients of streams, written from RFC 6455 and the WHATWG's description of event streams alone; for the tests beside."""

import base64
import hashlib
import json
import os
import pathlib
import re
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed  # noqa: E402
from support.paths import build  # noqa: E402

SANITIZED = 16 if re.search("[at]san", str(build())) else 1  # their allocators keep freed memory for a while

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def wire_server(**options):
    """A talomed with the plugin c-wire."""
    options.setdefault("plugin_dirs", [build() / "tests/plugins/c-wire"])
    return Talomed(**options)


def token_of(talomed):
    return talomed.token or talomed.login()


class Refused(Exception):
    """The handshake was answered otherwise."""

    def __init__(self, head, body):
        super().__init__(head, body)
        self.status = int(head.split(b" ", 2)[1])
        self.head, self.body = head, body


class Connection:
    """Bytes, with a buffer. One that is refused is closed."""

    def __init__(self, port, timeout=10, receive_buffer=None, tls=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def refuse(self, answer):
        body = self.data
        if b"Connection: close" in answer:
            body = self.rest()
        self.socket.close()
        raise Refused(answer, body)

    def more(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError(self.data)
        self.data += piece

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

    def rest(self):
        """All that comes until the other side closes."""
        try:
            while True:
                self.more()
        except (EOFError, ConnectionResetError):
            data, self.data = self.data, b""
            return data


def head(path, token=None, fields=()):
    lines = [f"GET {path} HTTP/1.1", "Host: localhost"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*lines, *fields, "", ""]).encode()


class Events(Connection):
    """An event stream."""

    def __init__(self, port, path, token=None, fields=(), **options):
        super().__init__(port, **options)
        self.socket.sendall(head(path, token, ["Accept: text/event-stream", *fields]))
        answer = self.until(b"\r\n\r\n")
        self.status = int(answer.split(b" ", 2)[1])
        self.fields = dict(line.lower().split(": ", 1) for line in answer.decode().split("\r\n")[1:])
        if self.status != 200:
            self.refuse(answer)

    def next(self):
        """(event, data, id) of the next event; comments and `retry` are passed over."""
        while True:
            found = {}
            for line in self.until(b"\n\n").decode().split("\n"):
                name, _, text = line.partition(":")
                text = text.removeprefix(" ")
                found[name] = found[name] + "\n" + text if name == "data" and name in found else text
            if "data" in found:
                return found.get("event"), found["data"], found.get("id")

    def json(self):
        return json.loads(self.next()[1])


class WebSocket(Connection):
    """A WebSocket client that sends what it is told, right or wrong."""

    def __init__(self, port, path, token=None, fields=(), early=b"", **options):
        super().__init__(port, **options)
        key = base64.b64encode(os.urandom(16)).decode()
        opening = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
        self.socket.sendall(head(path, token, [*opening, *fields]) + early)
        answer = self.until(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 101 "):
            self.refuse(answer)
        self.fields = dict(line.lower().split(": ", 1) for line in answer.decode().split("\r\n")[1:])
        expected = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
        assert expected in answer.decode(), answer

    @staticmethod
    def frame(opcode, payload, final=True, reserved=0, masked=True):
        payload = payload.encode() if isinstance(payload, str) else payload
        out = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
        bit, n = 0x80 if masked else 0, len(payload)
        out += bytes([bit | n]) if n < 126 else bytes([bit | 126]) + struct.pack(">H", n) if n < 65536 else bytes([bit | 127]) + struct.pack(">Q", n)
        if not masked:
            return out + payload
        mask = os.urandom(4)
        repeated = (mask * (n // 4 + 1))[:n]
        return out + mask + (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(n, "big")

    def send(self, opcode, payload, **shape):
        self.socket.sendall(self.frame(opcode, payload, **shape))

    def receive(self):
        """(opcode, payload, final, reserved) of the next frame."""
        first, second = self.exactly(2)
        assert second < 128, "a server must not mask"
        n = second if second < 126 else struct.unpack(">H", self.exactly(2))[0] if second == 126 else struct.unpack(">Q", self.exactly(8))[0]
        return first & 15, self.exactly(n), bool(first & 128), first >> 4 & 7

    def text(self):
        opcode, payload, _, _ = self.receive()
        assert opcode == TEXT, (opcode, payload)
        return payload.decode()

    def closed(self):
        """The code and reason of the close frame that comes next, after which nothing comes."""
        opcode, payload, _, _ = self.receive()
        assert opcode == CLOSE, (opcode, payload)
        self.send(CLOSE, payload[:2])
        assert self.rest() == b""
        return (struct.unpack(">H", payload[:2])[0], payload[2:].decode()) if payload else (1005, "")
