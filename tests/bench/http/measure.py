"""CPU, memory and threads of processes, and the list of what was wanted and what came out."""

import ctypes
import os
import re
import statistics
import threading
import time

_libc = ctypes.CDLL(None, use_errno=True)


def cpu_seconds(pid) -> float:
    """All CPU that a process has used, threads that have ended included, to the nanosecond (clock_getcpuclockid)."""
    clock = ctypes.c_int()
    error = _libc.clock_getcpuclockid(pid, ctypes.byref(clock))
    if error:
        raise OSError(error, os.strerror(error))
    return time.clock_gettime(clock.value)


def status(pid, key) -> int:
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(rf"^{key}:\s+(\d+)", file.read(), re.M).group(1))


class Watch:
    """`with Watch(pids) as used: …`, then used.cpu (seconds), used.wall, and the most that was seen of used.rss
    (bytes) and used.threads; used.rss_before is where it began."""

    def __init__(self, pids, every=0.1):
        self.pids, self.every = list(pids), every
        self.rss = self.threads = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def _look(self):
        self.rss = max(self.rss, sum(status(pid, "VmRSS") * 1024 for pid in self.pids))
        self.threads = max(self.threads, sum(status(pid, "Threads") for pid in self.pids))

    def _sample(self):
        while not self._end.wait(self.every):
            self._look()

    def __enter__(self):
        self._look()
        self.rss_before = self.rss
        self._thread.start()
        self._begun = time.monotonic()
        self.cpu = -sum(map(cpu_seconds, self.pids))
        return self

    def __exit__(self, *_):
        self.cpu += sum(map(cpu_seconds, self.pids))
        self.wall = time.monotonic() - self._begun
        self._end.set()
        self._thread.join()
        self._look()


median = statistics.median


def mib(number) -> str:
    return f"{number / (1 << 20):.1f} MiB"


def amount(number) -> str:
    return f"{number:.3g}" if isinstance(number, float) else str(number)


class Report:
    """The lines at the end."""

    def __init__(self):
        self.rows = []

    def at_most(self, what, got, limit, unit=""):
        self.rows.append((what, f"<= {limit:g}{unit}", amount(got) + unit, got <= limit))

    def at_least(self, what, got, limit, unit=""):
        self.rows.append((what, f">= {limit:g}{unit}", amount(got) + unit, got >= limit))

    def holds(self, what, got, wanted):
        self.rows.append((what, str(wanted), str(got), got == wanted))

    def skipped(self, section, why):
        print(f"{section}: skipped: {why}")
        self.rows.append((section, "", f"skipped: {why}", None))

    def print(self) -> bool:
        """True when nothing was missed."""
        print()
        width = max((len(what) for what, *_, fine in self.rows if fine is not None), default=0)
        for what, wanted, got, fine in self.rows:
            if fine is None:
                print(f"{what}: {got}")
            else:
                print(f"{what:{width}}   wanted {wanted:>16}   got {got:>16}   {'ok' if fine else 'MISSED'}")
        return not any(fine is False for *_, fine in self.rows)
