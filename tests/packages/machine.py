"""A Debian 12 of its own, made from the mirrors that this machine uses, and booted with systemd in a container that sees
no network: where packages are installed as an owner would."""

import contextlib
import ctypes
import functools
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from debs import FULL, field, packages, run
from debs import unavailable as no_packages
from support.waiting import wait_until

RELEASE = "bookworm"
SYSTEM = ("systemd", "systemd-sysv", "dbus", "debconf", "apt-utils")
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
# A machine allows it; what systemd-nspawn of Debian 12 allows of itself is older.
LANDLOCK = "--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self"
_libc = ctypes.CDLL(None)


@functools.cache
def unavailable(*tools) -> str | None:
    """Why there can be no such machine here, or None."""
    if not FULL:
        return "takes minutes: TALOME_TEST_FULL=1 runs it"
    if os.geteuid() != 0:
        return "a Debian of its own needs root"
    for tool in ("mmdebstrap", *tools):
        if not shutil.which(tool):
            return f"{tool} is not installed (packaging/dependencies/install system)"
    return no_packages()


def sources() -> list[str]:
    """Where this machine gets its packages from."""
    named = [*glob.glob("/etc/apt/sources.list.d/*.sources"), *glob.glob("/etc/apt/sources.list.d/*.list")]
    return [path for path in ["/etc/apt/sources.list", *named] if os.path.exists(path) and os.path.getsize(path)]


def needed(names) -> list[str]:
    """What these packages of ours need of Debian: of alternatives the first."""
    words = ", ".join(field(packages()[name], "Depends") for name in names).split(",")
    return sorted({word.split("|")[0].split("(")[0].strip() for word in words} - set(packages()))


def make_root(path, include, variant="minbase"):
    """A clean Debian in this folder, or in this archive, with these packages."""
    options = [line.removesuffix(";") for line in run("apt-config", "dump").splitlines()
               if line.startswith(("Acquire::http", "Acquire::https", "Acquire::Check"))]
    run("mmdebstrap", f"--variant={variant}", f"--include={','.join(include)}", *(f"--aptopt={each}" for each in options),
        RELEASE, path, *sources())


class Machine:
    """`with Machine(root) as machine: machine.run("apt-get", …)`. The folder is its own from then on."""

    def __init__(self, root, binds=()):
        self.root = pathlib.Path(root)
        self._binds = [f"--bind={there}:{here}" for there, here in binds]

    def __enter__(self):
        self._log = open(self.root.parent / f"{self.root.name}.log", "wb")
        self._nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network",
             f"--machine=talome-{os.getpid()}-{self.root.name}", f"--directory={self.root}", "--console=pipe", LANDLOCK, *self._binds],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            preexec_fn=lambda: _libc.prctl(1, signal.SIGTERM))
        try:
            wait_until(self._leader, 60, 0.05, "the container's first process")
            wait_until(lambda: self.run("systemctl", "is-system-running", check=False).strip() in ("running", "degraded"),
                       180, 0.2, "the machine has booted")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with contextlib.suppress(AssertionError, IndexError, FileNotFoundError):
            self.run("systemctl", "poweroff")
        try:
            self._nspawn.wait(60)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
        self._log.close()

    def _leader(self):
        if self._nspawn.poll() is not None:
            raise AssertionError(pathlib.Path(self._log.name).read_text(errors="replace")[-4000:])
        pid = self._nspawn.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in children:
            if pathlib.Path(f"/proc/{child}/comm").read_text().strip() in ("systemd", "init"):
                return child
        return None

    def inside(self, *command) -> list[str]:
        """The command that runs another one in there."""
        variables = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        return ["nsenter", "-t", self._leader(), "-m", "-u", "-i", "-n", "-p", "--root", "env", "-i", "-C", "/", *variables,
                *map(str, command)]

    def run(self, *command, check=True) -> str:
        return run(*self.inside(*command), check=check)

    def install(self, *debs, more=()):
        """apt install ./…deb, with nothing else to get it from."""
        folder = self.root / "debs"
        folder.mkdir(exist_ok=True)
        for deb in debs:
            shutil.copy(deb, folder)
        self.run("apt-get", "-q", "-y", *more, "install", *(f"/debs/{pathlib.Path(deb).name}" for deb in debs))

    def show(self, unit, *properties) -> dict[str, str]:
        text = self.run("systemctl", "show", unit, *(f"--property={each}" for each in properties))
        return dict(line.split("=", 1) for line in text.splitlines())

    def pid(self) -> str:
        """The daemon's, while it is active; else "0"."""
        shown = self.show("talomed.service", "MainPID", "ActiveState")
        return shown["MainPID"] if shown["ActiveState"] == "active" else "0"

    def answers(self) -> bool:
        """Whether the API does, by its port."""
        asked = subprocess.run(["nsenter", "-t", self._leader(), "-n", "curl", "-sf", "-m", "30",
                                "http://127.0.0.1:4000/api/health"], capture_output=True)
        return asked.returncode == 0

    def call(self, operation, *words):
        return json.loads(self.run("talomectl", "--json", "call", operation, *words))

    def drop_in(self, unit, text):
        folder = self.root / f"etc/systemd/system/{unit}.d"
        folder.mkdir(exist_ok=True)
        (folder / "test.conf").write_text(text)
        self.run("systemctl", "daemon-reload")

    @contextlib.contextmanager
    def asker(self, port=4000):
        """Asks while the block runs; the dictionary holds afterwards what came of it, see asker.py."""
        program = pathlib.Path(__file__).with_name("asker.py")
        told = {}
        with subprocess.Popen(["nsenter", "-t", self._leader(), "-n", sys.executable, program, str(port)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout.readline() == "asks\n"
                yield told
                told.update(json.loads(process.communicate(timeout=120)[0]))
            except BaseException:
                process.kill()
                raise


@contextlib.contextmanager
def workplace():
    """A folder for roots, on a disk and not in memory."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="talome-machine-", dir="/var/tmp"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
