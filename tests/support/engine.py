"""A real Docker engine for tests: its own network namespace, data root and socket, so that nothing else on the
machine is touched or seen."""

import atexit
import ctypes
import functools
import io
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile
import tempfile

from .waiting import wait_until

_numbers = itertools.count(1)
_libc = ctypes.CDLL(None)


def _end_with_parent():
    """In the child: SIGTERM when this test process dies, however it dies."""
    _libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _command(*args):
    return subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60)


def _remove_left_over_namespaces():
    """A test that was killed could not remove its namespace; its name holds the process id."""
    try:
        names = os.listdir("/run/netns")
    except FileNotFoundError:
        return
    for name in names:
        parts = name.split("-")
        if len(parts) == 3 and parts[0] == "talome" and parts[1].isdigit() and not os.path.exists(f"/proc/{parts[1]}"):
            _command("ip", "netns", "del", name)


class Engine:
    """dockerd with a life of its own: `with Engine() as engine: engine.run("web")`.

    socket is the path of its unix socket, also while it is stopped; namespace the name of its network namespace,
    within which published ports can be reached (`enter` is the command prefix for that).
    """

    @staticmethod
    @functools.cache
    def unavailable() -> str | None:
        """Why no engine can be started here, or None."""
        if os.geteuid() != 0:
            return "a Docker engine of its own needs root"
        for program in ("dockerd", "docker", "ip", "nsenter", "iptables", "busybox"):
            if not shutil.which(program):
                return f"a Docker engine of its own needs {program}, which is not installed"
        name = f"talome-{os.getpid()}-0"
        made = _command("ip", "netns", "add", name)
        if made.returncode != 0:
            return f"no network namespace can be made: {made.stdout.strip()}"
        try:
            tables = _command("nsenter", f"--net=/run/netns/{name}", "iptables", "-t", "nat", "-L", "-n")
            if tables.returncode != 0:
                return f"iptables does not work here: {tables.stdout.strip()}"
        finally:
            _command("ip", "netns", "del", name)
        return None

    def __init__(self):
        self.namespace = f"talome-{os.getpid()}-{next(_numbers)}"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="talome-engine-"))
        self.socket = self.directory / "docker.sock"
        self.enter = ["nsenter", f"--net=/run/netns/{self.namespace}"]
        self._process = None
        self._made_namespace = False
        atexit.register(self.close)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    @property
    def log(self) -> str:
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self):
        """Starts it, at first or again, and returns when it answers."""
        if not self._made_namespace:
            _remove_left_over_namespaces()
            for args in (("netns", "add", self.namespace), ("-n", self.namespace, "link", "set", "lo", "up")):
                made = _command("ip", *args)
                if made.returncode != 0:
                    raise RuntimeError(f"ip {' '.join(args)}: {made.stdout.strip()}")
                self._made_namespace = True
        with open(self.directory / "log", "ab") as log:
            self._process = subprocess.Popen(
                [*self.enter, "dockerd", "--host", f"unix://{self.socket}", "--data-root", str(self.directory / "data"),
                 "--exec-root", str(self.directory / "exec"), "--pidfile", str(self.directory / "pid"),
                 "--insecure-registry", "127.0.0.1:5000"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=_end_with_parent)
        wait_until(self._answers, 30, 0.05, "dockerd answers")
        return self

    def _answers(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"dockerd ended with {self._process.returncode}:\n{self.log[-4000:]}")
        return self.socket.exists() and self._docker("version", "--format", "{{.Server.Version}}").returncode == 0

    def stop(self):
        """Stops it as a service manager would. Its containers stop with it; images and containers stay on disk."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)  # nsenter has become dockerd: the process is the one in the pid file
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"dockerd did not stop within 60 s:\n{self.log[-4000:]}") from None
        finally:
            self._process = None

    def close(self):
        """Stops it and removes everything it left."""
        atexit.unregister(self.close)
        if self._process is not None and self._process.poll() is None:
            names = self._docker("ps", "--all", "--quiet").stdout.split()
            if names:
                self._docker("rm", "--force", *names)
        try:
            self.stop()
        finally:
            with open("/proc/self/mountinfo") as table:
                points = [line.split()[4] for line in table]
            for point in sorted((p for p in points if p.startswith(f"{self.directory}/")), reverse=True):
                _command("umount", "--lazy", point)
            if self._made_namespace:
                _command("ip", "netns", "del", self.namespace)
                self._made_namespace = False
            shutil.rmtree(self.directory, ignore_errors=True)

    def _docker(self, *args, input=None, timeout=120):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.directory), "DOCKER_HOST": f"unix://{self.socket}"}
        text = not isinstance(input, bytes)
        return subprocess.run(["docker", *map(str, args)], input=input, capture_output=True, text=text, timeout=timeout,
                              env=environment, **({} if input is not None else {"stdin": subprocess.DEVNULL}))

    def cli(self, *args, input=None, check=True, timeout=120) -> str:
        """Runs the docker command against this engine; returns what it wrote, without the last line end."""
        ended = self._docker(*args, input=input, timeout=timeout)
        out, err = ((t if isinstance(t, str) else t.decode(errors="replace")) for t in (ended.stdout, ended.stderr))
        if check and ended.returncode != 0:
            raise AssertionError(f"docker {' '.join(map(str, args))} ended with {ended.returncode}: {err.strip()}")
        return out.removesuffix("\n")

    def import_busybox(self, name="busybox:latest") -> str:
        """Makes an image of this machine's static busybox, since there may be no registry to pull from."""
        program = shutil.which("busybox")
        applets = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for folder in ("bin", "tmp", "etc"):
                entry = tarfile.TarInfo(folder)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
            tar.add(os.path.realpath(program), "bin/busybox")
            for applet in applets:
                if applet != "busybox":
                    entry = tarfile.TarInfo(f"bin/{applet}")
                    entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                    tar.addfile(entry)
        self.cli("import", "--change", 'CMD ["sh"]', "-", name, input=archive.getvalue())
        return name

    def run(self, name, *command, options=(), image="busybox:latest") -> str:
        """Starts a container in the background and returns its full id. It sleeps unless given a command.
        With --init and a stop time of 1 s, since busybox as process 1 ignores SIGTERM."""
        return self.cli("run", "--detach", "--init", "--stop-timeout", "1", "--name", name, *options, image,
                        *(command or ("sleep", "86400")))
