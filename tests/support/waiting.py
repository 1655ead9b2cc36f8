"""Waiting for something that gives no signal of its own: asked again and again until it holds, never a fixed sleep."""

import socket
import time


def wait_until(holds, seconds=10.0, every=0.01, what=""):
    """Returns the first true value that holds() gives. AssertionError when the time is up."""
    end = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"did not hold within {seconds:g} s: {what or holds}")
        time.sleep(every)


def free_port() -> int:
    """A TCP port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
