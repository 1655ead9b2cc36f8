"""What is "/0" may change with each version: a plugin for it is started by the host of its SDK's version, and by no other."""

import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
VERSION = re.search(r"project\(talome VERSION ([\d.]+)", (REPOSITORY / "CMakeLists.txt").read_text())[1]


class VersionPinTest(unittest.TestCase):
    def plugin(self, **members):
        """The plugin c-hello as a server shows it, with these members of the manifest; one that is None is left out."""
        with tempfile.TemporaryDirectory() as folder:
            for ending in (".so", ".plugin.json"):
                shutil.copy(build() / f"tests/plugins/c-hello/c-hello{ending}", folder)
            file = pathlib.Path(folder, "c-hello.plugin.json")
            self.manifest = json.loads(file.read_text())
            changed = {name: value for name, value in {**self.manifest, **members}.items() if value is not None}
            file.write_text(json.dumps(changed))
            os.chmod(file, 0o644)
            with Talomed(plugin_dirs=[folder]) as talomed:
                talomed.login()
                shown = talomed.get("/api/plugins/c-hello").json
                self.assertNotIn("c-hello.so", "" if shown["state"] == "active" else
                                 pathlib.Path(f"/proc/{talomed.pid}/maps").read_text())
                return shown

    def test_the_manifest_names_the_sdk(self):
        self.assertEqual(self.plugin()["state"], "active")
        self.assertEqual(self.manifest["sdk"], VERSION)

    def test_another_version_is_refused_with_both(self):
        for other in ("0.0.9", "99.0.0"):
            shown = self.plugin(sdk=other)
            self.assertEqual(shown["state"], "refused", shown)
            self.assertIn(f"is built with the SDK {other} for talome.", shown["reason"])
            self.assertIn(f"this host is {VERSION}", shown["reason"])

    def test_what_it_can_do_without_counts_as_well(self):
        wants = self.plugin()["manifest"]["needs"] + self.manifest["wants"]
        shown = self.plugin(sdk="0.0.9", needs=[], wants=wants)
        self.assertEqual(shown["state"], "refused", shown)
        self.assertIn("is built with the SDK 0.0.9", shown["reason"])

    def test_a_manifest_that_does_not_say_is_refused(self):
        shown = self.plugin(sdk=None)
        self.assertEqual(shown["state"], "refused", shown)
        self.assertIn("the SDK of an unknown version", shown["reason"])

    def test_what_needs_nothing_that_may_change_is_not(self):
        """As all plugins are once the areas are promised; here one that says that it uses none."""
        self.assertNotIn("built with the SDK", self.plugin(sdk="0.0.9", needs=[], wants=[]).get("reason") or "")


if __name__ == "__main__":
    unittest.main()
