"""Real clients: the official SDKs of both eras and the inspector, over HTTP and over talomectl mcp."""

import json
import os
import subprocess
import unittest

from mcp_case import MODERN, Case
from support import build
from support.node import FOLDER, NODE, package


class ClientsTest(Case):
    plugins = ("mcp-fixtures", "mcp-many")

    @property
    def stdio(self):
        return [str(build() / "bin" / "talomectl"), "mcp"]

    def environment(self, **more):
        kept = {name: os.environ[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
        return {"PATH": os.environ["PATH"], "HOME": str(self.talomed.directory), "TALOME_STATE_DIR": str(self.talomed.state), **kept, **more}

    def run_client(self, name, kind, version, *target):
        package(name)
        client = os.path.join(os.path.dirname(os.path.abspath(__file__)), "client.mjs")
        done = subprocess.run([NODE, client, FOLDER, kind, version, *target], capture_output=True, text=True, timeout=120,
                              env=self.environment(TALOME_TOKEN=self.token() if kind == "http" else ""))
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])
        seen = json.loads(done.stdout)
        self.assertEqual(seen["server"], "talome")
        self.assertLessEqual({"test_simple_text", "many_tool_199", "list_plugins"}, set(seen["tools"]))
        self.assertEqual(seen["text"], "This is a simple text response for testing.")
        self.assertEqual(seen["structured"], {"name": "x", "count": 9})
        self.assertIn("name", seen["wrong"])
        self.assertEqual(seen["unknown"], -32602)
        self.assertEqual(seen["progress"], [0, 50, 100])
        self.assertEqual(seen["asked"], "Who are you?")
        self.assertIn("anna", seen["elicited"])
        self.assertEqual(seen["resource"], "This is the content of the static text resource.")
        self.assertEqual(seen["prompt"], "Prompt with arguments: arg1='a', arg2='b'")
        self.assertTrue(seen["changed"])

    def test_the_older_sdk_over_http(self):
        self.run_client("@modelcontextprotocol/sdk", "http", "older", self.talomed.url + "/mcp")

    def test_the_older_sdk_over_stdio(self):
        self.run_client("@modelcontextprotocol/sdk", "stdio", "older", *self.stdio)

    def test_the_newest_sdk_over_http(self):
        self.run_client("@modelcontextprotocol/client", "http", "newest", self.talomed.url + "/mcp")

    def test_the_newest_sdk_over_stdio(self):
        self.run_client("@modelcontextprotocol/client", "stdio", "newest", *self.stdio)

    def test_the_inspector(self):
        inspector = package("@modelcontextprotocol/inspector-cli") / "build" / "index.js"
        header = ["--header", f"Authorization: Bearer {self.token()}"]
        for target, more in (([self.talomed.url + "/mcp"], ["--transport", "http", *header]), (self.stdio, [])):
            def inspect(*words):
                done = subprocess.run([NODE, inspector, *target, *more, *words], capture_output=True, text=True, timeout=60,
                                      cwd=inspector.parent, env=self.environment())
                self.assertEqual(done.returncode, 0, done.stderr[-3000:])
                return json.loads(done.stdout)
            names = [each["name"] for each in inspect("--method", "tools/list")["tools"]]
            self.assertEqual(names, sorted(names))
            self.assertIn("list_plugins", names)
            called = inspect("--method", "tools/call", "--tool-name", "many_tool_3", "--tool-arg", "name=y")
            self.assertEqual(called["structuredContent"]["name"], "y")


class StdioTest(Case):
    plugins = ("mcp-fixtures", "vault")

    def talk(self, *messages, expect):
        """Standard output for these lines: as many messages as expected, and nothing else."""
        text = "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in messages)
        done = subprocess.run([str(build() / "bin" / "talomectl"), "mcp"], input=text, capture_output=True, text=True, timeout=60,
                              env={"PATH": "/usr/bin:/bin", "HOME": str(self.talomed.directory), "TALOME_STATE_DIR": str(self.talomed.state),
                                   **{name: os.environ[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), expect, answers)
        for each in answers:
            self.assertEqual(each["jsonrpc"], "2.0")
        return {json.dumps(each.get("id")): each for each in answers}

    def initialize(self):
        return {"jsonrpc": "2.0", "id": "init", "method": "initialize",
                "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}

    def test_lines_in_and_lines_out(self):
        answers = self.talk(self.initialize(), {"jsonrpc": "2.0", "method": "notifications/initialized"}, "no json", "[1, 2",
                            {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, "",
                            {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "test_simple_text", "arguments": {}}},
                            {"jsonrpc": "2.0", "id": 4, "method": "nothing"}, expect=6)
        self.assertEqual(answers['"init"']["result"]["protocolVersion"], "2025-11-25")
        self.assertIn("list_plugins", [each["name"] for each in answers["2"]["result"]["tools"]])
        self.assertIn("simple text", answers["3"]["result"]["content"][0]["text"])
        self.assertEqual(answers["4"]["error"]["code"], -32601)
        self.assertEqual(answers["null"]["error"]["code"], -32700)

    def test_messages_of_the_newest_revision(self):
        meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
        answers = self.talk({"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": meta}},
                            {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"_meta": meta, "name": "test_simple_text", "arguments": {}}}, expect=2)
        self.assertIn(MODERN, answers["1"]["result"]["supportedVersions"])
        self.assertEqual(answers["2"]["result"]["resultType"], "complete")

    def test_what_destroys_waits_for_a_person(self):
        burn = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "burn_item", "arguments": {"id": "a"}}}
        answers = self.talk(self.initialize(), burn, expect=2)
        self.assertTrue(answers["2"]["result"]["isError"])
        waiting = self.talomed.get("/api/tools/approvals").json["approvals"]
        self.assertEqual([(each["operation"], each["origin"]) for each in waiting], [("vault.burn", "mcp")])
        self.assertIn(waiting[0]["id"], answers["2"]["result"]["content"][0]["text"])
        self.assertEqual(self.talomed.post(f"/api/tools/approvals/{waiting[0]['id']}", {"approved": True}).status, 200)
        self.assertNotIn("isError", self.talk(self.initialize(), burn, expect=2)["2"]["result"])
        self.assertEqual(self.talomed.get("/api/vault-counts", token=None).json["burned"], 1)

    def test_a_server_that_is_started_anew(self):
        program = subprocess.Popen([str(build() / "bin" / "talomectl"), "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   env={"PATH": "/usr/bin:/bin", "TALOME_STATE_DIR": str(self.talomed.state),
                                        **{name: os.environ[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}})
        def ask(message):
            program.stdin.write(json.dumps(message) + "\n")
            program.stdin.flush()
            while True:
                answer = json.loads(program.stdout.readline())
                if answer.get("id") == message["id"]:
                    return answer
        with program:
            ask(self.initialize())
            self.talomed.restart()
            self.assertEqual(ask({"jsonrpc": "2.0", "id": 5, "method": "ping"})["result"], {})
            program.stdin.close()
            self.assertEqual(program.wait(20), 0)


if __name__ == "__main__":
    unittest.main()
