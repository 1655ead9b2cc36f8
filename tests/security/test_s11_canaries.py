"""S11: no secret comes out again. A unique text is put into every field that holds a secret; then everything is asked of the
server that it can be asked: every GET of the document with plausible parameters, every event stream, the log, the audit
rows, the document itself, /metrics, talomectl, as everybody. No canary is found but where it is handed out once, by design."""

import base64
import json
import re
import subprocess
import unittest

from house import House, PASSWORD, SANITIZED, USERNAME, build
from clients import Events, Refused

SECRET = "c0ffee" * 10 + "cafe"  # TALOME_SECRET: 64 hexadecimal digits, recognisable


class Canaries:
    """What must not be seen, each with what it is."""

    def __init__(self):
        self.secrets = {}

    def plant(self, what, text):
        assert len(text) >= 10, text
        self.secrets[what] = text
        return text

    def found_in(self, data: bytes):
        """Which of them are in the data, as they are or as Base64, hexadecimal digits or JSON."""
        found = []
        for what, text in self.secrets.items():
            raw = text.encode()
            spellings = {raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b"=")[:-1], json.dumps(text)[1:-1].encode()}
            if any(each in data for each in spellings):
                found.append(what)
        return found


class CanariesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.canaries = plant = Canaries()
        cls.house = cls.enterClassContext(House(env={"TALOME_SECRET": SECRET}))
        plant.plant("TALOME_SECRET", SECRET)
        code = re.search(r"setup code ([A-Za-z0-9_-]+)\)", cls.house.log)
        cls.setup_code = plant.plant("the setup code", code[1])
        first = cls.house.post("/api/auth/login", {"username": USERNAME, "password": PASSWORD, "setupCode": cls.setup_code}, token=None)
        plant.plant("the first password", PASSWORD)
        plant.plant("the first recovery code", first.json["recoveryCode"])
        plant.plant("the first session", first.json["token"].split(".")[2])
        cls.house.token = first.json["token"]
        cls.callers = cls.house.people()
        for caller in cls.callers:
            if caller.token:
                plant.plant(f"the credential of {caller.name}", caller.token.split(".")[-1])
        cls.plant_users()
        cls.plant_settings()
        cls.fail_with_secrets()
        cls.everything = []  # (where, bytes)

    @classmethod
    def plant_users(cls):
        house, plant = cls.house, cls.canaries.plant
        if not house.offers("POST", "/api/users"):
            return
        user = house.create_user("carrier", password=plant("a user's password", "canary-user-password-7Qx"))
        plant("a user's recovery code", user["recoveryCode"])
        cls.carrier = user
        answer = house.post(f"/api/users/{user['id']}/reset-password", {"password": plant("a reset password", "canary-reset-password-8Rw")})
        assert answer.status == 200, answer
        answer = house.post(f"/api/users/{user['id']}/recovery-code")
        assert answer.status == 200, answer
        plant("a regenerated recovery code", answer.json["recoveryCode"])
        code = plant("a rotated recovery code", house.post("/api/auth/recover", {"username": "carrier", "recoveryCode": answer.json["recoveryCode"], "newPassword": plant("a recovered password", "canary-recovered-password-9Sv")}, token=None).json["newRecoveryCode"])
        assert code
        token = house.session("carrier", "canary-recovered-password-9Sv")
        answer = house.request("POST", "/api/auth/change-password", {"currentPassword": "canary-recovered-password-9Sv", "newPassword": plant("a changed password", "canary-changed-password-1Tu")}, token=token)
        assert answer.status == 200, answer
        if house.offers("POST", "/api/auth/tokens"):
            for scope in ("read", "full"):
                plant(f"a member's {scope} token", house.api_token(token, name="canary", scope=scope)["token"])

    @classmethod
    def plant_settings(cls):
        house, plant = cls.house, cls.canaries.plant
        if not house.offers("PUT", "/api/settings"):
            return
        values = {"counter_api_key": plant("a setting", "canary-setting-2Vt"), "counter_token": plant("another setting", "canary-setting-3Ws")}
        for more in ({}, {"counter_api_key": plant("a setting's newer value", "canary-setting-4Xr")}):
            assert house.request("PUT", "/api/settings", {**values, **more}).status == 200
        if house.offers("POST", "/api/settings/{key}/revert"):
            answer = house.post("/api/settings/counter_api_key/revert", {})
            assert answer.status == 200, answer
            cls.canaries_in_answer(answer)

    @classmethod
    def canaries_in_answer(cls, answer):
        found = cls.canaries.found_in(answer.body)
        assert not found, (found, answer)

    @classmethod
    def fail_with_secrets(cls):
        """Secrets in calls that fail, are refused, or are shaped wrong: what is told and noted of those?"""
        house, plant = cls.house, cls.canaries.plant
        source = {"source": "127.0.18.1"}
        wrong = plant("a wrong password", "canary-wrong-password-5Yq")
        bodies = [{"username": USERNAME, "password": wrong}, {"username": "nobody", "password": wrong}, {"password": wrong, "zzUnknown": 1},
                  {"username": [wrong], "password": 7}, {"username": USERNAME, "password": [wrong]}, {"username": USERNAME, "password": {"x": wrong}},
                  {"username": USERNAME, "password": wrong * 40}, {wrong: wrong, "password": wrong}]
        for path in ("/api/auth/login", "/api/auth/recover", "/api/setup/init", "/api/users", "/api/auth/change-password", "/api/users/none/reset-password"):
            for body in bodies:
                for token in (None, house.token):
                    answer = house.post(path, body, token=token, **source)
                    assert answer.status >= 400 or (path == "/api/users" and token), answer  # a right body there
                    if wrong not in body:  # a name that somebody gave to a field is told back to that one
                        cls.canaries_in_answer(answer)
            house.post(path, f'{{"username":"{USERNAME}","password":"{wrong}"', token=house.token, **source)
            house.post(path, f'{{"password":"{wrong}","password":"x"}}', token=house.token, **source)
        dead = plant("a dead token", "tlm_canary" + "A" * 33)
        house.get("/api/plugins", token=dead)
        house.get(f"/api/plugins?token={dead}", token=None)
        house.get("/api/plugins", token=None, headers={"Cookie": f"talome_session={dead}"})
        if house.offers("PUT", "/api/settings"):
            value = plant("a setting that was refused", "canary-refused-6Zp")
            for body in ({"counter_api_key": [value]}, {"counter_api_key": {"x": value}}, {"counter_api_key": value, "zz_unknown": 1}, {"counter_api_key": value, "auth_max_failures": "many"}):
                assert house.request("PUT", "/api/settings", body).status == 400
            member = next((c for c in cls.callers if c.role == "member"), None)
            assert house.request("PUT", "/api/settings", {"counter_api_key": value}, token=member and member.token).status in (401, 403)
            if house.offers("POST", "/api/auth/tokens"):
                helper = house.api_token(name="helper", scope="full", origin="mcp")
                house.request("PUT", "/api/settings", {"counter_api_key": plant("a helper's setting", "canary-helper-7Ao")}, token=helper["token"])
                plant("the helper's token", helper["token"])

    def ids(self):
        """Values for the parameters of paths: what there is of each kind."""
        house, values = self.house, {"zz": "zz", "id": [], "key": ["counter_api_key", "auth_max_failures"], "name": ["zz"], "jti": []}
        for path, field, name in (("/api/users", "id", "id"), ("/api/auth/sessions", "jti", "jti"), ("/api/auth/tokens", "id", "id"), ("/api/plugins", "id", "id")):
            if house.offers("GET", path):
                values[name] += [row[field] for row in house.get(path).json]
        return values

    def queries(self, operation):
        """None, and each query parameter with values that show more."""
        yield None
        for parameter in operation.parameters:
            if parameter["in"] != "query":
                continue
            schema = parameter["schema"]
            kind = schema.get("type")
            if isinstance(kind, list):
                kind = kind[0]
            for value in schema.get("enum") or {"boolean": ["true"], "integer": ["1000", "100"], "string": ["counter_api_key", "*", "auth"]}.get(kind, ["1"]):
                yield {parameter["name"]: value}

    def see(self, where, data: bytes, allowed=()):
        self.everything.append(where)
        found = [what for what in self.canaries.found_in(data) if what not in allowed]
        self.assertEqual(found, [], f"{where}: {data[:3000]!r}")

    def test_every_get_as_everybody(self):
        values = self.ids()
        for operation in self.house.operations():
            if operation.method != "GET" or operation.kind == "websocket" or (operation.plugin == "streamer" and operation.kind == "call"):
                continue
            names = [p["name"] for p in operation.parameters if p["in"] == "path"]
            paths = [{name: value for name in names} for value in sorted({v for n in names for v in values.get(n, ["zz"])} | {"zz"})] if names else [{}]
            for caller in self.callers:
                for path in paths:
                    for query in self.queries(operation):
                        with self.subTest(operation=str(operation), caller=caller.name, path=path, query=query):
                            answer = self.house.status_of(operation, caller, query, values=path)
                            self.see(f"{operation} as {caller.name}", str(answer.headers).encode() + answer.body)
        self.assertGreater(len(self.everything), 100)

    def test_head_and_options_and_unknown_paths(self):
        for method, path in (("OPTIONS", "/api/settings"), ("HEAD", "/api/settings"), ("GET", "/api/none"), ("DELETE", "/api/settings"), ("GET", "/")):
            answer = self.house.request(method, path)
            self.see(f"{method} {path}", str(answer.headers).encode() + answer.body)

    def test_event_streams(self):
        for operation in self.house.operations():
            if operation.kind != "events":
                continue
            for caller in self.callers:
                try:
                    with Events(self.house.port, operation.path, caller.token, timeout=0.3 * min(SANITIZED, 3)) as stream:
                        if operation.plugin == "counter" and caller.token:
                            self.house.post("/api/counter/tell", {"text": "told"})
                        if self.house.offers("PUT", "/api/settings"):
                            self.house.request("PUT", "/api/settings", {"counter_token": self.canaries.secrets["another setting"]})
                        try:
                            stream.rest()
                        except TimeoutError:
                            pass
                        self.see(str(operation), stream.data)
                except Refused:
                    self.assertFalse(caller.may(operation))

    def test_over_mcp(self):
        self.house.require("POST /mcp")
        called = 0
        for caller in self.callers:
            if not caller.token:
                continue
            def ask(method, **params):
                answer = self.house.post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, token=caller.token,
                                         headers={"Accept": "application/json, text/event-stream"})
                self.see(f"{method} {params} as {caller.name}", str(answer.headers).encode() + answer.body)
                return answer.json.get("result", {}) if answer.status == 200 else {}
            for tool in ask("tools/list").get("tools", []):
                if tool["annotations"]["readOnlyHint"]:
                    ask("tools/call", name=tool["name"], arguments={})
                    called += 1
            for resource in ask("resources/list").get("resources", []):
                ask("resources/read", uri=resource["uri"])
        self.assertGreater(called, 20)

    def test_audit_rows(self):
        self.house.require("GET /api/audit-log")
        seen = 0
        for path in ("/api/audit-log?limit=1000", "/api/audit-log?action=auth.*", "/api/audit-log?action=settings.*&limit=1000", "/api/audit-log?action=users.*",
                     "/api/audit-log/recent?limit=100", "/api/audit-log/summary", "/api/audit-log/export?format=csv", "/api/audit-log/export?format=jsonl"):
            answer = self.house.get(path)
            self.assertEqual(answer.status, 200, answer)
            seen += len(answer.body)
            self.see(path, answer.body)
        rows = self.house.get("/api/audit-log?limit=1000").json
        actions = {row["action"] for row in rows}
        self.assertLessEqual({"auth.login", "users.create", "auth.tokens.create" if "auth.tokens.create" in actions else "auth.login"}, actions)
        self.assertGreater(seen, 10_000)

    def test_audit_database(self):
        """Not only what the API shows of it. Ids of sessions are not secrets; tokens are."""
        for path in self.house.state.rglob("*"):
            if path.is_file() and "secret" not in path.name:
                self.see(str(path), path.read_bytes())

    def test_the_log(self):
        """The setup code is printed there, by design, and it is dead now."""
        self.see("the log", self.house.log.encode(), {"the setup code"})
        self.assertEqual(self.house.log.count(self.setup_code), 1)

    def test_the_process_as_others_see_it(self):
        with open(f"/proc/{self.house.pid}/cmdline", "rb") as file:
            self.see("the command line", file.read())

    def test_talomectl(self):
        program = build() / "bin/talomectl"
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.house.directory), "TALOME_URL": self.house.url, "TALOME_TOKEN": self.house.token,
                       "TALOME_STATE_DIR": str(self.house.state), "TALOME_SOCKET": str(self.house.state / "talomed.sock")}
        commands = [["status"], ["plugin", "list"], ["operations"], ["call", "plugins.list"], ["call", "openapi.get"], ["call", "auth.me"], ["users", "list"], ["settings", "get"],
                    ["settings", "get", "counter_api_key"], ["audit", "verify"], ["call", "settings.get"], ["call", "settings.get", '{"meta":true}'], ["call", "users.list"], ["--help"],
                    ["settings", "set", "counter_token", "--help"], ["no-such"]]
        for own in ({}, {"TALOME_TOKEN": ""}):
            for words in commands:
                with self.subTest(words=words):
                    done = subprocess.run([program, *words], env={**environment, **own}, capture_output=True, timeout=60)
                    self.see(f"talomectl {' '.join(words)}", done.stdout + done.stderr)

    def test_where_it_is_handed_out_it_is_so_once(self):
        """The answer that makes a credential shows it; no later answer does, and none says a password back."""
        house = self.house
        house.require("POST /api/users", "POST /api/auth/tokens")
        made = house.post("/api/users", {"username": "once", "password": "canary-once-password"})
        self.assertEqual(made.status, 201)
        self.assertNotIn("canary-once-password", made.text)
        self.assertEqual(made.headers["Cache-Control"], "no-store")
        self.assertNotIn(made.json["recoveryCode"], house.get("/api/users").text + house.get(f"/api/users/{made.json['id']}").text)
        token = house.request("POST", "/api/auth/tokens", {"name": "once"})
        self.assertEqual(token.headers["Cache-Control"], "no-store")
        listed = house.get("/api/auth/tokens").text
        self.assertIn(token.json["id"], listed)
        self.assertNotIn(token.json["token"], listed)
        self.assertNotIn(token.json["token"][4:20], listed)
        answer = house.post("/api/auth/login", {"username": USERNAME, "password": PASSWORD}, token=None)
        self.assertNotIn(PASSWORD, answer.text)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")


if __name__ == "__main__":
    unittest.main()
