"""Programs in containers as sessions: begun through the docker plugin, and as lasting as the others."""

import unittest

from terminal_case import Shell, Terminal, member_of, wait_until
from support import Engine


@unittest.skipIf(Engine.unavailable(), Engine.unavailable())
class ContainerShellsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = cls.enterClassContext(Engine())
        cls.engine.import_busybox()
        cls.engine.run("box", options=["--env", "OF=container"])
        cls.talomed = cls.enterClassContext(Terminal(docker=cls.engine.socket, plugins="terminal,docker"))
        cls.talomed.login()

    def create(self, status=200, **body):
        answer = self.talomed.post("/api/terminal/sessions", body)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def shell(self, session):
        return self.enterContext(Shell(self.talomed, session))

    def test_a_shell_in_a_container(self):
        made = self.create(name="inside", container="box", env={"MINE": "own"}, cwd="/tmp", cols=100, rows=30)
        shell = self.shell(made["sessionId"])
        self.assertEqual(shell.run("echo $OF-$MINE; pwd; tty >/dev/null && stty size").replace("\r", ""), "container-own\n/tmp\n30 100\n")
        row = self.talomed.get("/api/terminal/sessions").json["sessions"][0]
        self.assertEqual(row["container"], "box")
        shell.resize(91, 33)
        wait_until(lambda: shell.run("stty size").strip() == "33 91", 20, what="the container's terminal has its size")
        # It outlives the server.
        shell.run("X=kept")
        self.talomed.kill9()
        self.talomed.start()
        again = self.shell(made["sessionId"])
        self.assertEqual(again.run("echo $X").strip(), "kept")
        again.run("sleep 1000 & true")
        self.assertIn("sleep 1000", self.engine.cli("top", "box"))
        self.assertEqual(self.talomed.request("DELETE", "/api/terminal/sessions/sess_inside").status, 200)
        self.assertEqual(again.closed()[0], 1000)
        wait_until(lambda: "sleep 1000" not in self.engine.cli("top", "box"), 20, what="what it has started is gone")

    def test_its_end(self):
        self.create(name="ends", container="box", command=["sh", "-c", "read x; exit 3"])
        shell = self.shell("sess_ends")
        shell.type("\r")
        self.assertEqual(shell.closed()[0], 1000)

    def test_what_cannot_be(self):
        self.create(404, name="none", container="no-such-box")
        self.create(409, name="none", container="box", command=["/no/such/program"])
        self.engine.run("stopped")
        self.engine.cli("kill", "stopped")
        self.create(409, name="none", container="stopped")
        member = member_of(self.talomed, "ann", terminal=True, apps=True)
        answer = self.talomed.post("/api/terminal/sessions", {"name": "x", "container": "box"}, token=member)
        self.assertEqual(answer.status, 403, answer)


class WithoutDockerTest(unittest.TestCase):
    def test_the_docker_plugin_is_not_there(self):
        with Terminal() as talomed:
            talomed.login()
            answer = talomed.post("/api/terminal/sessions", {"name": "x", "container": "box"})
            self.assertIn(answer.status, (404, 503), answer)


if __name__ == "__main__":
    unittest.main()
