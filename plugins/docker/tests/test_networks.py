"""Networks through the REST API."""

import unittest

from engine_case import EngineCase, engine_truth, needs_engine, wait_until


@needs_engine
class NetworksTest(EngineCase):
    def ask(self, method, path, body=None, expected=200):
        answer = self.talomed.request(method, f"/api/networks{path}", body)
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def networks(self):
        return {each["name"]: each for each in self.ask("GET", "")}

    def test_list_is_the_engines(self):
        self.engine.cli("network", "create", "--subnet", "172.31.7.0/24", "--label", "colour=blue", "listed")
        self.engine.run("in-listed", options=["--network", "listed"])
        self.engine.cli("create", "--name", "asleep-in-listed", "--network", "listed", "busybox:latest", "true")
        shown = self.networks()
        self.assertEqual(set(shown), set(self.engine.cli("network", "ls", "--format", "{{.Name}}").split()))
        for name, each in shown.items():
            truth = engine_truth(self.engine, name)
            self.assertEqual(each["id"], truth["Id"][:12])
            self.assertEqual([each[k] for k in ("driver", "scope", "internal", "attachable", "ipv6", "labels", "createdAt")],
                             [truth[k] for k in ("Driver", "Scope", "Internal", "Attachable", "EnableIPv6", "Labels", "Created")])
            self.assertEqual(each["predefined"], name in ("bridge", "host", "none"))
        listed = shown["listed"]
        self.assertEqual((listed["subnet"], listed["labels"]), ("172.31.7.0/24", {"colour": "blue"}))
        self.assertEqual([each["name"] for each in listed["containers"]], ["asleep-in-listed", "in-listed"])
        self.assertEqual(listed["containers"][1]["ipv4"], "172.31.7.2")
        self.assertEqual(self.talomed.get("/api/containers/networks").json, self.talomed.get("/api/networks").json)

    def test_create_connect_disconnect_remove(self):
        made = self.ask("POST", "", {"name": "made", "subnet": "172.31.8.0/24", "gateway": "172.31.8.254", "internal": True, "labels": {"a": "b"}}, 201)
        truth = engine_truth(self.engine, "made")
        self.assertEqual((made["ok"], made["id"]), (True, truth["Id"][:12]))
        self.assertEqual((truth["Internal"], truth["Labels"], truth["IPAM"]["Config"]),
                         (True, {"a": "b"}, [{"Subnet": "172.31.8.0/24", "Gateway": "172.31.8.254"}]))
        self.engine.run("guest")
        self.assertEqual(self.ask("POST", "/made/connect", {"container": "guest", "aliases": ["friend"], "ipv4": "172.31.8.9"}), {"ok": True})
        one = self.ask("GET", "/made")["containers"][0]
        self.assertEqual((one["name"], one["ipv4"], "friend" in one["aliases"]), ("guest", "172.31.8.9", True))
        self.ask("POST", "/made/connect", {"container": "guest"}, 409)
        self.assertIn("guest", self.ask("DELETE", "/made", expected=409)["error"])
        self.assertEqual(self.ask("POST", f"/{made['id']}/disconnect", {"container": "guest"}), {"ok": True})
        self.assertEqual(self.ask("GET", "/made")["containers"], [])
        self.ask("POST", "/made/disconnect", {"container": "guest"}, 409)
        self.assertEqual(self.ask("DELETE", "/made"), {"ok": True})
        self.ask("DELETE", "/made", expected=404)

    def test_what_is_refused(self):
        self.ask("POST", "", {"name": "taken"}, 201)
        self.ask("POST", "", {"name": "taken"}, 409)
        for body, word in (({}, "name"), ({"name": ""}, "name"), ({"name": "a b"}, "name"), ({"name": "-x"}, "name"), ({"name": "x" * 129}, "name"),
                           ({"name": "x", "driver": "host"}, "driver"), ({"name": "x", "subnet": "many"}, "subnet"),
                           ({"name": "x", "gateway": "10.0.0.1"}, "gateway"), ({"name": "x", "labels": {"talome.managed": "true"}}, "labels")):
            self.assertIn(word, self.ask("POST", "", body, 400)["error"], body)
        for subnet in ("999.1.1.0/24", "172.31.9.0/99"):
            answer = self.talomed.post("/api/networks", {"name": "wrong", "subnet": subnet})
            self.assertIn(answer.status, (400, 409), answer)
        self.ask("POST", "", {"name": "first", "subnet": "172.31.10.0/24"}, 201)
        self.assertIn("overlap", self.ask("POST", "", {"name": "second", "subnet": "172.31.10.0/25"}, 409)["error"].lower())
        for name in ("bridge", "host", "none"):
            self.ask("DELETE", f"/{name}", expected=403)
        self.engine.cli("network", "create", "--label", "talome.managed=true", "talome")
        self.ask("DELETE", "/talome", expected=403)
        for path in ("/nonesuch", "/%2e%2e", "/a%2Fb", "/" + "f" * 65):
            expected = 404 if path == "/nonesuch" else 400
            self.ask("GET", path, expected=expected)
            self.ask("DELETE", path, expected=expected)
            self.ask("POST", f"{path}/connect", {"container": "x"}, expected)
        self.ask("POST", "/taken/connect", {"container": "nonesuch"}, 404)
        self.ask("POST", "/taken/connect", {"container": "../x"}, 400)
        self.ask("POST", "/taken/connect", {}, 400)
        self.engine.run("outside")
        self.assertIn(self.talomed.post("/api/networks/first/connect", {"container": "outside", "ipv4": "10.9.9.9"}).status, (400, 409))

    def test_prune_leaves_what_is_needed(self):
        self.engine.cli("network", "create", "unused")
        self.engine.cli("network", "create", "used-by-stopped")
        self.engine.cli("network", "create", "--label", "talome.managed=true", "kept")
        self.engine.cli("create", "--name", "stopped", "--network", "used-by-stopped", "busybox:latest", "true")
        shown = self.ask("POST", "/prune")
        self.assertEqual((shown["dryRun"], shown["failed"]), (True, []))
        self.assertIn("unused", shown["networks"])
        self.assertTrue({"used-by-stopped", "kept", "bridge", "host", "none"}.isdisjoint(shown["networks"]))
        self.assertIn("unused", self.networks())
        done = self.ask("POST", "/prune", {"dryRun": False})
        self.assertEqual(done["networks"], shown["networks"])
        self.assertNotIn("unused", self.networks())
        self.assertIn("used-by-stopped", self.networks())
        wait_until(lambda: self.engine.cli("start", "stopped") == "stopped", 1)


if __name__ == "__main__":
    unittest.main()
