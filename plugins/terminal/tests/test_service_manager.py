"""talome-pty under a service manager, which this test plays (sd_listen_fds(3), sd_notify(3)): it gives the socket, keeps
the descriptors it is sent, and gives them to the next process when one was killed."""

import array
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from terminal_case import Shell, Terminal, build, wait_until


class Manager:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="talome-manager-"))
        os.chmod(self.folder, 0o755)
        self.path = self.folder / "socket"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(64)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(self.folder / "notify"))
        os.chmod(self.folder / "notify", 0o777)
        self.kept, self.ready, self.process = {}, 0, None
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                text, ancillary, _, _ = self.notify.recvmsg(4096, socket.CMSG_SPACE(64))
            except OSError:
                return
            fds = array.array("i")
            for _, _, data in ancillary:
                fds.frombytes(data)
            words = dict(line.split("=", 1) for line in text.decode().split("\n") if "=" in line)
            if words.get("READY") == "1":
                self.ready += 1
            if words.get("FDSTORE") == "1":
                self.kept[words["FDNAME"]] = fds[0]
            if words.get("FDSTOREREMOVE") == "1" and words["FDNAME"] in self.kept:
                os.close(self.kept.pop(words["FDNAME"]))

    def start(self):
        """As systemd does it: descriptors from 3 on, and their names."""
        named = [("talome-pty.socket", self.listener.fileno()), *self.kept.items()]
        count, before = len(named), self.ready

        def prepare():
            high = [os.dup(fd) if fd < 3 + count else fd for _, fd in named]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i, inheritable=True)

        log = open(self.folder / "log", "ab")
        user = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *user, str(build() / "bin/talome-pty"), "--peer", str(os.geteuid())],
            env={"PATH": "/usr/bin:/bin", "LISTEN_FDS": str(count), "LISTEN_FDNAMES": ":".join(name for name, _ in named),
                 "NOTIFY_SOCKET": str(self.folder / "notify")},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=prepare, close_fds=False)
        log.close()
        wait_until(lambda: self.ready > before, 20, what="talome-pty is ready")

    def kill(self, number):
        self.process.send_signal(number)
        self.process.wait(20)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill(signal.SIGTERM)
        for fd in self.kept.values():
            os.close(fd)
        self.notify.close()
        self.listener.close()
        shutil.rmtree(self.folder)


class ServiceManagerTest(unittest.TestCase):
    def test_killed_and_restarted(self):
        manager = Manager()
        self.addCleanup(manager.close)
        manager.start()
        with Terminal(env={"TALOME_PTY_SOCKET": manager.path}) as talomed:
            talomed.login()
            shell = self.enterContext(Shell(talomed, "sess_kept"))
            pid = shell.run("echo $$").strip()
            boot = talomed.get("/api/terminal/health").json["bootId"]
            shell.run("X=remembered; echo seen-''before")
            for number in (signal.SIGKILL, signal.SIGTERM):  # a crash, and a restart
                self.assertEqual(sorted(name.split(".")[0] for name in manager.kept), ["output", "terminal"])
                manager.kill(number)
                manager.start()
                again = self.enterContext(Shell(talomed, "sess_kept"))
                again.until("seen-before")
                self.assertEqual(again.run("echo $X-$$").strip(), f"remembered-{pid}")
                health = talomed.get("/api/terminal/health").json
                self.assertNotEqual(health["bootId"], boot)
                self.assertEqual((health["sessions"], health["recoverable"]), (1, 1))
                self.assertTrue(talomed.get("/api/terminal/sessions").json["sessions"][0]["recovered"])
            # The client that was there all the time is attached again.
            shell.until("remembered-")
            again.type("exit\r")
            self.assertEqual(again.closed()[0], 1000)
            wait_until(lambda: not manager.kept, 20, what="nothing is kept of a session that has ended")


if __name__ == "__main__":
    unittest.main()
