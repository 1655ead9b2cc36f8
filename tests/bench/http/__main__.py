#!/usr/bin/env python3
"""How much the HTTP engine costs, beside bare Poco and nginx on the same cores in the same run: on a machine that
others share, only ratios mean something. Run by hand; everything is on 127.0.0.1, bounded in time and count.

  rates    requests/s and CPU per request, at 16 and 256 connections
  idle     10,000 idle connections, 200 half-sent heads
  streams  1,000 subscribers of events, 5,000 that come and go, one that stops reading
  files    1 GiB down and up, slow readers

usage: TALOME_BUILD=build/release python3 tests/bench/http [--only rates,idle] [--seconds 5] [--rounds 3]
needs wrk and nginx (packaging/dependencies/install bench). Ends with what was wanted and what came out, and with 1 if
something was missed.
"""

import argparse
import os
import pathlib
import resource
import shutil
import sys

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[2]))

import files
import idle
import rates
import streams
from measure import Report
from servers import PATH, Skip

SECTIONS = {"rates": rates.run, "idle": idle.run, "streams": streams.run, "files": files.run}


def arguments():
    parser = argparse.ArgumentParser(prog="bench/http", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, separated by commas")
    parser.add_argument("--seconds", type=int, default=5, help="of each run of wrk")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", help="run all of it on these, such as 0,1")
    parser.add_argument("--path", default="/healthz", help="talomed's answer that says that it is well")
    parser.add_argument("--plugin-path", default="/api/bench/point?name=Ann", help="an operation of a plugin")
    parser.add_argument("--plugin-dir", action="append", default=[], help="one more folder of plugins")
    parser.add_argument("--idle", type=int, default=10000, help="idle connections")
    parser.add_argument("--stream-seconds", type=int, default=30)
    parser.add_argument("--sse-path", default="/api/c-wire/events",
                        help='events, each with "sentNs": CLOCK_MONOTONIC in ns when it was published')
    parser.add_argument("--publish-path", default="/api/c-wire/publish", help='publishes {"count", "text"} of them')
    parser.add_argument("--download-path", default="/api/c-wire/file?path=", help="gives the file whose path follows")
    parser.add_argument("--upload-path", default="/api/c-wire/upload?exists=replace&dir=",
                        help="answers the SHA-256 of the body; the path of a folder follows")
    parser.add_argument("--mib", type=int, default=1024, help="size of the file")
    parser.add_argument("--folder", help="where the file lies while it is needed")
    options = parser.parse_args()
    if unknown := set(options.only.split(",")) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    return options


def main():
    options = arguments()
    missing = [program for program in ("wrk", "nginx") if not shutil.which(program, path=PATH)]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)}: packaging/dependencies/install bench")
    if options.cores:
        os.sched_setaffinity(0, map(int, options.cores.split(",")))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if options.idle > most - 500:
        sys.exit(f"a process may have {most} descriptors here: too few for {options.idle} idle connections")
    print(f"cores {sorted(os.sched_getaffinity(0))}, load before {os.getloadavg()[0]:.2f}")

    report = Report()
    for name in options.only.split(","):
        print(f"\n== {name}", flush=True)
        try:
            SECTIONS[name](options, report)
        except Skip as why:
            report.skipped(name, why)
    sys.exit(0 if report.print() else 1)


if __name__ == "__main__":
    main()
