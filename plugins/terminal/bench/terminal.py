#!/usr/bin/env python3
"""What a terminal costs: echo of a key with many sessions open, drawing one's screen anew, and a flood that nobody reads.

usage: plugins/terminal/bench/terminal.py        (TALOME_BUILD: the build, default build/release)

The yardstick beside the echo is a bare pseudo-terminal, read and written by this program on the same machine in the same
run. As root, shells run as nobody.
"""

import os
import pathlib
import pty
import select
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))
from terminal_case import Shell, Terminal, pty_of, wait_until  # noqa: E402

KEYS = 2000


def figures(times):
    times = sorted(times)
    return f"p50 {1000 * statistics.median(times):.2f} ms  p99 {1000 * times[len(times) * 99 // 100]:.2f} ms  max {1000 * times[-1]:.2f} ms"


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def bare_echo():
    master, slave = pty.openpty()
    times = []
    for i in range(KEYS):
        begin = time.perf_counter()
        os.write(master, b"x" if i % 40 else b"\n")
        select.select([master], [], [])
        os.read(master, 100)
        times.append(time.perf_counter() - begin)
    os.close(master)
    os.close(slave)
    return times


def echo(shells, count=KEYS):
    times = []
    for i in range(count):
        shell = shells[i % len(shells)]
        shell.text, key = "", f"<{i}>"
        begin = time.perf_counter()
        shell.type(key)
        while key not in shell.text:
            shell.receive()
        times.append(time.perf_counter() - begin)
    return times


def attaching(talomed, session):
    """From the connection to the last byte of the redraw, and how many bytes that were."""
    times = []
    for _ in range(20):
        ticket = talomed.post("/api/terminal/session").json["token"]
        begin = time.perf_counter()
        with Shell(talomed, session, ticket=ticket, proto=2) as shell:
            size = shell.until_control("ready")["replay"]
            got = len(shell.data)
            while got < size:
                shell.data = b""
                shell.text = ""
                shell.receive()
                got += len(shell.data)
            times.append(time.perf_counter() - begin)
    return times, size


def main():
    env = {"TALOME_SETTING_TERMINAL_MAX_SESSIONS": 20, "TALOME_SETTING_TERMINAL_MAX_SESSIONS_PER_USER": 20,
           "TALOME_SETTING_TERMINAL_SCROLLBACK_KIB": 1024, "LOG_LEVEL": "warn"}
    with Terminal(env=env) as talomed:
        talomed.login()
        shells = [Shell(talomed, f"sess_{i}") for i in range(16)]
        for shell in shells:
            shell.run("true")
            shell.type("exec cat >/dev/null\r")  # the terminal echoes, and nothing else
        time.sleep(1)
        echo(shells, 64)
        print("a bare pseudo-terminal    ", figures(bare_echo()))
        print("a key of one of 16       ", figures(echo(shells)))
        print(f"resident: talomed {resident(talomed.pid)} kB, talome-pty {resident(pty_of(talomed))} kB")
        for shell in shells[1:]:
            shell.ws.socket.close()
        for i in range(1, 16):
            talomed.request("DELETE", f"/api/terminal/sessions/sess_{i}")

        print("attaching to a short screen", figures(attaching(talomed, "sess_0")[0]))
        shell = Shell(talomed, "sess_replay")
        shell.run("seq -f 'line %g of what was written before, until the screen is drawn anew, at the width of a usual screen' 1 20000")
        times, size = attaching(talomed, "sess_replay")
        print(f"and to one of {size >> 10} KiB      ", figures(times))

        flood = Shell(talomed, "sess_flood")
        flood.run("true")
        before = resident(talomed.pid), resident(pty_of(talomed))
        flood.type("yes\r")
        time.sleep(5)
        after = resident(talomed.pid), resident(pty_of(talomed))
        print(f"5 s of yes that nobody reads: talomed {after[0] - before[0]:+d} kB, talome-pty {after[1] - before[1]:+d} kB")
        print("a key of another session  ", figures(echo(shells[:1], 300)))
        begin = time.perf_counter()
        flood.type("\x03")
        wait_until(lambda: not any(comm(each) == "yes" for each in os.listdir("/proc") if each.isdigit()), 10, 0.002, "yes has ended")
        print(f"ctrl-C ends yes after      {1000 * (time.perf_counter() - begin):.0f} ms")


def comm(pid):
    try:
        return pathlib.Path("/proc", pid, "comm").read_text().strip()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
