"""Requests a second and CPU per request: bare Poco, nginx, talomed's /healthz, an operation of a plugin that returns a
small struct, and for comparison that of the template, which writes to its database each time."""

import contextlib
import pathlib
import tempfile

from measure import Watch, median, mib
from servers import authorization, need_route, nginx, poco, talomed, wrk

POCO_THREADS = {16: 16, 256: 300}
PLUGIN, TEMPLATE = "talomed, plugin", "talomed, template"
TEMPLATE_PATH = "/api/greeter/hello?name=Ann"
WANTED = {16: 0.85, 256: 0.6}  # of bare Poco's CPU per request


def measured(servers, options, seconds):
    """[(server's name, connections)] → a list with a row for each round; all in turn within a round, so that whatever
    else the machine does meets all of them."""
    rows = {}
    for (_, connections), (port, _, path, header) in servers.items():
        wrk(port, path, connections, 1, header)  # what is slow once is slow now
    for number in range(options.rounds):
        for (name, connections), (port, pids, path, header) in servers.items():
            with Watch(pids) as used:
                rate = wrk(port, path, connections, seconds, header)
            row = {"rate": rate, "us": used.cpu / rate.requests * 1e6, "rss": used.rss, "threads": used.threads}
            rows.setdefault((name, connections), []).append(row)
            print(f"round {number + 1}  {name:22} {connections:4} connections  {rate.per_second:9.0f} requests/s "
                  f"{row['us']:7.1f} us CPU each  {used.threads:4} threads  {mib(used.rss):>10}  read errors "
                  f"{rate.read_errors}, other {rate.other_errors}, not 2xx {rate.refusals}", flush=True)
    return rows


def ratio(rows, one, other, key):
    """The median over the rounds, each of which has its own ratio."""
    return median(a[key] / b[key] for a, b in zip(rows[one], rows[other]))


def run(options, report):
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(talomed(options))
        need_route(ours, options.path)
        answer = ours.get(options.path, token=None)
        root = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="talome-bench-root-")))
        root.chmod(0o755)
        (root / "healthz").write_bytes(answer.body)
        theirs = stack.enter_context(nginx(root))
        servers, ways = {}, [("talomed", options.path, None)]
        print(f"talomed: GET {options.path}: {answer.text.strip()}")
        for name, path in ((PLUGIN, options.plugin_path), (TEMPLATE, TEMPLATE_PATH)):
            plugin = ours.get(path)
            if plugin.status == 200:
                ways.append((name, path, authorization(ours)))
                print(f"{name}: GET {path}: {plugin.text.strip()}")
            else:
                report.skipped(name, f"GET {path} answers {plugin.status}")
        for connections, threads in POCO_THREADS.items():
            bare = stack.enter_context(poco(threads, answer))
            servers[f"Poco, {threads} threads", connections] = (bare.port, bare.pids, options.path, None)
            servers["nginx", connections] = (theirs.port, theirs.pids, "/healthz", None)
            for name, path, header in ways:
                servers[name, connections] = (ours.port, [ours.pid], path, header)
        rows = measured(servers, options, options.seconds)

    for connections, threads in POCO_THREADS.items():
        bare, health, operation = (f"Poco, {threads} threads", connections), ("talomed", connections), \
            (PLUGIN, connections)
        at = f"at {connections} connections"
        print(f"\n{at}: talomed / bare Poco: requests/s "
              f"{median(a['rate'].per_second / b['rate'].per_second for a, b in zip(rows[health], rows[bare])):.2f}, "
              f"CPU {ratio(rows, health, bare, 'us'):.2f}; talomed / nginx: CPU "
              f"{ratio(rows, health, ('nginx', connections), 'us'):.2f}")
        report.at_most(f"CPU per request of {options.path} to bare Poco's {at}", ratio(rows, health, bare, "us"),
                       WANTED[connections], "x")
        if operation in rows:
            report.at_most(f"CPU per request of the plugin's operation to {options.path}'s {at}",
                           ratio(rows, operation, health, "us"), 1.7, "x")
        mine = [row for key in (health, operation, (TEMPLATE, connections)) for row in rows.get(key, [])]
        report.at_most(f"threads {at}", max(row["threads"] for row in mine), 16)
        report.at_most(f"read errors {at}", sum(row["rate"].read_errors for row in mine), 0)
        report.at_most(f"other errors and answers that are not 2xx {at}",
                       sum(row["rate"].other_errors + row["rate"].refusals for row in mine), 0)
