"""A server with people and tokens of every kind, and what its API document says it offers; for the tests beside."""

import dataclasses
import json
import os
import pathlib
import re
import sys
import unittest
import urllib.parse

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "wire")]
from support import PASSWORD, USERNAME, Answer, Talomed, exchange, free_port, wait_until  # noqa: E402
from support.paths import build  # noqa: E402

SANITIZED = 10 if re.search("[at]san", str(build())) else 1  # what must be quick may take this much longer there
FULL = os.environ.get("TALOME_TEST_FULL") == "1"              # the long forms of the tests that have a short one

TIERS = ("read", "modify", "destructive")
INVALID, UNAUTHENTICATED, DENIED, UNSUPPORTED = -1, -2, -3, -10  # of abi.h


@dataclasses.dataclass
class Caller:
    """Who asks, with what, and what that should allow."""

    name: str
    token: str | None = None
    role: str = ""
    flags: frozenset = frozenset()
    most: str = "destructive"
    groups: frozenset | None = None
    in_person: bool = False
    user_id: str = ""

    def may(self, operation) -> bool:
        if operation.permission == "public":
            if operation.tier == "read":
                return True
        elif not self.role or not all(self._has(word) for word in operation.permission.split(",")):
            return False
        if operation.passes_on:
            return True  # what it passes on is judged by itself
        if TIERS.index(operation.lowest_tier) > TIERS.index(self.most):
            return False
        return self.groups is None or bool(self.groups & {operation.plugin, operation.id.split(".")[0]})

    def _has(self, word) -> bool:
        if word == "interactive":
            return self.in_person
        return word == "session" or self.role == "admin" or (word != "admin" and word in self.flags)

    def refusal(self) -> int:
        return 403 if self.role else 401


@dataclasses.dataclass
class Operation:
    """One route of the API document."""

    method: str
    path: str
    listener: str | None
    described: dict

    @property
    def id(self):
        return self.described["operationId"].split("_")[0]

    @property
    def permission(self):
        return self.described["x-permission"]

    @property
    def tier(self):
        return self.described["x-tier"]

    @property
    def lowest_tier(self):
        """Of the inputs for which it is least; what is no input at all is told to whom that is allowed."""
        return self.described.get("x-lowestTier", self.tier)

    @property
    def passes_on(self):
        return self.described.get("x-passesOn", False)

    @property
    def plugin(self):
        return self.described["x-plugin"]

    @property
    def kind(self):
        if self.described.get("x-websocket"):
            return "websocket"
        if "x-events" in self.described:
            return "events"
        content = self.described.get("requestBody", {}).get("content", {})
        return "call" if not content or "application/json" in content else "upload" if "multipart/form-data" in content else "raw"

    @property
    def parameters(self):
        return self.described.get("parameters", [])

    @property
    def body_schema(self):
        return self.described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")

    def __str__(self):
        return f"{self.method} {self.path} ({self.described['operationId']}, {self.permission}, {self.tier})"

    def target(self, values=None, query=None):
        """The path with its parameters filled in, and a query."""
        path = re.sub(r"\{([^}]*)\}", lambda found: urllib.parse.quote(str((values or {}).get(found[1], "zz")), safe=""), self.path)
        return path + ("?" + urllib.parse.urlencode(query) if query else "")


def operations_of(document) -> list[Operation]:
    found = []
    for listener, paths in [(None, document["paths"]), *document.get("x-listeners", {}).items()]:
        for path, methods in paths.items():
            found += [Operation(method.upper(), path, listener, described) for method, described in methods.items()]
    return found


class House(Talomed):
    """A talomed with the plugins of the build, of tests/wire and of this folder. `with House() as house: house.people()`."""

    def __init__(self, plugins=("counter", "deputy", "delegate", "streamer"), env=None, with_own=True, **options):
        self.listener_port, self.terminal_port = free_port(), free_port()
        folders = ([build() / "plugins"] if with_own else []) + [build() / "tests/plugins" / name for name in plugins]
        super().__init__(plugin_dirs=folders, env={"STREAMER_PORT": self.listener_port, "TERMINAL_DAEMON_PORT": self.terminal_port, **(env or {})}, **options)

    def document(self) -> dict:
        return self.get("/api/openapi.json").json

    def operations(self) -> list[Operation]:
        return operations_of(self.document())

    def port_of(self, operation) -> int:
        return {None: self.port, "ws": self.listener_port, "daemon": self.terminal_port}[operation.listener]

    def ports(self) -> list[int]:
        """Of its own, and of the listeners of its plugins."""
        named = {"ws": self.listener_port, "daemon": self.terminal_port}
        return [self.port, *(named[each] for each in self.document()["x-listeners"])]

    def offers(self, method, path) -> bool:
        return method.lower() in self.document()["paths"].get(path, {})

    def require(self, *routes):
        """Skips the test if this build has not got one of the routes ("POST /api/users")."""
        missing = [route for route in routes if not self.offers(*route.split(" "))]
        if missing:
            raise unittest.SkipTest(f"this build has no {', '.join(missing)}")

    def flags(self) -> set:
        return set(self.get("/api/auth/me").json["permissions"])

    def create_user(self, name, password=PASSWORD, role="member", permissions=None, **more) -> dict:
        body = {"username": name, "password": password, "role": role, **more}
        if permissions is not None:
            body["permissions"] = permissions
        answer = self.post("/api/users", body)
        assert answer.status == 201, answer
        return answer.json

    def session(self, name, password=PASSWORD, **options) -> str:
        answer = self.post("/api/auth/login", {"username": name, "password": password}, token=None, **options)
        assert answer.status == 200, answer
        return answer.json["token"]

    def api_token(self, session=None, name="test", **body) -> dict:
        answer = self.request("POST", "/api/auth/tokens", {"name": name, **body}, token=session or self.token)
        assert answer.status == 201, answer
        return answer.json

    def people(self) -> list[Caller]:
        """Everybody who can call: nobody, users with and without flags, and tokens of each scope."""
        self.login()
        me = self.get("/api/auth/me").json
        flags = frozenset(me["permissions"])
        callers = [Caller("anonymous"),
                   Caller("admin", self.token, "admin", flags, in_person=True, user_id=me["userId"])]
        if self.offers("POST", "/api/users"):
            for name, given in (("without", False), ("with", True)):
                user = self.create_user(f"member-{name}-flags", permissions=dict.fromkeys(flags, given))
                callers.append(Caller(f"member {name} flags", self.session(user["username"]), "member",
                                      flags if given else frozenset(), in_person=True, user_id=user["id"]))
        if self.offers("POST", "/api/auth/tokens"):
            for tier in TIERS:
                made = self.api_token(name=f"admin's {tier}", scope=tier)
                callers.append(Caller(f"token {tier}", made["token"], "admin", flags, most=tier, user_id=me["userId"]))
            made = self.api_token(name="admin's group", scope="destructive", groups=["counter"])
            callers.append(Caller("token of one group", made["token"], "admin", flags, groups=frozenset(["counter"]),
                                  user_id=me["userId"]))
            for member in [c for c in callers if c.role == "member"]:
                made = self.api_token(member.token, name="member's", scope="full")
                callers.append(dataclasses.replace(member, name=f"token of a {member.name}", token=made["token"], in_person=False))
        return callers

    def runs(self) -> int:
        return self.get("/api/counter/runs", token=None).json["runs"]

    def status_of(self, operation, caller, query=None, body=None, values=None) -> Answer:
        """Calls it, whatever kind it is. A WebSocket or event stream that opens is closed at once."""
        fields = {"Connection": "close"}
        if caller.token:
            fields["Authorization"] = f"Bearer {caller.token}"
        if operation.kind == "websocket":
            fields |= {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                       "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        data = b""
        if operation.method not in ("GET", "DELETE"):
            data = json.dumps(body if body is not None else {}).encode() if operation.kind == "call" else b"x"
            fields["Content-Type"] = "application/json" if operation.kind == "call" else "application/octet-stream"
            fields["Content-Length"] = str(len(data))
        lines = [f"{operation.method} {operation.target(values, query)} HTTP/1.1", f"Host: 127.0.0.1:{self.port_of(operation)}",
                 *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        return first_answer(self.port_of(operation), "\r\n".join(lines).encode() + data)


def first_answer(port, request: bytes, timeout=20.0, host="127.0.0.1", source=None) -> Answer:
    """The status, head and, unless it is a stream, body of what comes; the connection is closed after that."""
    import email
    import socket
    with socket.create_connection((host, port), timeout=timeout, source_address=(source, 0) if source else None) as connection:
        connection.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionError(f"closed without an answer: {data!r}")
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        first, _, fields = head.partition(b"\r\n")
        headers = email.message_from_bytes(fields + b"\r\n\r\n")
        status = int(first.split(b" ")[1])
        length = headers.get("Content-Length")
        while length is not None and len(body) < int(length):
            piece = connection.recv(65536)
            if not piece:
                break
            body += piece
        return Answer(status, headers, body)


def answer_head(request_lines, body=b"") -> bytes:
    return "\r\n".join([*request_lines, "", ""]).encode() + body


__all__ = ["Answer", "Caller", "DENIED", "FULL", "House", "INVALID", "Operation", "PASSWORD", "SANITIZED", "TIERS", "Talomed",
           "UNAUTHENTICATED", "USERNAME", "build", "exchange", "first_answer", "free_port", "operations_of", "wait_until"]
