"""What many connections cost that do nothing, or that send half a head and no more."""

from measure import Watch, median, mib, status
from servers import load, need_route, talomed, wrk

HALF_SENT = 200


def rates(server, options, seconds, rounds):
    found = []
    for _ in range(rounds):
        with Watch([server.pid]) as used:
            found.append(wrk(server.port, options.path, 16, seconds).per_second)
    return found, used


def run(options, report):
    with talomed(options) as server:
        need_route(server, options.path)
        seconds = min(options.seconds, 5)  # a half-sent head has 10 s
        rates(server, options, 1, 1)
        alone, _ = rates(server, options, seconds, 2)
        for what, count, half in (("idle", options.idle, 0), ("half-sent", HALF_SENT, 1)):
            with load("idle", server, options.path, count=count, half=half) as clients:
                opened = clients.json()
                rss = status(server.pid, "VmRSS") * 1024
                beside, used = rates(server, options, seconds, 1 if half else 2)
                left = clients.ask()
            again, _ = rates(server, options, seconds, 1 if half else 2)
            ratio = median(beside) / median(alone + again)
            print(f"{count} {what}: {opened['open']} opened, {opened['refused']} refused, {left['open']} open at "
                  f"the end; RSS {mib(rss)}, at most {mib(used.rss)}; {used.threads} threads; requests/s without "
                  f"{median(alone + again):.0f}, beside {median(beside):.0f}", flush=True)
            alone = again
            report.holds(f"{what} connections that stayed open", left["open"] - left["refused"], count)
            report.at_most(f"threads beside {count} {what} connections", used.threads, 32)
            report.at_most(f"RSS beside {count} {what} connections", used.rss / (1 << 20), 64, " MiB")
            report.at_least(f"requests/s beside {count} {what} connections", ratio, 0.8, "x")
