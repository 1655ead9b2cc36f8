"""What is offered to models, over REST: the list, single tools, calls, and tiers that depend on the input."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build

VAULT = build() / "tests" / "plugins" / "vault"


class ToolsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Talomed(plugin_dirs=[VAULT]))
        cls.talomed.login()

    def token(self, **fields):
        answer = self.talomed.post("/api/auth/tokens", {"name": "tools", "scope": "full", **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json["token"]

    def tools(self, query="", **options):
        answer = self.talomed.get("/api/tools" + query, **options)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["total"], len(answer.json["tools"]))
        return {each["name"]: each for each in answer.json["tools"]}

    def call(self, name, token=None, **body):
        return self.talomed.post(f"/api/tools/{name}/call", body, **({"token": token} if token else {}))

    def burned(self):
        return self.talomed.get("/api/vault-counts", token=None).json["burned"]

    def test_the_list(self):
        tools = self.tools()
        self.assertEqual(list(tools), sorted(tools))
        burn = tools["burn_item"]
        self.assertEqual((burn["tier"], burn["source"], burn["plugin"], burn["operation"], burn["domain"], burn["active"], burn["enabled"]),
                         ("destructive", "plugin", "vault", "vault.burn", "core", True, True))
        self.assertEqual(burn["title"], "Burn item")
        self.assertEqual(burn["inputSchema"]["required"], ["id"])
        self.assertFalse(burn["automationSafe"])
        self.assertTrue(tools["wait_for_cancel"]["automationSafe"])
        self.assertEqual(tools["list_plugins"]["source"], "builtin")
        self.assertEqual(sorted(tools["try_item"]["inputSchema"]["properties"]), ["dryRun", "item"])
        self.assertEqual(tools["try_item"]["tierRules"], [{"input": "dryRun", "equals": True, "tier": "read"}])
        self.assertEqual(set(self.tools("?tier=destructive")), {n for n, t in tools.items() if t["tier"] == "destructive"})
        self.assertIn("burn_item", self.tools("?q=destroy"))
        self.assertNotIn("list_plugins", self.tools("?q=destroy"))
        self.assertEqual(self.tools("?domain=nothing"), {})
        self.assertEqual(self.tools("?active=0"), {})
        core = [each for each in self.talomed.get("/api/tools").json["domains"] if each["name"] == "core"][0]
        self.assertEqual((core["toolCount"], core["active"], core["settingsKeys"]), (len(tools), True, []))
        self.assertEqual(self.talomed.get("/api/tools", token=None).status, 401)

    def test_one(self):
        self.assertEqual(self.talomed.get("/api/tools/burn_item").json, self.tools()["burn_item"])
        self.assertEqual(self.talomed.get("/api/tools/nothing").status, 404)
        self.assertEqual(self.talomed.get("/api/tools/approvals").status, 200)  # a route of its own

    def test_a_call(self):
        answer = self.call("try_item", input={"item": "a"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((answer.json["ok"], answer.json["output"]), (True, {"id": "a"}))
        self.assertGreaterEqual(answer.json["durationMs"], 0)
        for body, field in (({"input": {}}, "item"), ({"input": {"item": 1}}, "item"), ({"input": {"id": "a"}}, "id"), ({"input": {"item": "a", "x": 1}}, "x"),
                            ({"input": []}, ""), ({"inptu": {}}, "inptu")):
            wrong = self.call("try_item", **body)
            self.assertEqual(wrong.status, 400, wrong)
            self.assertIn(field, wrong.json["error"])
        self.assertEqual(self.call("nothing", input={}).status, 404)
        before = self.burned()
        self.assertEqual(self.call("try_item", input={"item": "a", "dryRun": False}, dryRun=True).status, 200)
        self.assertEqual(self.burned(), before)
        self.assertEqual(self.call("burn_item", input={"id": "a"}, dryRun=True).status, 400)
        self.assertEqual(self.burned(), before)

    def test_the_tier_depends_on_the_input(self):
        reading = self.token(scope="read")
        self.assertIn("try_item", self.tools(token=reading))
        self.assertNotIn("burn_item", self.tools(token=reading))
        before = self.burned()
        self.assertEqual(self.call("try_item", reading, input={"item": "a"}).status, 200)
        self.assertEqual(self.talomed.post("/api/vault-try", {"id": "a"}, token=reading).status, 200)
        for answer in (self.call("try_item", reading, input={"item": "a", "dryRun": False}), self.talomed.post("/api/vault-try", {"id": "a", "dryRun": False}, token=reading)):
            self.assertEqual(answer.status, 403, answer)
            self.assertIn("scope", answer.json["error"])
        self.assertEqual(self.call("burn_item", reading, input={"id": "a"}).status, 404)
        self.assertEqual(self.burned(), before)
        rows = self.talomed.get("/api/audit-log?action=vault.tryBurn").json
        rows = rows if isinstance(rows, list) else rows.get("entries", rows.get("rows", []))
        self.assertEqual({row["tier"] for row in rows}, {"destructive"})  # reads that succeed leave no row

    def test_a_model_waits_for_a_person(self):
        model = self.token(origin="mcp")
        before = self.burned()
        self.assertEqual(self.call("try_item", model, input={"item": "a"}).status, 200)
        asked = self.call("burn_item", model, input={"id": "a"})
        self.assertEqual((asked.status, asked.json["code"]), (409, "APPROVAL_REQUIRED"), asked)
        approval = asked.json["approvalId"]
        self.assertEqual(self.call("burn_item", model, input={"id": "a"}, approvalId=approval).json["code"], "APPROVAL_REQUIRED")
        self.assertEqual(self.talomed.post(f"/api/tools/approvals/{approval}", {"approved": True}).status, 200)
        self.assertEqual(self.call("burn_item", model, input={"id": "b"}, approvalId=approval).status, 409)
        self.assertEqual(self.burned(), before)
        self.assertEqual(self.call("burn_item", model, input={"id": "a"}, approvalId=approval).status, 200)
        self.assertEqual(self.burned(), before + 1)

    def test_groups_are_also_domains_of_tools(self):
        self.assertEqual(set(self.tools(token=self.token(groups=["vault"]))), {"burn_item", "try_item", "wait_for_cancel"})
        self.assertEqual(set(self.tools(token=self.token(groups=["core"]))), set(self.tools()))
        self.assertEqual(self.tools(token=self.token(groups=["nothing"])), {})


if __name__ == "__main__":
    unittest.main()
