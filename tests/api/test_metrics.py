"""GET /metrics, /healthz and /readyz: what other programs watch the server by. The exposition is read strictly, as
OpenMetrics 1.0 has it."""

import math
import pathlib
import re
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Talomed, build, wait_until

TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
SUFFIXES = {"counter": ("_total", "_created"), "gauge": ("",), "info": ("_info",),
            "histogram": ("_bucket", "_count", "_sum", "_created")}
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Inf|NaN")


class Family:
    def __init__(self, name):
        self.name, self.type, self.unit, self.help, self.samples = name, None, None, None, []


def labels_of(text):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        assert match, f"a malformed label: {text[at:]}"
        assert match[1] not in labels, f"the label {match[1]} is there twice"
        labels[match[1]] = re.sub(r"\\(.)", lambda escape: "\n" if escape[1] == "n" else escape[1], match[2])
        at = match.end()
        if at < len(text):
            assert text[at] == "," and at + 1 < len(text), f"expected a comma: {text[at:]}"
            at += 1
    return labels


def parse(text):
    """Families by name. Everything that is not as the standard says is an AssertionError."""
    assert text.endswith("\n# EOF\n"), text[-100:]
    families, current = {}, None
    for line in text[:-len("# EOF\n")].splitlines():
        if line.startswith("#"):
            mark, keyword, name, *rest = line.split(" ", 3)
            assert mark == "#" and keyword in ("TYPE", "UNIT", "HELP") and NAME.fullmatch(name) and rest, line
            if current is None or current.name != name:
                assert name not in families, f"{name} is interrupted by another family"
                current = families[name] = Family(name)
            assert not current.samples, f"{line}: stands after its samples"
            field = keyword.lower()
            assert getattr(current, field) is None, f"{line}: given twice"
            setattr(current, field, rest[0])
            assert keyword != "TYPE" or rest[0] in SUFFIXES, line
            assert keyword != "UNIT" or name.endswith("_" + rest[0]), line
            continue
        match = re.fullmatch(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)", line)
        assert match and NUMBER.fullmatch(match[3]), f"no sample: {line}"
        assert current and current.type, f"{line}: stands before any family"
        suffix = match[1].removeprefix(current.name)
        assert match[1].startswith(current.name) and suffix in SUFFIXES[current.type], \
            f"{line}: does not belong to {current.name}, a {current.type}"
        current.samples.append((suffix, labels_of(match[2] or ""), float(match[3])))
    for family in families.values():
        check(family)
    return families


def check(family):
    assert family.type and family.help, f"{family.name} is not declared"
    keys = [(suffix, tuple(sorted(labels.items()))) for suffix, labels, _ in family.samples]
    assert len(set(keys)) == len(keys), f"{family.name}: a sample is there twice"
    for suffix, labels, value in family.samples:
        assert not math.isnan(value), family.name
        if family.type in ("counter", "histogram"):
            assert value >= 0, f"{family.name}{labels} is negative"
    if family.type == "histogram":
        check_histogram(family)


def check_histogram(family):
    series = {}
    for suffix, labels, value in family.samples:
        key = tuple(sorted((name, text) for name, text in labels.items() if name != "le"))
        one = series.setdefault(key, {"buckets": []})
        if suffix == "_bucket":
            one["buckets"].append((float(labels["le"]), value))
        else:
            assert "le" not in labels
            one[suffix] = value
    for key, one in series.items():
        ends = [end for end, _ in one["buckets"]]
        counts = [count for _, count in one["buckets"]]
        assert ends == sorted(set(ends)) and ends[-1] == math.inf, f"{key}: buckets {ends}"
        assert counts == sorted(counts), f"{key}: buckets are not cumulative"
        assert counts[-1] == one["_count"], f"{key}: +Inf is not the count"
        assert one["_count"] > 0 or one["_sum"] == 0


def value(families, name, **labels):
    """Of the one sample with these labels among its own; 0 if there is none."""
    family = families[name]
    found = [v for suffix, own, v in family.samples
             if suffix in ("", "_total", "_count", "_info") and labels.items() <= own.items()]
    assert len(found) <= 1, f"{name}{labels}: {found}"
    return found[0] if found else 0


class ParserTest(unittest.TestCase):
    """That the reader of these tests is strict."""

    GOOD = "# TYPE a counter\n# HELP a x\na_total{b=\"c\\\"\"} 1\n# EOF\n"

    def test_good(self):
        self.assertEqual(value(parse(self.GOOD), "a", b='c"'), 1)

    def test_bad(self):
        for text in ("", "# EOF", self.GOOD + "\n", self.GOOD.replace("a_total", "a"), self.GOOD.replace("counter", "number"),
                     self.GOOD.replace('"} 1', '"} x'), self.GOOD.replace("# TYPE a counter\n", ""),
                     self.GOOD.replace("\n# EOF", '\na_total{b="c\\""} 2\n# EOF'), self.GOOD.replace("{b=", "{b ="),
                     self.GOOD.replace("# HELP", "\n# HELP"), "# TYPE h histogram\n# HELP h x\nh_bucket{le=\"1.0\"} 2\n"
                     "h_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n# EOF\n"):
            with self.subTest(text=text), self.assertRaises(AssertionError):
                parse(text)


class MetricsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.talomed = cls.enterClassContext(Talomed(plugins="none"))
        cls.talomed.login()

    def families(self):
        answer = self.talomed.get("/metrics")
        self.assertEqual(answer.status, 200, answer)
        return parse(answer.text)

    def until(self, holds):
        """An answer is counted when it has been sent, so a moment after it is here."""
        wait_until(lambda: holds(self.families()), 5, 0.02, "the count")

    def test_type(self):
        answer = self.talomed.get("/metrics")
        self.assertEqual(answer.headers["Content-Type"], TYPE)
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        head = self.talomed.request("HEAD", "/metrics")
        self.assertEqual((head.status, head.body), (200, b""))

    def test_families(self):
        families = self.families()
        for name, kind in {"talome_http_requests": "counter", "talome_http_request_duration_seconds": "histogram",
                           "talome_http_request_body_bytes": "counter", "talome_http_response_body_bytes": "counter",
                           "talome_http_connections": "gauge", "talome_http_connections_accepted": "counter",
                           "talome_http_streams": "gauge", "talome_http_workers": "gauge",
                           "talome_http_workers_busy": "gauge", "talome_plugin_requests": "counter",
                           "talome_plugin_calls_running": "gauge", "talome_plugin_refused": "counter",
                           "process_cpu_seconds": "counter", "process_resident_memory_bytes": "gauge",
                           "process_open_fds": "gauge", "process_start_time_seconds": "gauge",
                           "talome_build": "info"}.items():
            with self.subTest(name=name):
                self.assertEqual(families[name].type, kind)
                self.assertTrue(families[name].help)

    def test_process(self):
        families = self.families()
        self.assertGreater(value(families, "process_resident_memory_bytes"), 1 << 20)
        self.assertGreater(value(families, "process_open_fds"), 5)
        self.assertGreater(value(families, "process_max_fds"), value(families, "process_open_fds"))
        self.assertGreater(value(families, "process_cpu_seconds"), 0)
        started = value(families, "process_start_time_seconds")
        self.assertTrue(time.time() - 300 < started < time.time() + 1, started)
        self.assertTrue(families["talome_build"].samples[0][1]["version"])

    def test_engine(self):
        families = self.families()
        self.assertGreaterEqual(value(families, "talome_http_connections"), 1)
        self.assertGreaterEqual(value(families, "talome_http_connections_accepted"), 1)
        self.assertGreaterEqual(value(families, "talome_http_workers"), value(families, "talome_http_workers_busy"))
        self.assertGreaterEqual(value(families, "talome_http_workers_busy"), 1)

    def test_requests_are_counted(self):
        of = {"route": "/api/auth/login", "method": "POST", "status": "401"}
        before = self.families()
        for _ in range(3):
            self.talomed.post("/api/auth/login", {"username": "nobody", "password": "x" * 20}, token=None)
        self.until(lambda now: value(now, "talome_http_requests", **of) == value(before, "talome_http_requests", **of) + 3)
        now = self.families()
        for name, least in (("talome_http_request_body_bytes", 3 * 40), ("talome_http_response_body_bytes", 3 * 40)):
            grown = value(now, name, route="/api/auth/login") - value(before, name, route="/api/auth/login")
            self.assertGreater(grown, least, name)
        counts = sum(v for _, own, v in now["talome_http_requests"].samples if own["route"] == "/api/auth/login")
        self.assertEqual(value(now, "talome_http_request_duration_seconds", route="/api/auth/login"), counts)

    def test_counts_only_grow(self):
        first = self.families()
        self.talomed.get("/api/health")
        second = self.families()
        for name, family in first.items():
            if family.type == "counter":
                for suffix, labels, before in family.samples:
                    self.assertGreaterEqual(value(second, name, **labels), before, name)

    def test_strangers_make_no_series(self):
        """Unknown paths and methods are one series, whatever they are called."""
        before = self.families()
        for i in range(50):
            self.talomed.get(f"/no/such/path/{i}", token=None)
            self.talomed.request(f"METHOD{i}", "/no/such", token=None)
        self.talomed.exchange(b"nonsense\r\n\r\n")
        unknown = {"route": "", "method": "GET", "status": "404"}
        self.until(lambda now: value(now, "talome_http_requests", **unknown)
                   >= value(before, "talome_http_requests", **unknown) + 50)
        now = self.families()
        strange = [labels for _, labels, _ in now["talome_http_requests"].samples if labels["route"] == ""]
        self.assertLess(len(strange), 10, strange)
        self.assertNotIn("METHOD", self.talomed.get("/metrics").text)
        self.assertNotIn("/no/such", self.talomed.get("/metrics").text)

    def test_paths_are_patterns(self):
        for _, labels, _ in self.families()["talome_http_requests"].samples:
            self.assertTrue(labels["route"] == "" or labels["route"].startswith("/"), labels)


class AccessTest(unittest.TestCase):
    def refused(self, answer, status, words):
        self.assertEqual(answer.status, status, answer)
        self.assertIn(words, answer.json["error"])

    def test_without_a_list_only_an_admin(self):
        with Talomed(plugins="none") as talomed:
            anonymous = talomed.get("/metrics", token=None)
            self.refused(anonymous, 401, "log in first")
            self.assertEqual(anonymous.headers["WWW-Authenticate"], 'Bearer realm="talome"')
            self.assertEqual(anonymous.json["error"], talomed.get("/api/plugins", token=None).json["error"])
            self.refused(talomed.get("/metrics", token="wrong"), 401, "log in first")
            talomed.login()
            self.assertEqual(talomed.get("/metrics").status, 200)
            self.assertEqual(talomed.get("/metrics", token=None, headers={"Cookie": talomed.cookie}).status, 200)

    def test_a_member_is_no_admin(self):
        with Talomed(plugins="none", env={"METRICS_ALLOW": "127.0.0.5"}) as talomed:
            talomed.login()
            talomed.stop()
            with sqlite3.connect(talomed.state / "host.db") as database:
                database.execute("UPDATE users SET role = 'member'")
            talomed.start()
            self.refused(talomed.get("/metrics"), 403, "this needs an administrator")
            self.assertEqual(talomed.get("/metrics").json["error"], talomed.get("/api/plugins").json["error"])
            self.assertEqual(talomed.get("/metrics", source="127.0.0.5").status, 200)
            self.assertRegex(talomed.log, r"metrics\.get.*denied")

    def test_listed_addresses(self):
        with Talomed(plugins="none", env={"METRICS_ALLOW": "127.0.0.5, 127.1.0.0/16"}) as talomed:
            self.refused(talomed.get("/metrics", token=None), 401, "log in first")
            for source in ("127.0.0.5", "127.1.2.3"):
                parse(talomed.get("/metrics", token=None, source=source).text)
            self.refused(talomed.get("/metrics", token=None, source="127.0.0.6"), 401, "log in first")

    def test_a_proxy_lends_its_address_to_nobody(self):
        """A proxy that is not trusted is listed: what it passes on may be from anybody."""
        with Talomed(plugins="none", config="metrics:\n  allow: [127.0.0.1]\n") as talomed:
            self.assertEqual(talomed.get("/metrics", token=None).status, 200)
            for header in ("X-Forwarded-For", "Forwarded", "Via"):
                self.refused(talomed.get("/metrics", token=None, headers={header: "127.0.0.1"}), 401, "log in first")

    def test_behind_a_trusted_proxy(self):
        with Talomed(plugins="none", env={"METRICS_ALLOW": "10.1.2.3", "TRUSTED_PROXIES": "127.0.0.1"}) as talomed:
            forwarded = lambda address: talomed.get("/metrics", token=None, headers={"X-Forwarded-For": address})
            self.assertEqual(forwarded("10.1.2.3").status, 200)
            self.refused(forwarded("10.1.2.4"), 401, "log in first")
            self.refused(forwarded("10.1.2.3, 10.1.2.4"), 401, "log in first")
            self.refused(talomed.get("/metrics", token=None), 401, "log in first")

    def test_bad_lists_stop_the_start(self):
        talomed = Talomed(env={"METRICS_ALLOW": "localhost"})
        self.addCleanup(talomed.close)
        self.assertIn("METRICS_ALLOW: 'localhost' is no address", talomed.refuses_to_start())


class HealthTest(unittest.TestCase):
    def test_live(self):
        with Talomed(plugins="none") as talomed:
            answer = talomed.get("/healthz", token=None)
            self.assertEqual((answer.status, answer.json), (200, {"status": "ok"}))
            self.assertEqual(talomed.request("HEAD", "/healthz", token=None).status, 200)
            self.assertEqual(talomed.post("/healthz", token=None).status, 405)

    def test_ready(self):
        with Talomed(plugins="none") as talomed:
            answer = talomed.get("/readyz", token=None)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.json, {"status": "ok", "checks": {"started": "ok", "database": "ok"}})

    def test_a_plugin_that_is_not_up_takes_nobody_down(self):
        with Talomed(plugins="none") as talomed:
            directory = talomed.directory / "plugins"
        directory.mkdir(parents=True)
        (directory / "broken.so").write_bytes(b"no plugin")
        (directory / "broken.plugin.json").write_text("{}")
        with Talomed(plugins="all", plugin_dirs=[directory]) as talomed:
            answer = talomed.get("/readyz", token=None)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(talomed.get("/api/plugins", token=talomed.login()).json[0]["state"], "refused")
            self.assertEqual(talomed.get("/healthz", token=None).status, 200)

    @unittest.skipUnless((build() / "plugins" / "docker.so").exists(), "the docker plugin is not built")
    def test_a_plugin_without_its_engine_is_up(self):
        with Talomed(plugins="all") as talomed:
            self.assertEqual(talomed.get("/readyz", token=None).status, 200)


if __name__ == "__main__":
    unittest.main()
