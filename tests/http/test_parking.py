"""What connections cost the HTTP engine, its pool, its limits, and how it stops."""
import resource
import socket
import threading
import time
import unittest

from wire import ECHO, HELLO, LAST, SANITIZED, Case, Echo, Reader, answers, request


class Parking(Case):
    def fast(self, echo, n=20):
        """Median seconds of /hello on new connections."""
        times = []
        for _ in range(n):
            start = time.monotonic()
            self.assertEqual(answers(echo.say(LAST))[0].status, 200)
            times.append(time.monotonic() - start)
        return sorted(times)[n // 2]

    def test_half_sent_heads_cost_no_thread(self):
        with Echo() as echo:
            threads = echo.status("Threads")
            held = [echo.connect() for _ in range(200)]
            for s in held:
                s.sendall(b"GET /hello HTTP/1.1\r\nHost: t\r\n")
            time.sleep(0.3)
            self.assertEqual(echo.status("Threads"), threads)
            self.assertLess(self.fast(echo), 0.05)
            ticks, switches = echo.ticks(), echo.switches()
            time.sleep(1)
            self.assertLess(echo.ticks() - ticks, 5)  # and no CPU
            self.assertLess(echo.switches() - switches, 10 * SANITIZED)
            for s in held:
                s.sendall(b"\r\n")
            for s in held:
                self.assertEqual(Reader(s).answer().status, 200)
                s.close()

    def test_idle_connections_cost_no_thread(self):
        with Echo() as echo:
            held = []
            for _ in range(1000):
                s = echo.connect()
                s.sendall(HELLO)
                held.append(s)
            for s in held:
                self.assertEqual(Reader(s).answer().status, 200)
            self.assertLessEqual(echo.status("Threads"), 16)
            self.assertLess(self.fast(echo), 0.05)
            switches = echo.switches()
            time.sleep(1)
            self.assertLess(echo.switches() - switches, 10 * SANITIZED)  # an idle server sleeps
            for s in held:
                s.sendall(HELLO)
            for s in held:
                self.assertEqual(Reader(s).answer().status, 200)
                s.close()

    @unittest.skipIf("tsan" in ECHO, "TSan has a thread of its own that wakes up")
    def test_idle_server_does_not_wake_up(self):
        with Echo() as echo:
            time.sleep(0.5)
            switches = echo.switches()
            time.sleep(1)
            self.assertEqual(echo.switches(), switches)

    def test_keep_alive_sweep(self):
        with Echo(keepAlive=500) as echo, echo.connect() as s, echo.connect() as silent:
            s.sendall(HELLO)
            self.assertEqual(Reader(s).answer().status, 200)
            start = time.monotonic()
            self.assertEqual(s.recv(1), b"")
            self.assertEqual(silent.recv(1), b"")
            self.assertTrue(0.3 < time.monotonic() - start < 2)

    def test_pool_grows_for_waiting_handlers_and_shrinks(self):
        with Echo(minWorkers=4, maxWorkers=20, extraIdle=300) as echo:
            threads = echo.status("Threads")
            held = [echo.connect() for _ in range(40)]
            start = time.monotonic()
            for s in held:
                s.sendall(request("/slow?ms=500"))
            time.sleep(0.3)
            self.assertEqual(echo.status("Threads"), threads + 16)
            for s in held:
                self.assertEqual(Reader(s).answer().status, 200)
                s.close()
            self.assertLess(time.monotonic() - start, 2.5)
            for _ in range(30):
                if echo.status("Threads") == threads:
                    break
                time.sleep(0.1)
            self.assertEqual(echo.status("Threads"), threads)
            self.assertLess(self.fast(echo), 0.05)

    def test_too_many_connections(self):
        with Echo(maxConnections=10) as echo:
            held = [echo.connect() for _ in range(10)]
            for s in held:
                s.sendall(HELLO)
                self.assertEqual(Reader(s).answer().status, 200)
            found = answers(echo.say(HELLO))
            self.assertEqual([(a.status, a["Retry-After"], a["Connection"]) for a in found], [(503, "5", "close")])
            self.check_head(found[0])
            held.pop().close()
            time.sleep(0.2)
            self.assertEqual(answers(echo.say(LAST))[0].status, 200)
            for s in held:
                s.close()

    @unittest.skipIf("asan" in ECHO, "UBSan itself needs descriptors, and reports nonsense without")
    def test_out_of_descriptors(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with Echo(maxConnections=10000) as echo:
            resource.prlimit(echo.process.pid, resource.RLIMIT_NOFILE, (64, hard))
            held = []
            for _ in range(100):
                s = echo.connect()
                held.append(s)
            time.sleep(0.3)
            ticks = echo.ticks()
            time.sleep(0.5)
            self.assertLess(echo.ticks() - ticks, 10)  # it does not spin
            for s in held:
                s.close()
            time.sleep(0.2)
            self.assertEqual(answers(echo.say(LAST))[0].status, 200)

    def test_client_that_does_not_read_is_dropped(self):
        with Echo(sendTime=500) as echo, echo.connect() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.sendall(request(f"/big?bytes={64 << 20}"))
            time.sleep(2)
            self.assertTrue(any("/big" in line and "has left" in line for line in echo.log), echo.log)
            self.assertLess(self.fast(echo), 0.05)

    def test_answers_that_wait_for_their_client_hold_no_worker(self):
        with Echo(maxWorkers=4, sendTime=20000) as echo:
            held = [echo.connect() for _ in range(12)]
            for s in held:
                s.sendall(request("/text?bytes=16000000") + HELLO)
            time.sleep(0.5)
            self.assertLess(self.fast(echo), 0.5)
            self.assertLessEqual(echo.status("Threads"), 8)
            for s in held:
                data = bytearray()
                while not data.endswith(b'{"hello":"world"}'):
                    piece = s.recv(1 << 20)
                    self.assertTrue(piece)
                    data += piece
                self.assertGreater(len(data), 16_000_000)
                s.close()

    def test_answer_that_nobody_takes_is_given_up(self):
        with Echo(sendTime=1000) as echo, echo.connect() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.sendall(request("/text?bytes=30000000"))
            for _ in range(50):
                if any("/text" in line and "too slowly" in line for line in echo.log):
                    break
                time.sleep(0.1)
            self.assertTrue(any("/text" in line and "too slowly" in line for line in echo.log), echo.log)

    def test_bodies_that_come_slowly_hold_no_worker(self):
        with Echo(maxWorkers=8, bodyTime=20000) as echo:
            held = [echo.connect() for _ in range(60)]
            for i, s in enumerate(held):
                s.sendall(request("/receive" if i % 2 else "/echo", "POST", "Content-Length: 5\r\n", b"ab"))
            time.sleep(0.3)
            self.assertLess(self.fast(echo), 0.5)
            self.assertLessEqual(echo.status("Threads"), 12)
            for s in held:
                s.sendall(b"cde" + HELLO)
            for i, s in enumerate(held):
                reader = Reader(s)
                self.assertEqual(reader.answer().body, b"5" if i % 2 else b"abcde")
                self.assertEqual(reader.answer().body, b'{"hello":"world"}')
                s.close()

    def test_body_that_is_received_may_be_slow_but_not_too_slow(self):
        with Echo(bodyTime=500) as echo, echo.connect() as s:
            for path in ("/receive", "/echo"):
                with echo.connect() as s:
                    s.sendall(request(path, "POST", "Content-Length: 50\r\n", b"ab"))
                    self.assertEqual(Reader(s).answer().status, 408)
                    self.assertEqual(s.recv(1), b"")

    def test_addresses(self):
        for host, families in (("0.0.0.0", "4"), ("::", "46"), ("localhost", "4"), ("::1", "6"), ("127.0.0.1", "4")):
            with Echo(host=host) as echo:
                for family, address in (("4", "127.0.0.1"), ("6", "::1")):
                    if family in families:
                        with socket.create_connection((address, echo.port), 5) as s:
                            s.sendall(request("/describe"))
                            self.assertIn(f"HTTP/1.1 {address}\n".encode(), Reader(s).answer().body)

    def test_address_that_is_taken(self):
        with Echo() as echo:
            words = f"cannot listen on 127.0.0.1:{echo.port}: Address already in use"
            with self.assertRaisesRegex(RuntimeError, words):
                Echo(port=echo.port)

    def test_server_timing(self):
        with Echo(serverTiming=1) as echo:
            self.assertRegex(answers(echo.say(LAST))[0]["Server-Timing"], r"^total;dur=\d+\.\d{3}$")


class Draining(Case):
    def test_requests_in_flight_finish(self):
        echo = Echo()
        busy, idle = echo.connect(), echo.connect()
        busy.sendall(request("/slow?ms=700"))
        time.sleep(0.2)
        code, out, seconds = echo.stop()
        self.assertEqual(code, 0, out)
        answer = Reader(busy).answer()
        self.assertEqual((answer.body, answer["Connection"]), (b"slow", "close"))
        self.assertEqual(idle.recv(1), b"")
        self.assertLess(seconds, 3)
        busy.close()
        idle.close()

    def test_idle_server_stops_at_once(self):
        echo = Echo()
        with echo.connect() as s:
            s.sendall(HELLO)
            Reader(s).answer()
            time.sleep(1.2)
            code, out, seconds = echo.stop()
        self.assertEqual(code, 0, out)
        self.assertLess(seconds, 0.8)

    def test_half_sent_head_does_not_hold_it_up_for_ever(self):
        echo = Echo(headTime=1000)
        with echo.connect() as s:
            s.sendall(b"GET /hel")
            time.sleep(0.2)
            code, out, seconds = echo.stop()
        self.assertEqual(code, 0, out)
        self.assertLess(seconds, 3)

    def test_under_load_every_accepted_request_is_answered(self):
        echo = Echo()
        lost, done, ended = [], [0] * 32, [False] * 32

        def client(k):
            try:
                with echo.connect() as s:
                    reader = Reader(s)
                    while True:
                        s.sendall(request("/slow?ms=2" if k % 2 else "/hello"))
                        answer = reader.answer()
                        done[k] += answer.status == 200
                        if answer["Connection"] == "close":
                            ended[k] = True
                            return
            except (OSError, EOFError) as error:
                lost.append((k, done[k], repr(error)))

        threads = [threading.Thread(target=client, args=(k,)) for k in range(32)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        code, out, _ = echo.stop()
        for thread in threads:
            thread.join()
        self.assertEqual(lost, [])
        self.assertTrue(all(ended))
        self.assertEqual(code, 0, out)
        self.assertIn(f"requests={sum(done)} ", out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
