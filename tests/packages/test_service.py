"""What talomed has to do with a service manager, without one: sockets that it is given, and signs of life."""

import fcntl
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed
from support.waiting import wait_until


class Served(Talomed):
    """With listening sockets that are this test's: {name: socket}, in the place of what it would open itself."""

    def __init__(self, sockets, **options):
        super().__init__(plugins="none", **options)
        self.sockets = sockets
        if "http" in sockets:
            self.port = sockets["http"].getsockname()[1]

    def spawn(self):
        high = [fcntl.fcntl(each, fcntl.F_DUPFD, 40) for each in self.sockets.values()]
        moves = " ".join(f"{3 + i}<&{number} {number}<&-" for i, number in enumerate(high))
        env = {**self.env, "LISTEN_FDS": str(len(high)), "LISTEN_FDNAMES": ":".join(self.sockets)}
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", f'exec {moves}; export LISTEN_PID=$$; exec "$@"', "bash", str(self.program)], env=env,
                cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=high)
        for number in high:
            os.close(number)
        return self


def listening(address=("127.0.0.1", 0)) -> socket.socket:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    made = socket.socket(family)
    made.bind(address)
    made.listen(64)
    return made


class PassedSocketsTest(unittest.TestCase):
    NO_ADDRESS = {"CORE_HOST": None, "CORE_PORT": None}

    def test_it_serves_what_it_is_given(self):
        with tempfile.TemporaryDirectory() as folder, listening() as http, listening(f"{folder}/ctl") as ctl, \
                Served({"http": http, "ctl": ctl}, env={**self.NO_ADDRESS, "TALOME_SOCKET": f"{folder}/ctl"}) as talomed:
            self.assertEqual(talomed.get("/healthz", token=None).status, 200)
            shown = subprocess.run([talomed.program.parent / "talomectl", "--socket", f"{folder}/ctl", "users", "list"],
                                   capture_output=True, text=True)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            talomed.stop()
            self.assertTrue(os.path.exists(f"{folder}/ctl"), "the file is whose socket it is")

    def test_who_connects_while_it_restarts_waits_and_is_served(self):
        with listening() as http, Served({"http": http}, env=self.NO_ADDRESS) as talomed:
            talomed.stop()
            with socket.create_connection(("127.0.0.1", talomed.port), timeout=60) as client:
                client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                talomed.start()
                self.assertTrue(client.recv(4096).startswith(b"HTTP/1.1 200 "))

    def test_an_address_of_the_configuration_must_be_that_of_the_socket(self):
        with listening() as http:
            talomed = Served({"http": http}, env={"CORE_PORT": "1"})
            words = talomed.refuses_to_start()
            self.assertIn("talomed.socket", words)
            self.assertEqual(talomed._process.returncode, 78, "so that systemd does not try again")
            same = Served({"http": http}, env={"CORE_PORT": str(http.getsockname()[1])})
            with same:
                self.assertEqual(same.get("/healthz", token=None).status, 200)

    def test_a_socket_that_it_does_not_know_is_named(self):
        with listening() as http:
            self.assertIn("'https'", Served({"https": http}, env=self.NO_ADDRESS).refuses_to_start())


class WatchdogTest(unittest.TestCase):
    def test_it_tells_when_it_is_ready_and_goes_on_to_tell_that_it_lives(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(f"{folder}/notify")
            manager.settimeout(60)
            with Talomed(plugins="none", env={"NOTIFY_SOCKET": f"{folder}/notify", "WATCHDOG_USEC": "400000"}) as talomed:
                told = [manager.recv(4096).decode() for _ in range(12)]
                self.assertIn("READY=1", told)
                self.assertGreaterEqual(told.count("WATCHDOG=1"), 10)
                os.kill(talomed.pid, signal.SIGSTOP)
                wait_until(lambda: pathlib.Path(f"/proc/{talomed.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")
                manager.settimeout(0.001)
                try:
                    while True:
                        manager.recv(4096)  # what it had sent before
                except TimeoutError:
                    pass
                os.kill(talomed.pid, signal.SIGCONT)
                manager.settimeout(60)
                self.assertEqual(manager.recv(4096), b"WATCHDOG=1")


if __name__ == "__main__":
    unittest.main()
