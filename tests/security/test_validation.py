"""Whatever is wrong with an input is told in one form, from one code path: for every operation 400, a text `error`, and
`details` that name each wrong place, before anything runs."""

import unittest

from house import Caller, House


class ValidationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = cls.enterClassContext(House())
        cls.house.login()
        cls.admin = Caller("admin", cls.house.token, "admin", frozenset(cls.house.flags()), in_person=True)
        cls.operations = cls.house.operations()

    def check(self, answer, *paths):
        self.assertEqual(answer.status, 400, answer)
        self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")
        found = answer.json
        self.assertLessEqual(set(found), {"error", "details"})
        self.assertIsInstance(found["error"], str)
        self.assertTrue(found["error"])
        self.assertIsInstance(found["details"], list)
        self.assertTrue(found["details"])
        for row in found["details"]:
            self.assertEqual(set(row), {"path", "message"})
            self.assertIsInstance(row["path"], str)
            self.assertIsInstance(row["message"], str)
            self.assertTrue(row["message"])
            self.assertIn(row["message"], found["error"], "the text says what the details say")
        for path in paths:
            self.assertIn(path, [row["path"] for row in found["details"]])

    def test_an_unknown_input_of_every_operation(self):
        before = self.house.runs()
        for operation in self.operations:
            with self.subTest(operation=str(operation)):
                self.check(self.house.status_of(operation, self.admin, {"zzUnknown": "1"}), "zzUnknown")
        self.assertEqual(self.house.runs(), before)

    def with_body(self):
        return [operation for operation in self.operations if operation.body_schema]

    def test_an_unknown_field_of_every_body(self):
        for operation in self.with_body():
            with self.subTest(operation=str(operation)):
                self.check(self.house.status_of(operation, self.admin, body={"zzUnknown": 1, "zzOther": None}), "zzUnknown", "zzOther")

    def test_every_field_of_every_body_with_a_wrong_type(self):
        for operation in self.with_body():
            for name, schema in operation.body_schema.get("properties", {}).items():
                kinds = schema.get("type", [])
                kinds = {kinds} if isinstance(kinds, str) else set(kinds)
                if not kinds:
                    continue  # takes anything, or is described by a reference
                wrong = {"array": 7, "object": 7, "string": [7], "integer": "x", "number": "x", "boolean": "x"}[next(iter(kinds - {"null"}))]
                with self.subTest(operation=str(operation), field=name):
                    answer = self.house.status_of(operation, self.admin, body={name: wrong})
                    self.check(answer)
                    self.assertTrue(any(row["path"].startswith(name) for row in answer.json["details"]), answer)

    def test_every_parameter_with_a_wrong_type(self):
        for operation in self.operations:
            for parameter in operation.parameters:
                kind = parameter["schema"].get("type")
                if parameter["in"] != "query" or kind not in ("integer", "number", "boolean"):
                    continue
                with self.subTest(operation=str(operation), parameter=parameter["name"]):
                    self.check(self.house.status_of(operation, self.admin, {parameter["name"]: "neither"}), parameter["name"])

    def test_what_is_missing(self):
        for operation in self.with_body():
            needed = operation.body_schema.get("required", [])
            if needed:
                with self.subTest(operation=str(operation)):
                    self.check(self.house.status_of(operation, self.admin, body={}), *needed)

    def test_several_wrong_places_are_all_named(self):
        answer = self.house.post("/api/auth/login", {"username": "u" * 101, "password": 7, "more": 1}, token=None)
        self.check(answer, "username", "password", "more")

    def test_what_is_no_object(self):
        """Not an input at all: the text says so; there may be no place to name."""
        for operation in self.with_body():
            for body in (b"[]", b"null", b"7", b'"x"', b"{", b"{}{}", b'{"a":1,}', b"\xff", b'{"a":1,"a":2}', b"[" * 5000):
                with self.subTest(operation=str(operation), body=body[:20]):
                    target = operation.target()
                    answer = self.house.request(operation.method, target, body)
                    self.assertEqual(answer.status, 400, answer)
                    self.assertIsInstance(answer.json["error"], str)


if __name__ == "__main__":
    unittest.main()
