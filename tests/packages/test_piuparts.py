"""piuparts: installing, removing and purging leaves a clean Debian as it was. Long form only."""

import unittest

from debs import packages, run
from machine import RELEASE, make_root, needed, unavailable, workplace


class PiupartsTest(unittest.TestCase):
    def test_what_was_installed_is_gone_after_a_purge(self):
        if unavailable("piuparts"):
            self.skipTest(unavailable("piuparts"))
        everything = packages()
        with workplace() as work:
            make_root(work / "clean", ["apt-utils", "debconf", *needed(everything)])
            (work / "clean/var/cache/debconf/tmp.ci").mkdir()  # as debconf leaves it behind once apt has installed anything
            for package in (("talome-host",), ("talome-host", *(name for name in everything if "-plugin-" in name)),
                            ("talome-sdk-dev",), ("talome-host", "talome-sdk-dev")):
                with self.subTest(packages=package):
                    told = run("piuparts", "--existing-chroot", work / "clean", "--keep-sources-list", "--distribution", RELEASE,
                               "--tmpdir", work, "--no-eatmydata", "--log-level", "info",
                               *(everything[name] for name in package))
                    self.assertIn("PASS: All tests.", told)


if __name__ == "__main__":
    unittest.main()
