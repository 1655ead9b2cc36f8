"""Holes of comparable systems, as they would be in this plugin: S16 (restrictions that one door of creation forgets), S26 (ids that
lead elsewhere in the engine's API), S36 (an engine behind a proxy that says no)."""

import pathlib
import re
import unittest

from engine_case import CountingSocket, Engine, EngineCase, Talomed, engine_truth, needs_engine, wait_until

SOURCES = pathlib.Path(__file__).resolve().parents[1]
HOSTILE = ["..%2F..%2Fimages%2Fjson", "%2e%2e", "%2e%2e%2fjson", "..%5c..%5cinfo", "f" * 65, "a%2Fb", "a%00b", "a%3Fall%3D1", "a%23b", "%20",
           "x" * 400, "a%0d%0aX-Evil:%201", "%25%32%65%25%32%65", ";id", "$(id)", "-f"]


@needs_engine
class CreationTest(EngineCase):
    """S16. The rule itself has its property test in create_policy_test.cpp; here are its doors."""

    RISKS = [({"privileged": True}, "privileged"), ({"networkMode": "host"}, "hostNetwork"), ({"pidMode": "host"}, "hostProcesses"),
             ({"ipcMode": "host"}, "hostMemory"), ({"capAdd": ["SYS_ADMIN"]}, "capabilities"), ({"securityOpt": ["seccomp=unconfined"]}, "unconfined"),
             ({"devices": [{"host": "/dev/null"}]}, "devices"), ({"sysctls": {"kernel.core_pattern": "x"}}, "sysctls"),
             ({"mounts": [{"type": "bind", "source": "/etc", "target": "/x"}]}, "systemPaths"),
             ({"mounts": [{"type": "bind", "source": "/", "target": "/x", "readOnly": True}]}, "systemPaths")]

    def create(self, expected=201, **body):
        answer = self.talomed.post("/api/containers", {"image": "busybox:latest", "command": ["sleep", "86400"], "init": True, "stopTimeout": 1, **body})
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def test_what_is_made(self):
        self.engine.cli("network", "create", "front")
        self.engine.cli("network", "create", "back")
        made = self.create(name="made", env={"PASSWORD": "s3cret-of-creation"}, labels={"a": "b"}, ports=[{"container": 80, "host": 18088}],
                           mounts=[{"source": "data", "target": "/data"}, {"type": "tmpfs", "target": "/t"}],
                           networks=[{"name": "front", "aliases": ["web"]}, {"name": "back"}], restartPolicy="on-failure", maximumRetryCount=2,
                           memoryMb=64, cpus=0.5, user="1000", workdir="/tmp", healthcheck={"test": ["CMD", "true"], "intervalSeconds": 1})
        truth = engine_truth(self.engine, "made")
        self.assertEqual(made, {"ok": True, "id": truth["Id"][:12]})
        self.assertEqual(self.status_of("made"), "running")
        self.assertEqual((truth["Config"]["Cmd"], truth["Config"]["User"], truth["Config"]["WorkingDir"], truth["Config"]["Labels"]),
                         (["sleep", "86400"], "1000", "/tmp", {"a": "b"}))
        host = truth["HostConfig"]
        self.assertEqual((host["Memory"], host["NanoCpus"], host["RestartPolicy"], host["PortBindings"]),
                         (64 << 20, 500_000_000, {"Name": "on-failure", "MaximumRetryCount": 2}, {"80/tcp": [{"HostIp": "", "HostPort": "18088"}]}))
        self.assertEqual(sorted(truth["NetworkSettings"]["Networks"]), ["back", "front"])
        self.assertIn("web", truth["NetworkSettings"]["Networks"]["front"]["Aliases"])
        self.assertEqual(self.talomed.post("/api/containers/made/exec", {"command": "sh -c 'echo $PASSWORD'"}).json["stdout"], "s3cret-of-creation\n")
        self.assertNotIn("s3cret-of-creation", self.talomed.get("/api/audit-log").text)
        self.create(409, name="made")
        self.create(404, image="nonesuch:1")
        before = self.engine.cli("ps", "--all", "--quiet")
        self.create(404, networks=[{"name": "front"}, {"name": "nonesuch"}])
        self.create(409, command=["/nonesuch"], init=False)
        self.assertEqual(self.engine.cli("ps", "--all", "--quiet"), before, "what could not be finished is left")
        for body, word in (({"image": ""}, "image"), ({"ports": [{"container": 0}]}, "ports[0].container"), ({"mounts": [{"target": "x"}]}, "mounts[0].target"),
                           ({"restartPolicy": "sometimes"}, "restartPolicy"), ({"grants": ["everything"]}, "grants"), ({"name": "../x"}, "name"),
                           ({"env": {"A=B": "x"}}, "env"), ({"HostConfig": {"Privileged": True}}, "HostConfig"),
                           ({"mounts": [{"type": "bind", "source": "/srv/../etc", "target": "/x"}]}, "Mounts"),
                           ({"mounts": [{"type": "volume", "source": "/etc", "target": "/x"}]}, "Mounts")):
            self.assertIn(word, self.create(400, **body)["error"], body)

    def test_no_risk_without_its_grant(self):
        before = self.engine.cli("ps", "--all", "--quiet")
        for body, grant in self.RISKS:
            self.assertIn(grant, self.create(403, **body)["error"], body)
            self.assertIn(grant, self.create(403, **body, grants=["containerNamespaces"])["error"], body)
        together = {"networkMode": "host", "privileged": True, "capAdd": ["SYS_ADMIN"]}
        self.assertIn("hostNetwork", self.create(403, **together, grants=["privileged", "capabilities"])["error"])
        self.assertEqual(self.engine.cli("ps", "--all", "--quiet"), before)
        self.create(name="trusted", networkMode="host", grants=["hostNetwork"])
        self.assertEqual(engine_truth(self.engine, "trusted")["HostConfig"]["NetworkMode"], "host")

    def test_a_link_to_a_system_folder(self):
        folder = pathlib.Path(self.engine.directory, "links")
        folder.mkdir()
        (folder / "innocent").symlink_to("/etc")
        self.assertIn("systemPaths", self.create(403, mounts=[{"type": "bind", "source": f"{folder}/innocent", "target": "/x"}])["error"])
        self.assertIn("engineSocket", self.create(403, mounts=[{"type": "bind", "source": str(self.engine.socket), "target": "/x"}])["error"])

    def test_no_other_door(self):
        self.engine.run("changed")
        for field in ("privileged", "capAdd", "mounts", "networkMode", "devices", "HostConfig", "Privileged"):
            self.assertEqual(self.talomed.request("PATCH", "/api/containers/changed", {"cpus": 1, field: True}).status, 400, field)
            self.assertEqual(self.talomed.post("/api/containers/changed/start", {field: True}).status, 400, field)
            self.assertEqual(self.talomed.post("/api/containers/changed/exec", {"command": "true", field: True}).status, 400, field)
        for body in ({"name": "v", "driverOpts": {"o": "bind", "device": "/etc"}}, {"name": "v", "DriverOpts": {"device": "/"}}):
            self.assertEqual(self.talomed.post("/api/volumes", body).status, 400, body)
        member = self.member("maker", apps=True)
        self.assertEqual(self.talomed.post("/api/containers", {"image": "busybox:latest"}, token=member).status, 403)
        makers = [path.name for path in SOURCES.rglob("*.cpp") if "tests" not in path.parts and '"containers", "create"' in path.read_text()]
        self.assertEqual(makers, ["container_maker.cpp"])


@needs_engine
class IdTest(EngineCase):
    """S26. What the engine is asked is looked at as well."""

    @classmethod
    def setUpClass(cls):
        cls.engine = cls.enterClassContext(Engine())
        cls.counted = cls.enterClassContext(CountingSocket(cls.engine.socket))
        cls.talomed = cls.enterClassContext(Talomed(docker=cls.counted.path))
        cls.talomed.login()

    def test_hostile_ids_on_every_route(self):
        paths = self.talomed.get("/api/openapi.json").json["paths"]
        routes = [(method.upper(), path) for path, item in paths.items() for method in item
                  if re.match(r"/api/(containers|networks|images|volumes|docker)/.*\{", path) and method in ("get", "post", "delete", "patch", "put")]
        self.assertGreater(len(routes), 25)
        bodies = {"exec": {"command": "true"}, "connect": {"container": "x"}, "disconnect": {"container": "x"}}
        self.counted.requests.clear()
        for method, path in routes:
            for hostile in HOSTILE:
                where = re.sub(r"\{[^}]*\}", hostile, path)
                answer = self.talomed.request(method, where, bodies.get(path.rsplit("/", 1)[1], {"cpus": 1} if method == "PATCH" else None))
                self.assertIn(answer.status, (400, 404), (method, where, answer))
                self.assertIsInstance(answer.json["error"], str)
        for line in self.counted.requests:
            path = line.split(" ")[1].split("?")[0]
            self.assertRegex(path, r"^/(v1\.\d+/)?[a-zA-Z0-9/_.~%-]+$")
            for part in path.split("/"):
                self.assertNotIn(part, (".", ".."), line)
                self.assertNotIn("%2e%2e", part.lower(), line)
        self.assertFalse([line for line in self.counted.requests if re.search(r" /v[0-9.]+/(info|images/json)\b", line)], "another path of the engine was reached")


class ReadOnlySocket(CountingSocket):
    """As the usual socket proxies do it: looking is allowed, nothing else."""

    def allowed(self, line):
        return line.startswith("GET ")


@needs_engine
class ProxiedTest(unittest.TestCase):
    """S36. Nothing relies on what the engine's authorisation plugins would refuse; and where a proxy refuses, that is said."""

    def test_an_engine_that_may_only_be_looked_at(self):
        with Engine() as engine, ReadOnlySocket(engine.socket) as proxy, Talomed(docker=proxy.path) as talomed:
            engine.import_busybox()
            engine.run("web", "sh", "-c", "echo hello; sleep 86400")
            talomed.login()
            wait_until(lambda: (answer := talomed.get("/api/containers")).status == 200 and answer.json and answer.json[0]["status"] == "running", 10)
            self.assertEqual(talomed.get("/api/containers/web").json["name"], "web")
            wait_until(lambda: "hello" in talomed.get("/api/containers/web/logs").text, 5)
            self.assertEqual(talomed.get("/api/containers/web/stats").status, 200)
            for method, path, body in (("POST", "containers/web/stop", None), ("POST", "containers/web/exec", {"command": "true"}), ("DELETE", "containers/web", None),
                                       ("PATCH", "containers/web", {"cpus": 1}), ("POST", "networks", {"name": "n"}), ("DELETE", "images/busybox", None),
                                       ("POST", "volumes", {"name": "v"}), ("POST", "containers", {"image": "busybox"})):
                answer = talomed.request(method, f"/api/{path}", body)
                self.assertIn(answer.status, (403, 409, 502), (path, answer))
                self.assertIn("403", answer.json["error"], path)
            engine.cli("pause", "web")
            wait_until(lambda: talomed.get("/api/containers").json[0]["status"] == "paused", 5)
            engine.cli("unpause", "web")
            health = talomed.get("/api/health")
            self.assertEqual(health.json["checks"]["docker"], "ok", health)


if __name__ == "__main__":
    unittest.main()
