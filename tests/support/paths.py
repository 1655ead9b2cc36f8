"""Where the tree under test lies."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def build() -> pathlib.Path:
    """The build folder under test: TALOME_BUILD, or build/release."""
    return pathlib.Path(os.environ.get("TALOME_BUILD") or REPOSITORY / "build" / "release").resolve()


def plugin_directories() -> list[pathlib.Path]:
    """Where talomed finds the plugins of this build when it is told nothing."""
    return [build() / "plugins"]
