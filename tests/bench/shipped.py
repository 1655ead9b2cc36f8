"""Plugins as packages ship them: without what only a debugger reads, and with the digest of what is left."""

import atexit
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import build


def shipped(source, *names):
    """A folder, until this program ends, with the plugins of `source` (those of these names, or all) as
    cmake/TalomePackages.cmake installs them."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="talome-bench-plugins-"))
    atexit.register(shutil.rmtree, folder)
    for plugin in sorted(source.glob("*.so")):
        if names and plugin.stem not in names:
            continue
        (folder / f"{plugin.stem}.plugin.json").write_bytes((source / f"{plugin.stem}.plugin.json").read_bytes())
        subprocess.run(["strip", "--strip-unneeded", "--remove-section=.comment", "-o", folder / plugin.name, plugin], check=True)
        subprocess.run([build() / "bin/talome-manifest", "--digest", folder / plugin.name], check=True)
    return folder
