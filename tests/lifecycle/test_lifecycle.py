"""Plugins are enabled, disabled and replaced while they are called: nobody's request fails, nothing is lost or doubled."""

import http.client
import json
import pathlib
import shutil
import socket
import sqlite3
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "wire"))
from clients import TEXT, Events, WebSocket
from support import Talomed, build
from support.waiting import free_port, wait_until

FOR_TESTS = build() / "tests/plugins"


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="talome-lifecycle-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def put(self, name, version=None):
        """As a package manager does: another file in the place of the one that is there."""
        source = FOR_TESTS / (f"{name}-{version}" if version else name)
        for ending in (".plugin.json", ".so"):
            fresh = self.folder / f"{name}{ending}.new"
            shutil.copy(source / f"{name}{ending}", fresh)
            fresh.rename(self.folder / f"{name}{ending}")

    def start(self, **options):
        env = {"RELAY_PORT": free_port(), **options.pop("env", {})}
        talomed = self.enterContext(Talomed(plugin_dirs=[self.folder], env=env, **options))
        talomed.login()
        self.talomed, self.side = talomed, env["RELAY_PORT"]
        return talomed

    def plugin(self, name="relay"):
        return self.talomed.get(f"/api/plugins/{name}").json

    def replace(self, status=200, name="relay"):
        answer = self.talomed.post(f"/api/plugins/{name}/replace")
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def who(self):
        return self.talomed.get("/api/relay/who").json


class Callers:
    """Keep-alive clients that never stop asking, until they are told to; `failed` is what was not 200."""

    def __init__(self, port, path, count=4):
        self.failed, self.done, self.longest = [], 0, 0.0
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=(port, path)) for _ in range(count)]

    def _ask(self, port, path):
        connection, done, longest = http.client.HTTPConnection("127.0.0.1", port, timeout=60), 0, 0.0
        while not self._end.is_set():
            began = time.monotonic()
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    self.failed.append((answer.status, body))
            except OSError as error:
                self.failed.append(error)
                connection.close()
            longest = max(longest, time.monotonic() - began)
            done += 1
        connection.close()
        with self._lock:
            self.done += done
            self.longest = max(self.longest, longest)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()


class ReplaceTest(Case):
    def test_under_load(self):
        self.put("relay", 1)
        self.start()
        with Callers(self.talomed.port, "/api/relay/who") as callers, Callers(self.side, "/who", 1) as side:
            for count in range(2, 52):
                self.assertEqual(self.replace()["generation"], count)
        self.assertEqual(callers.failed[:3], [])
        self.assertEqual(side.failed[:3], [])
        self.assertGreater(callers.done, 50)
        wait_until(lambda: self.plugin()["draining"] == 0, 10, 0.05, "the old ones have gone")
        self.assertNotIn("stays in memory", self.talomed.log)

    def test_no_tick_is_lost_or_doubled(self):
        """Each generation counts on where the one before stopped; none counts when the next has begun."""
        self.put("relay", 1)
        self.start()
        for _ in range(10):
            count = len(self.talomed.get("/api/relay/ticks").json)
            wait_until(lambda: len(self.talomed.get("/api/relay/ticks").json) > count, 10, 0.02, "it ticks")
            self.replace()
        ticks = self.talomed.get("/api/relay/ticks").json
        self.assertEqual([tick["number"] for tick in ticks], list(range(1, len(ticks) + 1)))
        lives = [tick["born"] for tick in ticks]
        changes = sum(1 for a, b in zip(lives, lives[1:]) if a != b)
        self.assertEqual(changes + 1, len(set(lives)), "two generations ticked in turns")

    def test_another_version_with_more_data(self):
        self.put("relay", 1)
        self.start()
        self.put("relay", 2)
        answer = self.replace()
        self.assertEqual((answer["version"], answer["state"]), ("2.0.0", "active"))
        self.assertEqual(self.who()["version"], 2)
        self.talomed.restart()
        self.talomed.login()
        self.assertEqual(self.who()["version"], 2)

    def test_calls_in_flight_go_on(self):
        self.put("relay", 1)
        self.start()
        born, answers = self.who()["born"], []
        slow = threading.Thread(target=lambda: answers.append(self.talomed.get("/api/relay/slow?ms=1500")))
        slow.start()
        wait_until(lambda: self.plugin()["resources"]["callsRunning"], 10, 0.02, "it is inside")
        self.assertEqual(self.replace()["draining"], 1)
        self.assertNotEqual(self.who()["born"], born)
        slow.join()
        self.assertEqual((answers[0].status, answers[0].json["born"]), (200, born))
        wait_until(lambda: self.plugin()["draining"] == 0, 10, 0.05, "it has gone")

    def test_calls_that_do_not_end_are_cancelled(self):
        self.put("relay", 1)
        self.start(env={"TALOME_DRAIN_SECONDS": "1"})
        answers = []
        slow = threading.Thread(target=lambda: answers.append(self.talomed.get("/api/relay/slow?ms=25000")))
        slow.start()
        wait_until(lambda: self.plugin()["resources"]["callsRunning"], 10, 0.02, "it is inside")
        began = time.monotonic()
        self.replace()
        slow.join()
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(answers[0].status, 200, answers[0])  # it saw that it was cancelled, and answered
        wait_until(lambda: self.plugin()["draining"] == 0, 10, 0.05, "it has gone")

    def test_streams_and_sockets_come_back_at_once(self):
        self.put("relay", 1)
        self.start()
        port, token = self.talomed.port, self.talomed.token
        events = self.enterContext(Events(port, "/api/relay/events", token))
        last = events.next()
        client = self.enterContext(WebSocket(port, "/api/relay/ws", token))
        client.send(TEXT, b"hello")
        self.assertEqual(client.text(), "hello")
        self.replace()
        self.assertEqual(client.closed()[0], 1012)
        with self.assertRaises(EOFError):  # its last words, and then nothing
            while event := events.next():
                last = event if event[0] == "tick" else last
        again = self.enterContext(Events(port, "/api/relay/events", token, [f"Last-Event-ID: {last[2]}"]))
        wanted = json.loads(last[1])["number"] + 1
        for number in range(wanted, wanted + 3):
            self.assertEqual(again.json()["number"], number)
        other = self.enterContext(WebSocket(port, "/api/relay/ws", token))
        other.send(TEXT, b"again")
        self.assertEqual(other.text(), "again")
        wait_until(lambda: self.plugin()["draining"] == 0, 15, 0.05, "the old one has gone")


class ExclusiveTest(Case):
    def test_data_changes_when_the_old_code_has_ended(self):
        self.put("relay", 1)
        self.start()
        wait_until(lambda: self.talomed.get("/api/relay/ticks").json, 10, 0.02, "it ticks")
        self.put("relay", 3)
        with Callers(self.talomed.port, "/api/relay/who", 2) as callers:
            self.assertEqual(self.replace()["version"], "3.0.0")
        told = {(status, "being replaced" in body.decode()) for status, body in callers.failed}
        self.assertLessEqual(told, {(503, True)})
        self.assertTrue(self.talomed.get("/api/relay/ticks").json)

    def test_one_that_fails_ends_with_the_old_code_on_the_old_data(self):
        self.put("relay", 1)
        self.start()
        wait_until(lambda: self.talomed.get("/api/relay/ticks").json, 10, 0.02, "it ticks")
        self.put("relay", 4)
        error = self.replace(409)["error"]
        self.assertIn("ticks already exists", error)
        self.assertEqual((self.plugin()["state"], self.plugin()["version"]), ("active", "1.0.0"))
        self.assertIn("ticks already exists", self.plugin()["reason"])
        self.assertEqual(self.who()["version"], 1)
        self.assertTrue(self.talomed.get("/api/relay/ticks").json, "what was deleted has come back")
        with sqlite3.connect(f"file:{self.talomed.state}/relay.db?mode=ro", uri=True) as database:
            self.assertEqual(database.execute("SELECT max(version) FROM schema_migrations").fetchone(), (1,))
        database.close()


class EnableTest(Case):
    def test_disable_and_enable(self):
        self.put("relay", 1)
        self.start()
        for _ in range(2):  # twice is as once
            answer = self.talomed.post("/api/plugins/relay/disable")
            self.assertEqual((answer.status, answer.json["state"], answer.json["enabled"]), (200, "disabled", False))
        self.assertEqual(self.talomed.get("/api/relay/who").status, 404)
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", self.side), 5).close()
        self.talomed.restart()
        self.talomed.login()
        self.assertEqual(self.plugin()["state"], "disabled")
        for _ in range(2):
            answer = self.talomed.post("/api/plugins/relay/enable")
            self.assertEqual((answer.status, answer.json["state"]), (200, "active"), answer)
        self.assertEqual(self.who()["version"], 1)

    def test_what_is_asked_of_one_that_is_not_there(self):
        self.start()
        for verb in ("enable", "disable", "replace"):
            self.assertEqual(self.talomed.post(f"/api/plugins/nothing/{verb}").status, 404)
        self.assertEqual(self.talomed.get("/api/plugins/nothing").status, 404)

    def test_one_that_is_not_active_cannot_be_replaced(self):
        self.put("relay", 1)
        self.start(plugins="none")
        self.assertIn("not active", self.replace(409)["error"])

    def test_a_file_that_is_spoilt_cannot_replace(self):
        self.put("relay", 1)
        self.start()
        born = self.who()["born"]
        for content in (b"", b"\x7fELF", b"not a library", (self.folder / "relay.so").read_bytes()[:5000]):
            fresh = self.folder / "relay.so.new"
            fresh.write_bytes(content)
            fresh.rename(self.folder / "relay.so")
            self.replace(409)
            self.assertEqual(self.who()["born"], born)

    def test_dependents_wait(self):
        self.put("relay", 1)
        self.put("leaner")
        self.start(plugins="leaner")
        self.assertEqual(self.plugin("leaner")["state"], "waiting")
        self.assertIn("relay.who", self.plugin("leaner")["reason"])
        self.talomed.post("/api/plugins/relay/enable")
        self.assertEqual(self.plugin("leaner")["state"], "active")
        self.assertEqual(self.talomed.get("/api/leaner").json["version"], 1)
        self.talomed.post("/api/plugins/relay/disable")
        self.assertEqual(self.plugin("leaner")["state"], "waiting")
        self.assertEqual(self.talomed.get("/api/leaner").status, 404)
        self.talomed.post("/api/plugins/relay/enable")
        self.assertEqual(self.plugin("leaner")["state"], "active")
        self.talomed.restart()
        self.talomed.login()
        self.assertEqual(self.plugin("leaner")["state"], "active")


class NewFileTest(Case):
    def test_is_noticed_and_offered(self):
        self.put("relay", 1)
        self.start()
        self.put("relay", 2)
        wait_until(lambda: self.plugin().get("available") == "2.0.0", 15, 0.05, "it is offered")
        self.assertEqual(self.who()["version"], 1)
        self.assertIn("2.0.0 has been installed; POST /api/plugins/relay/replace swaps it in", self.talomed.log)
        self.replace()
        self.assertIsNone(self.plugin().get("available"))

    def test_is_swapped_in_at_once(self):
        self.put("relay", 1)
        self.start(env={"TALOME_NEW_PLUGIN_FILE": "replace"})
        self.put("relay", 2)
        wait_until(lambda: self.who()["version"] == 2, 15, 0.05, "it is swapped in")

    def test_a_new_plugin_appears(self):
        self.start(plugins="relay")
        self.assertEqual(self.talomed.get("/api/relay/who").status, 404)
        self.put("relay", 1)
        wait_until(lambda: self.talomed.get("/api/relay/who").status == 200, 15, 0.05, "it is started")

    def test_one_that_is_removed_ends(self):
        self.put("relay", 1)
        self.start()
        for file in self.folder.iterdir():
            file.unlink()
        wait_until(lambda: self.plugin()["state"] == "gone", 15, 0.05, "it has ended")
        self.assertEqual(self.talomed.get("/api/relay/who").status, 404)


if __name__ == "__main__":
    unittest.main()
