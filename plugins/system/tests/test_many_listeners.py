"""Many who watch (a thousand with TALOME_TEST_FULL=1): one reading for all of them, each sent to each, on few threads."""

import asyncio
import os
import pathlib
import time
import unittest

from system_case import SystemCase

LISTENERS = 1000 if os.environ.get("TALOME_TEST_FULL") == "1" else 200
SECONDS = 12


class ManyListenersTest(SystemCase):
    def cpu(self):
        return sum(map(int, pathlib.Path(f"/proc/{self.talomed.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")

    async def listen(self, seen, late, until):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.talomed.port)
        begun = time.monotonic()
        writer.write(f"GET /api/stats-stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.talomed.token}\r\n\r\n".encode())
        ids = []
        try:
            while (left := until - time.monotonic()) > 0:
                line = await asyncio.wait_for(reader.readline(), left)
                if not line:
                    break
                if line.startswith(b"id: "):
                    if not ids:
                        seen["first"].append(time.monotonic() - begun)
                    ids.append(int(line[4:]))
                    late.append(time.time() * 1000 - ids[-1])
        except TimeoutError:
            pass
        seen["ids"].append(ids)
        writer.close()

    def test_many(self):
        self.get("/api/system/stats")
        seen, late = {"ids": [], "first": []}, []

        async def all_of_them():
            until = time.monotonic() + SECONDS
            tasks = []
            for i in range(LISTENERS):
                tasks.append(asyncio.create_task(self.listen(seen, late, until)))
                if i % 50 == 49:
                    await asyncio.sleep(0.05)
            await asyncio.sleep(3)
            threads = len(os.listdir(f"/proc/{self.talomed.pid}/task"))
            before, begun = self.cpu(), time.monotonic()
            await asyncio.sleep(5)
            used, took = self.cpu() - before, time.monotonic() - begun
            await asyncio.gather(*tasks)
            return threads, used / took
        threads, share = asyncio.run(all_of_them())
        self.assertEqual(len(seen["ids"]), LISTENERS)
        full = set.union(*map(set, seen["ids"]))
        shared = [number for number in sorted(full) if sum(number in ids for ids in seen["ids"]) == LISTENERS]
        late.sort()
        print(f"{LISTENERS} listeners: {len(shared)} of {len(full)} readings reached all; {share * 100:.0f} % of a core, {threads} threads; "
              f"delivered after {late[len(late) // 2]:.0f} ms (median), {late[int(len(late) * 0.99)]:.0f} ms (p99), with the client's own delay", flush=True)
        self.assertGreaterEqual(len(shared), 1, "after all have come, a reading reaches each of them")
        self.assertLessEqual(len(full), SECONDS + 5, "one sampler for all")
        for ids in seen["ids"]:
            self.assertEqual(ids, sorted(set(ids)))
        self.assertLess(threads, 64)


if __name__ == "__main__":
    unittest.main()
