"""The protocol's own conformance suite: every scored server scenario of both eras, without a list of expected failures."""

import os
import re
import subprocess
import unittest

from mcp_case import Case
from proxy import TokenProxy
from support.node import NODE, package


class ConformanceTest(Case):
    plugins = ("mcp-fixtures",)

    def run_suite(self, revision, scenarios):
        suite = package("@modelcontextprotocol/conformance")
        token = self.token(scope="full", origin="mcp")
        with TokenProxy(self.talomed.port, token) as proxy:
            done = subprocess.run([NODE, suite / "dist" / "index.js", "server", "--url", f"http://127.0.0.1:{proxy.port}/mcp", "--requirements", revision],
                                  capture_output=True, text=True, timeout=280, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "NO_COLOR": "1"})
        self.assertEqual(done.returncode, 0, done.stdout[-8000:] + done.stderr[-2000:])
        # Each scored scenario is named with its result; one that did not run is no pass.
        text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
        passed = {name for name, failed in re.findall(r"^✓ ([\w-]+): \d+ passed, (\d+) failed", text, re.M) if failed == "0"}
        listed = (suite / "requirements" / f"{revision}.yaml").read_text().split("\nserver:\n")[1].split("\n\n")[0]
        scored = set(re.findall(r"^  - ([\w-]+)$", listed, re.M))
        self.assertEqual(len(scored), scenarios)
        self.assertEqual(scored - passed, set(), text[-6000:])

    def test_the_older_revisions(self):
        self.run_suite("2025-11-25", 30)

    def test_the_newest_revision(self):
        self.run_suite("2026-07-28", 37)


if __name__ == "__main__":
    unittest.main()
