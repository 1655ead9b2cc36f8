"""The SDK as a stranger has it: installed somewhere, with the template copied out and built against it."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ.get("TALOME_BUILD") or pathlib.Path(__file__).resolve().parents[2] / "build/release").resolve()


class InstalledSdkTest(unittest.TestCase):
    def run_quietly(self, *command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_template_builds(self):
        root = pathlib.Path(tempfile.mkdtemp(prefix="talome-sdk-"))
        self.addCleanup(shutil.rmtree, root)
        self.run_quietly("cmake", "--install", BUILD, "--component", "sdk", "--prefix", root / "prefix")
        shutil.copytree(root / "prefix/share/talome/template", root / "greeter")
        self.run_quietly("cmake", "-G", "Ninja", "-S", root / "greeter", "-B", root / "build", f"-DCMAKE_PREFIX_PATH={root}/prefix")
        self.run_quietly("cmake", "--build", root / "build")
        manifest = json.loads((root / "build/plugins/greeter.plugin.json").read_text())
        self.assertEqual(manifest["prefixes"], ["/api/greeter"])
        ours = json.loads((BUILD / "tests/plugins/greeter.plugin.json").read_text())
        self.assertEqual(manifest, ours)


if __name__ == "__main__":
    unittest.main()
