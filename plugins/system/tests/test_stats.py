"""GET /api/system/stats and its neighbours: the shape, the truth of the figures, who may see them."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from system_case import SystemCase, Talomed, member_of, wait_until


def load(seconds, share=0.5):
    """A process that keeps one processor busy for a share of the time."""
    code = f"import time\nend=time.monotonic()+{seconds}\nwhile time.monotonic()<end:\n" \
           f" t=time.monotonic()+{share}*0.05\n while time.monotonic()<t: pass\n time.sleep({1 - share}*0.05)\n"
    return subprocess.Popen(["python3", "-c", code])


class ShapeTest(SystemCase):
    def test_what_the_document_says(self):
        stats = self.get("/api/system/stats")
        self.assertEqual(stats["cpu"]["cores"], os.cpu_count())
        self.assertTrue(stats["cpu"]["model"])
        self.assertEqual(len(stats["cpu"]["perCore"]), os.cpu_count())
        for number in (stats["cpu"]["usage"], stats["memory"]["percent"], stats["disk"]["percent"]):
            self.assertTrue(0 <= number <= 100, number)
            self.assertEqual(round(number, 1), number)
        for part, fields in {"memory": ("usedBytes", "totalBytes"), "disk": ("usedBytes", "totalBytes"),
                             "network": ("rxBytesPerSec", "txBytesPerSec")}.items():
            for field in fields:
                self.assertIsInstance(stats[part][field], int, field)
        root = stats["disk"]["mounts"][0]
        self.assertEqual(root["mount"], "/")
        self.assertLessEqual({"fs", "mount", "usedBytes", "totalBytes", "percent", "type"}, set(root))
        self.assertEqual((stats["platform"], stats["hostname"]), ("linux", os.uname().nodename))
        self.assertAlmostEqual(stats["uptime"], float(pathlib.Path("/proc/uptime").read_text().split()[0]), delta=3)
        self.assertEqual(stats["problems"], [])

    def test_no_gpu_is_a_clean_none(self):
        if os.path.isdir("/sys/class/drm") and os.listdir("/sys/class/drm"):
            self.skipTest("this machine has one")
        self.assertEqual(self.get("/api/system/gpu"), {"gpus": []})
        self.assertEqual(self.get("/api/storage/gpu"), [])
        self.assertEqual(self.get("/api/system/stats")["gpu"], [])

    def test_aliases_and_the_rest(self):
        self.assertIn("cpu", self.get("/api/system"))
        self.assertEqual(self.get("/api/system/info")["kernel"], os.uname().release)
        self.assertEqual({each["name"] for each in self.get("/api/system/network")["interfaces"]}, set(os.listdir("/sys/class/net")) - {"lo"})
        rows = self.get("/api/system/processes?sort=mem&limit=500")
        self.assertIn(self.talomed.pid, [each["pid"] for each in rows])
        self.assertEqual(rows, sorted(rows, key=lambda each: -each["memoryBytes"]))
        self.get("/api/system/processes?sort=name", 400)
        self.get("/api/system/processes?limit=0", 400)

    def test_who_may_see_it(self):
        plain = member_of(self.talomed, {"dashboard": True, "system": False})
        nothing = member_of(self.talomed, {"dashboard": False, "system": False})
        for path, who in {"/api/system/stats": plain, "/api/system/health": plain, "/api/metrics": plain}.items():
            self.get(path, 200, token=who)
            self.get(path, 403, token=nothing)
            self.get(path, 401, token=None)
        for path in ("/api/storage", "/api/system/processes", "/api/storage/smart", "/api/storage/reclaimable"):
            self.get(path, 403, token=plain)

    def test_the_machines_metrics(self):
        text = self.talomed.get("/metrics").text
        self.assertRegex(text, r'node_cpu_seconds_total\{cpu="0",mode="user"\} [0-9.]+\n')
        self.assertRegex(text, r"node_memory_MemTotal_bytes [0-9.e+]+\n")
        self.assertRegex(text, r'node_filesystem_size_bytes\{device="[^"]+",fstype="[^"]+",mountpoint="/"\}')
        self.assertTrue(text.endswith("# EOF\n"))


class TruthTest(SystemCase):
    """Against the tools that everybody has, over the same time, under a load of our own."""

    SECONDS = int(os.environ.get("TALOME_TRUTH_SECONDS", "30" if os.environ.get("TALOME_TEST_FULL") else "6"))

    def test_processors_memory_network_and_disk(self):
        for tool in ("mpstat", "free", "ip", "df"):
            if not shutil.which(tool):
                self.skipTest(f"{tool} is not installed")
        n = self.SECONDS
        self.get("/api/system/stats")
        burning = [load(n + 4, 0.5)]
        self.addCleanup(lambda: [each.wait() for each in burning])
        counters = lambda: {name: (int(rx), int(tx)) for name, rx, tx in re.findall(
            r"^\d+: (\S+?)(?:@\S+)?: .*?RX:.*?\n\s+(\d+).*?TX:.*?\n\s+(\d+)", subprocess.run(
                ["ip", "-s", "link"], capture_output=True, text=True).stdout, re.S | re.M)}
        time.sleep(1.2)
        mpstat = subprocess.Popen(["mpstat", "1", str(n)], stdout=subprocess.PIPE, text=True, env={**os.environ, "S_TIME_FORMAT": "ISO", "LC_ALL": "C"})
        before, usage, rates, seen = counters(), [], [], set()
        end = time.monotonic() + n
        while time.monotonic() < end:
            stats = self.get("/api/system/stats")
            if stats["sampledAt"] not in seen:
                seen.add(stats["sampledAt"])
                usage.append(stats["cpu"]["usage"])
                rates.append(stats["network"])
            time.sleep(0.1)
        after = counters()
        theirs = 100 - float(mpstat.communicate()[0].strip().splitlines()[-1].split()[-1])
        ours = sum(usage) / len(usage)
        self.assertGreaterEqual(len(usage), n - 2)
        print(f"cpu: mpstat {theirs:.1f} %, ours {ours:.1f} % over {n} s", flush=True)
        self.assertLess(abs(theirs - ours), 2 if n >= 20 else 6)

        total, used = subprocess.run(["free", "-b"], capture_output=True, text=True).stdout.splitlines()[1].split()[1:3]
        stats = self.get("/api/system/stats")
        free_percent = 100 * int(used) / int(total)
        print(f"memory: free {free_percent:.1f} %, ours {stats['memory']['percent']} %", flush=True)
        self.assertLess(abs(free_percent - stats["memory"]["percent"]), 2)
        for name in {each["name"] for each in stats["network"]["interfaces"]}:
            moved = (after[name][0] - before[name][0]) / n
            said = sum(next(i["rxBytesPerSec"] for i in each["interfaces"] if i["name"] == name) for each in rates) / len(rates)
            print(f"{name}: ip {moved:.0f} B/s received, ours {said:.0f} B/s", flush=True)
            self.assertLess(abs(moved - said), max(0.25 * moved, 2000))
        df = subprocess.run(["df", "-B1", "--output=target,used,size,pcent"], capture_output=True, text=True).stdout.splitlines()[1:]
        by_path = {line.split()[0]: line.split()[1:] for line in df}
        for mount in stats["disk"]["mounts"]:
            used, size, percent = by_path[mount["mount"]]
            print(f"{mount['mount']}: df {percent}, ours {mount['percent']} %", flush=True)
            self.assertLess(abs(float(percent[:-1]) - mount["percent"]), 2)
            self.assertEqual(int(size), mount["totalBytes"])
            self.assertLess(abs(int(used) - mount["usedBytes"]) / mount["totalBytes"], 0.02)

    def test_it_is_no_average_since_the_start(self):
        def usage_of(condition, seconds=8):
            return wait_until(lambda: (u := self.get("/api/system/stats")["cpu"]["perCore"]) and condition(max(u)) and u, seconds, 0.2)
        burning = load(20, 1.0)
        try:
            usage_of(lambda most: most > 85)
        finally:
            burning.kill()
            burning.wait()


class MadeTreesTest(unittest.TestCase):
    """Another /proc and /sys, as a server in a container is shown those of its host."""

    def test_figures_come_from_there(self):
        root = pathlib.Path(tempfile.mkdtemp(prefix="talome-trees-"))
        self.addCleanup(shutil.rmtree, root)

        def write(name, text):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        write("proc/stat", "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 100 0 100 800 0 0 0 0 0 0\nbtime 1700000000\n")
        write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 250 kB\nCached: 50 kB\nSwapTotal: 100 kB\nSwapFree: 75 kB\n")
        write("proc/1/net/dev", "a\nb\n eth7: 1000 1 0 0 0 0 0 0 2000 1 0 0 0 0 0 0\n")
        write("proc/1/mountinfo", "26 1 254:0 / / rw - ext4 /dev/vda rw\n")
        write("proc/loadavg", "0.50 1.25 2.00 1/100 999\n")
        write("proc/uptime", "1234.56 1\n")
        write("proc/cpuinfo", "processor\t: 0\nmodel name\t: Made Up 9000\n")
        write("proc/sys/kernel/hostname", "elsewhere\n")
        write("sys/class/hwmon/hwmon0/name", "k10temp\n")
        write("sys/class/hwmon/hwmon0/temp1_input", "61500\n")
        card = "sys/bus/pci/devices/0000:0b:00.0/"
        for name, text in {"class": "0x030000", "vendor": "0x1002", "device": "0x73bf", "product_name": "Radeon", "gpu_busy_percent": "12",
                           "mem_info_vram_total": "1048576000", "mem_info_vram_used": "524288000"}.items():
            write(card + name, text + "\n")
        (root / card / "driver").symlink_to("../../drivers/amdgpu")
        with Talomed(plugins="system", env={"HOST_PROC": root / "proc", "HOST_SYS": root / "sys"}) as talomed:
            talomed.login()
            write("proc/stat", "cpu  160 0 100 840 0 0 0 0 0 0\ncpu0 160 0 100 840 0 0 0 0 0 0\nbtime 1700000000\n")
            stats = talomed.get("/api/system/stats").json
            self.assertEqual(stats["cpu"]["usage"], 60)
            self.assertEqual((stats["cpu"]["model"], stats["cpu"]["cores"]), ("Made Up 9000", 1))
            self.assertEqual(stats["cpu"]["temperatureC"], 61.5)
            self.assertEqual(stats["memory"]["percent"], 75)
            self.assertEqual(stats["memory"]["swapUsed"], 25 * 1024)
            self.assertEqual((stats["hostname"], stats["uptime"]), ("elsewhere", 1234))
            self.assertEqual(stats["network"]["interfaces"][0]["name"], "eth7")
            self.assertEqual(stats["gpu"][0]["vramPercent"], 50)
            self.assertEqual(talomed.get("/api/system/gpu").json["gpus"][0]["name"], "Radeon")
            write("proc/meminfo", "nothing\n")  # null and a reason, and no zeros
            stats = wait_until(lambda: "memory" in " ".join((s := talomed.get("/api/system/stats").json)["problems"]) and s, 5)
            self.assertIn("memory", " ".join(stats["problems"]))
            self.assertNotIn("usedBytes", stats["memory"])


if __name__ == "__main__":
    unittest.main()
