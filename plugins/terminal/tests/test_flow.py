"""Much output and slow clients: memory stays bounded, others are not held up, and protocol 2 counts every byte."""

import os
import pathlib
import random
import time
import unittest

from terminal_case import FULL, Shell, TerminalCase, pty_of, sanitized, wait_until

MB = 1 << 10  # in kB


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def programs(name):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if pathlib.Path("/proc", entry, "comm").read_text().strip() == name:
                    found.append(int(entry))
            except OSError:
                pass
    return found


class FlowTest(TerminalCase):
    def test_yes_into_a_client_that_does_not_read(self):
        other = self.shell("sess_other")
        other.run("true")
        flood = self.shell("sess_flood")
        pid = int(flood.run("echo $$"))
        before = resident(self.talomed.pid), resident(pty_of(self.talomed))
        flood.type("yes a-flood-of-words\r")
        output = lambda: next(each for each in self.sessions() if each["id"] == "sess_flood")["lastActivityAt"]
        for _ in range(20):
            self.assertEqual(other.run("echo fine").strip(), "fine")
            output()
        after = resident(self.talomed.pid), resident(pty_of(self.talomed))
        if not sanitized():
            self.assertLess(after[0] - before[0], 24 * MB)
            self.assertLess(after[1] - before[1], 24 * MB)
        mine = lambda: [each for each in programs("yes") if pathlib.Path(f"/proc/{each}/stat").read_text().split()[3] == str(pid)]
        wait_until(mine, 20, what="yes runs")
        flood.type("\x03")
        wait_until(lambda: not mine(), 20, what="ctrl-C ends it")
        # Who comes back to reading is shown the screen as it is, and not all that was missed.
        flood.type("clear; echo the-''end\r")
        flood.until("the-end\r\n", 60)

    def test_counted_bytes(self):
        shell = self.shell("sess_count", proto=2)
        ready = shell.until_control("ready")
        self.assertEqual((ready["sessionId"], ready["cols"], ready["rows"], ready["recovered"]), ("sess_count", 80, 24, False))
        while len(shell.data) < ready["replay"]:
            shell.receive()
        shell.data = shell.data[ready["replay"]:]
        shell.run("seq 1 5000")
        shell.run("stty -echo; PS1=''")
        time.sleep(0.2)
        at = ready["seq"] + len(shell.data)
        shell.say({"type": "ping"})
        shell.until_control("pong")
        at = ready["seq"] + len(shell.data)
        shell.ws.socket.close()
        # What comes meanwhile is all that is missing.
        wait_until(lambda: self.sessions()[0]["clients"] == 0, 20, what="the client is gone")
        self.talomed.post("/api/terminal/sessions/sess_count/input", {"data": "echo meanwhile\r"})
        wait_until(lambda: "meanwhile" in self.talomed.get("/api/terminal/sessions/sess_count/output?tail=200").text, 20)
        again = self.shell("sess_count", proto=2, resume=at)
        ready = again.until_control("ready")
        self.assertEqual((ready["seq"], ready["replay"]), (at, 0))
        again.until("meanwhile")
        self.assertLess(len(again.data), 100)
        self.assertEqual(again.data.count(b"meanwhile"), 1)
        # Further back than is kept, or beyond the end: a redraw.
        for wrong in (at + (1 << 40),):
            with Shell(self.talomed, "sess_count", proto=2, resume=wrong) as lost:
                ready = lost.until_control("ready")
                self.assertGreater(ready["replay"], 0)
        # And in the middle.
        again.say({"type": "resume", "seq": at})
        self.assertEqual(again.until_control("ready")["seq"], at)
        again.until("meanwhile")

    def test_controls(self):
        one = self.shell("sess_control", proto=2)
        one.until_control("ready")
        two = self.shell("sess_control", proto=2)
        two.until_control("ready")
        while one.until_control("clients")["n"] != 2:
            pass
        two.ws.socket.close()
        while one.until_control("clients")["n"] != 1:
            pass
        one.type("exit 5\r")
        self.assertEqual(one.until_control("exit"), {"type": "exit", "code": 5})
        self.assertEqual(one.closed(), (1000, "the process has exited"))
        killed = self.shell("sess_control", proto=2)
        killed.until_control("ready")
        killed.type("kill -9 $$\r")
        self.assertEqual(killed.until_control("exit"), {"type": "exit", "signal": 9})
        refused = self.shell("eph_x", proto=2)
        self.assertEqual(refused.until_control("error")["code"], "REFUSED")
        self.assertEqual(refused.closed()[0], 1008)

    def test_a_client_that_acknowledges_holds_the_program(self):
        shell = self.shell("sess_held", proto=2)
        ready = shell.until_control("ready")
        shell.say({"type": "ack", "seq": ready["seq"]})
        shell.type("head -c 8000000 /dev/zero | tr '\\0' x; echo; echo e''nd\r")
        # It gets a megabyte and a little ahead, and goes on when that is acknowledged.
        seen, most = 0, 0
        last = ready["seq"]
        while b"end\r\n" not in shell.data[-64:]:
            size = len(shell.data)
            shell.receive()
            last += len(shell.data) - size
            if len(shell.data) > 64:
                shell.data = shell.data[-64:]
            shell.text = ""
            if last - seen > 200_000:
                shell.say({"type": "ack", "seq": last})
                seen = last
            for each in shell.control:
                self.assertNotEqual(each["type"], "error")
                if each["type"] == "ready":
                    most += 1
            shell.control = []
        self.assertEqual(most, 0)  # nothing was skipped

    def test_attach_detach_resize_kill_at_random(self):
        """No zombie, no descriptor and no thread is left, whatever the order."""
        rounds = 10_000 if FULL else 300
        numbers = random.Random(8)
        self.shell("sess_r0").run("true")
        daemon = pty_of(self.talomed)
        clients = []
        for i in range(rounds):
            what = numbers.random()
            name = f"sess_r{numbers.randrange(3)}"
            if what < 0.35 and len(clients) < 12:
                try:
                    clients.append(Shell(self.talomed, name if numbers.random() < 0.8 else None, cols=80, rows=24, proto=numbers.choice((None, 2))))
                except AssertionError as error:
                    self.assertIn("429", str(error))
            elif what < 0.65 and clients:
                clients.pop(numbers.randrange(len(clients))).ws.socket.close()
            elif what < 0.85 and clients:
                client = numbers.choice(clients)
                try:
                    client.resize(numbers.randrange(0, 600), numbers.randrange(0, 250))
                    client.type(numbers.choice(("ls -la /etc\r", "\x03", "exit\r", "vi\r", "\x1b:q!\r", "seq 1000\r")))
                except OSError:
                    clients.remove(client)
            elif what < 0.95:
                self.assertIn(self.talomed.request("DELETE", f"/api/terminal/sessions/{name}").status, (200, 404))
            else:
                self.assertEqual(self.talomed.get("/api/terminal/sessions").status, 200)
        for client in clients:
            client.ws.socket.close()
        self.tearDown()
        self.assertEqual(pty_of(self.talomed), daemon)
        wait_until(lambda: descriptors(daemon) <= 8, 30, 0.1, "no descriptor is left in talome-pty")
        children = lambda: [entry for entry in os.listdir("/proc") if entry.isdigit() and self.parent(entry) == daemon]
        wait_until(lambda: not children(), 30, 0.1, "no process is left")
        self.assertLess(threads(self.talomed.pid), 40)
        self.assertEqual(threads(daemon), 1)
        count = descriptors(self.talomed.pid)
        for _ in range(20):
            with Shell(self.talomed, "sess_again") as shell:
                shell.run("true")
        self.tearDown()
        wait_until(lambda: descriptors(self.talomed.pid) <= count + 4, 30, 0.1, "no descriptor is left in talomed")

    @staticmethod
    def parent(entry):
        try:
            return int(pathlib.Path("/proc", entry, "stat").read_text().rsplit(") ", 1)[1].split()[1])
        except OSError:
            return 0


if __name__ == "__main__":
    unittest.main()
