"""Asks GET /healthz again and again, each time by a new connection, until its input ends; then tells as JSON what came of
it. A program of its own, since it runs in the network of the machine under test: asker.py PORT"""

import http.client
import json
import select
import sys
import time


def main():
    port = int(sys.argv[1])
    told = {"asked": 0, "answered": 0, "refused": 0, "cut": 0, "other": {}, "longest": 0.0}
    print("asks", flush=True)
    while not select.select([sys.stdin], [], [], 0.002)[0]:
        told["asked"] += 1
        begin = time.monotonic()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/healthz")
            status = connection.getresponse().status
            if status == 200:
                told["answered"] += 1
            else:
                told["other"][status] = told["other"].get(status, 0) + 1
        except ConnectionRefusedError:
            told["refused"] += 1
        except (OSError, http.client.HTTPException):
            told["cut"] += 1  # it was accepted, and then the server was gone
        finally:
            connection.close()
        told["longest"] = max(told["longest"], time.monotonic() - begin)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
