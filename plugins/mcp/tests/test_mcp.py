"""The Model Context Protocol over HTTP, both eras: messages, errors, sessions, and what a client may see and do."""

import http.client
import json
import threading
import unittest

from mcp_case import ACCEPT, LEGACY, META, MODERN, Case, Client, wait_until



class ProtocolTest(Case):
    def post(self, body, headers=None, token=None, path="/mcp"):
        sent = {"Accept": ACCEPT, "Authorization": f"Bearer {token or self.plain}", **(headers or {})}
        return self.talomed.request("POST", path, body, None, {k: v for k, v in sent.items() if v is not None})

    def setUp(self):
        self.plain = self.token()

    def test_who_does_not_say_who_it_is(self):
        message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        for headers in ({}, {"Authorization": "Bearer talome_00000000000000000000000000000000"}, {"Cookie": self.talomed.cookie}):
            answer = self.talomed.request("POST", "/mcp", message, None, {"Accept": ACCEPT, **headers})
            self.assertEqual(answer.status, 401, answer)
            self.assertRegex(answer.headers["WWW-Authenticate"], r'^Bearer realm="')

    def test_foreign_hosts_and_origins(self):
        message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        for headers in ({"Host": "evil.example.com"}, {"Origin": "http://evil.example.com"}, {"Origin": "null"},
                        {"Host": "evil.example.com", "Origin": "http://evil.example.com"}):
            self.assertEqual(self.post(message, headers).status, 403, headers)
        for headers in ({"Origin": "http://localhost:6274"}, {"Host": "localhost:4000"}, {"Host": f"127.0.0.1:{self.talomed.port}"}):
            self.assertEqual(self.post(message, headers).status, 200, headers)

    def test_bodies_that_are_none(self):
        for body, code in ((b"{", -32700), (b"", -32700), (b"[]", -32600), (b"1", -32600), (b'{"jsonrpc":"2.0"}', -32600),
                           (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600), (b"[" * 100 + b"]" * 100, -32700)):
            answer = self.post(body)
            self.assertEqual((answer.status, answer.json["error"]["code"]), (400, code), (body, answer))
        self.assertEqual(self.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"Accept": "application/json"}).status, 406)
        self.assertEqual(self.post("x", {"Content-Type": "text/plain"}).status, 415)
        self.assertEqual(self.post(b" " * (5 << 20)).status, 413)

    def test_methods_and_versions_of_the_older_revisions(self):
        for version in ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"):
            client = self.client(version, token=self.plain)
            self.assertEqual(client.hello["protocolVersion"], version)
            self.assertEqual(client.hello["serverInfo"]["name"], "talome")
            self.assertRegex(client.session, r"^[\x21-\x7e]{32,}$")
            self.assertEqual(client.note({"jsonrpc": "2.0", "method": "notifications/initialized"}), 202)
            self.assertEqual(client.call("ping"), {})
            self.assertEqual(client.error("no/such"), (200, {"code": -32601, "message": "there is no method no/such"}))
            self.assertNotIn("resultType", client.call("tools/list"))
        self.assertEqual(self.client("1.0").hello["protocolVersion"], LEGACY)
        # Without a session, as clients speak that keep none.
        answer = self.post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, path="/api/mcp")
        self.assertIn("test_simple_text", answer.text)

    def test_a_list_of_messages(self):
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        batch = [ping, {"jsonrpc": "2.0", "method": "notifications/initialized"}, {**ping, "id": 2, "method": "nothing"}]
        answer = self.post(batch, {"MCP-Protocol-Version": "2025-03-26"})
        self.assertEqual([each.get("result", each.get("error", {}).get("code")) for each in answer.json], [{}, -32601])
        refused = self.post(batch, {"MCP-Protocol-Version": LEGACY})
        self.assertEqual((refused.status, refused.json["error"]["code"]), (400, -32600))

    def test_sessions(self):
        client = self.client(LEGACY, token=self.plain)
        other = Client(self.talomed, self.token(), LEGACY)
        stolen, other.session = other.session, client.session
        self.assertEqual(other.full("ping")[0], 404)  # it is bound to the token
        other.session = stolen
        self.assertEqual(other.call("ping"), {})
        left = self.talomed.request("DELETE", "/mcp", None, self.plain, {"Mcp-Session-Id": client.session})
        self.assertEqual(left.status, 204, left)
        self.assertEqual(client.full("ping")[0], 404)
        self.assertEqual(self.talomed.request("GET", "/mcp", None, self.plain, {"MCP-Protocol-Version": MODERN}).status, 405)
        self.assertEqual(self.talomed.request("DELETE", "/mcp", None, self.plain).status, 405)

    def test_the_newest_revision(self):
        client = self.client()
        found = client.call("server/discover")
        self.assertIn(MODERN, found["supportedVersions"])
        self.assertEqual(found["resultType"], "complete")
        self.assertEqual(found["_meta"][META + "serverInfo"]["name"], "talome")
        listed = client.call("tools/list")
        self.assertEqual((listed["resultType"], listed["cacheScope"]), ("complete", "private"))
        self.assertIsInstance(listed["ttlMs"], int)
        self.assertEqual(client.error("initialize")[0], 404)
        self.assertEqual(client.error("tools/call", name="nothing")[1]["code"], -32602)
        self.assertEqual(client.error("tools/list", cursor="x")[1]["code"], -32602)
        status, error = client.error("tools/list", headers={"MCP-Protocol-Version": LEGACY})
        self.assertEqual((status, error["code"]), (400, -32020))
        status, error = client.error("tools/call", name="test_simple_text", headers={"Mcp-Name": "another"})
        self.assertEqual((status, error["code"]), (400, -32020))
        status, _, messages = client.full("tools/list", _meta={META + "protocolVersion": "v999"}, headers={"MCP-Protocol-Version": "v999"})
        self.assertEqual((status, messages[0]["error"]["code"], messages[0]["error"]["data"]["requested"]), (400, -32022, "v999"))

    def test_calls_of_tools(self):
        for version in (MODERN, LEGACY):
            client = self.client(version)
            self.assertEqual(client.error("tools/call", name="nothing")[1]["code"], -32602)
            wrong = client.tool("burn_item", id=5)
            self.assertTrue(wrong["isError"])
            self.assertIn("id", wrong["content"][0]["text"])
            unknown = client.tool("burn_item", id="a", colour="red")
            self.assertIn("colour", unknown["content"][0]["text"])
            right = client.tool("list_plugins")
            self.assertNotIn("isError", right)
            self.assertIn("mcp", right["content"][0]["text"])

    def test_resources_prompts_and_completion(self):
        for version, missing in ((MODERN, -32602), (LEGACY, -32002)):
            client = self.client(version)
            uris = {each["uri"] for each in client.call("resources/list")["resources"]}
            self.assertIn("test://static-text", uris)
            self.assertEqual(client.call("resources/read", uri="talome://docs/approvals")["contents"][0]["mimeType"], "text/markdown")
            self.assertEqual(client.error("resources/read", uri="talome://docs/../x")[1]["code"], missing)
            self.assertEqual(client.error("resources/read", uri="file:///etc/passwd")[1]["code"], missing)
            prompts = {each["name"] for each in client.call("prompts/list")["prompts"]}
            self.assertLessEqual({"diagnose-app", "plan-backup", "explain-alert"}, prompts)
            said = client.call("prompts/get", name="diagnose-app", arguments={"container": "web"})
            self.assertIn("web", said["messages"][0]["content"]["text"])
            self.assertEqual(client.error("prompts/get", name="diagnose-app")[1]["code"], -32602)
            values = client.call("completion/complete", ref={"type": "ref/resource", "uri": "talome://docs/{slug}"}, argument={"name": "slug", "value": "con"})
            self.assertEqual(values["completion"]["values"], ["containers"])

    def test_an_older_client_cancels(self):
        client = self.client(LEGACY)
        answers = []
        def wait():
            answers.append(client.full("tools/call", name="wait_for_cancel", arguments={}))
        thread = threading.Thread(target=wait)
        thread.start()
        wait_until(lambda: self.talomed.get("/api/vault-counts", token=None).json["opened"] > 0, 20, 0.02, "the tool runs")
        client.note({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": client.number}})
        thread.join(20)
        self.assertFalse(thread.is_alive())
        self.assertEqual(answers[0][0], 202)
        self.waited()

    def test_a_client_leaves(self):
        for version in (MODERN, LEGACY):
            before = self.talomed.get("/api/vault-counts", token=None).json["opened"]
            client = self.client(version)
            client.number += 1
            message = client.message("tools/call", {"name": "wait_for_cancel", "arguments": {}}, client.number)
            connection = http.client.HTTPConnection("127.0.0.1", self.talomed.port)
            connection.request("POST", "/mcp", json.dumps(message), client.headers(message))
            wait_until(lambda: self.talomed.get("/api/vault-counts", token=None).json["opened"] > before, 20, 0.02, "the tool runs")
            connection.close()
            self.waited()

    def waited(self):
        """Every call of wait_for_cancel has ended by being cancelled."""
        def ended():
            counts = self.talomed.get("/api/vault-counts", token=None).json
            return counts["opened"] == counts["stored"]
        wait_until(ended, 20, 0.02, "the tool has seen that nobody waits any more")


class ListsTest(Case):
    def test_plugins_come_and_go_without_a_restart(self):
        old, new = self.client(LEGACY), self.client()
        heard = [old.listen(), new.subscribe(toolsListChanged=True), new.subscribe(promptsListChanged=True)]
        heard[1].wait("notifications/subscriptions/acknowledged")
        heard[2].wait("notifications/subscriptions/acknowledged")
        self.assertIn("burn_item", old.tools())
        answer = self.talomed.post("/api/plugins/vault/disable", {})
        self.assertEqual(answer.status, 200, answer)
        for each in heard[:2]:
            each.wait("notifications/tools/list_changed")
        self.assertNotIn("burn_item", old.tools())
        self.assertNotIn("burn_item", new.tools())
        self.assertEqual(new.error("tools/call", name="burn_item")[1]["code"], -32602)
        self.talomed.post("/api/plugins/vault/enable", {})
        wait_until(lambda: heard[0].methods().count("notifications/tools/list_changed") == 2, 20, 0.02, "a second change")
        self.assertIn("burn_item", new.tools())
        self.assertNotIn("notifications/tools/list_changed", heard[2].methods())
        tagged = [m for m in heard[1].messages if m["method"] == "notifications/tools/list_changed"][0]
        self.assertTrue(tagged["params"]["_meta"][META + "subscriptionId"])
        for each in heard:
            each.close()

    def test_disabled_tools_are_not_there(self):
        client = self.client()
        self.talomed.request("PUT", "/api/settings", {"disabled_tools": ["list_plugins"]})
        try:
            self.assertNotIn("list_plugins", client.tools())
            self.assertEqual(client.error("tools/call", name="list_plugins")[1]["code"], -32602)
            shown = {each["name"]: each for each in self.talomed.get("/api/tools").json["tools"]}
            self.assertFalse(shown["list_plugins"]["enabled"])
            self.assertEqual(self.talomed.post("/api/tools/list_plugins/call", {"input": {}}).status, 404)
        finally:
            self.talomed.request("PUT", "/api/settings", {"disabled_tools": []})
        self.assertIn("list_plugins", client.tools())

    def test_what_a_token_may_use(self):
        everything = set(self.client().tools())
        reading = self.client(token=self.token(scope="read"))
        self.assertNotIn("burn_item", reading.tools())
        self.assertIn("list_plugins", reading.tools())
        self.assertEqual(reading.error("tools/call", name="burn_item", arguments={"id": "a"})[1]["code"], -32602)
        some = self.client(token=self.token(groups=["vault"]))
        self.assertEqual({name for name in some.tools()}, {name for name, tool in self.client().tools().items() if name in ("burn_item", "wait_for_cancel", "try_item")})
        self.assertEqual(some.error("tools/call", name="list_plugins")[1]["code"], -32602)
        narrowed = Client(self.talomed, self.token(), path="/mcp?domains=vault,nothing")
        self.assertEqual(set(narrowed.tools()), set(some.tools()))
        self.assertLess(set(some.tools()), everything)

    def test_tokens_are_minted_by_administrators(self):
        member = self.member("mint")
        self.assertEqual(self.talomed.post("/api/integrations/mcp/tokens", {"name": "x"}, token=member).status, 403)
        self.assertEqual(self.talomed.post("/api/integrations/mcp/tokens", {"name": "x"}, token=self.token()).status, 403)
        made = self.talomed.post("/api/integrations/mcp/tokens", {"name": " laptop ", "scopes": ["read", "modify"], "domains": ["vault"], "expiresInDays": 1})
        self.assertEqual((made.status, made.json["name"], made.json["scopes"]), (201, "laptop", ["read", "modify"]), made)
        listed = [each for each in self.talomed.get("/api/integrations/mcp/tokens").json if each["id"] == made.json["id"]]
        self.assertEqual((listed[0]["domains"], listed[0]["name"]), (["vault"], "laptop"))
        self.assertNotIn(made.json["token"], self.talomed.get("/api/integrations/mcp/tokens").text)
        client = self.client(token=made.json["token"])
        self.assertNotIn("burn_item", client.tools())
        path = f"/api/integrations/mcp/tokens/{made.json['id']}"
        self.assertEqual(self.talomed.request("DELETE", path).status, 200)
        self.assertEqual(self.talomed.request("DELETE", path).status, 404)
        self.assertEqual(client.full("tools/list")[0], 401)


class ApprovalTest(Case):
    """What destroys waits for a person, and each client is told in the way of its revision."""

    def burned(self):
        return self.talomed.get("/api/vault-counts", token=None).json["burned"]

    def waiting(self):
        return self.talomed.get("/api/tools/approvals").json["approvals"]

    def approve(self, approved=True, **fields):
        waiting = self.waiting()
        self.assertEqual([each["tool"] for each in waiting], ["burn_item"], waiting)
        answer = self.talomed.post(f"/api/tools/approvals/{waiting[0]['id']}", {"approved": approved, **fields})
        self.assertEqual(answer.status, 200, answer)
        return waiting[0]["id"]

    def test_a_client_that_cannot_ask(self):
        for version in (MODERN, LEGACY):
            client, before = self.client(version), self.burned()
            for _ in range(2):  # asking again is the same question
                refused = client.tool("burn_item", id="a")
                self.assertTrue(refused["isError"])
                self.assertIn(self.waiting()[0]["id"], refused["content"][0]["text"])
            approval = self.approve()
            self.assertEqual(self.burned(), before)
            self.assertEqual(client.tool("burn_item", id="a")["structuredContent"], {"id": "a"})
            self.assertEqual(self.burned(), before + 1)
            self.assertTrue(client.tool("burn_item", id="a")["isError"])  # good once
            self.approve(False, reason="not today")
            self.assertIn("not today", client.tool("burn_item", id="a")["content"][0]["text"])
            self.assertEqual(self.burned(), before + 1)
            rows = self.talomed.get("/api/audit-log?action=vault.burn").json
            done = [row for row in rows if row["approvalId"] == approval and row["outcome"] == "done"]
            self.assertEqual([(row["source"], row["plugin"], row["tier"]) for row in done], [("mcp", "mcp", "destructive")])

    def test_the_newest_revision_comes_back(self):
        client, before = self.client(capabilities={"elicitation": {}}), self.burned()
        asked = client.tool("burn_item", id="b")
        self.assertEqual(asked["resultType"], "input_required")
        (key, question), = asked["inputRequests"].items()
        self.assertEqual(question["method"], "elicitation/create")
        again = {"name": "burn_item", "arguments": {"id": "b"}, "inputResponses": {key: {"action": "accept"}}, "requestState": asked["requestState"]}
        self.assertTrue(client.call("tools/call", **again)["isError"])  # what the client says is no leave
        self.assertEqual(self.burned(), before)
        other = {**again, "arguments": {"id": "c"}}
        self.assertEqual(client.error("tools/call", **other)[1]["code"], -32602)  # the state is of another call
        self.approve()
        self.assertEqual(client.call("tools/call", **again)["structuredContent"], {"id": "b"})
        self.assertEqual(self.burned(), before + 1)

    def test_an_older_one_waits_in_the_stream(self):
        client, before = self.client(LEGACY, capabilities={"elicitation": {}}), self.burned()
        def person(params):
            self.approve()
            return {"action": "accept", "content": {}}
        client.answers["elicitation/create"] = person
        self.assertEqual(client.tool("burn_item", id="d")["structuredContent"], {"id": "d"})
        self.assertEqual(self.burned(), before + 1)
        client.answers["elicitation/create"] = lambda params: {"action": "decline"}
        self.assertTrue(client.tool("burn_item", id="d")["isError"])
        self.approve(False)
        self.assertEqual(self.burned(), before + 1)

    def test_one_that_opens_pages(self):
        client, before = self.client(LEGACY, capabilities={"elicitation": {"url": {}}}), self.burned()
        _, error = client.error("tools/call", name="burn_item", arguments={"id": "e"})
        self.assertEqual(error["code"], -32042)
        place = error["data"]["elicitations"][0]["url"]
        self.assertTrue(place.startswith(self.talomed.url + "/mcp/approvals/"), place)
        page = self.talomed.get(place.removeprefix(self.talomed.url), token=None)
        self.assertEqual((page.status, page.headers.get_content_type()), (200, "text/html"))
        self.assertEqual(place.rsplit("/", 1)[1], self.approve())
        self.assertEqual(client.tool("burn_item", id="e")["structuredContent"], {"id": "e"})
        self.assertEqual(self.burned(), before + 1)


class LockedTest(Case):
    mode = "locked"

    def test_a_model_only_reads(self):
        client = self.client()
        self.assertNotIn("isError", client.tool("list_plugins"))
        for name, arguments in (("burn_item", {"id": "a"}), ("set_setting", {"key": "fixtures_tools_on", "value": "true"}), ("try_item", {"item": "a", "dryRun": False})):
            refused = client.tool(name, **arguments)
            self.assertTrue(refused["isError"])
            self.assertIn("locked", refused["content"][0]["text"])
        self.assertNotIn("isError", client.tool("try_item", item="a"))

    def test_the_rules_are_not_a_models_to_change(self):
        for key in ("security_mode", "disabled_tools", "mcp_allowed_origins"):
            self.assertTrue(self.client().tool("set_setting", key=key, value="permissive")["isError"])


if __name__ == "__main__":
    unittest.main()
