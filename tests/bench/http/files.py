"""A large file down and up: beside nginx, in flat memory, and with slow readers beside a fast one."""

import contextlib
import hashlib
import os
import pathlib
import re
import socket
import tempfile
import time
import urllib.parse

from measure import Watch, median, mib
from servers import Skip, authorization, load, need_route, nginx, talomed

SLOW_READERS = 16
SLOW_RATE = 256 * 1024  # bytes a second
BLOCK = 1 << 20
FLAT = 8  # MiB that memory may grow by


def make_file(path, size):
    """Bytes that are there: a file with holes would spare nginx the reading."""
    block = os.urandom(BLOCK)
    with open(path, "wb") as file:
        for _ in range(size // BLOCK):
            file.write(block)


def download(server, path, size) -> float:
    """MiB a second."""
    with load("download", server, path) as client:
        client.json()
        seen = client.json()
    if seen["bytes"] != size:
        raise RuntimeError(f"{path} gave {seen['bytes']} of {size} bytes")
    return seen["bytes"] / seen["seconds"] / (1 << 20)


def beside_nginx(ours, theirs, options, size, report):
    download(ours, options.download_path, size)  # both have the file in memory then
    download(theirs, "/file", size)
    ratios, grown = [], 0
    for number in range(options.rounds):
        with Watch([ours.pid]) as used:
            mine = download(ours, options.download_path, size)
        with Watch(theirs.pids) as nginx_used:
            other = download(theirs, "/file", size)
        ratios.append(mine / other)
        grown = max(grown, used.rss - used.rss_before)
        print(f"round {number + 1}  download: talomed {mine:.0f} MiB/s ({used.cpu:.2f} s CPU), nginx {other:.0f} MiB/s "
              f"({nginx_used.cpu:.2f} s CPU); RSS {mib(used.rss_before)}, at most {mib(used.rss)}", flush=True)
    report.at_least("download to nginx's", median(ratios), 0.9, "x")
    report.at_most("RSS that a download takes", grown / (1 << 20), FLAT, " MiB")


def beside_slow_readers(server, options, size, report):
    alone, beside = [], []
    for _ in range(options.rounds):
        alone.append(download(server, options.download_path, size))
        with load("download", server, options.download_path, count=SLOW_READERS, rate=SLOW_RATE) as slow:
            slow.json()
            with Watch([server.pid]) as used:
                beside.append(download(server, options.download_path, size))
            slow.process.kill()
    ratio = median(b / a for a, b in zip(alone, beside))
    print(f"a fast reader alone {median(alone):.0f} MiB/s, beside {SLOW_READERS} slow ones {median(beside):.0f} MiB/s; "
          f"{used.threads} threads, RSS at most {mib(used.rss)}", flush=True)
    report.at_least(f"a download beside {SLOW_READERS} slow ones to one alone", ratio, 0.9, "x")


def send(server, path, block, blocks) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        lines = [f"POST {path} HTTP/1.1", "Host: localhost", authorization(server), "Connection: close",
                 "Content-Type: application/octet-stream", f"Content-Length: {len(block) * blocks}", "", ""]
        connection.sendall("\r\n".join(lines).encode())
        for _ in range(blocks):
            connection.sendall(block)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def upload(server, options, size, report):
    block, blocks = os.urandom(BLOCK), size // BLOCK
    sha256 = hashlib.sha256()
    for _ in range(blocks):
        sha256.update(block)
    send(server, options.upload_path, block, 1)
    begun = time.monotonic()
    with Watch([server.pid]) as used:
        answer = send(server, options.upload_path, block, blocks)
    took = time.monotonic() - begun
    found = re.search(rb"\b[0-9a-f]{64}\b", answer.partition(b"\r\n\r\n")[2])
    same = bool(found) and found.group().decode() == sha256.hexdigest()
    said = answer.partition(b"\r\n")[0].decode("latin-1")
    print(f"upload: {size / took / (1 << 20):.0f} MiB/s, {used.cpu:.2f} s CPU; RSS {mib(used.rss_before)}, at most "
          f"{mib(used.rss)}; {said}, SHA-256 {'equal' if same else 'not equal'}", flush=True)
    report.holds("SHA-256 of what was uploaded is equal", same, True)
    report.at_most("RSS that an upload takes", (used.rss - used.rss_before) / (1 << 20), FLAT, " MiB")


def run(options, report):
    size = options.mib * BLOCK
    with contextlib.ExitStack() as stack:
        folder = tempfile.TemporaryDirectory(prefix="talome-bench-root-", dir=options.folder)
        root = pathlib.Path(stack.enter_context(folder))
        root.chmod(0o755)
        (root / "file").touch()
        ours = stack.enter_context(talomed(options))
        options.download_path += urllib.parse.quote(str(root / "file"))
        options.upload_path += urllib.parse.quote(str(root))
        try:
            need_route(ours, options.download_path)
            make_file(root / "file", size)
            theirs = stack.enter_context(nginx(root))
            beside_nginx(ours, theirs, options, size, report)
            beside_slow_readers(ours, options, size, report)
        except Skip as why:
            report.skipped("download", why)
        try:
            need_route(ours, options.upload_path, "POST")
            upload(ours, options, size, report)
        except Skip as why:
            report.skipped("upload", why)
