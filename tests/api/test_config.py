"""What talomed is told before it starts: what is wrong stops it with words, what is absent has a safe default."""

import json
import os
import pathlib
import re
import stat
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import REPOSITORY, Talomed, build


def mode(path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


class RefusalTest(unittest.TestCase):
    """Each of these stops the start, and the words say where and why."""

    def refusal(self, *words, **options):
        talomed = Talomed(**options)
        self.addCleanup(talomed.close)
        text = talomed.refuses_to_start()
        for word in words:
            self.assertIn(word, text)

    def test_unknown_key(self):
        self.refusal("talome.yaml:2", "http.prot", config="http:\n  prot: 4000\n", env={"CORE_PORT": None})

    def test_unknown_section(self):
        self.refusal("talome.yaml:1", "htp", config="htp:\n  port: 4000\n")

    def test_bad_value(self):
        self.refusal("talome.yaml:3", "http.port", config="# a comment\nhttp:\n  port: many\n", env={"CORE_PORT": None})

    def test_duplicate_key(self):
        self.refusal("talome.yaml:2", "state_dir", config="state_dir: /a\nstate_dir: /b\n", env={"TALOME_STATE_DIR": None})

    def test_no_yaml(self):
        self.refusal("talome.yaml:", config="http: [\n")

    def test_named_file_that_is_not_there(self):
        self.refusal("/nonexistent/talome.yaml", env={"TALOME_CONFIG": "/nonexistent/talome.yaml"})

    def test_port_out_of_range(self):
        self.refusal("CORE_PORT", env={"CORE_PORT": "70000"})

    def test_port_that_is_no_number(self):
        self.refusal("CORE_PORT", env={"CORE_PORT": "http"})

    def test_host_that_is_no_address(self):
        self.refusal("not an address", env={"CORE_HOST": "not an address"})

    def test_short_secret(self):
        talomed = Talomed(env={"TALOME_SECRET": "abad5ec2e7"})
        self.addCleanup(talomed.close)
        text = talomed.refuses_to_start()
        self.assertIn("TALOME_SECRET", text)
        self.assertNotIn("abad5ec2e7", text)

    def test_log_level(self):
        self.refusal("LOG_LEVEL", env={"LOG_LEVEL": "loud"})

    def test_certificate_without_key(self):
        self.refusal("CORE_TLS_KEY", "the key is not given", env={"CORE_TLS_CERT": "/etc/talome/tls/chain.pem"})

    def test_key_without_certificate(self):
        self.refusal("CORE_TLS_CERT", "the certificate is not given",
                     config="http:\n  tls:\n    key: /etc/talome/tls/key.pem\n")

    def test_plugin_list(self):
        self.refusal("TALOME_PLUGINS", plugins="docker,../evil")

    def test_port_that_is_taken(self):
        with Talomed(plugins="none") as first:
            self.refusal(str(first.port), plugins="none", env={"CORE_PORT": first.port})

    def test_state_folder_that_cannot_be_made(self):
        self.refusal("/proc/talome", env={"TALOME_STATE_DIR": "/proc/talome"})


class SafeDefaultsTest(unittest.TestCase):
    def test_secret_and_state_are_private(self):
        with Talomed(plugins="none") as talomed:
            talomed.login()
            self.assertEqual(mode(talomed.state), 0o700)
            secret = talomed.state / "talome.secret"
            self.assertEqual(mode(secret), 0o600)
            self.assertRegex(secret.read_text().strip(), r"^[0-9a-f]{64}$")
            for database in talomed.state.glob("*.db*"):
                self.assertEqual(mode(database) & 0o077, 0, database)
            self.assertNotIn(secret.read_text().strip(), talomed.log)

    def test_two_installations_have_two_secrets(self):
        secrets = set()
        for _ in range(2):
            with Talomed(plugins="none") as talomed:
                secrets.add((talomed.state / "talome.secret").read_text())
        self.assertEqual(len(secrets), 2)

    def test_secret_is_kept(self):
        with Talomed(plugins="none") as talomed:
            token = talomed.login()
            before = (talomed.state / "talome.secret").read_text()
            talomed.restart()
            self.assertEqual((talomed.state / "talome.secret").read_text(), before)
            self.assertEqual(talomed.get("/api/auth/me", token).status, 200)

    def test_secret_from_the_environment(self):
        with Talomed(plugins="none", env={"TALOME_SECRET": "5e" * 32}) as talomed:
            token = talomed.login()
            self.assertFalse((talomed.state / "talome.secret").exists())
            self.assertEqual(talomed.get("/api/auth/me").status, 200)
            talomed.stop()
            talomed.env["TALOME_SECRET"] = "a1" * 32
            talomed.start()
            self.assertEqual(talomed.get("/api/auth/me", token).status, 401)

    def test_home_is_the_default_place(self):
        with Talomed(plugins="none", env={"TALOME_STATE_DIR": None}) as talomed:
            self.assertTrue((talomed.directory / ".talome" / "host.db").exists())

    def test_database_path(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "data" / "talome.db"
            with Talomed(plugins="none", env={"DATABASE_PATH": path}) as talomed:
                talomed.login()
                self.assertTrue(path.exists())
                self.assertFalse((talomed.state / "host.db").exists())

    def test_without_an_engine_it_starts(self):
        with Talomed() as talomed:
            self.assertEqual(talomed.get("/api/health").status, 200)

    def test_signs_of_readiness(self):
        with Talomed(plugins="none") as talomed:
            self.assertIn(f"listens on {talomed.url}\n", talomed.log)


class FileTest(unittest.TestCase):
    def test_environment_wins(self):
        with Talomed(plugins="none", config="http:\n  host: 127.0.0.1\n  port: 1\nlog:\n  level: warn\n") as talomed:
            self.assertEqual(talomed.get("/api/health").status, 200)

    def test_file_alone(self):
        talomed = Talomed(env={"CORE_HOST": None, "CORE_PORT": None, "TALOME_STATE_DIR": None, "TALOME_PLUGINS": None,
                               "TALOME_CONFIG": None})
        self.addCleanup(talomed.close)
        path = talomed.directory / "its.yaml"
        path.write_text(f"http:\n  host: 127.0.0.1\n  port: {talomed.port}\nstate_dir: {talomed.state}\n"
                        "plugins:\n  enabled: none\n  directories: []\nlog: {level: debug, format: json}\n"
                        "dashboard_origin: [http://localhost:3000]\ntrusted_proxies: [127.0.0.1]\n")
        talomed.env["TALOME_CONFIG"] = str(path)
        talomed.start()
        self.assertTrue((talomed.state / "host.db").exists())

    def test_the_example_is_accepted(self):
        """As it lies in etc/, and with every key of it taken out of its comment, save those whose files are not here."""
        example = (REPOSITORY / "etc" / "talome.yaml").read_text()
        for text in (example, self.uncommented(example)):
            with Talomed(plugins="none", config=text) as talomed:
                self.assertEqual(talomed.get("/api/health").status, 200)

    @staticmethod
    def uncommented(text):
        lines = [re.sub(r"^# ?", "", line) for line in text.splitlines()]
        return "\n".join(line for line in lines if re.match(r"^ *(- |\w+:)", line) and not re.search("STATE|~|tls", line))


class PluginsAtFirstStartTest(unittest.TestCase):
    def enabled(self, talomed):
        talomed.login()
        answer = talomed.get("/api/plugins")
        self.assertEqual(answer.status, 200, answer)
        return {plugin["id"] for plugin in answer.json if plugin["state"] == "active"}

    def setUp(self):
        if not (build() / "plugins" / "docker.so").exists():
            self.skipTest("the docker plugin is not built")

    def test_none(self):
        with Talomed(plugins="none") as talomed:
            self.assertEqual(self.enabled(talomed), set())

    def test_list(self):
        with Talomed(plugins="docker") as talomed:
            self.assertEqual(self.enabled(talomed), {"docker"})

    def test_all(self):
        with Talomed(plugins="all") as talomed:
            self.assertIn("docker", self.enabled(talomed))

    def test_only_the_first_start_counts(self):
        with Talomed(plugins="none") as talomed:
            self.enabled(talomed)
            talomed.stop()
            talomed.env["TALOME_PLUGINS"] = "all"
            talomed.start()
            self.assertEqual(self.enabled(talomed), set())


class LogTest(unittest.TestCase):
    def test_json_lines(self):
        with Talomed(plugins="none", env={"LOG_FORMAT": "json"}) as talomed:
            talomed.get("/api/health")
            talomed.stop()
            lines = [line for line in talomed.log.splitlines() if line.strip()]
            self.assertTrue(lines)
            for line in lines:
                self.assertIsInstance(json.loads(line), dict, line)

    def test_no_password_or_token_is_logged(self):
        with Talomed(plugins="none") as talomed:
            token = talomed.login(password="a password to look for")
            talomed.post("/api/auth/login", {"username": "admin", "password": "a wrong one to look for"}, token=None)
            talomed.get("/api/auth/me")
            talomed.stop()
            for secret in ("to look for", token, token.split(".")[2]):
                self.assertNotIn(secret, talomed.log)


if __name__ == "__main__":
    unittest.main()
