#!/usr/bin/env python3
"""What the protocol costs: tools/list with 200 tools, and a tool call against the same operation's REST call.

Run by hand: python3 plugins/mcp/bench/bench_mcp.py (TALOME_BUILD names another build). Prints times of a request on one
connection, and the processor time of the server for each, which does not wander with what else the machine does.
"""

import http.client
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))
from mcp_case import Client, folder
from support import Talomed, build

CALLS, LISTS = 5000, 300


def cpu(talomed):
    """Microseconds of processor time that the server's threads have used, to the nanosecond (proc(5), schedstat)."""
    tasks = pathlib.Path(f"/proc/{talomed.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1000


def run(talomed, method, path, body, headers, times):
    connection = http.client.HTTPConnection("127.0.0.1", talomed.port)
    took = []
    before = cpu(talomed)
    for _ in range(times):
        began = time.perf_counter()
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read()
        took.append((time.perf_counter() - began) * 1000)
        assert response.status == 200, text
    used = (cpu(talomed) - before) / times
    connection.close()
    return text, took, used


def main():
    with Talomed(plugin_dirs=[build() / "plugins", folder("mcp-many")], plugins="mcp,mcp-many", env={"LOG_LEVEL": "warn"}) as talomed:
        talomed.login()
        made = talomed.post("/api/auth/tokens", {"name": "bench", "scope": "full", "origin": "mcp"})
        client = Client(talomed, made.json["token"])
        rest = {"Authorization": f"Bearer {client.token}"}

        listing = client.message("tools/list", {}, 1)
        run(talomed, "POST", "/mcp", json.dumps(listing), client.headers(listing), 30)
        text, took, used = run(talomed, "POST", "/mcp", json.dumps(listing), client.headers(listing), LISTS)
        tools = [each["name"] for each in json.loads(text)["result"]["tools"]]
        again = [each["name"] for each in client.call("tools/list")["tools"]]
        print(f"tools/list: {len(tools)} tools, {len(text)} bytes, p50 {statistics.median(took):.2f} ms, p99 {sorted(took)[int(len(took) * .99)]:.2f} ms, "
              f"{used / 1000:.2f} ms CPU, same order: {tools == again}")

        call = client.message("tools/call", {"name": "many_tool_7", "arguments": {"name": "x", "limit": 9}}, 1)
        ratios = []
        for _ in range(5):  # by turns, so that both see the same machine
            _, _, plain = run(talomed, "GET", "/api/many/7?name=x&limit=9", None, rest, CALLS // 5)
            _, _, tool = run(talomed, "POST", "/mcp", json.dumps(call), client.headers(call), CALLS // 5)
            post = json.dumps({"input": {"name": "x", "limit": 9}})
            _, _, door = run(talomed, "POST", "/api/tools/many_tool_7/call", post, {**rest, "Content-Type": "application/json"}, CALLS // 5)
            ratios.append((plain, tool, door))
        plain, tool, door = (statistics.median(column) for column in zip(*ratios))
        print(f"one call: REST {plain:.0f} us CPU, tools/call {tool:.0f} us ({tool / plain:.2f} x), POST /api/tools/…/call {door:.0f} us ({door / plain:.2f} x)")


if __name__ == "__main__":
    main()
