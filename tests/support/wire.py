"""HTTP as the tests speak it: whole requests with http.client, and raw bytes over a socket for what no client would send."""

import http.client
import json as json_
import socket
from dataclasses import dataclass
from email.message import Message


@dataclass
class Answer:
    """What came back. Header names are looked up without regard to case."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self):
        return json_.loads(self.body)

    @property
    def cookies(self) -> dict[str, str]:
        """Set-Cookie lines by name: {"talome_session": "talome_session=…; Path=/; …"}."""
        lines = self.headers.get_all("Set-Cookie") or []
        return {line.split("=", 1)[0].strip(): line for line in lines}

    def __str__(self):
        return f"{self.status} {self.body[:2000].decode(errors='replace')}"


def encode(body) -> bytes:
    """bytes as they are, text as UTF-8, anything else as JSON."""
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json_.dumps(body)).encode()


def request(port, method, path, body=None, headers=None, timeout=30.0, source=None, host="127.0.0.1") -> Answer:
    """One request on a connection of its own. `source`: the local address to call from, such as "127.0.0.5"."""
    sent = {name.title(): value for name, value in (headers or {}).items()}
    data = None
    if body is not None:
        data = encode(body)
        sent.setdefault("Content-Type", "application/json")
    connection = http.client.HTTPConnection(host, port, timeout=timeout, source_address=(source, 0) if source else None)
    try:
        connection.request(method, path, body=data, headers=sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def exchange(port, data: bytes, timeout=10.0, host="127.0.0.1", finish=False) -> bytes:
    """Sends the bytes as they are, and returns everything that comes until the other side closes.
    `finish` ends our direction after sending."""
    received = b""
    with socket.create_connection((host, port), timeout=timeout) as connection:
        try:
            connection.sendall(data)
            if finish:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent: what it answered still counts
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
    return received
