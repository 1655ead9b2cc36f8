"""What is loaded, why something is not, and that nothing a plugin does or lacks stops the server."""

import json
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build

BUILT = build() / "plugins"
FOR_TESTS = build() / "tests" / "plugins"


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="talome-plugins-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def copy(self, name, source=None):
        """Both files of a plugin, into the folder of this test."""
        source = source or (FOR_TESTS if (FOR_TESTS / f"{name}.so").exists() else FOR_TESTS / name)
        for ending in (".so", ".plugin.json"):
            shutil.copy(source / f"{name}{ending}", self.folder)
        return self.folder / f"{name}.so", self.folder / f"{name}.plugin.json"

    def start(self, *directories, **options):
        talomed = self.enterContext(Talomed(plugin_dirs=[self.folder, *directories], **options))
        talomed.login()
        return talomed

    def plugins(self, talomed):
        answer = talomed.get("/api/plugins")
        self.assertEqual(answer.status, 200, answer)
        return {plugin["id"]: plugin for plugin in answer.json}

    def not_loaded(self, talomed, name, state, *words):
        plugin = self.plugins(talomed)[name]
        self.assertEqual(plugin["state"], state, plugin)
        for word in words:
            self.assertIn(word, plugin["reason"])
        self.assertEqual(talomed.get("/api/health").json["status"], "ok")
        self.assertEqual(talomed.get("/api/auth/me").status, 200)
        self.assertIn(name, talomed.log)
        return plugin


class ListTest(Case):
    def test_needs_an_admin(self):
        talomed = self.start()
        answer = talomed.get("/api/plugins", token=None)
        self.assertEqual(answer.status, 401)
        self.assertIsInstance(answer.json["error"], str)

    def test_empty(self):
        self.assertEqual(self.plugins(self.start()), {})

    def test_a_folder_that_is_not_there(self):
        talomed = self.start("/nonexistent/plugins")
        self.assertEqual(self.plugins(talomed), {})

    def test_an_active_one(self):
        self.copy("greeter")
        plugin = self.plugins(self.start())["greeter"]
        self.assertEqual((plugin["state"], plugin["version"]), ("active", "1.0.0"))
        self.assertFalse(plugin.get("reason"))
        self.assertTrue(plugin["summary"])

    def test_a_disabled_one(self):
        self.copy("greeter")
        talomed = self.start(plugins="none")
        self.assertEqual(self.plugins(talomed)["greeter"]["state"], "disabled")
        self.assertEqual(talomed.get("/api/greeter/hello?name=Ann").status, 404)

    def test_the_built_ones_are_all_active(self):
        """Run from the build folder it finds them without being told."""
        with Talomed() as talomed:
            talomed.login()
            found = self.plugins(talomed)
            self.assertEqual(set(found), {path.stem for path in BUILT.glob("*.so")})
            self.assertEqual({plugin["state"] for plugin in found.values()} | {"active"}, {"active"}, found)


@unittest.skipUnless((BUILT / "docker.so").exists(), "the docker plugin is not built")
class WithoutDockerTest(Case):
    def test_its_two_files_removed(self):
        files = self.copy("docker", BUILT)
        talomed = self.start()
        self.assertEqual(self.plugins(talomed)["docker"]["state"], "active")
        self.assertEqual(talomed.get("/api/containers").status, 503)  # no engine here, but the route is there
        for file in files:
            file.unlink()
        talomed.restart()
        self.assertNotIn("docker", self.plugins(talomed))
        self.assertEqual(talomed.get("/api/containers").status, 404)
        health = talomed.get("/api/health").json
        self.assertEqual((health["status"], health["checks"]), ("ok", {"db": "ok"}))
        self.assertNotIn("/api/containers", talomed.get("/api/openapi.json").json["paths"])

    def test_and_put_back(self):
        talomed = self.start()
        self.copy("docker", BUILT)
        talomed.restart()
        self.assertEqual(self.plugins(talomed)["docker"]["state"], "active")


class BadFileTest(Case):
    """A good plugin made bad. The one beside it is not touched by that."""

    def setUp(self):
        super().setUp()
        self.file, self.manifest = self.copy("greeter")
        self.copy("c-hello")

    def refused(self, *words, state="refused"):
        talomed = self.start()
        self.not_loaded(talomed, "greeter", state, *words)
        self.assertEqual(talomed.get("/api/greeter/hello?name=Ann").status, 404)
        self.assertEqual(talomed.get("/api/c-hello/Ann").status, 200)

    def test_truncated(self):
        for part in (0.9, 0.5, 0.01):
            with self.subTest(part=part):
                whole = (FOR_TESTS / "greeter.so").read_bytes()
                self.file.write_bytes(whole[: int(len(whole) * part)])
                self.refused()

    def test_empty(self):
        self.file.write_bytes(b"")
        self.refused()

    def test_text(self):
        self.file.write_text("this is no shared object\n" * 100)
        self.refused()

    def test_another_library(self):
        """A fine shared object, but not a plugin."""
        shutil.copy(next(p for p in pathlib.Path("/usr/lib").rglob("libz.so.1*") if p.is_file()), self.file)
        self.refused("talome_plugin_v1")

    def test_a_program(self):
        shutil.copy("/bin/true", self.file)
        self.refused()

    def test_missing(self):
        self.file.unlink()
        self.refused("greeter.so", "missing")

    def test_folder_in_its_place(self):
        self.file.unlink()
        self.file.mkdir()
        self.refused()

    def test_dangling_link(self):
        self.file.unlink()
        self.file.symlink_to("/nonexistent/greeter.so")
        self.refused()

    def test_manifest_missing(self):
        self.manifest.unlink()
        self.refused("greeter.plugin.json", "missing")

    def test_manifest_that_is_no_json(self):
        for text in ("", "{", "no json", "[]", "null", "\xff\xfe", self.manifest.read_text()[:-20]):
            with self.subTest(text=text[:20]):
                self.manifest.write_text(text, encoding="latin-1")
                self.refused("greeter.plugin.json")

    def test_manifest_that_lacks_something(self):
        whole = json.loads(self.manifest.read_text())
        for field in ("id", "version", "abi", "operations"):
            with self.subTest(field=field):
                self.manifest.write_text(json.dumps({name: value for name, value in whole.items() if name != field}))
                self.refused(field)

    def test_manifest_of_another_abi(self):
        self.manifest.write_text(json.dumps(json.loads(self.manifest.read_text()) | {"abi": 2}))
        self.refused("ABI 2", "offers 1")

    def test_manifest_of_another_version(self):
        self.manifest.write_text(json.dumps(json.loads(self.manifest.read_text()) | {"version": "9.9.9"}))
        self.refused("1.0.0", "9.9.9")

    def test_manifest_with_another_permission(self):
        """What the file registers must be what its manifest says, word by word."""
        manifest = json.loads(self.manifest.read_text())
        manifest["operations"][0]["permission"] = "public"
        self.manifest.write_text(json.dumps(manifest))
        self.refused("greeter.hello")

    def test_manifest_too_large(self):
        with open(self.manifest, "ab") as file:
            file.write(b" " * (9 << 20))
        self.refused("larger")


class MisbehavingTest(Case):
    def test_needs_an_area_that_does_not_exist(self):
        self.copy("needs-missing")
        self.not_loaded(self.start(), "needs-missing", "refused", "talome.teleport/7")

    def test_create_fails(self):
        self.copy("create-fails")
        talomed = self.start()
        self.not_loaded(talomed, "create-fails", "failed", "the moon is in the wrong phase")
        self.assertEqual(talomed.get("/api/create-fails").status, 404)

    def test_registers_more_than_its_manifest(self):
        self.copy("more-than-manifest")
        talomed = self.start()
        self.not_loaded(talomed, "more-than-manifest", "refused", "is not in its manifest")
        self.assertEqual([path for path in talomed.get("/api/openapi.json").json["paths"] if "more" in path], [])

    def test_manifest_of_another_plugin(self):
        self.copy("other-id")
        self.not_loaded(self.start(), "other-id", "refused", "another-id")

    def test_throws(self):
        self.copy("throws")
        talomed = self.start()
        for how, status, words in (("standard", 500, ""), ("foreign", 500, ""), ("conflict", 409, "it is taken"),
                                   ("missing", 404, "it is not here"), ("unavailable", 503, "the other side does not answer")):
            with self.subTest(how=how):
                answer = talomed.get(f"/api/throws/{how}")
                self.assertEqual(answer.status, status, answer)
                self.assertIn(words, answer.json["error"])
                self.assertNotIn("std::runtime_error", answer.text)
                if status >= 500:
                    self.assertEqual(answer.json["errorId"], answer.headers["X-Request-Id"])
                    self.assertTrue(answer.json["timestamp"].endswith("Z"))
        self.assertIn("the words of a std::runtime_error", talomed.log)

    def test_answers_garbage(self):
        self.copy("garbage")
        talomed = self.start()
        for what in ("words", "nothing", "status"):
            with self.subTest(what=what):
                self.assertIn(talomed.get(f"/api/garbage/{what}").status, (200, 204, 500, 502))
        self.assertEqual(talomed.get("/api/garbage/pieces").json, {"ok": True})
        self.assertEqual(talomed.get("/api/health").status, 200)

    def test_two_that_claim_the_same_route(self):
        """The first by its name stays, whoever it is; the other is told."""
        file, manifest = self.copy("greeter")
        second = self.folder / "second"
        second.mkdir()
        twin_file, twin = second / "twin.so", second / "twin.plugin.json"
        twin_file.write_bytes(file.read_bytes().replace(b"greeter\0", b"twin\0er\0"))
        text = json.loads(manifest.read_text())
        text["id"] = "twin"
        twin.write_text(json.dumps(text))
        talomed = self.start(second)
        found = self.plugins(talomed)
        self.assertEqual(found["greeter"]["state"], "active")
        self.assertNotEqual(found["twin"]["state"], "active")
        self.assertTrue(found["twin"]["reason"])
        self.assertEqual(talomed.get("/api/greeter/hello?name=Ann").status, 200)

    def test_all_of_them_at_once(self):
        """And the good ones among them work."""
        folders = [path.parent for path in FOR_TESTS.glob("*/*.so")]
        self.copy("greeter")
        talomed = self.start(*folders)
        states = {name: plugin["state"] for name, plugin in self.plugins(talomed).items()}
        self.assertEqual((states["greeter"], states["c-hello"]), ("active", "active"), states)
        self.assertEqual(talomed.get("/api/greeter/hello?name=Ann").status, 200)
        for name, plugin in self.plugins(talomed).items():
            self.assertTrue(plugin["state"] == "active" or plugin["reason"], plugin)
        self.assertEqual(talomed.stop(), 0)


class GreeterTest(Case):
    """The template: what an author copies must work."""

    def setUp(self):
        super().setUp()
        self.copy("greeter")
        self.talomed = self.start()

    def hello(self, name):
        answer = self.talomed.get(f"/api/greeter/hello?name={name}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_answers_and_counts(self):
        self.assertEqual(self.hello("Ann"), {"text": "Hello, Ann", "count": 1})
        self.assertEqual(self.hello("Ann"), {"text": "Hello, Ann", "count": 2})
        self.assertEqual(self.hello("B%C3%B6rge"), {"text": "Hello, Börge", "count": 1})

    def test_its_database_outlives_a_restart(self):
        self.hello("Ann")
        self.talomed.restart()
        self.assertEqual(self.hello("Ann")["count"], 2)
        self.assertTrue((self.talomed.state / "greeter.db").exists())

    def test_its_input_is_checked(self):
        for query in ("", "?name=", f"?name={'a' * 81}", "?name=a&times=2", "?name=a&name=b"):
            with self.subTest(query=query[:30]):
                answer = self.talomed.get(f"/api/greeter/hello{query}")
                self.assertEqual(answer.status, 400, answer)
                self.assertTrue(answer.json["details"])

    def test_needs_a_session(self):
        self.assertEqual(self.talomed.get("/api/greeter/hello?name=Ann", token=None).status, 401)


class PlainCTest(Case):
    """A plugin of the C headers alone."""

    def setUp(self):
        super().setUp()
        self.copy("c-hello")
        self.talomed = self.start()

    def test_path(self):
        answer = self.talomed.get("/api/c-hello/Ann")
        self.assertEqual((answer.status, answer.json), (200, {"text": "Hello, Ann", "times": 1, "authenticated": True}))

    def test_body(self):
        answer = self.talomed.post("/api/c-hello", {"name": "Ann", "times": 3})
        self.assertEqual((answer.status, answer.json["times"]), (201, 3))

    def test_its_input_is_checked(self):
        for body, path in (({}, "name"), ({"name": "A1"}, "name"), ({"name": "Ann", "times": 0}, "times"),
                           ({"name": "Ann", "times": "2"}, "times"), ({"name": "Ann", "more": 1}, "more")):
            with self.subTest(body=body):
                answer = self.talomed.post("/api/c-hello", body)
                self.assertEqual(answer.status, 400, answer)
                self.assertEqual([row["path"] for row in answer.json["details"]], [path])

    def test_path_and_body_may_not_both_name_it(self):
        self.assertEqual(self.talomed.get("/api/c-hello/Ann?name=Bob").status, 400)

    def test_its_own_failure(self):
        answer = self.talomed.get("/api/c-hello/nobody")
        self.assertEqual((answer.status, answer.json["error"]), (404, "nobody is not here"))

    def test_needs_a_session(self):
        self.assertEqual(self.talomed.get("/api/c-hello/Ann", token=None).status, 401)


if __name__ == "__main__":
    unittest.main()
