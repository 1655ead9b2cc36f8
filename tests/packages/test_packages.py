"""The packages themselves: what is in them, who owns it, what they need, and that lintian has no objection."""

import gzip
import hashlib
import json
import pathlib
import shutil
import tempfile
import unittest

from debs import REPOSITORY, contents, field, packages, run


class PackagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.packages = packages()
        cls.plugins = sorted(path.parent.name for path in REPOSITORY.glob("plugins/*/CMakeLists.txt"))

    def test_there_is_one_for_the_host_the_sdk_and_each_plugin(self):
        self.assertEqual(sorted(self.packages), sorted(["talome-host", "talome-sdk-dev",
                                                        *(f"talome-plugin-{name}" for name in self.plugins)]))
        for name, path in self.packages.items():
            architecture = run("dpkg", "--print-architecture").strip()
            self.assertEqual(path.name, f"{name}_{field(path, 'Version')}_{architecture}.deb")

    def test_everything_belongs_to_root_and_only_root_may_write(self):
        for name, path in self.packages.items():
            for entry, (mode, owner) in contents(path).items():
                with self.subTest(package=name, entry=entry):
                    self.assertEqual(owner, "root/root")
                    if mode.startswith("l"):
                        continue
                    self.assertIn(mode[1:], ("rwxr-xr-x", "rw-r--r--"))
                    if entry.startswith(("/usr/bin/", "/usr/libexec/")) or entry.endswith("/"):
                        self.assertEqual(mode[1:], "rwxr-xr-x")

    def test_the_host_has_its_units_and_configuration(self):
        there = contents(self.packages["talome-host"])
        for path in ("/usr/bin/talomed", "/etc/talome/talome.yaml", "/usr/lib/systemd/system/talomed.service",
                     "/usr/lib/systemd/system/talomed.socket", "/usr/lib/systemd/system/talomed-ctl.socket",
                     "/usr/lib/sysusers.d/talome.conf", "/usr/lib/talome/plugins/", "/usr/share/man/man8/talomed.8.gz"):
            self.assertIn(path, there)
        with tempfile.TemporaryDirectory() as root:
            run("dpkg-deb", "-R", self.packages["talome-host"], f"{root}/x")
            self.assertEqual(pathlib.Path(root, "x/DEBIAN/conffiles").read_text(), "/etc/talome/talome.yaml\n")
            yaml = pathlib.Path(root, "x/etc/talome/talome.yaml").read_text()
        said = [line.split("  #")[0].rstrip() for line in yaml.splitlines() if line and not line.startswith("#")]
        self.assertEqual([line.split(" #")[0].rstrip() for line in said],
                         ["state_dir: /var/lib/talome", "ctl:", "  socket: /run/talome/talomed.sock"])

    def test_a_plugin_is_as_its_manifest_says_and_needs_its_host(self):
        for plugin in self.plugins:
            path = self.packages[f"talome-plugin-{plugin}"]
            with self.subTest(plugin=plugin), tempfile.TemporaryDirectory() as root:
                self.assertIn(f"talome-host (= {field(path, 'Version')})", field(path, "Depends"))
                run("dpkg-deb", "-x", path, root)
                library = pathlib.Path(root, f"usr/lib/talome/plugins/{plugin}.so")
                manifest = json.loads(library.with_suffix(".plugin.json").read_text())
                self.assertEqual(manifest["id"], plugin)
                self.assertIn(manifest["summary"], " ".join(field(path, "Description").split()))
                self.assertIn("stripped", run("file", library))
                self.assertNotIn("not stripped", run("file", library))
                if "digest" in manifest:  # it is that of the file as it is installed
                    self.assertEqual(manifest["digest"], "sha256:" + hashlib.sha256(library.read_bytes()).hexdigest())

    def test_each_has_its_licence_and_its_changes(self):
        for name, path in self.packages.items():
            with self.subTest(package=name), tempfile.TemporaryDirectory() as root:
                run("dpkg-deb", "-x", path, root)
                documents = pathlib.Path(root, "usr/share/doc", name)
                self.assertIn("License: MIT", (documents / "copyright").read_text())
                changes = gzip.decompress((documents / "changelog.Debian.gz").read_bytes()).decode()
                self.assertTrue(changes.startswith(f"talome ({field(path, 'Version')})"), changes[:80])

    def test_the_sdk_brings_what_an_author_needs_but_for_the_compiler(self):
        path = self.packages["talome-sdk-dev"]
        there, needed = contents(path), field(path, "Depends")
        for entry in ("/usr/include/talome/abi.h", "/usr/include/talome/plugin.hpp", "/usr/bin/talome-manifest",
                      "/usr/lib/talome/sdk/talome-spawn", "/usr/lib/talome/sdk/libtalome-testing.so", "/usr/share/talome/cmake/TalomeConfig.cmake", "/usr/share/talome/template/CMakeLists.txt"):
            self.assertIn(entry, there)
        self.assertNotIn("talome-", needed)
        self.assertIn("libcurl4 (>= 7.85)", needed)
        for compiler in ("g++", "gcc", "clang"):
            self.assertNotIn(compiler, [each.split()[0] for each in needed.split(", ")])

    def test_talomectl_is_in_both_and_neither_is_in_the_way_of_the_other(self):
        files = {}
        for name in ("talome-host", "talome-sdk-dev"):
            there = contents(self.packages[name])
            files[name] = {path for path in there if not path.endswith("/")}
            own = f"/usr/lib/talome/{name.removeprefix('talome-').removesuffix('-dev')}"
            with tempfile.TemporaryDirectory() as root:
                run("dpkg-deb", "-R", self.packages[name], f"{root}/x")
                said = pathlib.Path(root, "x/DEBIAN/postinst").read_text()
                self.assertIn("talomectl", run(f"{root}/x{own}/talomectl", "--help"))
                self.assertIn("_talomectl", pathlib.Path(f"{root}/x{own}/talomectl.bash").read_text())
                self.assertIn("TALOMECTL", gzip.decompress(pathlib.Path(f"{root}/x{own}/talomectl.1.gz").read_bytes()).decode())
                self.assertIn(f"talomectl {own}/talomectl", pathlib.Path(root, "x/DEBIAN/prerm").read_text())
            for known in ("/usr/bin/talomectl", "/usr/share/man/man1/talomectl.1.gz", "/usr/share/bash-completion/completions/talomectl"):
                self.assertIn(known, said)
                self.assertNotIn(known, there)
        self.assertEqual(files["talome-host"] & files["talome-sdk-dev"], set())
        self.assertNotIn("talome-sdk", field(self.packages["talome-host"], "Depends"))

    def test_the_host_needs_certificates_and_time_zones(self):
        needed = [each.split()[0] for each in field(self.packages["talome-host"], "Depends").split(", ")]
        self.assertLessEqual({"ca-certificates", "tzdata", "libcurl4"}, set(needed))

    def test_a_plugin_asks_about_its_data_when_it_is_purged(self):
        for plugin in self.plugins:
            with self.subTest(plugin=plugin), tempfile.TemporaryDirectory() as root:
                run("dpkg-deb", "-e", self.packages[f"talome-plugin-{plugin}"], root)
                self.assertIn(f"Template: talome-plugin-{plugin}/purge-data\n", pathlib.Path(root, "templates").read_text())
                self.assertIn(f"/var/lib/talome/{plugin}.db", pathlib.Path(root, "postrm").read_text())
                for script in ("config", "postinst", "postrm"):
                    self.assertNotIn("@", pathlib.Path(root, script).read_text())

    def test_no_text_is_unfinished(self):
        for name, path in self.packages.items():
            with tempfile.TemporaryDirectory() as root:
                run("dpkg-deb", "-R", path, f"{root}/x")
                for file in pathlib.Path(root, "x").rglob("*"):
                    if not file.is_file() or file.is_symlink():
                        continue
                    data = file.read_bytes()
                    if file.suffix == ".gz":
                        data = gzip.decompress(data)
                    if not data.startswith(b"\x7fELF"):
                        self.assertNotIn(b"@@", data, f"{name}: {file.relative_to(root)}")

    def test_lintian_finds_no_error(self):
        if not shutil.which("lintian"):
            self.skipTest("lintian is not installed")
        found = run("lintian", "--allow-root", "--fail-on", "none", "--tag-display-limit", "0", *self.packages.values())
        self.assertEqual([line for line in found.splitlines() if line.startswith("E:")], [], found)


if __name__ == "__main__":
    unittest.main()
