"""Commands in containers: what they are given, what comes back, and that none outlives its time."""

import json
import shutil
import subprocess
import tempfile
import pathlib
import unittest

from engine_case import EngineCase, engine_truth, needs_engine, wait_until

HOSTILE = ["; touch /pwned", "| id", "&& id", "$(id)", "`id`", "a\nb", "--help", "-rf", "'", '"', "\\", "*", "~", "${HOME}", "> /pwned",
           "", " ", "\t", "é\u202e\U0001f600", "%s%n", "#", "!!", "\x01\x1b[31m"]


@needs_engine
class ExecTest(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engine.run("box", options=["--env", "OF=container"])

    def exec(self, body, name="box", expected=200):
        answer = self.talomed.post(f"/api/containers/{name}/exec", body)
        self.assertEqual(answer.status, expected, answer)
        return answer.json

    def processes(self, name, word):
        return [line for line in self.engine.cli("top", name).splitlines() if word in line]

    def test_a_list_and_a_text(self):
        for command in (["sh", "-c", "echo out; echo err >&2; exit 3"], "sh -c 'echo out; echo err >&2; exit 3'"):
            result = self.exec({"command": command})
            self.assertEqual((result["exitCode"], result["stdout"], result["stderr"]), (3, "out\n", "err\n"))
            self.assertEqual(sorted(result["output"]), sorted("out\nerr\n"))
            self.assertEqual((result["timedOut"], result["truncated"]), (False, False))
            self.assertGreaterEqual(result["durationMs"], 0)

    def test_a_text_is_no_shell(self):
        self.assertEqual(self.exec({"command": "echo $OF ; id > /pwned"})["stdout"], "$OF ; id > /pwned\n")

    def test_arguments_arrive_as_they_are(self):
        for word in HOSTILE:
            self.assertEqual(self.exec({"command": ["printf", "%s|", "x", word]})["stdout"], f"x|{word}|", repr(word))
            shown = self.exec({"command": ["sh", "-c", 'printf %s "$W"'], "env": {"W": word}})
            self.assertEqual(shown["stdout"], word, repr(word))
        self.assertNotEqual(self.engine.cli("exec", "box", "ls", "/pwned", check=False), "/pwned")

    def test_user_workdir_and_environment(self):
        result = self.exec({"command": ["sh", "-c", "id -u; id -g; pwd; echo $OF $MINE"], "user": "12:34", "workdir": "/tmp", "env": {"MINE": "own"}})
        self.assertEqual(result["stdout"], "12\n34\n/tmp\ncontainer own\n")

    def test_values_of_variables_are_nobody_elses(self):
        self.exec({"command": "true", "env": {"PGPASSWORD": "s3cret-of-exec"}})
        log = self.talomed.get("/api/audit-log").text
        self.assertIn("containers.exec", log)
        self.assertNotIn("s3cret-of-exec", log)

    def test_a_command_that_closes_its_outputs(self):
        result = self.exec({"command": ["sh", "-c", "exec >/dev/null 2>&1; sleep 7; exit 3"]})
        self.assertEqual((result["exitCode"], result["timedOut"]), (3, False))
        result = self.exec({"command": ["sh", "-c", "exec >/dev/null 2>&1; sleep 98765"], "timeoutMs": 1500})
        self.assertTrue(result["timedOut"])
        self.assertEqual(self.processes("box", "98765"), [])

    def test_a_terminal(self):
        self.assertEqual(self.exec({"command": "tty", "tty": True})["stdout"].strip(), "/dev/pts/0")
        self.assertNotEqual(self.exec({"command": "tty"})["exitCode"], 0)

    def test_output_is_cut_with_a_mark(self):
        result = self.exec({"command": ["sh", "-c", "yes 0123456 | head -c 3000000; echo end >&2"]})
        self.assertTrue(result["truncated"])
        self.assertTrue(result["stdout"].endswith("\n[cut here: the output is longer than 1 MiB]\n"))
        self.assertEqual(len(result["stdout"].split("\n[cut")[0]), 1 << 20)
        self.assertEqual((result["stderr"], result["exitCode"]), ("end\n", 0))

    def test_bytes_that_are_no_text(self):
        self.assertEqual(self.exec({"command": ["printf", "a\\377b\\0c"]})["stdout"], "a\ufffdb\0c")

    def test_what_never_ends_is_killed_in_the_container(self):
        result = self.exec({"command": ["sh", "-c", "echo begun; sleep 4711 & sleep 4711"], "timeoutMs": 5000})
        self.assertTrue(result["timedOut"])
        self.assertEqual((result["stdout"], result["exitCode"]), ("begun\n", 137))
        self.assertEqual(self.processes("box", "4711"), [])
        self.assertEqual(engine_truth(self.engine, "box")["State"]["Status"], "running")
        self.assertEqual(self.engine.cli("ps", "--all", "--quiet", "--filter", "label=talome.role=exec-ender"), "")
        other = self.exec({"command": ["sh", "-c", "trap '' TERM INT HUP; env -i sh -c 'sleep 4712; true'"], "timeoutMs": 700, "user": "1000"})
        self.assertTrue(other["timedOut"])
        self.assertEqual(self.processes("box", "4712"), [])
        terminal = self.exec({"command": "sleep 4713", "timeoutMs": 500, "tty": True})
        self.assertTrue(terminal["timedOut"])
        self.assertEqual(self.processes("box", "4713"), [])

    def test_only_its_own_processes_are_killed(self):
        self.engine.cli("exec", "--detach", "box", "sleep", "4720")
        self.exec({"command": "sleep 4721", "timeoutMs": 300})
        self.assertEqual(self.processes("box", "4721"), [])
        self.assertEqual(len(self.processes("box", "4720")), 1)

    @unittest.skipIf(not shutil.which("gcc"), "needs a C compiler")
    def test_an_image_without_a_shell(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder, "wait.c")
            source.write_text("#include <unistd.h>\nint main(void) { write(1, \"waits\\n\", 6); for (;;) pause(); }\n")
            subprocess.run(["gcc", "-static", "-o", f"{folder}/wait", source], check=True)
            archive = subprocess.run(["tar", "-c", "-C", folder, "wait"], check=True, capture_output=True).stdout
            self.engine.cli("import", "-", "bare:latest", input=archive)
        self.engine.cli("run", "--detach", "--name", "bare", "bare:latest", "/wait")
        wait_until(lambda: self.status_of("bare") == "running", 5)
        self.assertEqual(len(self.processes("bare", "/wait")), 1)
        result = self.exec({"command": ["/wait"], "timeoutMs": 4000}, "bare")
        self.assertEqual((result["timedOut"], result["stdout"]), (True, "waits\n"))
        self.assertEqual(len(self.processes("bare", "/wait")), 1)

    def test_a_caller_who_leaves_ends_it(self):
        import socket
        body = json.dumps({"command": "sleep 4730"})
        with socket.create_connection(("127.0.0.1", self.talomed.port)) as client:
            client.sendall((f"POST /api/containers/box/exec HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.talomed.token}\r\n"
                            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
            wait_until(lambda: self.processes("box", "4730"), 5)
        wait_until(lambda: not self.processes("box", "4730"), 60)

    def test_what_cannot_run(self):
        self.assertIn(self.exec({"command": "/nonesuch"})["exitCode"], (126, 127))
        for body, field in (({}, "command"), ({"command": ""}, "command"), ({"command": []}, "command"), ({"command": "a 'b"}, "command"),
                            ({"command": [1]}, "command[0]"), ({"command": 5}, "command"), ({"command": "a", "timeoutMs": 0}, "timeoutMs"),
                            ({"command": "a", "timeoutMs": 600001}, "timeoutMs"), ({"command": "a", "workdir": "tmp"}, "workdir"),
                            ({"command": "a", "env": {"A": 1}}, "env"), ({"command": "a", "else": 1}, "else"), ({"command": "a\0b"}, "command")):
            answer = self.exec(body, expected=400)
            self.assertIn(field, answer["error"], body)
        self.exec({"command": "true", "env": {"A=B": "x"}}, expected=400)
        self.exec({"command": "true"}, "nonesuch", 404)
        self.exec({"command": "true"}, "a%2Fb", 400)
        self.engine.cli("create", "--name", "not-started", "busybox:latest", "true")
        self.exec({"command": "true"}, "not-started", 409)
        self.engine.run("held")
        def paused():  # freezing may fail on a busy machine
            self.engine.cli("pause", "held", check=False)
            return engine_truth(self.engine, "held")["State"]["Status"] == "paused"
        wait_until(paused, 30, 0.2, "it is paused")
        self.exec({"command": "true"}, "held", 409)

    def test_a_user_who_is_not_there(self):
        answer = self.talomed.post("/api/containers/box/exec", {"command": "true", "user": "nobody-knows"})
        self.assertIn(answer.status, (200, 400, 409), answer)
        if answer.status == 200:
            self.assertNotEqual(answer.json["exitCode"], 0)

    def test_members_may_not(self):
        token = self.member("mia", apps=True)
        answer = self.talomed.post("/api/containers/box/exec", {"command": "true"}, token=token)
        self.assertEqual(answer.status, 403, answer)


if __name__ == "__main__":
    unittest.main()
