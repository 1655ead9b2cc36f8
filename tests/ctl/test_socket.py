"""The daemon's unix socket: who may connect, who is an administrator there, and what becomes of the file."""

import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build, wait_until
from support.ctl import Ctl, UnixConnection

NOBODY = 65534
needs_root = unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")


def as_user(uid, action):
    """What action() says (a short text), run in a process of that user."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            text = str(action())
        except BaseException as error:  # the parent shows it
            text = f"{type(error).__name__}: {error}"
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        text = answer.read().decode()
    os.waitpid(child, 0)
    return text


def processor_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


class WhoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.talomed = Talomed(plugins="none").start()
        cls.addClassCleanup(cls.talomed.close)
        cls.path = cls.talomed.state / "talomed.sock"
        cls.ctl = Ctl(cls.talomed)
        cls.talomed.login()

    def ask(self, *words, **options):
        connection = UnixConnection(self.path)
        self.addCleanup(connection.close)
        return connection.ask(*words, **options)

    def test_its_owner_is_an_administrator_without_a_token(self):
        self.assertEqual(self.ask("GET", "/api/plugins")[0], 200)
        self.assertEqual(self.talomed.get("/api/plugins", token=None).status, 401)

    def test_mode(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_several_requests_on_one_connection(self):
        connection = UnixConnection(self.path)
        self.addCleanup(connection.close)
        for _ in range(3):
            self.assertEqual(connection.ask("GET", "/api/plugins")[0], 200)

    def test_a_wrong_token_is_not_made_good_by_the_uid(self):
        for token in ("nonsense", "tlm_" + "a" * 43):
            status, answer = self.ask("GET", "/api/plugins", headers={"Authorization": "Bearer " + token})
            self.assertEqual(status, 401, answer)
        self.assertEqual(self.ask("GET", "/api/plugins", headers={"Cookie": "talome_session=nonsense"})[0], 401)

    def test_a_token_reaches_no_further_than_elsewhere(self):
        answer = self.talomed.post("/api/auth/tokens", {"name": "reader", "scope": "read"})
        self.assertEqual(answer.status, 201, answer)
        headers = {"Authorization": "Bearer " + answer.json["token"]}
        self.assertEqual(self.ask("GET", "/api/plugins", headers=headers)[0], 200)
        body = {"name": "another"}
        over_tcp = self.talomed.post("/api/auth/tokens", body, token=answer.json["token"])
        self.assertEqual(over_tcp.status, 403, over_tcp)
        self.assertEqual(self.ask("POST", "/api/auth/tokens", body=body, headers=headers)[0], 403)

    def test_web_pages_and_proxies_are_refused(self):
        for name, value in (("Origin", "http://localhost"), ("Origin", "null"), ("Sec-Fetch-Site", "same-origin"),
                            ("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"), ("Via", "1.1 x")):
            with self.subTest(name):
                status, answer = self.ask("GET", "/api/plugins", headers={name: value})
                self.assertEqual(status, 403, answer)
                self.assertIn("this socket is for programs", answer["error"])
                session = {name: value, "Authorization": "Bearer " + self.talomed.token}
                self.assertEqual(self.ask("GET", "/api/plugins", headers=session)[0], 403)

    @needs_root
    def test_another_user_cannot_connect(self):
        os.chmod(self.talomed.directory, 0o755)
        os.chmod(self.talomed.state, 0o755)
        self.addCleanup(os.chmod, self.talomed.state, 0o700)
        text = as_user(NOBODY, lambda: UnixConnection(self.path).ask("GET", "/api/plugins")[0])
        self.assertTrue(text.startswith("PermissionError"), text)
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            program = shutil.copy(build() / "bin" / "talomectl", folder)
            done = subprocess.run(["setpriv", f"--reuid={NOBODY}", "--clear-groups", program, "plugin", "list"],
                                  env=self.ctl.env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("Permission denied; it is for root and the server's own user", done.stderr)

    @needs_root
    def test_another_user_is_anonymous_even_where_the_mode_lets_them_in(self):
        os.chmod(self.talomed.directory, 0o755)
        os.chmod(self.talomed.state, 0o755)
        os.chmod(self.path, 0o666)
        self.addCleanup(os.chmod, self.path, 0o600)
        self.addCleanup(os.chmod, self.talomed.state, 0o700)
        ask = lambda path, headers=None: lambda: UnixConnection(self.path).ask("GET", path, headers=headers)[0]
        self.assertEqual(as_user(NOBODY, ask("/api/health")), "200")
        self.assertEqual(as_user(NOBODY, ask("/api/plugins")), "401")
        session = {"Authorization": "Bearer " + self.talomed.token}
        self.assertEqual(as_user(NOBODY, ask("/api/plugins", session)), "200")

    def test_half_a_head_costs_no_processor(self):
        """A unix socket has no low-water mark for events: bytes that were seen must not wake a worker again."""
        with socket.socket(socket.AF_UNIX) as half:
            half.connect(str(self.path))
            half.sendall(b"GET /api/plugins HTTP/1.1\r\nHo")
            time.sleep(0.2)  # until it has been seen; what follows measures a span of time
            before = processor_ticks(self.talomed.pid)
            time.sleep(1)
            self.assertLess(processor_ticks(self.talomed.pid) - before, os.sysconf("SC_CLK_TCK") // 3)
            half.sendall(b"st: localhost\r\nConnection: close\r\n\r\n")
            half.settimeout(20)
            self.assertTrue(half.recv(4096).startswith(b"HTTP/1.1 200"))


class FileTest(unittest.TestCase):
    def answers(self, path):
        return UnixConnection(path).ask("GET", "/api/plugins")[0]

    def test_removed_at_the_end(self):
        with Talomed(plugins="none") as talomed:
            path = talomed.state / "talomed.sock"
            self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode))
            self.assertEqual(talomed.stop(), 0)
            self.assertFalse(path.exists())
            result = Ctl(talomed)("plugin", "list")
            self.assertEqual(result.code, 1)
            self.assertIn("talomed does not answer at", result.err)

    def test_a_killed_server_leaves_one_that_the_next_replaces(self):
        with Talomed(plugins="none") as talomed:
            path = talomed.state / "talomed.sock"
            talomed.kill9()
            self.assertTrue(path.exists())
            talomed.start()
            self.assertEqual(self.answers(path), 200)
            self.assertEqual([each.name for each in talomed.state.glob("*.new")], [])

    def test_two_servers_do_not_steal_each_others(self):
        with Talomed(plugins="none") as one:
            path = one.state / "talomed.sock"
            other = Talomed(plugins="none", env={"TALOME_SOCKET": path})
            self.addCleanup(other.close)
            text = other.refuses_to_start()
            self.assertIn(f"cannot listen on {path}: another program listens there", text)
            self.assertEqual(self.answers(path), 200)
            one.stop()
            other.start()
            self.assertEqual(self.answers(path), 200)

    def test_a_file_that_is_no_socket_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "precious"
            path.write_text("mine")
            talomed = Talomed(plugins="none", env={"TALOME_SOCKET": path})
            self.addCleanup(talomed.close)
            self.assertIn("there is something that is not a socket", talomed.refuses_to_start())
            self.assertEqual(path.read_text(), "mine")

    def test_one_that_was_put_in_its_place_is_not_removed(self):
        with Talomed(plugins="none") as talomed:
            path = talomed.state / "talomed.sock"
            path.unlink()
            path.write_text("somebody else's")
            self.assertEqual(talomed.stop(), 0)
            self.assertEqual(path.read_text(), "somebody else's")

    def test_a_path_longer_than_an_address(self):
        with tempfile.TemporaryDirectory() as folder:
            deep = pathlib.Path(folder) / ("d" * 120)
            deep.mkdir()
            path = deep / "talomed.sock"
            with Talomed(plugins="none", env={"TALOME_SOCKET": path}) as talomed:
                self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode))
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
                result = Ctl(talomed, {"TALOME_SOCKET": path})("plugin", "list")
                self.assertEqual(result.code, 0, result)
                talomed.stop()
                self.assertFalse(path.exists())

    def test_what_cannot_be_is_refused_with_words(self):
        for path, words in (("/nonexistent/talomed.sock", "No such file or directory"),
                            ("/tmp/" + "n" * 77, "its last name is longer than 76 bytes")):
            talomed = Talomed(plugins="none", env={"TALOME_SOCKET": path})
            self.addCleanup(talomed.close)
            self.assertIn(words, talomed.refuses_to_start())

    def test_another_place_by_the_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "ctl.sock"
            with Talomed(plugins="none", config=f"ctl:\n  socket: {path}\n") as talomed:
                self.assertEqual(self.answers(path), 200)
                self.assertFalse((talomed.state / "talomed.sock").exists())
                result = Ctl(talomed, {"TALOME_CONFIG": talomed.env["TALOME_CONFIG"]})("plugin", "list")
                self.assertEqual(result.code, 0, result)

    def test_never_over_tls(self):
        """The socket stays plain where the port speaks HTTPS."""
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                   "-nodes", "-subj", "/CN=localhost", "-keyout", f"{folder}/key", "-out",
                                   f"{folder}/cert"], capture_output=True)
            self.assertEqual(made.returncode, 0, made.stderr)
            talomed = Talomed(plugins="none", env={"CORE_TLS_CERT": f"{folder}/cert", "CORE_TLS_KEY": f"{folder}/key"})
            self.addCleanup(talomed.close)
            talomed.spawn()
            path = talomed.state / "talomed.sock"

            def ready():
                try:
                    return self.answers(path) == 200
                except OSError:
                    return False
            wait_until(ready, 30, what="the socket answers")
            talomed.signal(signal.SIGTERM)
            self.assertEqual(talomed.wait(), 0)


if __name__ == "__main__":
    unittest.main()
