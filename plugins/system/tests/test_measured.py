"""What the plugin promises in numbers of processor time, measured on a talomed of its own. Long: TALOME_TEST_FULL=1."""

import os
import pathlib
import time
import unittest

from system_case import Events, SystemCase, build, wait_until


@unittest.skipUnless(os.environ.get("TALOME_TEST_FULL"), "takes a minute: TALOME_TEST_FULL=1")
class SampleTest(SystemCase):
    def used(self):
        """Nanoseconds of processor time, of all threads of the server."""
        return sum(int((each / "schedstat").read_text().split()[0]) for each in pathlib.Path(f"/proc/{self.talomed.pid}/task").iterdir())

    def test_what_a_reading_costs(self):
        """Less what the server uses while nobody looks: reading, JSON, sending to one."""
        time.sleep(12)  # whoever looked before: the sampler sleeps
        before = self.used()
        time.sleep(20)
        idle = (self.used() - before) / 20
        events = Events(self.talomed, "/api/stats-stream")
        self.addCleanup(events.close)
        wait_until(lambda: len(events.events) >= 3, 10)
        begun, before, since = len(events.events), self.used(), time.monotonic()
        wait_until(lambda: len(events.events) >= begun + 20, 40)
        n = len(events.events) - begun
        each = (self.used() - before - idle * (time.monotonic() - since)) / n / 1e6
        print(f"{each:.3f} ms of CPU for each of {n} readings; while nobody looks {idle / 1e6:.3f} ms a second", flush=True)
        self.assertLessEqual(each, 0.3 if build().name == "release" else 5)


if __name__ == "__main__":
    unittest.main()
