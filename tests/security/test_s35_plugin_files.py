"""S35: a plugin's code runs in the server, so only a file that nobody else can have written, and that is the one of its
manifest, is loaded. (Signatures are not made yet.)"""

import hashlib
import json
import os
import pathlib
import shutil
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed  # noqa: E402
from support.paths import build  # noqa: E402

NOBODY = 65534


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="talome-plugins-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        for name in ("c-hello", "throws"):
            for ending in (".so", ".plugin.json"):
                shutil.copy(build() / "tests/plugins" / name / (name + ending), self.folder)
                (self.folder / (name + ending)).chmod(0o644)
        self.file, self.manifest = self.folder / "c-hello.so", self.folder / "c-hello.plugin.json"

    def change(self, data=None, **members):
        """Another content, with the manifest that belongs to it."""
        if data is not None:
            self.file.write_bytes(data)
        content = self.file.read_bytes()
        manifest = json.loads(self.manifest.read_text())
        manifest |= {"digest": "sha256:" + hashlib.sha256(content).hexdigest(), "size": len(content), **members}
        self.manifest.write_text(json.dumps({name: value for name, value in manifest.items() if value is not None}))

    def refused(self, *words, all_of_them=False):
        with Talomed(plugin_dirs=[self.folder]) as talomed:
            talomed.login()
            found = {plugin["id"]: plugin for plugin in talomed.get("/api/plugins").json}
            plugin = found["c-hello"]
            self.assertEqual(plugin["state"], "refused", plugin)
            for word in words:
                self.assertIn(word, plugin["reason"])
            maps = pathlib.Path(f"/proc/{talomed.pid}/maps").read_text()
            self.assertNotIn("c-hello", maps)
            self.assertEqual(found["throws"]["state"], "refused" if all_of_them else "active")


class OwnershipTest(Case):
    def test_it_is_loaded_as_it_is(self):
        with Talomed(plugin_dirs=[self.folder]) as talomed:
            self.assertEqual(talomed.get("/api/c-hello/Ann", token=talomed.login()).status, 200)

    def test_modes(self):
        for path in (self.file, self.manifest):
            for mode, who in ((0o664, "its group"), (0o646, "everybody")):
                with self.subTest(path=path.name, mode=oct(mode)):
                    path.chmod(mode)
                    self.refused(f"{path.name} can be written by {who}")
            path.chmod(0o644)

    def test_the_folder(self):
        self.folder.chmod(0o777)
        self.refused(f"the folder {self.folder} can be written by everybody", all_of_them=True)

    @unittest.skipUnless(os.geteuid() == 0, "giving a file away needs root")
    def test_owners(self):
        for path in (self.file, self.manifest):
            with self.subTest(path.name):
                os.chown(path, NOBODY, 0)
                self.refused(f"{path.name} belongs to the user {NOBODY}")
                os.chown(path, 0, 0)
        os.chown(self.folder, NOBODY, 0)
        self.refused(f"the folder {self.folder} belongs to the user {NOBODY}", all_of_them=True)

    def test_a_link(self):
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        self.file.rename(elsewhere / "c-hello.so")
        self.file.symlink_to(elsewhere / "c-hello.so")
        self.refused("c-hello.so is a symbolic link")

    def test_a_pipe(self):
        self.file.unlink()
        os.mkfifo(self.file)
        self.refused("c-hello.so is not a regular file")


class DigestTest(Case):
    def test_one_byte_more(self):
        with open(self.file, "ab") as file:
            file.write(b"\0")
        self.refused("c-hello.so has", "bytes, and its manifest says")

    def test_one_bit(self):
        data = bytearray(self.file.read_bytes())
        data[-1] ^= 1
        self.file.write_bytes(data)
        self.refused("c-hello.so has the digest sha256:", "its manifest says sha256:")

    def test_a_manifest_without_one(self):
        self.change(digest=None)
        self.refused("c-hello.plugin.json does not say the digest of c-hello.so")

    def test_of_another_plugin(self):
        self.file.write_bytes((self.folder / "throws.so").read_bytes())
        self.refused("its manifest says")


class ContentTest(Case):
    """With the digest that belongs to it: what is wrong is said, and nothing of it runs."""

    def test_no_elf_file(self):
        self.change(b"#!/bin/sh\n")
        self.refused("c-hello.so is not a plugin for this machine: it is not an ELF file")

    def test_empty(self):
        self.change(b"")
        self.refused("it is not an ELF file")

    def test_truncated(self):
        whole = self.file.read_bytes()
        for size in (20, 100, len(whole) // 8, len(whole) // 2):
            with self.subTest(size):
                self.change(whole[:size])
                self.refused("truncated")

    def patched(self, offset, data):
        whole = bytearray(self.file.read_bytes())
        whole[offset:offset + len(data)] = data
        self.change(bytes(whole))

    def test_32_bit(self):
        self.patched(4, b"\x01")
        self.refused("it is not a 64-bit file")

    def test_another_byte_order(self):
        self.patched(5, b"\x02")
        self.refused("its byte order is not that of this machine")

    def test_another_machine(self):
        machine = struct.unpack_from("<H", self.file.read_bytes(), 18)[0]
        other, name = (183, "64-bit ARM") if machine != 183 else (62, "x86-64")
        self.patched(18, struct.pack("<H", other))
        self.refused(f"it is built for {name}")

    def test_a_program(self):
        self.patched(16, struct.pack("<H", 2))  # ET_EXEC
        self.refused("it is not a shared object")

    def test_no_entry(self):
        self.change(self.file.read_bytes().replace(b"talome_plugin_v1\0", b"talome_plugin_v9\0"))
        self.refused("it does not export talome_plugin_v1")

    def test_a_newer_host_is_needed(self):
        self.change(needs=["talome.operations/0", "talome.operations/9"])
        self.refused("needs talome.operations/9; this host is")


if __name__ == "__main__":
    unittest.main()
