"""What an event of the stream costs the whole server in processor time: reading, JSON, sending to one. By hand:
`TALOME_BUILD=build/release python3 plugins/system/bench/stream_cost.py`; on a busy machine caches are cold and it is several times as much."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))
from system_case import Events, Talomed, wait_until


def used(talomed):
    """Nanoseconds of processor time, of all threads of the server."""
    return sum(int((each / "schedstat").read_text().split()[0]) for each in pathlib.Path(f"/proc/{talomed.pid}/task").iterdir())


with Talomed(plugins="system", env={"LOG_LEVEL": "info"}) as talomed:
    talomed.login()
    time.sleep(12)  # whoever looked before: the sampler sleeps
    before = used(talomed)
    time.sleep(20)
    idle = (used(talomed) - before) / 20
    events = Events(talomed, "/api/stats-stream")
    wait_until(lambda: len(events.events) >= 3, 10)
    begun, before, since = len(events.events), used(talomed), time.monotonic()
    wait_until(lambda: len(events.events) >= begun + 20, 40)
    n = len(events.events) - begun
    each = (used(talomed) - before - idle * (time.monotonic() - since)) / n / 1e6
    events.close()
    print(f"{each:.3f} ms of CPU for each of {n} events; while nobody looks {idle / 1e6:.3f} ms a second")
