"""S18: whatever belongs to A does not exist for B. Every id that A can see of sessions, tokens, approvals and users is
tried by B, another member, in every route of the document that takes an id: 404 or 403, as for an id that nobody has, and
what it names lives on."""

import json
import re
import unittest

from house import House


def of_nobody(id):
    """One of the same form that nobody has."""
    return re.sub("[0-9a-z]", "0", id)


def ids_in(value, found=None):
    """Every text in an answer that could be an id: under a name that says so."""
    found = set() if found is None else found
    if isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str) and re.search(r"(?:^|[a-z])(?:id|Id|ID|jti)$", name) and each:
                found.add(each)
            ids_in(each, found)
    elif isinstance(value, list):
        for each in value:
            ids_in(each, found)
    return found


class TwoUsersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = cls.enterClassContext(House())
        cls.house.login()
        cls.house.require("POST /api/users", "POST /api/auth/tokens", "GET /api/auth/sessions")
        cls.flags = dict.fromkeys(cls.house.flags(), True)
        cls.ids = {name: cls.house.create_user(name, permissions=cls.flags)["id"] for name in ("anna", "berta")}
        cls.anna, cls.berta = cls.house.session("anna"), cls.house.session("berta")
        cls.house.session("anna")
        cls.made = cls.house.api_token(cls.anna, name="anna's", scope="full")
        cls.asked = cls.ask_for_approval()

    @classmethod
    def ask_for_approval(cls):
        """A call by a helper of Anna's that waits for a person."""
        helper = cls.house.api_token(cls.anna, name="helper", scope="full", origin="mcp")
        answer = cls.house.post("/api/counter/session/Destructive", {"text": "anna's"}, token=helper["token"])
        assert answer.status == 409, answer
        return answer.json["approvalId"]

    def anna_sees(self):
        found = {self.asked, self.made["id"], self.ids["anna"]}
        for operation in self.house.operations():
            if operation.method == "GET" and operation.kind == "call" and "{" not in operation.path and operation.plugin == "host":
                answer = self.house.status_of(operation, self.caller(self.anna))
                if answer.status == 200 and answer.headers["Content-Type"].startswith("application/json") and "openapi" not in operation.path:
                    ids_in(json.loads(answer.body), found)
        return found

    @staticmethod
    def caller(token):
        from house import Caller
        return Caller("", token)

    def test_no_list_of_b_holds_what_is_of_a(self):
        mine = self.anna_sees()
        self.assertGreaterEqual(len(mine), 5, mine)
        for operation in self.house.operations():
            if operation.method != "GET" or operation.kind != "call" or "{" in operation.path:
                continue
            for query in (None, {"all": "true"}, {"userId": self.ids["anna"]}, {"user": "anna"}):
                with self.subTest(operation=str(operation), query=query):
                    answer = self.house.status_of(operation, self.caller(self.berta), query)
                    for id in mine:
                        if id not in (query or {}).values():
                            self.assertNotIn(id.encode(), answer.body)

    def test_no_id_of_a_is_anything_to_b(self):
        mine = self.anna_sees()
        tried = 0
        for operation in self.house.operations():
            names = [p["name"] for p in operation.parameters if p["in"] == "path"]
            if not names or operation.plugin in ("streamer", "docker"):
                continue
            for id in sorted(mine):
                values = dict.fromkeys(names, id)
                with self.subTest(operation=str(operation), id=id):
                    body = self.valid_body(operation)
                    got = self.house.status_of(operation, self.caller(self.berta), body=body, values=values)
                    nobody = self.house.status_of(operation, self.caller(self.berta), body=body, values=dict.fromkeys(names, of_nobody(id)))
                    self.assertIn(got.status, (400, 403, 404), got)
                    self.assertEqual((got.status, got.json["error"].replace(id, "")), (nobody.status, nobody.json["error"].replace(of_nobody(id), "")),
                                     "as for an id that nobody has")
                    tried += 1
        self.assertGreater(tried, 20)
        self.everything_lives_on()

    def valid_body(self, operation):
        """As much of a right body as its schema says: a refusal for its shape would show nothing."""
        schema = operation.body_schema
        if not schema:
            return None
        body = {}
        for name in schema.get("required", []):
            kind = schema["properties"][name].get("type")
            body[name] = {"boolean": True, "integer": 1, "array": [], "object": {}}.get(kind, "long enough text")
        return body

    def everything_lives_on(self):
        self.assertEqual(self.house.get("/api/auth/me", token=self.anna).status, 200)
        self.assertEqual(self.house.get("/api/auth/me", token=self.made["token"]).status, 200)
        pending = self.house.get("/api/tools/approvals?status=pending", token=self.anna).json["approvals"]
        self.assertIn(self.asked, [row["id"] for row in pending])

    def test_sessions_and_tokens_by_name(self):
        rows = self.house.get("/api/auth/sessions", token=self.anna).json
        self.assertGreaterEqual(len(rows), 2)
        for row in rows:
            self.assertEqual(self.house.request("DELETE", f"/api/auth/sessions/{row['jti']}", token=self.berta).status, 404)
        self.assertEqual(self.house.request("DELETE", f"/api/auth/tokens/{self.made['id']}", token=self.berta).status, 404)
        self.assertNotIn(self.made["id"], self.house.get("/api/auth/tokens", token=self.berta).text)
        self.assertNotIn(self.made["id"], self.house.get("/api/auth/tokens?all=true", token=self.berta).text)
        self.house.post("/api/auth/logout-all", token=self.house.session("berta"))
        type(self).berta = self.house.session("berta")
        self.everything_lives_on()

    def test_an_approval_is_of_its_caller_and_input(self):
        """B cannot answer A's, nor use it; and A's helper cannot use it for another input, nor twice."""
        for token in (self.berta, self.house.api_token(self.berta, name="b", scope="full")["token"]):
            answer = self.house.post(f"/api/tools/approvals/{self.asked}", {"approved": True}, token=token)
            self.assertIn(answer.status, (403, 404), answer)
        helper = self.house.api_token(self.berta, name="b's helper", scope="full", origin="mcp")["token"]
        before = self.house.runs()
        answer = self.house.post("/api/counter/session/Destructive", {"text": "anna's"}, token=helper, headers={"Talome-Approval": self.asked})
        self.assertIn(answer.status, (403, 404, 409), answer)
        self.assertEqual(self.house.runs(), before)

    def test_a_helper_of_another_kind_does_not_pass_an_approved_call(self):
        own = self.house.api_token(self.anna, name="own helper", scope="full", origin="mcp")["token"]
        asked = self.house.post("/api/counter/session/Destructive", {"text": "once"}, token=own).json["approvalId"]
        use = {"Talome-Approval": asked}
        self.assertEqual(self.house.post("/api/counter/session/Destructive", {"text": "once"}, token=own, headers=use).status, 409)
        self.assertEqual(self.house.post(f"/api/tools/approvals/{asked}", {"approved": True}, token=own).status, 403, "no token answers one")
        self.assertEqual(self.house.post(f"/api/tools/approvals/{asked}", {"approved": True}, token=self.anna).status, 200)
        before = self.house.runs()
        helper = self.house.api_token(self.berta, name="b's other", scope="full", origin="mcp")["token"]
        for token, text, path in ((helper, "once", "session"), (own, "another", "session"), (own, "once", "anyone")):
            answer = self.house.post(f"/api/counter/{path}/Destructive", {"text": text}, token=token, headers=use)
            self.assertNotEqual(answer.status, 200, answer)
        self.assertEqual(self.house.runs(), before)
        self.assertEqual(self.house.post("/api/counter/session/Destructive", {"text": "once"}, token=own, headers=use).status, 200)
        self.assertEqual(self.house.post("/api/counter/session/Destructive", {"text": "once"}, token=own, headers=use).status, 409)
        self.assertEqual(self.house.runs(), before + 1)


if __name__ == "__main__":
    unittest.main()
