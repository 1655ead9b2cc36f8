"""S9: a login body of 2 GB, announced or sent piece by piece, is 413, and the process does not grow by 1 MiB for it
(under sanitizers, which keep freed memory, by more)."""

import concurrent.futures
import socket
import unittest

from house import House, SANITIZED, build

SIZE = 2 << 30
GROWTH = 1024 if SANITIZED == 1 else 16 * 1024  # KiB


def rss(talomed):
    with open(f"/proc/{talomed.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def send(port, head, pieces):
    """Sends until all is taken or the server refuses; the first line of its answer, and how much it took."""
    taken = 0
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head)
        try:
            for piece in pieces:
                connection.sendall(piece)
                taken += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
    return answer, taken


def head(path, *fields):
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *fields, "", ""]).encode()


BLOCK = b'{"username":"admin","password":"' + b"p" * (65536 - 32)


def blocks():
    for _ in range(SIZE // len(BLOCK)):
        yield BLOCK


def chunks():
    piece = b"10000\r\n" + b"p" * 65536 + b"\r\n"
    for _ in range(SIZE // 65536):
        yield piece


class LargeBodiesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = cls.enterClassContext(House(with_own=False, plugins=()))
        cls.house.login()

    def paths(self):
        return [path for path in ("/api/auth/login", "/api/auth/recover", "/api/setup/init") if self.house.offers("POST", path)]

    def check(self, send_one, statuses=(413,)):
        for _ in range(3):  # what the first ones allocate is kept and used again
            for path in self.paths():
                send_one(path)
        before = rss(self.house)
        for path in self.paths():
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(lambda _: send_one(path), range(8)))
            for answer, taken in answers:
                self.assertIn(int(answer.split(b" ")[1]) if answer else 413, statuses, answer[:300])
                self.assertLess(taken, 32 << 20)  # what the system's own buffers take
            self.assertTrue(any(answer for answer, _ in answers), "at least one client saw the answer")
        self.assertLess(rss(self.house) - before, GROWTH)
        self.assertEqual(self.house.get("/api/health", token=None).status, 200)

    def test_announced(self):
        self.check(lambda path: send(self.house.port, head(path, f"Content-Length: {SIZE}"), blocks()))

    def test_announced_and_asked_first(self):
        answer, _ = send(self.house.port, head("/api/auth/login", f"Content-Length: {SIZE}", "Expect: 100-continue"), [])
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer[:200])
        self.assertNotIn(b" 100 ", answer)

    def test_in_chunks(self):
        self.check(lambda path: send(self.house.port, head(path, "Transfer-Encoding: chunked"), chunks()))

    def test_one_chunk_that_says_it_is_huge(self):
        self.check(lambda path: send(self.house.port, head(path, "Transfer-Encoding: chunked") + b"80000000\r\n", blocks()))

    def test_a_signed_in_user_has_the_same_limits(self):
        for operation in self.house.operations():
            if operation.method == "GET" or operation.kind != "call" or operation.plugin != "host":
                continue
            with self.subTest(operation=str(operation)):
                fields = (f"Content-Length: {SIZE}", f"Authorization: Bearer {self.house.token}", "Expect: 100-continue")
                request = head(operation.target(), *fields).replace(b"POST", operation.method.encode(), 1)
                answer, _ = send(self.house.port, request, [])
                self.assertTrue(answer.startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 404 ")), answer[:200])


if __name__ == "__main__":
    unittest.main()
