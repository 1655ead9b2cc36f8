"""The packages of the build under test, and what can be read from them."""

import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.paths import REPOSITORY, build

FULL = os.environ.get("TALOME_TEST_FULL") == "1"  # the long forms of the tests that have a short one
TOOLS = ("cpack", "dpkg-deb", "dpkg-shlibdeps", "file", "strip")


def run(*command, check=True, **options) -> str:
    """What it wrote, to both; AssertionError with that if it failed."""
    ended = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, errors="replace", **options)
    if check and ended.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {ended.returncode}:\n{ended.stdout[-6000:]}")
    return ended.stdout


@functools.cache
def unavailable() -> str | None:
    """Why no packages can be made of this build, or None."""
    cache = build() / "CMakeCache.txt"
    if not cache.exists() or "CMAKE_BUILD_TYPE:STRING=Release\n" not in cache.read_text():
        return "packages are made of the preset release"
    for tool in TOOLS:
        if not shutil.which(tool):
            return f"{tool} is not installed"
    return None


@functools.cache
def folder() -> pathlib.Path:
    """Where they were made, once in this process. SkipTest where they cannot be."""
    if unavailable():
        raise unittest.SkipTest(unavailable())
    made = pathlib.Path(tempfile.mkdtemp(prefix="talome-debs-"))
    import atexit
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    run("cpack", "--config", build() / "CPackConfig.cmake", "-B", made, preexec_fn=lambda: os.umask(0o022))
    shutil.rmtree(made / "_CPack_Packages", ignore_errors=True)
    return made


def packages() -> dict[str, pathlib.Path]:
    """Name → file."""
    return {path.name.split("_")[0]: path for path in sorted(folder().glob("*.deb"))}


def field(path, name) -> str:
    return run("dpkg-deb", "-f", path, name).strip()


def contents(path) -> dict[str, tuple[str, str]]:
    """Path → (mode, owner) of what is in a package; a folder ends in a slash."""
    rows = (line.split(None, 5) for line in run("dpkg-deb", "-c", path).splitlines())
    return {row[5].removeprefix("."): (row[0], row[1]) for row in rows}


def version(path, new, target) -> pathlib.Path:
    """A copy of the same package under another version, for upgrades; what it depends on of ours becomes that, too."""
    with tempfile.TemporaryDirectory() as work:
        run("dpkg-deb", "-R", path, f"{work}/x")
        control = pathlib.Path(work, "x/DEBIAN/control")
        control.write_text(control.read_text().replace(field(path, "Version"), new))
        made = pathlib.Path(target, path.name.replace(field(path, "Version"), new))
        run("dpkg-deb", "--root-owner-group", "-b", f"{work}/x", made)
    return made
