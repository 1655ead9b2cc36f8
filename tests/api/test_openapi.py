"""GET /api/openapi.json: made from the declarations, so it must tell of every route, and tell the truth."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build

HOST = [("POST", "/api/auth/login"), ("POST", "/api/auth/logout"), ("GET", "/api/auth/me"), ("GET", "/api/health"),
        ("GET", "/api/plugins"), ("GET", "/api/openapi.json"), ("GET", "/metrics"), ("GET", "/healthz"), ("GET", "/readyz")]
DOCKER = [("GET", "/api/containers"), ("GET", "/api/containers/{id}"), ("POST", "/api/containers/{id}/start"),
          ("POST", "/api/containers/{id}/stop"), ("POST", "/api/containers/{id}/restart"), ("GET", "/api/containers/{id}/logs"),
          ("GET", "/api/containers/{id}/stats")]
METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}

class OpenApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Talomed(plugins="all"))
        cls.talomed.login()
        cls.answer = cls.talomed.get("/api/openapi.json")
        assert cls.answer.status == 200, cls.answer
        cls.document = cls.answer.json
        cls.operations = [(method.upper(), path, operation) for path, item in cls.document["paths"].items()
                          for method, operation in item.items() if method in METHODS]

    def test_needs_a_session(self):
        self.assertEqual(self.talomed.get("/api/openapi.json", token=None).status, 401)

    def test_head(self):
        self.assertRegex(self.document["openapi"], r"^3\.1\.\d+$")
        self.assertTrue(self.document["info"]["title"])
        self.assertTrue(self.document["info"]["version"])
        schemes = self.document["components"]["securitySchemes"].values()
        self.assertTrue(any(s["type"] == "http" and s["scheme"] == "bearer" for s in schemes))
        self.assertTrue(any(s["type"] == "apiKey" and s["in"] == "cookie" and s["name"] == "talome_session" for s in schemes))

    def test_every_endpoint_is_there(self):
        wanted = HOST + (DOCKER if (build() / "plugins" / "docker.so").exists() else [])
        present = {(method, path) for method, path, _ in self.operations}
        self.assertEqual([row for row in wanted if row not in present], [])

    def test_every_operation_is_complete(self):
        for method, path, operation in self.operations:
            with self.subTest(operation=f"{method} {path}"):
                self.assertRegex(operation["operationId"], r"^[A-Za-z][\w.-]*$")
                self.assertTrue(operation["summary"])
                self.assertTrue(self.document["security"])  # holds wherever an operation does not say otherwise
                self.assertTrue(any(code.startswith("2") or code == "101" for code in operation["responses"]), operation["responses"])
                self.assertTrue(any(code.startswith(("4", "d")) for code in operation["responses"]), operation["responses"])
                for response in operation["responses"].values():
                    self.assertTrue("description" in response or "$ref" in response)

    def test_operation_ids_are_unique(self):
        ids = [operation["operationId"] for _, _, operation in self.operations]
        self.assertEqual(sorted(set(ids)), sorted(ids))

    def test_path_parameters(self):
        for method, path, operation in self.operations:
            with self.subTest(operation=f"{method} {path}"):
                declared = {p["name"]: p for p in operation.get("parameters", []) if p["in"] == "path"}
                self.assertEqual(set(declared), set(re.findall(r"{(\w+)}", path)))
                self.assertTrue(all(p["required"] is True for p in declared.values()))
                if method in ("GET", "HEAD"):
                    self.assertNotIn("requestBody", operation)

    def is_open(self, operation):
        security = operation.get("security", self.document["security"])
        return security == [] or {} in security

    def test_security_is_what_the_server_does(self):
        """An operation that says it is open is; one that names a scheme answers 401 without a token."""
        for method, path, operation in self.operations:
            if method != "GET" or "{" in path:
                continue
            with self.subTest(path=path):
                open_to_all = self.is_open(operation)
                status = self.talomed.get(path, token=None).status
                if status == 426:  # a WebSocket: its client may say who it is in the first message (tests/wire/test_websocket.py)
                    continue
                if path in ("/metrics", "/api/auth/verify"):  # the first is open to addresses in metrics.allow: none here;
                    self.assertEqual(status, 401)             # the second tells a proxy by its status who is asked about
                elif open_to_all:
                    self.assertNotEqual(status, 401)
                else:
                    self.assertEqual(status, 401)

    def test_only_these_are_open(self):
        """A route that becomes open by mistake shows here."""
        found = {(m, p) for m, p, o in self.operations if self.is_open(o)}
        self.assertLessEqual({("POST", "/api/auth/login"), ("GET", "/api/health")}, found)
        self.assertLessEqual(found, {("POST", "/api/auth/login"), ("POST", "/api/auth/logout"), ("POST", "/api/auth/recover"),
                                     ("GET", "/api/auth/status"), ("GET", "/api/auth/verify"), ("GET", "/api/setup/status"),
                                     ("POST", "/api/setup/init"), ("GET", "/api/health"),
                                     ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics")})

    def test_references_lead_somewhere(self):
        def walk(node):
            if isinstance(node, dict):
                if isinstance(node.get("$ref"), str):
                    yield node["$ref"]
                for value in node.values():
                    yield from walk(value)
            elif isinstance(node, list):
                for value in node:
                    yield from walk(value)

        for reference in set(walk(self.document)):
            with self.subTest(reference=reference):
                self.assertTrue(reference.startswith("#/"))
                place = self.document
                for part in reference[2:].split("/"):
                    place = place[part.replace("~1", "/").replace("~0", "~")]

    def test_login_body(self):
        body = self.document["paths"]["/api/auth/login"]["post"]["requestBody"]
        schema = body["content"]["application/json"]["schema"]
        if "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        self.assertEqual(schema["properties"]["username"]["maxLength"], 100)
        self.assertEqual(schema["properties"]["password"]["maxLength"], 500)
        self.assertEqual(schema["required"], ["password"])

    def test_nothing_of_plugins_when_there_are_none(self):
        with Talomed(plugins="none") as talomed:
            talomed.login()
            paths = talomed.get("/api/openapi.json").json["paths"]
            self.assertIn("/api/health", paths)
            self.assertFalse([path for path in paths if path.startswith("/api/containers")])


if __name__ == "__main__":
    unittest.main()
