"""A server with the mcp plugin, and clients of both eras written from the protocol's text alone."""

import http.client
import json
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests"))
from support import Talomed, build, wait_until

MODERN, LEGACY = "2026-07-28", "2025-11-25"
META = "io.modelcontextprotocol/"
ACCEPT = "application/json, text/event-stream"


def folder(name):
    return build() / "tests" / "plugins" / name


class Client:
    """A client of one token. `version`: of the revision that it speaks; of an older one it keeps the session."""

    def __init__(self, talomed, token, version=MODERN, path="/mcp", capabilities=None):
        self.talomed, self.token, self.version, self.path = talomed, token, version, path
        self.capabilities = capabilities or {}
        self.session, self.number = None, 0
        self.answers = {}  # method of a question -> function of its parameters
        if version != MODERN:
            self.hello = self.call("initialize", protocolVersion=version, capabilities=self.capabilities,
                                   clientInfo={"name": "test", "version": "1"})

    def message(self, method, params, number):
        message = {"jsonrpc": "2.0", "method": method, "params": dict(params)}
        if number is not None:
            message["id"] = number
        if self.version == MODERN:
            meta = dict(message["params"].get("_meta", {}))
            meta.setdefault(META + "protocolVersion", MODERN)
            meta.setdefault(META + "clientCapabilities", self.capabilities)
            message["params"]["_meta"] = meta
        return message

    def headers(self, message):
        sent = {"Accept": ACCEPT, "Content-Type": "application/json"}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.version == MODERN:
            sent["MCP-Protocol-Version"], sent["Mcp-Method"] = MODERN, message["method"]
            name = message["params"].get("name") or message["params"].get("uri")
            if name:
                sent["Mcp-Name"] = name
        elif self.session:
            sent["MCP-Protocol-Version"], sent["Mcp-Session-Id"] = self.version, self.session
        return sent

    def open(self, method, params, headers=None, number=None):
        """Sends it; the connection and the response, whose body has not been read."""
        self.number += 1
        message = self.message(method, params, number or self.number)
        connection = http.client.HTTPConnection("127.0.0.1", self.talomed.port, timeout=30)
        connection.request("POST", self.path, json.dumps(message), {**self.headers(message), **(headers or {})})
        return connection, connection.getresponse()

    def full(self, method, headers=None, **params):
        """Status, headers, and all messages of the answer."""
        connection, response = self.open(method, params, headers)
        try:
            if response.headers.get("Mcp-Session-Id"):
                self.session = response.headers["Mcp-Session-Id"]
            if response.headers.get_content_type() != "text/event-stream":
                text = response.read()
                return response.status, response.headers, [json.loads(text)] if text else []
            messages = []
            for event in events(response):
                messages.append(event)
                if "method" in event and "id" in event:
                    self.note({"jsonrpc": "2.0", "id": event["id"], "result": self.answers[event["method"]](event["params"])})
            return response.status, response.headers, messages
        finally:
            connection.close()

    def answer(self, method, **params):
        """The whole JSON-RPC answer."""
        return self.full(method, **params)[2][-1]

    def call(self, method, **params):
        """Its result."""
        answer = self.answer(method, **params)
        if "result" not in answer:
            raise AssertionError(f"{method}: {answer}")
        return answer["result"]

    def error(self, method, **params):
        status, _, messages = self.full(method, **params)
        return status, messages[-1]["error"]

    def tool(self, name, /, **arguments):
        return self.call("tools/call", name=name, arguments=arguments)

    def tools(self):
        return {tool["name"]: tool for tool in self.call("tools/list")["tools"]}

    def note(self, message):
        connection = http.client.HTTPConnection("127.0.0.1", self.talomed.port, timeout=30)
        try:
            connection.request("POST", self.path, json.dumps(message), self.headers({"method": message.get("method", ""), "params": message.get("params", {})}))
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def listen(self):
        """What an older client is told unasked: a list that grows, until the returned function is called."""
        connection = http.client.HTTPConnection("127.0.0.1", self.talomed.port, timeout=60)
        connection.request("GET", self.path, headers={"Accept": "text/event-stream", "Authorization": f"Bearer {self.token}",
                                                      "MCP-Protocol-Version": self.version, "Mcp-Session-Id": self.session})
        return Heard(connection, connection.getresponse())

    def subscribe(self, **notifications):
        """The same of a newer one."""
        connection, response = self.open("subscriptions/listen", {"notifications": notifications})
        return Heard(connection, response)


def events(response):
    """The messages of an event stream, as they come."""
    data = ""
    for line in response:
        line = line.decode().rstrip("\r\n")
        if line.startswith("data:"):
            data += line[5:].lstrip(" ")
        elif not line and data:
            yield json.loads(data)
            data = ""


class Heard:
    def __init__(self, connection, response):
        assert response.status == 200, response.status
        self.connection, self.messages = connection, []
        self.thread = threading.Thread(target=self.run, args=[response], daemon=True)
        self.thread.start()

    def run(self, response):
        try:
            for message in events(response):
                self.messages.append(message)
        except (OSError, ValueError, http.client.HTTPException):
            return  # the test has closed it

    def methods(self):
        return [message.get("method") for message in self.messages]

    def wait(self, method):
        wait_until(lambda: method in self.methods(), 20, 0.02, f"{method} is heard; so far {self.messages}")

    def close(self):
        if self.connection.sock:
            self.connection.sock.shutdown(2)
        self.connection.close()
        self.thread.join(10)


class Case(unittest.TestCase):
    plugins = ("mcp-fixtures", "vault")
    mode = "cautious"

    @classmethod
    def setUpClass(cls):
        directories = [build() / "plugins", *map(folder, cls.plugins)]
        cls.talomed = cls.enterClassContext(Talomed(plugin_dirs=directories, plugins=",".join(["mcp", *cls.plugins]),
                                                    env={"TALOME_SETTING_SECURITY_MODE": cls.mode}))
        cls.talomed.login()

    def token(self, token=None, **fields):
        """An API token of whom `token` belongs to."""
        body = {"name": "client", "scope": "full", "origin": "mcp", **fields}
        answer = self.talomed.post("/api/auth/tokens", body, **({"token": token} if token else {}))
        self.assertEqual(answer.status, 201, answer)
        return answer.json["token"]

    def client(self, version=MODERN, token=None, **options):
        return Client(self.talomed, token or self.token(), version, **options)

    def member(self, name="anna", **permissions):
        """The session token of a new member."""
        made = self.talomed.post("/api/users", {"username": name, "password": "a long enough one", "role": "member", "permissions": permissions})
        self.assertEqual(made.status, 201, made)
        answer = self.talomed.post("/api/auth/login", {"username": name, "password": "a long enough one"}, token=None)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["token"]
