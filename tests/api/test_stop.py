"""SIGTERM: nothing new is accepted, what is in flight is answered, the databases are closed, exit 0."""

import pathlib
import signal
import socket
import sqlite3
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, wait_until


class StopTest(unittest.TestCase):
    def test_idle(self):
        with Talomed(plugins="all") as talomed:
            begin = time.monotonic()
            self.assertEqual(talomed.stop(), 0, talomed.log)
            self.assertLess(time.monotonic() - begin, 5)

    def test_idle_connections_do_not_hold_it_up(self):
        with Talomed(plugins="none") as talomed:
            open_ones = [socket.create_connection(("127.0.0.1", talomed.port)) for _ in range(20)]
            try:
                for connection in open_ones[:10]:  # kept alive after an answer
                    connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 200"))
                for connection in open_ones[10:15]:  # half a request
                    connection.sendall(b"GET /api/health HTTP/1.1\r\nHo")
                begin = time.monotonic()
                self.assertEqual(talomed.stop(), 0, talomed.log)
                self.assertLess(time.monotonic() - begin, 8)
            finally:
                for connection in open_ones:
                    connection.close()

    def test_requests_in_flight_are_answered(self):
        """Password hashing keeps logins in flight for tens of milliseconds: all that were accepted are answered."""
        with Talomed(plugins="none") as talomed:
            talomed.login()
            statuses, refused = [], []

            def one():
                try:
                    body = {"username": "admin", "password": "correct horse battery staple"}
                    statuses.append(talomed.post("/api/auth/login", body, token=None, timeout=20).status)
                except OSError as error:
                    refused.append(error)

            threads = [threading.Thread(target=one) for _ in range(4)]  # more at once count as guessing
            for thread in threads:
                thread.start()
            wait_until(lambda: statuses, 20, 0.001, "the first answer")
            code = talomed.stop()
            for thread in threads:
                thread.join()
            self.assertEqual(code, 0, talomed.log)
            self.assertTrue(all(status in (200, 503) for status in statuses), statuses)
            self.assertEqual(len(statuses) + len(refused), 4)
            with self.assertRaises(OSError):
                talomed.get("/api/health")

    def test_databases_are_closed(self):
        """Closing the last connection of a database in WAL mode removes its -wal file."""
        with Talomed(plugins="all") as talomed:
            talomed.login()
            self.assertEqual(talomed.stop(), 0)
            self.assertEqual([p.name for p in talomed.state.glob("*-wal")], [])
            for path in talomed.state.glob("*.db"):
                with sqlite3.connect(path) as database:
                    self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",))

    def test_second_signal_and_sigint(self):
        with Talomed(plugins="none") as talomed:
            talomed.signal(signal.SIGINT)
            self.assertEqual(talomed.wait(), 0)
            talomed.start()
            talomed.signal(signal.SIGTERM)
            talomed.signal(signal.SIGTERM)
            self.assertEqual(talomed.wait(), 0)

    def test_starts_again_at_once(self):
        with Talomed(plugins="none") as talomed:
            token = talomed.login()
            for _ in range(3):
                talomed.restart()
                self.assertEqual(talomed.get("/api/auth/me", token).status, 200)


if __name__ == "__main__":
    unittest.main()
