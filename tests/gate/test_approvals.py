"""What a model, an automation or a bot may do: the security mode, and a person's leave for one call."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build

VAULT = build() / "tests" / "plugins" / "vault"


class Case(unittest.TestCase):
    mode = "cautious"

    def setUp(self):
        self.talomed = self.enterContext(Talomed(plugin_dirs=[VAULT], env={"TALOME_SETTING_SECURITY_MODE": self.mode}))
        self.talomed.login()
        self.model = self.token("model", scope="full", origin="mcp")

    def token(self, name, **fields):
        answer = self.talomed.post("/api/auth/tokens", {"name": name, **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json["token"]

    def counts(self):
        found = self.talomed.get("/api/vault-counts", token=None).json
        return found["opened"], found["stored"], found["burned"]

    def burn(self, item="a", token=None, approval=None, **options):
        headers = {"Talome-Approval": approval} if approval else {}
        return self.talomed.request("DELETE", f"/api/vault/{item}", token=token or self.model, headers=headers, **options)

    def asked(self, answer):
        self.assertEqual(answer.status, 409, answer)
        self.assertEqual(answer.json["code"], "APPROVAL_REQUIRED", answer)
        self.assertIn("approval", answer.json["error"])
        self.assertRegex(answer.json["expiresAt"], r"^\d{4}-\d\d-\d\dT.*Z$")
        return answer.json["approvalId"]

    def answer(self, approval, approved=True, token=None, **fields):
        return self.talomed.post(f"/api/tools/approvals/{approval}", {"approved": approved, **fields},
                                 **({"token": token} if token else {}))

    def help(self, operation, item="a", **fields):
        answer = self.talomed.post("/api/vault-help", {"operation": operation, "id": item, **fields})
        self.assertEqual(answer.status, 200, answer)
        return answer.json


class CautiousTest(Case):
    def test_a_model_waits_for_a_person(self):
        approval = self.asked(self.burn())
        self.assertEqual(self.asked(self.burn()), approval)  # asking again is the same question
        listed = self.talomed.get("/api/tools/approvals").json["approvals"]
        self.assertEqual([row["id"] for row in listed], [approval])
        self.assertEqual(listed[0]["operation"], "vault.burn")
        self.assertEqual(listed[0]["tool"], "burn_item")
        self.assertEqual(listed[0]["input"], {"id": "a"})
        self.assertEqual((listed[0]["tier"], listed[0]["origin"], listed[0]["status"]), ("destructive", "mcp", "pending"))
        waiting = self.burn(approval=approval)
        self.assertEqual(waiting.status, 409, waiting)
        self.assertIn("not answered", waiting.json["error"])
        self.assertEqual(self.counts(), (0, 0, 0))
        self.assertEqual(self.answer(approval).json, {"ok": True})
        self.assertEqual(self.burn(approval=approval).status, 200)
        self.assertEqual(self.counts(), (0, 0, 1))
        again = self.burn(approval=approval)
        self.assertEqual(again.status, 409, again)
        self.assertIn("used already", again.json["error"])
        self.assertEqual(self.counts(), (0, 0, 1))

    def test_it_reads_and_changes_in_an_administrators_name(self):
        self.assertEqual(self.talomed.get("/api/vault/a", token=self.model).status, 200)
        self.assertEqual(self.talomed.post("/api/vault/a", {}, token=self.model).status, 200)
        self.assertEqual(self.counts(), (1, 1, 0))

    def test_leave_for_one_input_serves_no_other(self):
        approval = self.asked(self.burn("a"))
        self.answer(approval)
        other = self.burn("b", approval=approval)
        self.assertEqual(other.status, 409, other)
        self.assertIn("not for this call", other.json["error"])
        changed = self.burn("a", approval=approval, body={"code": "x"})  # a DELETE takes no body: nothing runs either way
        self.assertGreaterEqual(changed.status, 400)
        second = self.token("another model", scope="full", origin="mcp")
        self.assertIn("not for this call", self.burn("a", token=second, approval=approval).json["error"])
        self.assertEqual(self.counts(), (0, 0, 0))
        self.assertEqual(self.burn("a", approval=approval).status, 200)

    def test_only_a_person_answers(self):
        approval = self.asked(self.burn())
        own = self.answer(approval, token=self.model)
        self.assertEqual(own.status, 403, own)
        script = self.token("script", scope="full")
        self.assertEqual(self.answer(approval, token=script).status, 403)
        self.assertEqual(self.talomed.post(f"/api/tools/approvals/{approval}", {"approved": True}, token=None).status, 401)
        for row in self.talomed.get("/api/openapi.json").json["paths"].get("/api/tools/approvals/{id}", {}).values():
            self.assertNotIn("x-tools", row)
        self.assertEqual(self.talomed.get("/api/tools/approvals").json["approvals"][0]["status"], "pending")

    def test_a_denial_is_told_with_its_reason(self):
        approval = self.asked(self.burn())
        self.answer(approval, False, reason="not today")
        refused = self.burn(approval=approval)
        self.assertEqual(refused.status, 409, refused)
        self.assertIn("not today", refused.json["error"])
        self.assertEqual(self.answer(approval).status, 409)
        self.assertEqual(self.answer("00000000-0000-4000-8000-000000000000").status, 404)
        listed = self.talomed.get("/api/tools/approvals?status=denied").json["approvals"]
        self.assertEqual([row["reason"] for row in listed], ["not today"])
        self.assertEqual(self.talomed.get("/api/tools/approvals").json["approvals"], [])
        self.assertEqual(self.talomed.get("/api/tools/approvals?status=lost").status, 400)

    def test_secrets_of_the_input_are_not_shown(self):
        approval = self.help("vault.burn", origin="chat")["approval"]
        self.assertTrue(approval)
        self.asked(self.talomed.request("DELETE", "/api/vault/a?code=canary-in-a-query", token=self.model))
        text = self.talomed.get("/api/tools/approvals").text
        self.assertNotIn("canary-in-a-query", text)
        self.assertIn("***", text)

    def test_a_plugin_calls_as_a_helper(self):
        first = self.help("vault.burn", origin="chat")
        self.assertFalse(first["done"])
        self.assertEqual(self.counts(), (0, 0, 0))
        self.answer(first["approval"])
        self.assertTrue(self.help("vault.burn", origin="chat", approval=first["approval"])["done"])
        self.assertEqual(self.counts(), (0, 0, 1))
        # The same call by the person themself is not judged.
        self.assertTrue(self.help("vault.burn")["done"])
        # A model's token does not become a person by way of a plugin.
        answer = self.talomed.post("/api/vault-help", {"operation": "vault.burn", "id": "a"}, token=self.model)
        self.assertTrue(answer.json["approval"], answer)
        self.assertIn("origin", self.help("vault.burn", origin="rest")["error"])

    def test_the_rules_that_bind_it_are_not_its_to_change(self):
        for key in ("security_mode", "auth_max_failures", "audit_retention_days"):
            answer = self.talomed.request("PUT", "/api/settings", {key: "permissive" if key == "security_mode" else 7}, token=self.model)
            self.assertEqual(answer.status, 403, answer)
            self.assertIn(key, answer.json["error"])
        self.assertEqual(self.talomed.request("PUT", "/api/settings", {"auth_max_failures": 7}).status, 200)
        self.assertEqual(self.talomed.post("/api/settings/auth_max_failures/revert", {}, token=self.model).status, 403)

    def test_a_plugin_calls_only_what_it_says(self):
        self.assertTrue(self.help("plugins.list", "-")["done"])
        for operation in ("auth.me", "health.get"):
            refused = self.help(operation, "-")
            self.assertFalse(refused["done"])
            self.assertIn("manifest", refused["error"])


class PermissiveTest(Case):
    mode = "permissive"

    def test_an_administrators_model_runs(self):
        self.assertEqual(self.burn().status, 200)


class LockedTest(Case):
    mode = "locked"

    def test_a_model_only_reads(self):
        self.assertEqual(self.talomed.get("/api/vault/a", token=self.model).status, 200)
        for answer in (self.burn(), self.talomed.post("/api/vault/a", {}, token=self.model)):
            self.assertEqual(answer.status, 403, answer)
            self.assertIn("locked", answer.json["error"])
        self.assertEqual(self.counts(), (1, 0, 0))

    def test_a_person_is_not_locked_out(self):
        self.assertEqual(self.talomed.request("DELETE", "/api/vault/a").status, 200)


if __name__ == "__main__":
    unittest.main()
