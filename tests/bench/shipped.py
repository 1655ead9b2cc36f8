"""Plugins as packages ship them: without what only a debugger reads, and with the digest of what is left."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import build


def shipped(source, folder, *names):
    """Copies the plugins of `source` (those of these names, or all) to `folder`, as cmake/TalomePackages.cmake installs them."""
    for plugin in sorted(source.glob("*.so")):
        if names and plugin.stem not in names:
            continue
        (folder / f"{plugin.stem}.plugin.json").write_bytes((source / f"{plugin.stem}.plugin.json").read_bytes())
        subprocess.run(["strip", "--strip-unneeded", "--remove-section=.comment", "-o", folder / plugin.name, plugin], check=True)
        subprocess.run([build() / "bin/talome-manifest", "--digest", folder / plugin.name], check=True)
    return folder
